#include "sync/path.hpp"

#include <gtest/gtest.h>

#include "sync/arbitrary_json.hpp"
#include "sync/mapping.hpp"

namespace lockstep::sync {
namespace {

Json parsed(std::string_view text) { return parse_json(text).value(); }

std::string got(const Json& document, std::string_view path) {
  const Json* value = get_path(document, path);
  return value == nullptr ? "absent" : to_text(*value);
}

TEST(PathTest, Reads) {
  const Json document =
      parsed(R"({"a":{"b.c":{"d":1},"":5,"0":"zero"},"list":[{"x":1},[2,3]],"n":null,"back\\slash":7})");
  EXPECT_EQ(got(document, "a.b\\.c.d"), "1");
  EXPECT_EQ(got(document, "a.b.c"), "absent");
  EXPECT_EQ(got(document, "a.0"), "\"zero\"");
  EXPECT_EQ(got(document, "a.\\0"), "\"zero\"");
  EXPECT_EQ(got(document, "list.0.x"), "1");
  EXPECT_EQ(got(document, "list.1.1"), "3");
  EXPECT_EQ(got(document, "list.2"), "absent");
  EXPECT_EQ(got(document, "list.\\0"), "absent");
  EXPECT_EQ(got(document, "list.x"), "absent");
  EXPECT_EQ(got(document, "list.99999999999999999999"), "absent");
  EXPECT_EQ(got(document, "n"), "null");
  EXPECT_EQ(got(document, "n.x"), "absent");
  EXPECT_EQ(got(document, "back\\\\slash"), "7");
  for (const char* broken : {"", ".", "a.", ".a", "a..b", "a\\"}) {
    EXPECT_EQ(got(document, broken), "absent") << broken;
    EXPECT_TRUE(check_path(broken)) << broken;
  }
  EXPECT_FALSE(check_path("a.b\\.c.0"));
  EXPECT_TRUE(check_path(std::string(600, 'a')));
  EXPECT_TRUE(check_path("a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a"));
  EXPECT_TRUE(has_index("a.0"));
  EXPECT_FALSE(has_index("a.\\0.b0"));
}

TEST(PathTest, Writes) {
  Json document = JsonObject();
  set_path(document, "a.b", 1);
  set_path(document, "a.c\\.d", 2);
  set_path(document, "e", nullptr);
  EXPECT_EQ(to_text(document), R"({"a":{"b":1,"c.d":2},"e":null})");
  set_path(document, "e.f", 3);
  set_path(document, "a", 4);
  EXPECT_EQ(to_text(document), R"({"a":4,"e":{"f":3}})");
  Json list = parsed(R"({"l":[{"x":1},2]})");
  set_path(list, "l.0.x", 5);
  EXPECT_EQ(to_text(list), R"({"l":[{"x":5},2]})");
  const Json before = list;
  for (const char* broken : {"", "a..b", "a\\", "."}) set_path(list, broken, 1);
  EXPECT_EQ(list, before);
}

std::string escaped(const std::string& name) {
  std::string out;
  for (const char c : name) {
    if (c == '.' || c == '\\' || (c >= '0' && c <= '9')) out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

// L2: everything beside the path stays as it was.
TEST(PathTest, WhatIsWrittenIsReadAndTheRestIsUntouched) {
  EXPECT_TRUE(rc::check([] {
    const auto names = *rc::gen::suchThat(
        rc::gen::resize(6, rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(likely_text()))),
        [](const auto& all) {
          std::size_t bytes = 0;
          for (const auto& name : all) bytes += 2 * name.size() + 1;
          return bytes < path_bytes_limit && std::ranges::none_of(all, [](const auto& name) { return name.empty(); });
        });
    std::string path;
    for (const std::string& name : names) path += (path.empty() ? "" : ".") + escaped(name);
    const Json value = *arbitrary_json();
    Json document = JsonObject();
    const auto members = *rc::gen::container<std::vector<std::string>>(likely_text());
    for (const std::string& member : members) document.get_object()[member] = *arbitrary_json(2);
    const Json before = document;
    set_path(document, path, value);
    const Json* back = get_path(document, path);
    RC_ASSERT(back != nullptr);
    const bool same = *back == value;
    RC_ASSERT(same);
    for (const auto& member : before.get_object()) {
      if (member.key() == names.front()) continue;
      const bool untouched = document.get_object().at(member.key()) == member.value();
      RC_ASSERT(untouched);
    }
  }));
}

}  // namespace
}  // namespace lockstep::sync
