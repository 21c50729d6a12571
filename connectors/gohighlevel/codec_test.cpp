#include "connectors/gohighlevel/codec.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "connectors/gohighlevel/codec_parts.hpp"

namespace lockstep::gohighlevel {
namespace {

using sync::WriteKind;

struct Fields : ::testing::Test {
  Fields() {
    contact.learn({{"f1", "loyalty", "Loyalty", "TEXT"},
                   {"f2", "score", "Score", "NUMERICAL"},
                   {"f3", "likes", "Likes", "CHECKBOX"}});
    bound.paths = {"firstName", "email", "tags", "customFields.loyalty"};
    bound.custom_keys = {"loyalty"};
  }
  Codec codec() const { return {contact, bound}; }
  CustomFields contact;
  Binding bound;
  ConnectorSettings settings;
};

using ContactCodec = Fields;

Json contact_json() {
  return *parse_json(
      R"({"id":"c1","firstName":"Ada","email":"a@example.com","dateOfBirth":"2000-01-05T00:00:00.000Z","postalCode":12345,
    "tags":["x",7,""],"customFields":[{"id":"f1","value":"gold"}],"dateUpdated":"2024-01-01T00:00:00.500Z","dnd":false})");
}

TEST_F(ContactCodec, FullShapeIsComplete) {
  const auto decoded = decode_contact(contact_json(), Shape::full, codec());
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->id, "c1");
  EXPECT_EQ(decoded->version, 1'704'067'200'500U);
  EXPECT_EQ(decoded->extent, sync::Extent::full);
  EXPECT_EQ(decoded->document.at("dateOfBirth"), "2000-01-05");
  EXPECT_EQ(decoded->document.at("postalCode"), "12345");
  EXPECT_EQ(to_text(decoded->document.at("tags")), R"(["x"])");
  EXPECT_EQ(decoded->document.at("customFields").at("loyalty"), "gold");
  EXPECT_TRUE(decoded->document.at("phone").is_null());  // the API leaves empty fields out
}

TEST_F(ContactCodec, AMappedFieldThatNobodyKnowsMakesAReadingPartial) {  // L1: an absence that is none erases nothing
  bound.paths.push_back("customFields.gone");
  bound.custom_keys.push_back("gone");
  const auto decoded = decode_contact(contact_json(), Shape::full, codec());
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->extent, sync::Extent::partial);
  EXPECT_FALSE(decoded->document.at("customFields").get_object().contains("gone"));
}

TEST_F(ContactCodec, EventsKeepAbsentFieldsAbsent) {  // L4
  const Json event = *parse_json(R"({"id":"c1","email":null,"customFields":[]})");
  const auto decoded = decode_contact(event, Shape::event, codec());
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->extent, sync::Extent::partial);
  EXPECT_TRUE(decoded->document.at("email").is_null());
  EXPECT_FALSE(decoded->document.contains("phone"));
  EXPECT_FALSE(decoded->document.contains("tags"));
  EXPECT_FALSE(decoded->document.at("customFields").get_object().contains("loyalty"));
}

TEST_F(ContactCodec, SearchShowsNamesInLowerCaseOnly) {
  const Json named =
      *parse_json(R"({"id":"c1","firstNameLowerCase":"mckenzie","address":"1 Main St","customFields":[],"tags":[]})");
  const auto decoded = decode_contact(named, Shape::found, codec());
  ASSERT_TRUE(decoded);
  EXPECT_TRUE(decoded->names_missing);
  EXPECT_FALSE(decoded->document.contains("firstName"));
  EXPECT_TRUE(decoded->document.at("lastName").is_null());
  EXPECT_EQ(decoded->document.at("address1"), "1 Main St");
  EXPECT_TRUE(decoded->document.at("email").is_null());
  EXPECT_FALSE(decoded->document.contains("timezone"));
  EXPECT_EQ(decoded->extent, sync::Extent::partial);

  const Json nameless = *parse_json(R"({"id":"c1","email":"a@b.c","tags":[]})");
  const auto without = decode_contact(nameless, Shape::found, codec());
  ASSERT_TRUE(without);
  EXPECT_FALSE(without->names_missing);
  EXPECT_TRUE(without->document.at("firstName").is_null());
}

TEST_F(ContactCodec, TheListCarriesWhatItHasBeenSeenToCarry) {
  const Json item = *parse_json(R"({"id":"c1","contactName":"Ada","tags":[]})");
  const auto unknown = decode_contact(item, Shape::listed, codec());
  ASSERT_TRUE(unknown);
  EXPECT_EQ(unknown->document.at("name"), "Ada");
  EXPECT_FALSE(unknown->document.contains("email"));
  EXPECT_FALSE(unknown->document.contains("customFields"));
  const auto known = decode_contact(item, Shape::listed, codec(), {"email", "customFields"});
  ASSERT_TRUE(known);
  EXPECT_TRUE(known->document.at("email").is_null());
  EXPECT_TRUE(known->document.at("customFields").at("loyalty").is_null());
  EXPECT_EQ(listed_fields(item), (std::vector<std::string>{"name", "tags"}));
}

TEST_F(ContactCodec, UnknownCustomFieldsAreNamed) {
  const Json item =
      *parse_json(R"({"id":"c1","customFields":[{"id":"f9","value":1},{"id":"f2","value":3},{"value":1},7]})");
  const auto decoded = decode_contact(item, Shape::full, codec());
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->unknown_fields, std::vector<std::string>{"f9"});
  EXPECT_EQ(to_text(decoded->document.at("customFields").at("score")), "3");
}

TEST_F(ContactCodec, NoIdIsInvalid) {
  for (const char* text : {"{}", "[]", "7", "null", R"({"id":7})"}) {
    const auto decoded = decode_contact(*parse_json(text), Shape::full, codec());
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().kind, ErrorKind::invalid);
  }
}

TEST_F(ContactCodec, EncodesAnUpdate) {
  const Json document = *parse_json(
      R"({"firstName":"Ada","name":"x","phone":null,"country":null,"dnd":null,"tags":["a"],"gender":"f","dateAdded":"2020-01-01",
    "customFields":{"loyalty":null,"score":"12.5","likes":"one","gone":1}})");
  const Encoded encoded = encode_contact(document, WriteKind::update, codec());
  EXPECT_EQ(encoded.body.at("firstName"), "Ada");
  EXPECT_FALSE(encoded.body.contains("name"));
  EXPECT_TRUE(encoded.body.at("phone").is_null());
  EXPECT_EQ(encoded.body.at("country"), "");
  EXPECT_EQ(encoded.body.at("dnd"), false);
  EXPECT_FALSE(encoded.body.contains("tags"));  // tags have calls of their own
  EXPECT_EQ(to_text(encoded.body.at("customFields")),
            R"([{"id":"f1","field_value":""},{"id":"f2","field_value":1.25E1},{"id":"f3","field_value":["one"]}])");
  ASSERT_EQ(encoded.left_out.size(), 2U);
  EXPECT_EQ(encoded.left_out[0].path, "gender");
  EXPECT_EQ(encoded.left_out[1].path, "dateAdded");
  EXPECT_EQ(encoded.unknown_keys, std::vector<std::string>{"gone"});
}

TEST_F(ContactCodec, ACreateLeavesEmptyFieldsOut) {
  const Json document = *parse_json(
      R"({"name":"Ada Lovelace","email":"a@b.c","phone":null,"city":"","tags":[],"companyName":"X","gender":"f","customFields":{"loyalty":""}})");
  const Encoded encoded = encode_contact(document, WriteKind::create, codec());
  EXPECT_EQ(to_text(encoded.body), R"({"name":"Ada Lovelace","email":"a@b.c","companyName":"X","gender":"f"})");
  EXPECT_TRUE(encoded.left_out.empty());
}

TEST(TagPlan, ComparesWithoutCase) {
  const auto plan = plan_tags({{"tags", {"VIP", "new", "New"}}}, {{"tags", {"vip", "old"}}});
  EXPECT_EQ(plan.add, std::vector<std::string>{"new"});
  EXPECT_EQ(plan.remove, std::vector<std::string>{"old"});
  EXPECT_TRUE(plan_tags({{"email", "x"}}, {{"tags", {"a"}}}).empty());  // L2
  EXPECT_EQ(plan_tags({{"tags", nullptr}}, {{"tags", {"a"}}}).remove, std::vector<std::string>{"a"});
  EXPECT_EQ(plan_tags({{"tags", {"a"}}}, nullptr).add, std::vector<std::string>{"a"});
}

RC_GTEST_PROP(TagPlanProperty, AddAndRemoveMakeTheDocument,
              (std::vector<std::string> wanted, std::vector<std::string> held)) {
  const auto as_json = [](const std::vector<std::string>& tags) {
    JsonArray list;
    for (const auto& tag : tags) {
      std::string plain;
      for (const char c : tag) plain += static_cast<char>('a' + (static_cast<unsigned char>(c) % 4));
      if (!plain.empty()) list.emplace_back(plain.substr(0, 2));
    }
    return Json(JsonObject{{"tags", list}});
  };
  const Json document = as_json(wanted);
  const Json expected = as_json(held);
  const TagPlan plan = plan_tags(document, expected);
  const auto list = text_list(find_member(expected, "tags"));
  std::set<std::string> now(list.begin(), list.end());
  for (const auto& tag : plan.remove) now.erase(tag);
  for (const auto& tag : plan.add) now.insert(tag);
  const auto goal = text_list(find_member(document, "tags"));
  RC_ASSERT(now == std::set<std::string>(goal.begin(), goal.end()));
}

RC_GTEST_PROP(ContactProperty, WhatIsWrittenComesBack, (const std::string& raw, double number)) {
  std::string value;
  for (const char c : raw) value += static_cast<char>(' ' + (static_cast<unsigned char>(c) % 90));
  CustomFields fields;
  fields.learn({{"f1", "loyalty", "", "TEXT"}, {"f2", "score", "", "NUMERICAL"}});
  Binding bound;
  bound.custom_keys = {"loyalty", "score"};
  RC_PRE(!value.empty());
  const Json document = {{"firstName", value}, {"customFields", {{"loyalty", value}, {"score", number}}}};
  const Encoded encoded = encode_contact(document, WriteKind::update, {fields, bound});
  // The CRM shows {id, value} where it takes {id, field_value}.
  JsonArray shown;
  for (const Json& item : encoded.body.at("customFields").get_array())
    shown.push_back(JsonObject{{"id", item.at("id")}, {"value", item.at("field_value")}});
  const Json held = JsonObject{{"id", "c1"}, {"firstName", encoded.body.at("firstName")}, {"customFields", shown}};
  const auto decoded = decode_contact(held, Shape::full, {fields, bound});
  RC_ASSERT(decoded.has_value());
  RC_ASSERT(decoded->document.at("firstName") == document.at("firstName"));
  RC_ASSERT(decoded->document.at("customFields") == document.at("customFields"));
}

using OpportunityCodec = Fields;

TEST_F(OpportunityCodec, DecodesBothShapes) {
  const Json item = *parse_json(
      R"({"id":"o1","name":"Deal","status":"open","monetaryValue":40,"pipelineId":"p","contactId":"c1","createdAt":"2024-01-01T00:00:00Z",
    "updatedAt":"2024-01-02T00:00:00.000Z","customFields":[{"id":"f1","fieldValue":"A"},{"id":"f3","fieldValueArray":["x"]}]})");
  bound.paths = {"name", "customFields.loyalty"};
  const auto full = decode_opportunity(item, Shape::full, codec());
  ASSERT_TRUE(full);
  EXPECT_EQ(full->version, 1'704'153'600'000U);
  EXPECT_EQ(full->extent, sync::Extent::full);
  EXPECT_EQ(full->document.at("customFields").at("loyalty"), "A");
  EXPECT_EQ(to_text(full->document.at("customFields").at("likes")), R"(["x"])");
  EXPECT_TRUE(full->document.at("assignedTo").is_null());
  const Json event = *parse_json(R"({"id":"o1","name":"Deal","dateAdded":"2024-01-01T00:00:00.000Z"})");
  const auto partial = decode_opportunity(event, Shape::event, codec());
  ASSERT_TRUE(partial);
  EXPECT_EQ(partial->extent, sync::Extent::partial);
  EXPECT_EQ(partial->document.at("createdAt"), "2024-01-01T00:00:00.000Z");
  EXPECT_FALSE(partial->document.contains("customFields"));
  EXPECT_FALSE(partial->document.contains("monetaryValue"));
}

TEST_F(OpportunityCodec, EncodesForBothContracts) {
  const Json document = {{"name", "Deal"},
                         {"contactId", "c1"},
                         {"source", "x"},
                         {"monetaryValue", nullptr},
                         {"customFields", {{"loyalty", "A"}}}};
  const Encoded update = encode_opportunity(document, WriteKind::update, codec(), settings);
  EXPECT_EQ(to_text(update.body),
            R"({"name":"Deal","monetaryValue":0,"customFields":[{"id":"f1","field_value":"A"}]})");
  EXPECT_EQ(update.left_out.size(), 2U);
  settings.version = "v3";
  const Encoded create = encode_opportunity(document, WriteKind::create, codec(), settings);
  EXPECT_EQ(to_text(create.body),
            R"({"name":"Deal","contactId":"c1","customFields":[{"id":"f1","fieldValue":"A"}],"status":"open"})");
}

TEST(PipelineCodec, Decodes) {
  const auto decoded = decode_pipeline(
      *parse_json(R"({"id":"p","name":"Sales","stages":[{"id":"s","name":"New","position":0,"extra":1},7]})"));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(to_text(decoded->document),
            R"({"id":"p","name":"Sales","stages":[{"id":"s","name":"New","position":0},{"id":"","name":""}]})");
}

TEST(CustomFieldsTest, AFormerKeyGoesOnNamingItsField) {
  CustomFields fields;
  fields.learn({{"f1", "color", "Colour", "TEXT"}});
  fields.learn({{"f1", "colour", "Colour", "TEXT"}, {"f2", "size", "Size", "TEXT"}});
  ASSERT_NE(fields.by_key("color"), nullptr);
  EXPECT_EQ(fields.by_key("color")->id, "f1");
  EXPECT_EQ(fields.keys_of("f1"), (std::vector<std::string>{"colour", "color"}));
  // A new field takes the old key: it goes before.
  fields.learn({{"f1", "colour", "Colour", "TEXT"}, {"f3", "color", "Other", "TEXT"}});
  EXPECT_EQ(fields.by_key("color")->id, "f3");
  EXPECT_EQ(fields.keys_of("f1"), std::vector<std::string>{"colour"});
  const auto again = CustomFields::from_json(fields.to_json());
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, fields);
  fields.learn({});
  EXPECT_EQ(fields.by_key("colour"), nullptr);
  EXPECT_EQ(fields.size(), 0U);
}

TEST(CustomFieldsTest, ParsesTheApisList) {
  const Json answer = *parse_json(
      R"({"customFields":[{"id":"f1","name":"Pin","fieldKey":"contact.pin","dataType":"TEXT","model":"contact"},
    {"id":"o1","fieldKey":"opportunity.order","dataType":"TEXT","model":"opportunity"},{"id":"f2","fieldKey":"contact.plain","dataType":"TEXT"},{"id":"f3"}]})");
  const auto fields = CustomFields::parse(answer, "contact");
  ASSERT_TRUE(fields);
  ASSERT_EQ(fields->size(), 2U);
  EXPECT_EQ((*fields)[0].key, "pin");
  EXPECT_EQ((*fields)[1].key, "plain");
  EXPECT_FALSE(CustomFields::parse(*parse_json("[]"), "contact"));
  EXPECT_FALSE(CustomFields::from_json(*parse_json("{}")));
}

TEST(Versions, AreMillisecondsFromAnyForm) {
  for (const char* text :
       {"1704067200500", "\"2024-01-01T00:00:00.500Z\"", "1704067200500.0", "\"2024-01-01T01:00:00.500+01:00\""}) {
    const Json value = *parse_json(text);
    EXPECT_EQ(read_version(&value), 1'704'067'200'500U) << text;
  }
  for (const char* text : {"null", "\"yesterday\"", "-5", "1e300", "18446744073709551615", "{}"}) {
    const Json value = *parse_json(text);
    EXPECT_EQ(read_version(&value), 0U) << text;
  }
  EXPECT_EQ(read_version(nullptr), 0U);
}

}  // namespace
}  // namespace lockstep::gohighlevel
