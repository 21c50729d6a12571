#include "sync/mapping.hpp"

#include <gtest/gtest.h>

#include "sync/arbitrary_json.hpp"
#include "sync/normalize.hpp"

namespace lockstep::sync {
namespace {

Json parsed(std::string_view text) { return parse_json(text).value(); }

FieldSchema field(std::string name, FieldType type) {
  FieldSchema out = schema_of(type);
  out.name = std::move(name);
  return out;
}

FieldBinding binding(std::string name, std::string path, std::string converter = {}, Json options = nullptr) {
  FieldBinding out;
  out.field = std::move(name);
  out.path = std::move(path);
  out.converter = std::move(converter);
  out.converter_options = std::move(options);
  return out;
}

TEST(Filter, TellsInsideOutsideAndUntold) {
  Expressions expressions;
  SystemBinding binding;
  const Json won = JsonObject{{"status", "won"}};
  EXPECT_EQ(*place_of(binding, won, expressions), Place::inside) << "without a filter all are";
  binding.only = "if doc.status == nil then return nil end return doc.status == 'won'";
  EXPECT_EQ(*place_of(binding, won, expressions), Place::inside);
  EXPECT_EQ(*place_of(binding, JsonObject{{"status", "lost"}}, expressions), Place::outside);
  EXPECT_EQ(*place_of(binding, JsonObject{{"status", nullptr}}, expressions), Place::outside) << "null is told";
  EXPECT_EQ(*place_of(binding, JsonObject(), expressions), Place::untold);
  binding.only = "doc.status";
  EXPECT_EQ(place_of(binding, won, expressions).error().kind, ErrorKind::invalid);
  EXPECT_TRUE(check_filter(binding.only).empty());
  EXPECT_EQ(check_filter("if then").size(), 1U);
}

class MappingTest : public testing::Test {
 protected:
  MappingTest() {
    entity_.name = EntityName("contact");
    entity_.fields = {field("first_name", FieldType::text), field("email", FieldType::email),
                      field("phone", FieldType::phone),     field("tags", FieldType::set),
                      field("budget", FieldType::decimal),  field("blocked", FieldType::boolean),
                      field("full_name", FieldType::text)};
    system_.system = SystemName("crm");
    system_.object = "contact";
    system_.fields = {binding("first_name", "firstName"),
                      binding("email", "contact.email"),
                      binding("phone", "phone"),
                      binding("tags", "labels", "csv"),
                      binding("budget", "budget_cents", "cents"),
                      binding("blocked", "active", "not")};
  }

  FieldBinding& bound(std::size_t index) { return system_.fields[index]; }

  std::string read(std::string_view document, Extent extent) {
    const auto fields = read_document(entity_, system_, parsed(document), extent, expressions_);
    if (!fields) return std::string(to_string(fields.error().kind)) + ": " + fields.error().message;
    JsonObject out;
    for (const auto& [name, value] : *fields) out[name] = value;
    return to_text(out);
  }

  std::string write(const Fields& values) {
    const auto document = write_document(entity_, system_, values, expressions_);
    return document ? to_text(*document)
                    : std::string(to_string(document.error().kind)) + ": " + document.error().message;
  }

  EntitySchema entity_;
  SystemBinding system_;
  Expressions expressions_;
};

TEST_F(MappingTest, ReadsNormalized) {
  EXPECT_EQ(
      read(
          R"({"firstName":" Ada ","contact":{"email":"ADA@X.COM"},"phone":"(202) 555-0101","labels":"b, a","budget_cents":15010,"active":true,"other":1})",
          Extent::full),
      R"({"blocked":false,"budget":"150.1","email":"ada@x.com","first_name":"Ada","phone":"+12025550101","tags":["a","b"]})");
}

TEST_F(MappingTest, TellsNullAbsentAndEmptyApart) {
  const char* document = R"({"firstName":null,"contact":{"email":""},"labels":"","unmapped":5})";
  EXPECT_EQ(read(document, Extent::partial), R"({"email":"","first_name":null,"tags":[]})");
  EXPECT_EQ(read(document, Extent::full),
            R"({"blocked":null,"budget":null,"email":"","first_name":null,"phone":null,"tags":[]})");
  EXPECT_EQ(write({{"first_name", nullptr}, {"email", ""}, {"tags", JsonArray()}}),
            R"({"firstName":null,"contact":{"email":""},"labels":""})");
}

TEST_F(MappingTest, ADocumentIsAnObject) {
  EXPECT_EQ(read("[]", Extent::full), "invalid: the document is not a JSON object");
}

TEST_F(MappingTest, WritesOnlyWhatIsGiven) {
  EXPECT_EQ(write({{"budget", "150.1"}, {"blocked", true}, {"full_name", "not bound here"}}),
            R"({"budget_cents":15010,"active":false})");
  EXPECT_EQ(write({}), "{}");
}

TEST_F(MappingTest, DirectionsAreKept) {
  bound(0).direction = Direction::read;
  bound(1).direction = Direction::write;
  EXPECT_EQ(read(R"({"firstName":"Ada","contact":{"email":"a@x.com"}})", Extent::partial), R"({"first_name":"Ada"})");
  EXPECT_EQ(write({{"first_name", "Ada"}, {"email", "a@x.com"}}), R"({"contact":{"email":"a@x.com"}})");
}

TEST_F(MappingTest, RefusesWhatWouldNotComeBack) {
  EXPECT_EQ(write({{"budget", "1.234"}}),
            "invalid: field 'budget' at 'budget_cents': has more decimals than the minor unit, or is too large for an "
            "integer");
  EXPECT_EQ(write({{"first_name", " not normal "}}),
            "invalid: field 'first_name' at 'firstName': the value would not come back the same from this system");
  bound(1).path = "firstName.x";
  EXPECT_TRUE(write({{"first_name", "Ada"}, {"email", "a@x.com"}}).starts_with("invalid: field 'first_name'"))
      << "paths that overlap";
  bound(1).path = "a..b";
  EXPECT_TRUE(write({{"email", "a@x.com"}}).starts_with("invalid: field 'email' at 'a..b'"));
  bound(1).path = "ok";
  bound(1).converter = "upper";
  EXPECT_EQ(write({{"email", "a@x.com"}}), "invalid: field 'email' at 'ok': unknown converter 'upper'");
  EXPECT_EQ(read(R"({"ok":"x"})", Extent::partial), "invalid: field 'email' at 'ok': unknown converter 'upper'");
}

TEST_F(MappingTest, UnknownFieldsAreErrors) {
  system_.fields.push_back(binding("ghost", "ghost"));
  EXPECT_EQ(read("{}", Extent::full), "invalid: field 'ghost' at 'ghost': the entity has no such field");
}

TEST_F(MappingTest, Expressions) {
  FieldBinding name = binding("full_name", "");
  name.direction = Direction::read;
  name.read_expression =
      "if doc.firstName == nil then return nil end return trim(doc.firstName .. ' ' .. (doc.lastName or ''))";
  system_.fields = {name};
  EXPECT_EQ(read(R"({"firstName":"Ada","lastName":"Lovelace"})", Extent::partial), R"({"full_name":"Ada Lovelace"})");
  EXPECT_EQ(read("{}", Extent::partial), "{}") << "nil says nothing";
  EXPECT_EQ(read("{}", Extent::full), R"({"full_name":null})");
  system_.fields[0].read_expression = "null";
  EXPECT_EQ(read("{}", Extent::partial), R"({"full_name":null})") << "null says null";
  system_.fields[0].read_expression = "doc.a.b";
  EXPECT_TRUE(read("{}", Extent::full).starts_with("invalid: field 'full_name': expression:1:"))
      << read("{}", Extent::full);
  system_.fields[0].read_expression = "while true do end";
  EXPECT_TRUE(read("{}", Extent::full).starts_with("exhausted: field 'full_name'"));
}

TEST_F(MappingTest, WrittenExpressionsAreReadBack) {
  FieldBinding tags = binding("tags", "labels");
  tags.read_expression = "doc.labels and split(doc.labels, '|')";
  tags.write_expression = "join(value, '|')";
  system_.fields = {tags};
  EXPECT_EQ(write({{"tags", parsed(R"(["a","b"])")}}), R"({"labels":"a|b"})");
  EXPECT_EQ(write({{"tags", parsed(R"(["a|b"])")}}),
            "invalid: field 'tags' at 'labels': the value would not come back the same from this system");
  system_.fields[0].write_expression = "nil";
  EXPECT_TRUE(write({{"tags", JsonArray()}}).starts_with("invalid: field 'tags'"));
  system_.fields[0].write_expression = "record.email";
  system_.fields[0].direction = Direction::write;
  EXPECT_EQ(write({{"tags", JsonArray()}, {"email", "a@x.com"}}), R"({"labels":"a@x.com"})")
      << "never read: nothing to compare";
}

TEST_F(MappingTest, WhatIsWrittenIsReadAndUnmappedMembersStay) {
  EXPECT_TRUE(rc::check([&] {
    Fields values;
    for (const FieldSchema& each : entity_.fields) {
      if (*rc::gen::arbitrary<bool>()) values[each.name] = normalize(each, *arbitrary_json(1));
    }
    values.erase("full_name");
    const auto written = write_document(entity_, system_, values, expressions_);
    if (!written) {
      RC_ASSERT(written.error().kind == ErrorKind::invalid);
      return;
    }
    const auto back = read_document(entity_, system_, *written, Extent::partial, expressions_);
    const bool same = back.has_value() && *back == values;
    RC_ASSERT(same);
    // L2: put onto what the system holds, its other members are as they were.
    Json held = parsed(R"({"firstName":"x","contact":{"email":"x","verified":true},"labels":"q","custom":{"a":[1]}})");
    for (const FieldBinding& each : system_.fields) {
      if (const Json* value = get_path(*written, each.path)) set_path(held, each.path, *value);
    }
    const bool kept =
        *get_path(held, "contact.verified") == Json(true) && *get_path(held, "custom") == parsed(R"({"a":[1]})");
    RC_ASSERT(kept);
    const auto merged = read_document(entity_, system_, held, Extent::partial, expressions_);
    for (const auto& [name, value] : values) {
      const bool there = merged->at(name) == value;
      RC_ASSERT(there);
    }
  }));
}

// --- check_binding ---

struct Problem {
  const char* says;
  FieldType type;
  FieldBinding bound;
};

std::string joined(const std::vector<std::string>& problems) {
  std::string out;
  for (const std::string& problem : problems) out += problem + "\n";
  return out;
}

FieldBinding with(FieldBinding out, Direction direction, std::string read = {}, std::string write = {}) {
  out.direction = direction;
  out.read_expression = std::move(read);
  out.write_expression = std::move(write);
  return out;
}

TEST(CheckBindingTest, FindsEveryKindOfProblem) {
  using enum FieldType;
  const Problem problems[] = {
      {"binds the field 'other'", text, binding("other", "a")},
      {"no path", text, binding("f", "")},
      {"no path", text, with(binding("f", ""), Direction::both, "doc.a", "value")},
      {"empty segment", text, binding("f", "a..b")},
      {"longer than", text, binding("f", std::string(600, 'a'))},
      {"more than 16 segments", text, binding("f", "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a")},
      {"element of a list", text, binding("f", "items.0.name")},
      {"path is not used", text, with(binding("f", "a"), Direction::read, "doc.a")},
      {"options without a converter", text, binding("f", "a", "", parsed("{}"))},
      {"unknown converter 'lower'", text, binding("f", "a", "lower")},
      {"does not fit the field's type", text, binding("f", "a", "csv")},
      {"takes no options", datetime, binding("f", "a", "epoch_ms", parsed("{}"))},
      {"`separator`", set, binding("f", "a", "csv", parsed(R"({"separator":", "})"))},
      {"`separator`", set, binding("f", "a", "csv", parsed(R"({"seperator":";"})"))},
      {"`digits`", decimal, binding("f", "a", "cents", parsed(R"({"digits":7})"))},
      {"`prefix`", text, binding("f", "a", "prefix")},
      {"{held: canonical}", text, binding("f", "a", "map")},
      {"{held: canonical}", text, binding("f", "a", "map", parsed("[[1]]"))},
      {"not one to one: two values become \"x\"", text, binding("f", "a", "map", parsed(R"({"a":"x","b":"x"})"))},
      {"not one to one: 1 stands there twice", text, binding("f", "a", "map", parsed(R"([[1,"x"],[1,"y"]])"))},
      {"which this field keeps as \"x\"", text, binding("f", "a", "map", parsed(R"({"a":" x "})"))},
      {"a converter and an expression", set, with(binding("f", "a", "csv"), Direction::both, "doc.a", "value")},
      {"read expression: expression:1", text, with(binding("f", ""), Direction::read, "doc.")},
      {"write expression: expression:1", text, with(binding("f", "a"), Direction::both, "doc.a", "value +")},
      {"read expression is not used", text, with(binding("f", "a"), Direction::write, "doc.a", "value")},
      {"write expression is not used", text, with(binding("f", "a"), Direction::read, "", "value")},
      {"without a write expression", text, with(binding("f", "a"), Direction::both, "doc.a")},
      {"bytes; the limit is", text, with(binding("f", ""), Direction::read, std::string(5000, ' ') + "1")},
  };
  for (const Problem& problem : problems) {
    const std::string found = joined(check_binding(field("f", problem.type), problem.bound));
    EXPECT_NE(found.find(problem.says), std::string::npos) << problem.says << " not in: " << found;
  }
}

TEST(CheckBindingTest, FindsNothingInGoodBindings) {
  using enum FieldType;
  const std::pair<FieldType, FieldBinding> good[] = {
      {text, binding("f", "a.b\\.c")},
      {text, with(binding("f", "items.0.name"), Direction::read)},
      {set, binding("f", "a", "csv", parsed(R"({"separator":";"})"))},
      {text, with(binding("f", ""), Direction::read, "doc.a")},
      {text, with(binding("f", "a"), Direction::both, "doc.a", "value")},
      {text, with(binding("f", "a"), Direction::write, "", "value")},
      {enumeration, binding("f", "a", "map", parsed(R"({"n":"New","p":"in progress"})"))},
  };
  for (const auto& [type, bound] : good) EXPECT_EQ(joined(check_binding(field("f", type), bound)), "");
}

}  // namespace
}  // namespace lockstep::sync
