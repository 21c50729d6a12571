// The commands of people who put data right: undo, replay, conflicts, dead letters in bulk.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "app/commands/conflicts.hpp"
#include "app/commands/deadletters.hpp"
#include "app/commands/fake_context.hpp"
#include "app/commands/undo.hpp"
#include "app/commands/user.hpp"

namespace lockstep::app {
namespace {

using ::testing::HasSubstr;

class PeopleCommandsTest : public ::testing::Test {
 protected:
  FakeContext fake;

  PeopleCommandsTest() { fake.environment.files["lockstep.yaml"] = "server: {listen: \"127.0.0.1:9000\"}\n"; }
  std::string last_target() const {
    return fake.script.requests.back().method + " " + fake.script.requests.back().target;
  }
  std::string last_body() const { return fake.script.requests.back().body; }
};

TEST_F(PeopleCommandsTest, UndoOfAnEntry) {
  fake.script.answer(200, R"({"record":"01A","revision":4,"seq":99,"reason":"undone"})");
  EXPECT_EQ(fake.run(add_undo, "undo 42 --source acme"), ExitCode::ok);
  EXPECT_EQ(last_target(), "POST /api/v1/sources/acme/journal/42/undo");
  EXPECT_EQ(last_body(), "{}");
  EXPECT_EQ(fake.out(), "undone: record 01A, journal entry 99\n");
  fake.script.answer(409, R"({"detail":"changed since: name"})");
  EXPECT_EQ(fake.run(add_undo, "undo 42 --force --source acme"), ExitCode::failed);
  EXPECT_EQ(last_body(), R"({"force":true})");
  EXPECT_THAT(fake.err(), HasSubstr("changed since: name"));
}

TEST_F(PeopleCommandsTest, UndoOfAJobIsFollowed) {
  fake.script.answer(202, R"({"id":"j2","state":"running","system":"","done":0})");
  fake.script.answer(
      200, R"({"id":"j2","state":"done","system":"","done":1200,"skipped":3,"note":"3 changed since and left"})");
  EXPECT_EQ(fake.run(add_undo, "undo --job j1 --source acme"), ExitCode::ok);
  EXPECT_EQ(fake.script.requests.front().target, "/api/v1/sources/acme/jobs/j1/undo");
  EXPECT_EQ(last_target(), "GET /api/v1/sources/acme/jobs/j2");
  EXPECT_EQ(fake.out(), "done: 1,200 changes undone\n3 changed since and left\n");
}

TEST_F(PeopleCommandsTest, UndoWantsToKnowWhat) {
  for (const char* line : {"undo --source acme", "undo 42 --job j1 --source acme", "undo first --source acme"})
    EXPECT_EQ(fake.run(add_undo, line), ExitCode::bad_input) << line;
  EXPECT_TRUE(fake.script.requests.empty());
}

TEST_F(PeopleCommandsTest, ReplayNamesItsTimes) {
  fake.script.answer(202, R"({"id":"j3","state":"done","system":"crm","done":7,"note":""})");
  EXPECT_EQ(fake.run(add_replay,
                     "replay --from 2026-11-21T08:00:00Z --to 2026-11-21T09:00:00Z --system crm "
                     "--source acme"),
            ExitCode::ok);
  EXPECT_EQ(last_body(), R"({"from":"2026-11-21T08:00:00Z","to":"2026-11-21T09:00:00Z","system":"crm"})");
  EXPECT_EQ(fake.out(), "done: 7 objects read again\n");
  EXPECT_EQ(fake.run(add_replay, "replay --source acme"), ExitCode::bad_input);
}

TEST_F(PeopleCommandsTest, ConflictsAreListedAndDecided) {
  const std::string listed =
      R"({"items":[{"seq":7,"entity":"contact","record":"01A","field":"name","base":"Ann","mine":"Anna","theirs":"Annie",
      "mine_origin":"crm","theirs_origin":"db","rule":"latest","winner":"crm","open":false,"decided_by":null}],"next":null})";
  for (const char* line : {"conflicts --open --source acme", "conflicts list --open --source acme"}) {
    fake.script.answer(200, listed);
    EXPECT_EQ(fake.run(add_conflicts, line), ExitCode::ok);
    EXPECT_EQ(last_target(), "GET /api/v1/sources/acme/conflicts?open=true") << line;
  }
  EXPECT_THAT(fake.out(), HasSubstr("7/name    01A     Ann   Anna (crm)  Annie (db)  latest  crm"));
  fake.script.answer(200, R"({"record":"01A","revision":5,"seq":12,"reason":""})");
  EXPECT_EQ(fake.run(add_conflicts, "conflicts override 7/name --take theirs --source acme"), ExitCode::ok);
  EXPECT_EQ(last_target(), "POST /api/v1/sources/acme/conflicts/7/name/override");
  EXPECT_EQ(last_body(), R"({"take":"theirs"})");
  for (const auto& [given, sent] :
       {std::pair{"Bob", R"({"value":"Bob","force":true})"}, std::pair{"12", R"({"value":12,"force":true})"}}) {
    fake.script.answer(200, R"({"record":"01A","seq":13})");
    EXPECT_EQ(fake.run(add_conflicts, std::string("conflicts override 7/name --force --source acme --value ") + given),
              ExitCode::ok);
    EXPECT_EQ(last_body(), sent);
  }
  const std::size_t asked = fake.script.requests.size();
  for (const char* line : {"conflicts override 7/name --source acme", "conflicts override 7 --take mine --source acme",
                           "conflicts override 7/name --take mine --value x --source acme"})
    EXPECT_EQ(fake.run(add_conflicts, line), ExitCode::bad_input) << line;
  EXPECT_EQ(fake.script.requests.size(), asked);
}

TEST_F(PeopleCommandsTest, DeadLettersAreGrouped) {
  fake.script.answer(200, R"({"items":[{"system":"crm","error_kind":"invalid","error":"bad phone #","count":12,
    "first":"2026-01-01T00:00:00.000Z","last":"2026-01-02T00:00:00.000Z","example":"01A"}],"others":3})");
  EXPECT_EQ(fake.run(add_deadletters, "deadletters groups --system crm --source acme"), ExitCode::ok);
  EXPECT_EQ(last_target(), "GET /api/v1/sources/acme/deadletters/groups?system=crm");
  EXPECT_THAT(fake.out(), HasSubstr("   12  crm     invalid  2026-01-01T00:00:00.000Z"));
  EXPECT_THAT(fake.err(), HasSubstr("3 more in smaller groups"));
}

TEST_F(PeopleCommandsTest, DeadLettersAreRetriedAndDiscardedByAFilter) {
  fake.script.answer(200, R"({"matched":1200,"retried":0,"refused":[],"refused_count":0})");
  EXPECT_EQ(fake.run(add_deadletters,
                     "deadletters retry --all --system crm --error phone --kind invalid --older-than 5 "
                     "--dry-run --source acme"),
            ExitCode::ok);
  EXPECT_EQ(last_body(), R"({"all":true,"system":"crm","error":"phone","error_kind":"invalid",)"
                         R"("older_than_seconds":300,"dry_run":true})");
  EXPECT_EQ(fake.out(), "1,200 found; nothing was done\n");
  fake.script.answer(200, R"({"matched":2,"discarded":2,"refused":[],"refused_count":0})");
  EXPECT_EQ(fake.run(add_deadletters, "deadletters discard --all --reason gone --source acme"), ExitCode::ok);
  EXPECT_EQ(last_target(), "POST /api/v1/sources/acme/deadletters/discard");
  EXPECT_EQ(last_body(), R"({"reason":"gone","all":true})");
  EXPECT_THAT(fake.out(), HasSubstr("2 given up"));
  const std::size_t asked = fake.script.requests.size();
  for (const char* line :
       {"deadletters discard --all --source acme", "deadletters retry 01A/crm --system crm --source a",
        "deadletters retry --all --older-than -1 --source acme"})
    EXPECT_EQ(fake.run(add_deadletters, line), ExitCode::bad_input) << line;
  EXPECT_EQ(fake.script.requests.size(), asked);
}

TEST_F(PeopleCommandsTest, AccountsAreMadeForASourceOrForAll) {
  fake.script.answer(200, "{}");
  EXPECT_EQ(fake.run(add_user, "user add bob@example.com --role editor --source acme"), ExitCode::ok) << fake.err();
  EXPECT_EQ(last_target(), "PUT /api/v1/sources/acme/people/bob%40example.com");
  EXPECT_EQ(last_body(), R"({"role":"editor","password":"what was typed in"})");
  fake.script.answer(201, "{}");
  EXPECT_EQ(fake.run(add_user, "user add ada --role admin --everywhere"), ExitCode::ok);
  EXPECT_EQ(last_target(), "POST /api/v1/accounts");
  EXPECT_EQ(last_body(), R"({"account":"ada","everywhere":"admin","password":"what was typed in"})");
  EXPECT_EQ(fake.out(), "bob@example.com: added\nada: added\n");
  EXPECT_EQ(fake.run(add_user, "user add ada --everywhere --source acme"), ExitCode::bad_input);
}

TEST_F(PeopleCommandsTest, RightsComeAndGo) {
  for (const auto& [line, target, body] : std::vector<std::array<std::string, 3>>{
           {"user grant ada --role owner --source acme", "PUT /api/v1/sources/acme/people/ada", R"({"role":"owner"})"},
           {"user grant ada --role business --business cafe-7 --source acme", "PUT /api/v1/sources/acme/people/ada",
            R"({"role":"business","business":"cafe-7"})"},
           {"user grant ada --role viewer --everywhere", "PUT /api/v1/accounts/ada/everywhere",
            R"({"everywhere":"viewer"})"},
           {"user revoke ada --source acme", "DELETE /api/v1/sources/acme/people/ada", ""},
           {"user revoke ada --everywhere", "PUT /api/v1/accounts/ada/everywhere", R"({"everywhere":null})"},
           {"user password ada", "PUT /api/v1/accounts/ada/password", R"({"password":"what was typed in"})"},
           {"user remove ada", "DELETE /api/v1/accounts/ada", ""}}) {
    fake.script.answer(200, "{}");
    EXPECT_EQ(fake.run(add_user, line), ExitCode::ok) << line << fake.err();
    EXPECT_EQ(last_target(), target);
    EXPECT_EQ(last_body(), body) << line;
  }
  EXPECT_EQ(fake.run(add_user, "user grant ada"), ExitCode::bad_input);
}

TEST_F(PeopleCommandsTest, AccountsAreListedAndSignIn) {
  fake.script.answer(200, R"({"items":[{"account":"ada","everywhere":"admin","sources":{}},
                                       {"account":"bob","sources":{"acme":"editor","b":"viewer"}},{"account":"eve","sources":{}}]})");
  EXPECT_EQ(fake.run(add_user, "user list"), ExitCode::ok);
  EXPECT_THAT(fake.out(), HasSubstr("admin everywhere"));
  EXPECT_THAT(fake.out(), HasSubstr("editor of acme, viewer of b"));
  EXPECT_THAT(fake.out(), HasSubstr("none"));
  fake.script.answer(201, R"({"token":"lss_1_2"})");
  EXPECT_EQ(fake.run(add_user, "user sign-in ada"), ExitCode::ok);
  EXPECT_TRUE(fake.out().ends_with("lss_1_2\n")) << "nothing but the token";
  EXPECT_EQ(last_body(), R"({"account":"ada","password":"what was typed in","token":true})");
}

}  // namespace
}  // namespace lockstep::app
