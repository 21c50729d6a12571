#include "app/server/members.hpp"

#include <gtest/gtest.h>

#include "app/config/member_rows.hpp"
#include "connector/manual_loop.hpp"

namespace lockstep::app {
namespace {

using access::Role;
using std::chrono::milliseconds;
using std::chrono::seconds;

const SourceId kA("a");
const SourceId kB("b");

MemberTable table_named(const std::string& name) {
  MemberTable out;
  out.source = kA;
  out.system = SystemName("db");
  out.table = name;
  out.user = "user_id";
  out.source_column = "source_id";
  out.role = "role";
  return out;
}

class MembersTest : public ::testing::Test {
 protected:
  std::unique_ptr<Members> make(std::vector<MemberTable> tables, const Members* former = nullptr) {
    MembersParts parts{&loop, &log, {}, {}};
    parts.read = [this](const MemberTable& table, connector::TableRead read, auto done) {
      last_read = read;
      ++reads;
      if (held) return waiting.push_back(std::move(done));
      if (broken.contains(table.table))
        return done(std::unexpected(connector::TableFailure{{ErrorKind::unavailable, "down"}, ""}));
      connector::TableRows rows;
      rows.rows = tables_of[table.table];
      done(std::move(rows));
    };
    parts.changed = [this](const std::set<std::string>& users) { changed.push_back(users); };
    return std::make_unique<Members>(std::move(parts), std::move(tables), former);
  }
  static std::string row(const std::string& user, const std::string& source, const std::string& role) {
    return to_text(JsonObject{{"user", user}, {"source", source}, {"role", role}});
  }
  static std::optional<Role> role_in(const Members& members, const std::string& user, const SourceId& source) {
    const auto grants = members.of(user);
    EXPECT_TRUE(grants) << grants.error().message;
    const auto at = grants->sources.find(source);
    return at == grants->sources.end() ? std::nullopt : std::optional(at->second);
  }

  connector::ManualLoop loop;
  SilentLog log;
  std::map<std::string, std::vector<std::string>> tables_of;
  std::set<std::string> broken;
  std::vector<std::set<std::string>> changed;
  connector::TableRead last_read;
  int reads = 0;
  bool held = false;
  std::vector<std::move_only_function<void(connector::TableResult)>> waiting;
};

TEST_F(MembersTest, SayWhoMayWhat) {
  tables_of["t"] = {row("ada", "a", "owner"), row("ada", "b", "viewer"), row("bob", "b", "editor")};
  const auto members = make({table_named("t")});
  EXPECT_EQ(role_in(*members, "ada", kA), Role::owner);
  EXPECT_EQ(role_in(*members, "ada", kB), Role::viewer);
  EXPECT_EQ(role_in(*members, "bob", kA), std::nullopt);
  EXPECT_EQ(role_in(*members, "eve", kA), std::nullopt);
  EXPECT_EQ(last_read.relation, "t");
  EXPECT_EQ(last_read.columns.at(0).name, "user_id");
  EXPECT_TRUE(last_read.role.name.empty()) << "as the connector's own role";
}

TEST_F(MembersTest, WhatIsNoRightGivesNone) {
  tables_of["t"] = {row("ada", "a", "admin"),
                    row("ada", "b", "king"),
                    row("", "a", "owner"),
                    row("bob", "", "owner"),
                    R"({"user":"carl","source":"a","role":""})",
                    R"({"user":null,"source":"a","role":"owner"})"};
  const auto members = make({table_named("t")});
  for (const char* user : {"ada", "bob", "carl", ""}) EXPECT_TRUE(members->of(user)->empty()) << user;
}

TEST_F(MembersTest, ARowOfABusinessNamesIt) {
  const auto row_of = [](const std::string& user, const Json& business) {
    return to_text(JsonObject{{"user", user}, {"source", "a"}, {"role", "business"}, {"business", business}});
  };
  tables_of["t"] = {row_of("ada", "cafe"),
                    row_of("ada", "salon"),
                    row_of("bob", nullptr),
                    row_of("carl", ""),
                    row_of("dan", Json(std::string(300, 'x'))),
                    row("eve", "a", "business")};
  MemberTable table = table_named("t");
  table.business = "shop_id";
  const auto members = make({table});
  EXPECT_EQ(last_read.columns.back().name, "shop_id");
  EXPECT_EQ(members->of("ada")->businesses, (access::BusinessGrants{{kA, {"cafe", "salon"}}}));
  EXPECT_TRUE(members->of("ada")->sources.empty());
  for (const char* user : {"bob", "carl", "dan", "eve"}) EXPECT_TRUE(members->of(user)->empty()) << user;
  tables_of["t"] = {row_of("ada", "salon")};
  changed.clear();
  loop.run_for(Members::kReadEvery);
  EXPECT_EQ(members->of("ada")->businesses, (access::BusinessGrants{{kA, {"salon"}}}));
  EXPECT_EQ(changed, (std::vector<std::set<std::string>>{{"ada"}}));
}

TEST_F(MembersTest, AMappingWithoutARoleIsAViewers) {
  tables_of["t"] = {R"({"user":"ada","source":"a","role":null})"};
  const auto members = make({table_named("t")});
  EXPECT_EQ(role_in(*members, "ada", kA), Role::viewer);
}

TEST_F(MembersTest, WithoutAColumnForItTheRoleIsViewer) {
  MemberTable table = table_named("t");
  table.role = "";
  tables_of["t"] = {R"({"user":"ada","source":"a"})"};
  const auto members = make({table});
  EXPECT_EQ(role_in(*members, "ada", kA), Role::viewer);
  EXPECT_EQ(last_read.columns.size(), 2U);
}

TEST_F(MembersTest, AChangeIsKnownWithinTwoSecondsAndTold) {
  tables_of["t"] = {row("ada", "a", "owner"), row("bob", "a", "viewer")};
  const auto members = make({table_named("t")});
  changed.clear();
  loop.run_for(seconds(10));
  EXPECT_TRUE(changed.empty()) << "nothing is told while nothing changes";
  tables_of["t"] = {row("ada", "a", "viewer"), row("eve", "a", "viewer")};
  loop.run_for(Members::kReadEvery);
  EXPECT_EQ(role_in(*members, "ada", kA), Role::viewer);
  EXPECT_EQ(role_in(*members, "bob", kA), std::nullopt);
  EXPECT_EQ(changed, (std::vector<std::set<std::string>>{{"ada", "bob", "eve"}}));
}

TEST_F(MembersTest, TheHighestRoleOfAllTablesCounts) {
  tables_of["t"] = {row("ada", "a", "viewer"), row("ada", "a", "editor")};
  tables_of["u"] = {row("ada", "a", "owner"), row("ada", "b", "viewer")};
  const auto members = make({table_named("t"), table_named("u")});
  EXPECT_EQ(role_in(*members, "ada", kA), Role::owner);
  EXPECT_EQ(role_in(*members, "ada", kB), Role::viewer);
}

TEST_F(MembersTest, ADatabaseThatIsDownHoldsForAWhileAndNotForEver) {
  tables_of["t"] = {row("ada", "a", "owner")};
  MemberTable table = table_named("t");
  table.hold = seconds(10);
  const auto members = make({table});
  broken.insert("t");
  loop.run_for(seconds(9));
  EXPECT_EQ(role_in(*members, "ada", kA), Role::owner);
  loop.run_for(seconds(2));
  ASSERT_FALSE(members->of("ada"));
  EXPECT_EQ(members->of("ada").error().kind, ErrorKind::unavailable) << "not 'nothing': that would sign people out";
  broken.clear();
  loop.run_for(Members::kReadEvery);
  EXPECT_EQ(role_in(*members, "ada", kA), Role::owner);
}

TEST_F(MembersTest, AReadThatHangsHoldsNothingLonger) {
  tables_of["t"] = {row("ada", "a", "owner")};
  MemberTable table = table_named("t");
  table.hold = seconds(10);
  const auto members = make({table});
  held = true;
  loop.run_for(seconds(60));
  EXPECT_FALSE(members->of("ada"));
  EXPECT_EQ(waiting.size(), 1U) << "one read at a time";
  // It was asked for long ago: what it says is as old as the question.
  connector::TableRows rows;
  rows.rows = tables_of["t"];
  waiting.front()(std::move(rows));
  EXPECT_FALSE(members->of("ada"));
}

TEST_F(MembersTest, BeforeTheFirstAnswerNobodyCanSay) {
  held = true;
  const auto members = make({table_named("t")});
  EXPECT_EQ(members->of("ada").error().kind, ErrorKind::unavailable);
}

TEST_F(MembersTest, OneTableThatIsDownTakesNothingFromTheOthers) {
  tables_of["t"] = {row("ada", "a", "owner")};
  broken.insert("u");
  const auto members = make({table_named("t"), table_named("u")});
  EXPECT_EQ(role_in(*members, "ada", kA), Role::owner);
  EXPECT_FALSE(members->of("bob")) << "the other one might name him";
}

TEST_F(MembersTest, ATableThatIsTooLongIsNotBelieved) {
  for (std::size_t i = 0; i <= kMemberRowsLimit; ++i)
    tables_of["t"].push_back(row("u" + std::to_string(i), "a", "owner"));
  const auto members = make({table_named("t")});
  EXPECT_FALSE(members->of("u1"));
  tables_of["t"].pop_back();
  loop.run_for(Members::kReadEvery);
  EXPECT_EQ(role_in(*members, "u1", kA), Role::owner);
}

TEST_F(MembersTest, AReloadKeepsWhatWasRead) {
  tables_of["t"] = {row("ada", "a", "owner")};
  auto former = make({table_named("t")});
  held = true;
  const auto members = make({table_named("t"), table_named("u")}, former.get());
  former.reset();
  EXPECT_EQ(role_in(*members, "ada", kA), Role::owner);
  MemberTable other = table_named("t");
  other.user = "another_column";
  const auto changed_settings = make({other}, members.get());
  EXPECT_FALSE(changed_settings->of("ada")) << "what another question was answered with";
}

TEST_F(MembersTest, StoppedMembersReadNoMore) {
  const auto members = make({table_named("t")});
  members->stop();
  const int before = reads;
  loop.run_for(seconds(30));
  EXPECT_EQ(reads, before);
}

}  // namespace
}  // namespace lockstep::app
