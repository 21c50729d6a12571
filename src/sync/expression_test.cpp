#include "sync/expression.hpp"

#include <gtest/gtest.h>

#include "sync/arbitrary_json.hpp"

namespace lockstep::sync {
namespace {

Json parsed(std::string_view text) { return parse_json(text).value(); }

class ExpressionTest : public testing::Test {
 protected:
  std::string run(const std::string& source, const std::string& names = "{}") {
    auto value = expressions_.evaluate(source, parsed(names).as_object());
    return value ? to_text(*value) : std::string(to_string(value.error().kind)) + ": " + value.error().message;
  }

  // The kind of the error, or "ok".
  std::string kind(const std::string& source) {
    auto value = expressions_.evaluate(source, JsonObject{{"doc", JsonObject{{"a", "x"}}}});
    return value ? "ok" : std::string(to_string(value.error().kind));
  }

  Expressions expressions_;
};

TEST_F(ExpressionTest, Evaluates) {
  const std::string names =
      R"({"doc":{"first":"Ada","last":"Lovelace","price":150.1,"n":3,"tags":["b","a"],"gone":null,"o":{}}})";
  const std::pair<const char*, const char*> cases[] = {
      {"doc.first .. ' ' .. doc.last", "\"Ada Lovelace\""},
      {"doc.n * 2", "6"},
      {"doc.price * 100", "1.501E4"},
      {"7 // 2", "3"},
      {"doc.n == 3 and 'yes' or 'no'", "\"yes\""},
      {"if doc.n > 2 then return 'many' end return 'few'", "\"many\""},
      {"doc.gone == null", "true"},
      {"doc.missing == nil", "true"},
      {"doc.missing", "null"},
      {"null", "null"},
      {"doc.gone", "null"},
      {"type(null) .. type(nil) .. type('') .. type(1) .. type({}) .. type(true)",
       "\"nullnilstringnumbertableboolean\""},
      {"doc.tags[1]", "\"b\""},
      {"#doc.tags", "2"},
      {"{}", "[]"},
      {"{1, 'a', null, {x = true}}", R"([1,"a",null,{"x":true}])"},
      {"{b = 1, a = {}}", R"({"a":[],"b":1})"},
      {"doc", R"({"first":"Ada","gone":null,"last":"Lovelace","n":3,"o":{},"price":1.501E2,"tags":["b","a"]})"},
      {"split('a,b,,c', ',')", R"(["a","b","","c"])"},
      {"join(split('a-b', '-'), '+')", "\"a+b\""},
      {"join({1, 2.5, 'x'})", "\"12.5x\""},
      {"replace('a.b.c', '.', '%1')", "\"a%1b%1c\""},
      {"trim('  x\\t')", "\"x\""},
      {"contains('abc', 'bc') and starts_with('abc', 'ab') and ends_with('abc', 'bc')", "true"},
      {"contains('abc', '.')", "false"},
      {"('Éa'):upper() .. ('ÉA'):lower()", "\"ÉAéa\""},
      {"string.reverse('aé')", "\"éa\""},
      {"string.format('%05.2f|%-3s|%d', 1.5, 'a', 7)", "\"01.50|a  |7\""},
      {"string.sub('abc', 2) .. string.len('abc') .. string.char(65) .. string.byte('A')", "\"bc3A65\""},
      {"rep('ab', 3)", "\"ababab\""},
      {"tonumber('12.5')", "1.25E1"},
      {"tonumber('twelve')", "null"},
      {"tostring(12) .. tostring(true) .. tostring(nil) .. tostring({})", "\"12trueniltable\""},  // no address
      {"select('#', 1, nil, 3)", "3"},
      {"math.floor(2.7) + math.max(1, 5)", "7"},
      {"local r = {} for i, v in ipairs(doc.tags) do r[i] = v .. i end return r", R"(["b1","a2"])"},
      {"local r = {} for k in pairs({b = 1, a = 2, 10, 20}) do r[#r + 1] = k end return r", R"([1,2,"a","b"])"},
  };
  for (const auto& [source, expected] : cases) {
    EXPECT_EQ(run(source, names), expected) << source;
  }
}

TEST_F(ExpressionTest, TellsNilFromNull) {
  const JsonObject names{{"doc", JsonObject{{"a", nullptr}}}};
  EXPECT_EQ(expressions_.evaluate_optional("doc.a", names).value(), std::optional<Json>(Json(nullptr)));
  EXPECT_EQ(expressions_.evaluate_optional("doc.b", names).value(), std::nullopt);
  EXPECT_EQ(expressions_.evaluate_optional("local x = 1", names).value(), std::nullopt);
}

TEST_F(ExpressionTest, OnlySafeFunctionsAreThere) {
  for (const char* name : {"os",
                           "io",
                           "load",
                           "loadstring",
                           "loadfile",
                           "dofile",
                           "require",
                           "package",
                           "debug",
                           "collectgarbage",
                           "setmetatable",
                           "getmetatable",
                           "rawset",
                           "rawget",
                           "rawequal",
                           "pcall",
                           "xpcall",
                           "error",
                           "coroutine",
                           "_G",
                           "print",
                           "warn",
                           "next",
                           "utf8",
                           "table",
                           "string.find",
                           "string.gsub",
                           "string.match",
                           "string.gmatch",
                           "string.dump",
                           "string.pack",
                           "math.random",
                           "math.randomseed",
                           "math.sin",
                           "('x').find",
                           "('x').gsub"}) {
    EXPECT_EQ(run(std::string(name) + " == nil"), "true") << name;
  }
  EXPECT_EQ(kind("string.format('%p', 'x')"), "invalid");
  EXPECT_EQ(kind("string.format('%s', {})"), "invalid");
}

TEST_F(ExpressionTest, NothingIsCarriedOver) {
  EXPECT_EQ(run("x = (x or 0) + 1 return x"), "1");
  EXPECT_EQ(run("x = (x or 0) + 1 return x"), "1");
  EXPECT_EQ(run("doc", R"({"doc":1})"), "1");
  EXPECT_EQ(run("doc"), "null");
  EXPECT_EQ(kind("string.lower = nil"), "invalid");
  EXPECT_EQ(kind("math.pi = 3"), "invalid");
  EXPECT_EQ(run("string = nil lower = nil return 1"), "1");  // its own globals only
  EXPECT_EQ(run("string.lower('A') .. lower('B')"), "\"ab\"");
}

TEST_F(ExpressionTest, EndlessWorkIsStopped) {
  for (const char* source :
       {"while true do end", "repeat until false", "for i = 1, 1e18 do end", "::again:: goto again",
        "local function f() return f() end return f()", "for i = 1, 99999 do split('a,b,c,d,e,f,g,h,i,j', ',') end",
        "local s = rep('x', 200000) for i = 1, 99999 do contains(s, 'y') end",
        "local s = rep('x', 200000) for i = 1, 99999 do local t = s .. i end",
        "local t = {} for i = 1, 9000 do t[i] = i end for i = 1, 99999 do pairs(t) end"}) {
    EXPECT_EQ(kind(source), "exhausted") << source;
  }
  EXPECT_EQ(run("rep('', 1e9)"), "\"\"");
  EXPECT_EQ(run("1 + 1"), "2");
}

TEST_F(ExpressionTest, BombsAreStopped) {
  for (const char* source :
       {"local s = 'x' while true do s = s .. s end", "rep('x', 1e9)", "rep('x', 9223372036854775807)",
        "rep(rep('x', 60000), 60000)", "local t = {} for i = 1, 1e9 do t[i] = {} end",
        "local t = {} for i = 1, 30000 do t['k' .. i] = i end return 1",
        "replace(rep('a', 100000), 'a', rep('b', 1000))",
        "local t = {} for i = 1, 20000 do t[i] = 'xxxxxxxxxxxxxxxx' end return join(t, rep('y', 9999))",
        "string.format('%99999d', 1) .. while"}) {
    EXPECT_NE(kind(source), "ok") << source;
  }
  EXPECT_EQ(kind("rep('x', 3000000)"), "exhausted");
  EXPECT_EQ(run("'still ' .. 'alive'"), "\"still alive\"");
}

TEST_F(ExpressionTest, DeepRecursionIsStopped) {
  EXPECT_EQ(kind("local function f() return 1 + f() end return f()"), "exhausted");
  EXPECT_EQ(kind("local function f(...) return f(1, ...) end return f()"), "exhausted");
  std::string nots;
  for (int i = 0; i < 900; ++i) nots += "not ";
  EXPECT_NE(kind(std::string(2000, '(') + "1" + std::string(2000, ')')), "ok");
  EXPECT_NE(kind("return " + nots + "1"), "ok");
  EXPECT_EQ(kind("local t = {} for i = 1, 40 do t = {t} end return t"), "exhausted");
  EXPECT_EQ(kind("local t = {} t.t = t return t"), "exhausted");
}

// A table may hold one text or table many times: the result would be far larger than the interpreter's memory.
TEST_F(ExpressionTest, ResultsAreBounded) {
  EXPECT_EQ(kind("local t = {1} for i = 1, 28 do t = {t, t} end return t"), "exhausted");
  EXPECT_EQ(kind("local s, t = rep('x', 100000), {} for i = 1, 1000 do t[i] = s end return t"), "exhausted");
}

TEST_F(ExpressionTest, ResultsThatAreNoJsonAreRefused) {
  for (const char* source : {"1 / 0", "0 / 0", "function() end", "pairs", "{1, 2, x = 3}", "{1, nil, 3}", "{[5] = 1}",
                             "{[true] = 1}", "string.char(200)", "('é'):sub(1, 1)", "{[string.char(255)] = 1}"}) {
    EXPECT_EQ(kind(source), "invalid") << source;
  }
}

TEST_F(ExpressionTest, CheckNamesTheLine) {
  EXPECT_TRUE(expressions_.check("doc.a"));
  EXPECT_TRUE(expressions_.check("local x = 1\nreturn x"));
  const auto broken = expressions_.check("local x = 1\nreturn x +");
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().kind, ErrorKind::invalid);
  EXPECT_NE(broken.error().message.find(":2:"), std::string::npos) << broken.error().message;
  EXPECT_FALSE(expressions_.check("doc.a +"));
  EXPECT_FALSE(expressions_.check("\x1bLua"));
  EXPECT_EQ(expressions_.check(std::string(5000, ' ') + "1").error().kind, ErrorKind::exhausted);
}

TEST_F(ExpressionTest, RuntimeErrorsNameTheLineAndNoValues) {
  const std::string message = run("local a = doc.name\nreturn a.b.c", R"({"doc":{"name":{"secret":"hunter2"}}})");
  EXPECT_NE(message.find("invalid: expression:2:"), std::string::npos) << message;
  EXPECT_EQ(message.find("hunter2"), std::string::npos) << message;
}

TEST_F(ExpressionTest, LimitsAreTheCallers) {
  Expressions small({.memory_bytes_limit = 64 << 10, .instructions_limit = 1000, .source_bytes_limit = 30});
  EXPECT_TRUE(small.evaluate("1 + 1", {}));
  EXPECT_EQ(small.evaluate("for i = 1, 3000 do end", {}).error().kind, ErrorKind::exhausted);
  EXPECT_EQ(small.evaluate("rep('x', 15000)", {}).error().kind, ErrorKind::exhausted);
  EXPECT_EQ(small.evaluate("1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1", {}).error().kind, ErrorKind::exhausted);
}

TEST_F(ExpressionTest, ManyExpressionsAreBounded) {
  for (int i = 0; i < 3000; ++i) EXPECT_EQ(run("1 + " + std::to_string(i)), std::to_string(i + 1));
}

TEST(ExpressionPropertyTest, JsonComesBackTheSame) {
  Expressions expressions;
  EXPECT_TRUE(rc::check([&] {
    Json value = *arbitrary_json();
    if (to_text(value).find("\\u0000") != std::string::npos) return;
    auto back = expressions.evaluate("doc", JsonObject{{"doc", value}});
    if (!back) {
      RC_ASSERT(back.error().message.find("UTF-8") != std::string::npos);
      return;
    }
    if (value.is_uint64()) return;  // beyond 2^63 Lua has no integers
    const std::function<bool(const Json&)> has_large = [&](const Json& v) {
      if (v.is_uint64()) return v.get_uint64() > static_cast<std::uint64_t>(INT64_MAX);
      if (v.is_array()) return std::ranges::any_of(v.get_array(), has_large);
      return v.is_object() &&
             std::ranges::any_of(v.get_object(), [&](const auto& member) { return has_large(member.value()); });
    };
    if (!has_large(value)) RC_ASSERT(*back == value);
  }));
}

// The same source and names give the same result or the same error in a new interpreter and in one that has been used.
TEST(ExpressionPropertyTest, SameInputSameOutput) {
  Expressions used;
  static const std::vector<std::string> sources = {
      "local r = {} for k, v in pairs(doc) do r[#r + 1] = tostring(k) .. tostring(v) end return r",
      "doc",
      "tostring(doc) .. type(doc)",
      "local n = 0 for i = 1, 500 do n = n + #tostring(doc) end return n",
      "rep(tostring(doc), 100000)",
      "doc.a.b",
      "local t = {} for i = 1, 9999 do t[i] = {} end return #t"};
  EXPECT_TRUE(rc::check([&] {
    const auto source = *rc::gen::elementOf(sources);
    const JsonObject names{{"doc", *arbitrary_json()}};
    Expressions fresh;
    for (int i = 0; i < 2; ++i) {
      const bool same = used.evaluate(source, names) == fresh.evaluate(source, names);
      RC_ASSERT(same);
    }
  }));
}

}  // namespace
}  // namespace lockstep::sync
