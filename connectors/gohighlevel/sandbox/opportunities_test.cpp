#include "connectors/gohighlevel/sandbox/test_client.hpp"

namespace lockstep::gohighlevel::sandbox {
namespace {

class OpportunitiesTest : public SandboxTest {
 protected:
  OpportunitiesTest() {
    const auto reply = api("GET", "/opportunities/pipelines?locationId=" + std::string(kLocation));
    pipeline_ = std::string(reply.at("pipelines.0.id").get_string());
    stage_ = std::string(reply.at("pipelines.0.stages.1.id").get_string());
    contact_ = create_contact(R"("firstName":"Ada","email":"a@example.com")");
  }
  TestReply create(std::string_view more = "") {
    return api("POST", "/opportunities/",
               with_location(R"("name":"Deal","status":"open","pipelineId":")" + pipeline_ + R"(","contactId":")" +
                             contact_ + "\"" + (more.empty() ? "" : ",") + std::string(more)));
  }
  std::string id_of(const TestReply& reply) { return std::string(reply.at("opportunity.id").get_string()); }

  std::string pipeline_, stage_, contact_;
};

TEST_F(OpportunitiesTest, CreateReadUpdateDelete) {
  const auto created = create(R"("monetaryValue":40.5,"customFields":[{"key":"order_number","field_value":"A1"}])");
  ASSERT_EQ(created.status, 201u) << to_text(created.body);
  EXPECT_EQ(created.at("opportunity.contact.name").get_string(), "Ada");
  EXPECT_EQ(created.at("opportunity.customFields.0.fieldValue").get_string(), "A1") << "in field_value, out fieldValue";
  const auto id = id_of(created);
  clock_.advance(std::chrono::seconds(1));
  const auto updated = api("PUT", "/opportunities/" + id, R"({"status":"won","pipelineStageId":")" + stage_ + "\"}");
  EXPECT_EQ(updated.at("opportunity.status").get_string(), "won");
  EXPECT_EQ(updated.at("opportunity.lastStageChangeAt"), updated.at("opportunity.updatedAt"));
  EXPECT_TRUE(api("PUT", "/opportunities/" + id + "/status", R"({"status":"lost","lostReasonId":"r"})")
                  .at("succeded")
                  .get_bool());
  EXPECT_EQ(api("GET", "/opportunities/" + id).at("opportunity.lostReasonId").get_string(), "r");
  EXPECT_TRUE(api("DELETE", "/opportunities/" + id).at("succeded").get_bool());
  EXPECT_EQ(api("GET", "/opportunities/" + id).status, 400u);
}

TEST_F(OpportunitiesTest, ASecondOpenOneIsRefusedUntilAllowed) {
  const auto id = id_of(create());
  const auto second = create();
  EXPECT_EQ(second.status, 400u);
  EXPECT_EQ(second.text("code"), "OPPORTUNITY_NO_DUPLICATE");
  EXPECT_EQ(second.at("meta.existingId").get_string(), id);
  api("PUT", "/opportunities/" + id, R"({"status":"won"})");
  EXPECT_EQ(create().status, 201u);
  control("PUT", "locations/" + std::string(kLocation), R"({"allowDuplicateOpportunity":true})");
  EXPECT_EQ(create().status, 201u);
}

TEST_F(OpportunitiesTest, StrictBodies) {
  EXPECT_EQ(create(R"("pipelineStageId":"nope")").status, 400u);
  EXPECT_EQ(create(R"("source":"x")").status, 422u);
  EXPECT_EQ(create(R"("monetaryValue":"40")").status, 422u);
  const auto id = id_of(create());
  EXPECT_EQ(api("PUT", "/opportunities/" + id, R"({"contactId":"x"})").status, 422u);
  EXPECT_EQ(api("PUT", "/opportunities/" + id, R"({"status":"all"})").status, 422u);
  EXPECT_EQ(api("PUT", "/opportunities/" + id, R"({"customFields":[{"key":"order_number","fieldValue":"x"}]})").status,
            422u);
}

TEST_F(OpportunitiesTest, UpsertFindsTheContactsOneInThePipeline) {
  const auto body =
      with_location(R"("name":"Deal","pipelineId":")" + pipeline_ + R"(","contactId":")" + contact_ + "\"");
  const auto first = api("POST", "/opportunities/upsert", body);
  ASSERT_EQ(first.status, 200u) << to_text(first.body);
  EXPECT_TRUE(first.at("new").get_bool());
  const auto second = api("POST", "/opportunities/upsert", body);
  EXPECT_FALSE(second.at("new").get_bool());
  EXPECT_EQ(id_of(first), id_of(second));
}

TEST_F(OpportunitiesTest, Followers) {
  const auto id = id_of(create());
  EXPECT_EQ(
      to_text(
          api("POST", "/opportunities/" + id + "/followers", R"({"followers":["u1","u2","u1"]})").at("followersAdded")),
      R"(["u1","u2"])");
  EXPECT_EQ(to_text(api("DELETE", "/opportunities/" + id + "/followers", R"({"followers":["u1"]})").at("followers")),
            R"(["u2"])");
  EXPECT_EQ(
      to_text(api("DELETE", "/opportunities/" + id + "/followers?isRemoveAllFollowers=true", R"({"followers":[]})")
                  .at("followers")),
      "[]");
}

TEST_F(OpportunitiesTest, BothSearches) {
  control("PUT", "locations/" + std::string(kLocation), R"({"allowDuplicateOpportunity":true})");
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) {
    ids.push_back(id_of(create()));
    clock_.advance(std::chrono::seconds(1));
  }
  api("PUT", "/opportunities/" + ids[0], R"({"status":"won"})");
  const auto since = std::to_string(to_epoch_ms(clock_.now()));
  const auto found =
      api("POST", "/opportunities/search",
          with_location(R"("limit":10,"filters":[{"field":"date_updated","operator":"range","value":{"gte":)" + since +
                        "}}]"));
  ASSERT_EQ(found.status, 200u) << to_text(found.body);
  EXPECT_EQ(found.at("total").to_number<int>(), 1);
  EXPECT_EQ(found.at("opportunities.0.id").get_string(), ids[0]);
  EXPECT_EQ(api("POST", "/opportunities/search",
                with_location(R"("limit":10,"filters":[{"field":"dateUpdated","operator":"exists"}])"))
                .status,
            422u);

  const std::string base = "/opportunities/search?location_id=" + std::string(kLocation);
  EXPECT_EQ(api("GET", base + "&status=open").at("meta.total").to_number<int>(), 2);
  const auto page = api("GET", base + "&limit=2&order=added_asc");
  EXPECT_EQ(page.at("opportunities.1.id").get_string(), ids[1]);
  const auto next = api("GET", base + "&limit=2&order=added_asc&startAfter=" + to_text(page.at("meta.startAfter")) +
                                   "&startAfterId=" + std::string(page.at("meta.startAfterId").get_string()));
  EXPECT_EQ(next.at("opportunities.0.id").get_string(), ids[2]);
  EXPECT_FALSE(next.has("meta.nextPageUrl"));
  EXPECT_EQ(api("GET", base + "&date=11-14-2023&endDate=11-14-2023").at("meta.total").to_number<int>(), 3);
  EXPECT_EQ(api("GET", base + "&date=2023-11-14").status, 422u);
}

}  // namespace
}  // namespace lockstep::gohighlevel::sandbox
