#include "connectors/gohighlevel/sandbox/test_client.hpp"

namespace lockstep::gohighlevel::sandbox {
namespace {

class ContactsTest : public SandboxTest {};

TEST_F(ContactsTest, CreateNormalizesAndAnswersTheCreateShape) {
  const auto reply =
      api("POST", "/contacts/",
          with_location(R"("firstName":"Ada","lastName":"Lovelace","email":"Ada@Example.com","phone":"(512) 555-0123",
      "tags":["VIP"," Lead ","vip"],"dateOfBirth":"12/10/1985","country":"US","city":"")"));
  ASSERT_EQ(reply.status, 201u);
  EXPECT_EQ(reply.at("contact.phone").get_string(), "+15125550123");
  EXPECT_EQ(reply.at("contact.email").get_string(), "Ada@Example.com");
  EXPECT_EQ(reply.at("contact.emailLowerCase").get_string(), "ada@example.com");
  EXPECT_EQ(reply.at("contact.fullNameLowerCase").get_string(), "ada lovelace");
  EXPECT_EQ(to_text(reply.at("contact.tags")), R"(["vip","lead"])");
  EXPECT_EQ(reply.at("contact.dateOfBirth").get_string(), "1985-12-10T00:00:00.000Z");
  EXPECT_EQ(reply.at("contact.birthMonth").get_int64(), 12);
  EXPECT_FALSE(reply.has("contact.city")) << "absent values are left out";
  EXPECT_FALSE(reply.has("contact.name")) << "the create shape has no name";
  EXPECT_TRUE(reply.has("traceId"));
}

TEST_F(ContactsTest, NameIsSplitUnlessItsPartsAreGiven) {
  const auto split = create_contact(R"("name":"Mary Ann Smith")");
  EXPECT_EQ(api("GET", "/contacts/" + split).at("contact.lastName").get_string(), "Ann Smith");
  const auto given = create_contact(R"("name":"Mary Ann Smith","firstName":"Mary Ann")");
  EXPECT_EQ(api("GET", "/contacts/" + given).at("contact.name").get_string(), "Mary Ann");
}

TEST_F(ContactsTest, UpdateReplacesTagsMergesCustomFieldsAndClearsWithNull) {
  const auto fields = api("GET", "/locations/" + std::string(kLocation) + "/customFields");
  const std::string text_id(fields.at("customFields.0.id").get_string());
  const std::string number_id(fields.at("customFields.1.id").get_string());
  const auto id =
      create_contact(R"("email":"a@example.com","city":"Austin","tags":["one","two"],"customFields":[{"id":")" +
                     text_id + R"(","field_value":"x"},{"key":"score","field_value":7}])");
  clock_.advance(std::chrono::seconds(5));
  const auto reply =
      api("PUT", "/contacts/" + id,
          R"({"tags":["three"],"city":null,"customFields":[{"id":")" + text_id + R"(","field_value":""}]})");
  ASSERT_EQ(reply.status, 200u);
  EXPECT_TRUE(reply.at("succeded").get_bool());
  EXPECT_EQ(to_text(reply.at("contact.tags")), R"(["three"])");
  EXPECT_EQ(to_text(reply.at("contact.customFields")), R"([{"id":")" + number_id + R"(","value":7}])");
  EXPECT_FALSE(reply.has("contact.city"));
  EXPECT_NE(reply.at("contact.dateUpdated"), reply.at("contact.dateAdded"));
}

TEST_F(ContactsTest, TagEndpointsAnswerTheWholeList) {
  const auto id = create_contact(R"("email":"a@example.com","tags":["one"])");
  const auto added = api("POST", "/contacts/" + id + "/tags", R"({"tags":["Two","one"]})");
  EXPECT_EQ(added.status, 201u);
  EXPECT_EQ(to_text(added.at("tags")), R"(["one","two"])");
  const auto removed = api("DELETE", "/contacts/" + id + "/tags", R"({"tags":["ONE"]})");
  EXPECT_EQ(removed.status, 200u);
  EXPECT_EQ(to_text(removed.at("tags")), R"(["two"])");
}

TEST_F(ContactsTest, StrictBodies) {
  const auto id = create_contact(R"("email":"a@example.com")");
  const auto message = [](const TestReply& reply) {
    return std::to_string(reply.status) + " " + to_text(reply.at("message"));
  };
  EXPECT_EQ(message(api("POST", "/contacts/", with_location(R"("additionalEmails":["x"])"))),
            R"(422 ["property additionalEmails should not exist"])");
  EXPECT_EQ(message(api("PUT", "/contacts/" + id, R"({"gender":"f"})")), R"(422 ["property gender should not exist"])");
  EXPECT_EQ(message(api("PUT", "/contacts/" + id, R"({"companyName":"X"})")),
            R"(422 ["property companyName should not exist"])");
  EXPECT_EQ(message(api("PUT", "/contacts/" + id, R"({"firstName":5})")), R"(422 ["firstName must be a string"])");
  EXPECT_EQ(message(api("PUT", "/contacts/" + id, R"({"dnd":"yes"})")), R"(422 ["dnd must be a boolean value"])");
  EXPECT_EQ(message(api("PUT", "/contacts/" + id, R"({"tags":"one"})")), R"(422 ["tags must be an array"])");
  EXPECT_EQ(message(api("PUT", "/contacts/" + id, R"({"postalCode":null})")),
            R"(422 ["postalCode should not be null"])");
  EXPECT_EQ(message(api("PUT", "/contacts/" + id, R"({"email":"nonsense"})")), R"(422 ["email must be an email"])");
  EXPECT_EQ(message(api("PUT", "/contacts/" + id, R"({"customFields":[{"id":"nope","field_value":"x"}]})")),
            R"(422 ["customFields.0.id is not a custom field of this location"])");
  EXPECT_EQ(message(api("PUT", "/contacts/" + id, R"({"customFields":[{"key":"score","field_value":"7"}]})")),
            R"(422 ["customFields.0.field_value must be a number"])");
  EXPECT_EQ(message(api("PUT", "/contacts/" + id, R"({"customFields":[{"key":"score","fieldValue":7}]})")),
            R"(422 ["customFields.0.property fieldValue should not exist"])");
  EXPECT_EQ(message(api("PUT", "/contacts/" + id, R"({"dndSettings":{"SMS":{"status":"maybe"}}})")),
            R"(422 ["dndSettings.SMS.status must be one of the following values: active, inactive, permanent"])");
  EXPECT_EQ(message(api("POST", "/contacts/", R"({"email":"b@example.com"})")),
            R"(422 ["locationId should not be empty"])");
  EXPECT_EQ(api("PUT", "/contacts/" + id, "{").status, 400u);
}

TEST_F(ContactsTest, DuplicatesAreRefusedWithTheirOwner) {
  const auto id = create_contact(R"("firstName":"Ada","email":"ada@example.com","phone":"+15125550123")");
  const auto by_email = api("POST", "/contacts/", with_location(R"("email":"ADA@example.com")"));
  EXPECT_EQ(by_email.status, 400u);
  EXPECT_EQ(to_text(by_email.at("meta")),
            R"({"contactId":")" + id + R"(","matchingField":"email","contactName":"Ada"})");
  const auto other = create_contact(R"("email":"b@example.com")");
  const auto by_phone = api("PUT", "/contacts/" + other, R"({"phone":"512 555 0123"})");
  EXPECT_EQ(by_phone.status, 400u);
  EXPECT_EQ(by_phone.at("meta.matchingField").get_string(), "phone");
  control("PUT", "locations/" + std::string(kLocation), R"({"allowDuplicateContact":true})");
  EXPECT_EQ(api("POST", "/contacts/", with_location(R"("email":"ada@example.com")")).status, 201u);
}

TEST_F(ContactsTest, UpsertFindsByTheFirstKeyAndDropsForeignOnesSilently) {
  const auto a = create_contact(R"("email":"a@example.com")");
  const auto b = create_contact(R"("phone":"+15125550123")");
  const auto reply = api("POST", "/contacts/upsert",
                         with_location(R"("email":"a@example.com","phone":"+15125550123","city":"Austin")"));
  ASSERT_EQ(reply.status, 200u);
  EXPECT_FALSE(reply.at("new").get_bool());
  EXPECT_EQ(reply.at("contact.id").get_string(), a);
  EXPECT_EQ(reply.at("contact.city").get_string(), "Austin");
  EXPECT_FALSE(reply.has("contact.phone"));
  EXPECT_EQ(api("GET", "/contacts/" + b).at("contact.phone").get_string(), "+15125550123");
}

TEST_F(ContactsTest, UpsertDropsGenderOfAnExistingContact) {
  create_contact(R"("email":"a@example.com","gender":"female")");
  const auto reply = api("POST", "/contacts/upsert", with_location(R"("email":"a@example.com","gender":"male")"));
  EXPECT_EQ(reply.status, 200u);
  EXPECT_EQ(reply.at("contact.gender").get_string(), "female");
}

TEST_F(ContactsTest, UpsertByAnAdditionalEmailLosesThePrimaryOne) {
  const auto id = create_contact(R"("email":"old@example.com")");
  control("PUT", "contacts/" + id, R"({"additionalEmails":["new@example.com"]})");
  const auto reply = api("POST", "/contacts/upsert", with_location(R"("email":"new@example.com")"));
  EXPECT_EQ(reply.at("contact.id").get_string(), id);
  EXPECT_EQ(reply.at("contact.email").get_string(), "new@example.com");
  EXPECT_FALSE(reply.has("contact.additionalEmails"));
  EXPECT_TRUE(api("POST", "/contacts/upsert", with_location(R"("email":"old@example.com")")).at("new").get_bool());
}

TEST_F(ContactsTest, UpsertWantsAKeyAndHonoursCreateNewOnlyWhereDuplicatesAreAllowed) {
  EXPECT_EQ(api("POST", "/contacts/upsert", with_location(R"("firstName":"X")")).status, 422u);
  create_contact(R"("email":"a@example.com")");
  const auto body = with_location(R"("email":"a@example.com","createNewIfDuplicateAllowed":true)");
  EXPECT_FALSE(api("POST", "/contacts/upsert", body).at("new").get_bool());
  control("PUT", "locations/" + std::string(kLocation), R"({"allowDuplicateContact":true})");
  EXPECT_TRUE(api("POST", "/contacts/upsert", body).at("new").get_bool());
}

TEST_F(ContactsTest, DeleteTakesTheRecordAndItsOpportunities) {
  const auto id = create_contact(R"("email":"a@example.com")");
  const auto pipelines = api("GET", "/opportunities/pipelines?locationId=" + std::string(kLocation));
  const std::string pipeline(pipelines.at("pipelines.0.id").get_string());
  const auto deal =
      api("POST", "/opportunities/",
          with_location(R"("pipelineId":")" + pipeline + R"(","name":"d","status":"open","contactId":")" + id + "\""));
  ASSERT_EQ(deal.status, 201u);
  const auto deleted = api("DELETE", "/contacts/" + id);
  EXPECT_EQ(deleted.status, 200u);
  EXPECT_TRUE(deleted.at("succeded").get_bool());
  EXPECT_EQ(api("GET", "/contacts/" + id).status, 400u);
  EXPECT_EQ(api("GET", "/opportunities/" + std::string(deal.at("opportunity.id").get_string())).status, 400u);
  EXPECT_EQ(api("DELETE", "/contacts/" + id).status, 400u);
}

TEST_F(ContactsTest, NotesAndTasks) {
  const auto id = create_contact(R"("email":"a@example.com")");
  const auto note = api("POST", "/contacts/" + id + "/notes", R"({"body":"called"})");
  ASSERT_EQ(note.status, 201u);
  const std::string note_path = "/contacts/" + id + "/notes/" + std::string(note.at("note.id").get_string());
  EXPECT_EQ(api("PUT", note_path, R"({"body":"called twice"})").at("note.body").get_string(), "called twice");
  EXPECT_EQ(api("GET", "/contacts/" + id + "/notes").at("notes").get_array().size(), 1u);
  EXPECT_EQ(api("DELETE", note_path).status, 200u);
  EXPECT_EQ(api("GET", note_path).status, 400u);
  const auto task = api("POST", "/contacts/" + id + "/tasks",
                        R"({"title":"call","dueDate":"2026-12-01T00:00:00.000Z","completed":false})");
  ASSERT_EQ(task.status, 201u);
  const std::string task_path = "/contacts/" + id + "/tasks/" + std::string(task.at("task.id").get_string());
  EXPECT_TRUE(api("PUT", task_path + "/completed", R"({"completed":true})").at("task.completed").get_bool());
  EXPECT_EQ(api("POST", "/contacts/" + id + "/tasks", R"({"title":"call"})").status, 422u);
}

TEST_F(ContactsTest, FindDuplicateByEmailThenPhone) {
  const auto id = create_contact(R"("email":"a@example.com","phone":"+15125550123")");
  const std::string base = "/contacts/search/duplicate?locationId=" + std::string(kLocation);
  EXPECT_EQ(api("GET", base + "&email=A%40example.com").at("contact.id").get_string(), id);
  EXPECT_EQ(api("GET", base + "&number=%2B15125550123").at("contact.id").get_string(), id);
  EXPECT_TRUE(api("GET", base + "&email=b%40example.com").at("contact").is_null());
}

}  // namespace
}  // namespace lockstep::gohighlevel::sandbox
