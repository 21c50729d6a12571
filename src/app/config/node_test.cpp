#include "app/config/node.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config/limits.hpp"
#include "app/config/suggest.hpp"
#include "app/config/units.hpp"

namespace lockstep::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Read {
  Node root;
  std::vector<std::string> problems;
};

Read read(const std::string& text) {
  Problems problems("f");
  Read result;
  result.root = parse_yaml(text, problems);
  for (const auto& problem : problems.take()) result.problems.push_back(to_text(problem));
  return result;
}

TEST(ParseYaml, TypesScalarsByTheCoreSchema) {
  const auto [root, problems] = read("[1, -2, 1.5, 1e3, true, yes, ~, null, '1', x, !!str 7, 99999999999999999999]");
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_EQ(lockstep::to_text(to_json(root)), R"([1,-2,1.5E0,1E3,true,"yes",null,null,"1","x","7",1E20])");
}

TEST(ParseYaml, RemembersWhereThingsStand) {
  const auto [root, problems] = read("a:\n  b: [x,\n    y]\n");
  EXPECT_EQ(root.find("a")->find("b")->items[1].mark, (Mark{3, 5}));
  EXPECT_EQ(root.find("a")->find_member("b")->mark, (Mark{2, 3}));
}

TEST(ParseYaml, MergesMapsTheirOwnKeysFirst) {
  const auto [root, problems] = read("x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz: {<<: [*x, *y], c: 3}\n");
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_EQ(lockstep::to_text(to_json(*root.find("z"))), R"({"c":3,"a":1,"b":1})");
  EXPECT_THAT(read("z: {<<: 5}").problems, ElementsAre(HasSubstr("merges maps only")));
}

TEST(ParseYaml, RefusesWhatATreeCannotHold) {
  EXPECT_THAT(read("a: 1\nb: 2\na: 3\n").problems,
              ElementsAre("f:3:1: \"a\" is written twice; the first one is at line 1"));
  EXPECT_THAT(read("? [a]\n: 1\n").problems, ElementsAre(HasSubstr("a key must be a text, not a list")));
  EXPECT_THAT(read("a: !secret x\n").problems, ElementsAre(HasSubstr("the tag \"!secret\" means nothing here")));
  EXPECT_THAT(read("a: &a [*a]\n").problems, ElementsAre(HasSubstr("an alias inside its own anchor")));
  EXPECT_THAT(read("a: 1\n---\nb: 1\n").problems, ElementsAre(HasSubstr("a second document begins here")));
  EXPECT_THAT(read("a: [1\nb: 2\n").problems, ElementsAre(HasSubstr("not valid YAML")));
  EXPECT_THAT(read("").problems, ElementsAre(HasSubstr("the file is empty")));
}

TEST(ParseYaml, HasLimits) {
  std::string laughs = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 10; ++i) {
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) laughs += (j == 0 ? "*a" : ",*a") + std::to_string(i - 1);
    laughs += "]\n";
  }
  EXPECT_THAT(read(laughs).problems, ElementsAre(HasSubstr("too many values")));
  EXPECT_THAT(read(std::string(config_depth_limit + 1, '[') + std::string(config_depth_limit + 1, ']')).problems,
              ElementsAre(HasSubstr("nested too deeply")));
  EXPECT_THAT(read(std::string(config_depth_limit, '[') + std::string(config_depth_limit, ']')).problems, IsEmpty());
  // Depth that only aliases reach.
  std::string deep = "a0: &a0 [x]\n";
  for (std::size_t i = 1; i <= config_depth_limit; ++i) {
    deep += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";
  }
  EXPECT_THAT(read(deep).problems, ElementsAre(HasSubstr("nested too deeply")));
  EXPECT_THAT(read("a: " + std::string(config_text_bytes_limit + 1, 'x')).problems,
              ElementsAre(HasSubstr("a text of")));
  EXPECT_THAT(read(std::string(config_bytes_limit + 1, '#')).problems, ElementsAre(HasSubstr("bytes are too many")));
  std::string wide;
  for (std::size_t i = 0; i <= config_members_limit; ++i) wide += "k" + std::to_string(i) + ": 1\n";
  EXPECT_THAT(read(wide).problems, ElementsAre(HasSubstr("too many keys in one map")));
}

TEST(Problems, AreBounded) {
  Problems problems("f");
  for (std::size_t i = 0; i < config_problems_limit + 5; ++i) problems.add({i + 1, 1}, "", "m");
  const auto all = problems.take();
  ASSERT_EQ(all.size(), config_problems_limit + 1);
  EXPECT_EQ(all.back().message, "5 more problems are not shown");
}

TEST(Suggest, NamesTheNearestWord) {
  const std::vector<std::string> known = {"email", "phone", "first_name"};
  EXPECT_EQ(suggest("emial", known), "did you mean \"email\"?");
  EXPECT_EQ(suggest("Phone", known), "did you mean \"phone\"?");
  EXPECT_EQ(suggest("firstname", known), "did you mean \"first_name\"?");
  EXPECT_EQ(suggest("zzz", known), "known here: email, phone, first_name");
  EXPECT_EQ(suggest("zzz", {}), "");
  EXPECT_EQ(edit_distance("ab", "ba"), 1u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
}

TEST(Units, DurationsAndSizesAreWholeNumbersWithAUnit) {
  EXPECT_EQ(parse_duration("250ms"), std::chrono::milliseconds(250));
  EXPECT_EQ(parse_duration("7d"), std::chrono::hours(168));
  for (const char* bad : {"", "s", "5", "-5s", "+5s", "1.5s", "5 s", "5S", "1234567890s"})
    EXPECT_FALSE(parse_duration(bad)) << bad;
  EXPECT_EQ(to_text(std::chrono::seconds(90)), "90s");
  EXPECT_EQ(to_text(std::chrono::seconds(120)), "2m");
  EXPECT_EQ(to_text(Duration(0)), "0ms");
  EXPECT_EQ(parse_size("2MiB"), 2 << 20);
  for (const char* bad : {"", "2", "2MB", "-1B", "2 MiB"}) EXPECT_FALSE(parse_size(bad)) << bad;
  EXPECT_EQ(size_to_text(1536), "1536B");
  EXPECT_EQ(size_to_text(64 << 20), "64MiB");
}

}  // namespace
}  // namespace lockstep::app
