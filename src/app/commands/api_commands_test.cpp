// The commands that are clients of the server's API. The answers are those of gateway/shapes.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/commands/deadletters.hpp"
#include "app/commands/fake_context.hpp"
#include "app/commands/records.hpp"
#include "app/commands/status.hpp"
#include "app/commands/sync.hpp"

namespace lockstep::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* one_source = R"({"items":[{"id":"acme"}]})";

constexpr const char* record = R"({"id":"01A","entity":"contact","revision":3,"deleted":false,
  "fields":{"email":"j@x.example","name":"Jane"},
  "systems":{"crm":{"status":"synced","external_id":"c1","base":{"email":"j@x.example","name":"Jane"}},
             "db":{"status":"pending","external_id":null,"detail":"waits for its turn","base":{"email":"old@x.example"}}},
  "history":[{"seq":7,"at":"2026-01-01T00:00:00.000Z","kind":"change","system":"crm","disposition":"applied"}]})";

class ApiCommandsTest : public ::testing::Test {
 protected:
  FakeContext fake;

  ApiCommandsTest() {
    fake.environment.files["lockstep.yaml"] = "server: {listen: \"0.0.0.0:9000\"}\n";
    fake.environment.variables["LOCKSTEP_API_KEY"] = "the-key";
  }

  std::vector<std::string> targets() const {
    std::vector<std::string> all;
    for (const auto& request : fake.script.requests) all.push_back(request.method + " " + request.target);
    return all;
  }
};

TEST_F(ApiCommandsTest, StatusShowsAllSources) {
  fake.script.answer(200, one_source);
  fake.script.answer(200, R"({"source":"acme","counts":{"records":12345,"dead":1},"systems":[
    {"system":"crm","kind":"gohighlevel","state":"connected","note":"","connected":true,"problem":"","capture":"","written":5,"failed":0,"last_seen":null},
    {"system":"db","kind":"postgres","state":"down","note":"password refused","connected":false,"problem":"password refused","capture":"","written":0,"failed":2,"last_seen":"2026-01-01T00:00:00.000Z"}]})");
  EXPECT_EQ(fake.run(add_status, "status"), ExitCode::ok);
  EXPECT_EQ(fake.out(),
            "acme\n"
            "12,345 records, 1 dead\n"
            "SYSTEM  CONNECTOR    STATE      WRITTEN  FAILED  LAST SEEN                 NOTE\n"
            "crm     gohighlevel  connected        5       0  -                         \n"
            "db      postgres     down             0       2  2026-01-01T00:00:00.000Z  password refused\n");
  EXPECT_THAT(targets(), ElementsAre("GET /api/v1/sources", "GET /api/v1/sources/acme/status"));
  EXPECT_THAT(fake.script.origins, ElementsAre("http://127.0.0.1:9000"));
  EXPECT_EQ(fake.script.requests[0].headers.get("Authorization"), "Bearer the-key");
}

TEST_F(ApiCommandsTest, StatusSpeaksJsonAndTakesAnotherServer) {
  fake.script.answer(200, R"({"source":"acme","systems":[]})");
  EXPECT_EQ(fake.run(add_status, "status acme --json --url https://a.example/base"), ExitCode::ok);
  EXPECT_EQ(fake.out(), "[{\"source\":\"acme\",\"systems\":[]}]\n");
  EXPECT_THAT(targets(), ElementsAre("GET /base/api/v1/sources/acme/status"));
  EXPECT_THAT(fake.script.origins, ElementsAre("https://a.example"));
}

TEST_F(ApiCommandsTest, ErrorsHaveTheirExitCodes) {
  EXPECT_EQ(fake.run(add_status, "status"), ExitCode::bad_environment);  // nobody answers
  fake.script.answer(401, R"({"detail":"no key"})");
  EXPECT_EQ(fake.run(add_status, "status"), ExitCode::failed);
  EXPECT_THAT(fake.err(), HasSubstr("LOCKSTEP_API_KEY"));
  EXPECT_EQ(fake.run(add_status, "status --url nonsense"), ExitCode::bad_input);
  fake.environment.files.clear();
  EXPECT_EQ(fake.run(add_status, "status"), ExitCode::bad_input);  // neither --url nor a configuration
}

TEST_F(ApiCommandsTest, SyncFollowsTheJobToItsEnd) {
  fake.script.answer(200, one_source);
  fake.script.answer(
      202,
      R"({"id":"j1","system":"crm","state":"running","entity":"contact","done":0,"total":null,"rate_per_second":0,"eta_seconds":null})");
  fake.script.answer(
      200,
      R"({"id":"j1","system":"crm","state":"running","entity":"contact","done":500,"total":1000,"rate_per_second":250,"eta_seconds":2})");
  fake.script.answer(503, "");  // a restart in between
  fake.script.answer(
      200,
      R"({"id":"j1","system":"crm","state":"done","entity":"contact","done":1000,"total":1000,"rate_per_second":250,"eta_seconds":0})");
  EXPECT_EQ(fake.run(add_sync, "sync crm"), ExitCode::ok);
  EXPECT_THAT(targets(),
              ElementsAre("GET /api/v1/sources", "POST /api/v1/sources/acme/jobs", "GET /api/v1/sources/acme/jobs/j1",
                          "GET /api/v1/sources/acme/jobs/j1", "GET /api/v1/sources/acme/jobs/j1"));
  EXPECT_EQ(fake.script.requests[1].body, R"({"kind":"mirror","system":"crm"})");
  EXPECT_EQ(fake.script.pauses, 3u);
  EXPECT_EQ(fake.out(), "done: 1,000 objects of crm read\n");
  EXPECT_THAT(fake.err(), HasSubstr("500 / 1,000  50 %  250/s  ETA 0:02  crm contact"));
}

TEST_F(ApiCommandsTest, SyncSaysWhyAJobFailed) {
  fake.script.answer(202, R"({"id":"j1","state":"failed","error":"token refused"})");
  EXPECT_EQ(fake.run(add_sync, "sync crm --source acme --changes"), ExitCode::failed);
  EXPECT_EQ(fake.script.requests[0].body, R"({"kind":"pull","system":"crm"})");
  EXPECT_THAT(fake.err(), HasSubstr("token refused"));
}

TEST_F(ApiCommandsTest, SyncGivesUpOnAServerThatStaysAway) {
  fake.script.answer(202, R"({"id":"j1","state":"running"})");
  EXPECT_EQ(fake.run(add_sync, "sync crm --source acme"), ExitCode::bad_environment);
  EXPECT_EQ(fake.script.pauses, 20u);
}

TEST_F(ApiCommandsTest, SyncNeedNotWait) {
  fake.script.answer(202, R"({"id":"j1","state":"running"})");
  EXPECT_EQ(fake.run(add_sync, "sync crm --source acme --no-wait"), ExitCode::ok);
  EXPECT_EQ(fake.out(), "job j1 started\n");
  EXPECT_EQ(fake.script.pauses, 0u);
}

TEST_F(ApiCommandsTest, SyncNeedsASystem) { EXPECT_EQ(fake.run(add_sync, "sync"), ExitCode::bad_input); }

TEST_F(ApiCommandsTest, TheSourceMustBeNamedWhenThereAreSeveral) {
  fake.script.answer(200, R"({"items":[{"id":"a"},{"id":"b"}]})");
  EXPECT_EQ(fake.run(add_records, "records"), ExitCode::bad_input);
  EXPECT_THAT(fake.err(), HasSubstr("--source is one of: a, b"));
}

TEST_F(ApiCommandsTest, RecordsAreListed) {
  fake.script.answer(200, std::string("{\"items\":[") + record + "],\"next\":\"01A\"}");
  EXPECT_EQ(fake.run(add_records, "records jane --source acme --entity contact --limit 1"), ExitCode::ok);
  EXPECT_THAT(targets(), ElementsAre("GET /api/v1/sources/acme/records?entity=contact&query=jane&limit=1"));
  EXPECT_EQ(fake.out(),
            "RECORD  ENTITY   SYSTEMS                FIELDS\n"
            "01A     contact  crm:synced db:pending  email=j@x.example  name=Jane\n");
  EXPECT_EQ(fake.err(), "more: --after 01A\n");
}

TEST_F(ApiCommandsTest, ARecordIsShownWithEachSystemsView) {
  fake.script.answer(200, record);
  EXPECT_EQ(fake.run(add_records, "record 01A --source acme"), ExitCode::ok);
  EXPECT_EQ(fake.out(),
            "01A  contact\n"
            "SYSTEM  ID  STATUS   WHY\n"
            "crm     c1  synced   \n"
            "db      -   pending  waits for its turn\n"
            "\n"
            "FIELD  VALUE        crm  db\n"
            "email  j@x.example  =    old@x.example\n"
            "name   Jane         =    \n"
            "\n"
            "SEQ  TIME                      SYSTEM  WHAT    BECAME   WHY\n"
            "  7  2026-01-01T00:00:00.000Z  crm     change  applied  -\n");
}

TEST_F(ApiCommandsTest, ColoursOnlyOnATerminal) {
  fake.script.answer(200, record);
  EXPECT_EQ(fake.run(add_records, "record 01A --source acme", Audience::person), ExitCode::ok);
  EXPECT_THAT(fake.out(), HasSubstr("\x1b[32msynced\x1b[0m"));
}

TEST_F(ApiCommandsTest, DeadLettersAreListedWithoutAnotherWord) {
  for (const char* line : {"deadletters --source acme", "deadletters list --source acme"}) {
    fake.script.answer(200, R"({"items":[],"next":null})");
    EXPECT_EQ(fake.run(add_deadletters, line), ExitCode::ok) << line;
    EXPECT_THAT(fake.script.requests.back().target, HasSubstr("/sources/acme/deadletters"));
  }
}

TEST_F(ApiCommandsTest, DeadLettersAreListedAndRetried) {
  fake.script.answer(
      200,
      R"({"items":[{"record":"01A","system":"crm","entity":"contact","attempts":7,"since":"2026-01-01T00:00:00.000Z","error":"422 bad phone"}],"next":null})");
  EXPECT_EQ(fake.run(add_deadletters, "deadletters list --source acme"), ExitCode::ok);
  EXPECT_THAT(fake.out(), HasSubstr("01A/crm        contact      7  2026-01-01T00:00:00.000Z  422 bad phone\n"));
  fake.script.answer(200, R"({"retried":1,"refused":[]})");
  EXPECT_EQ(fake.run(add_deadletters, "deadletters retry 01A/crm --source acme"), ExitCode::ok);
  EXPECT_EQ(fake.script.requests[1].body, R"({"items":[{"record":"01A","system":"crm"}]})");
  fake.script.answer(200, R"({"retried":2})");
  EXPECT_EQ(fake.run(add_deadletters, "deadletters retry --all --source acme"), ExitCode::ok);
  EXPECT_EQ(fake.script.requests[2].body, R"({"all":true})");
}

TEST_F(ApiCommandsTest, RetryWantsToKnowWhat) {
  EXPECT_EQ(fake.run(add_deadletters, "deadletters retry --source acme"), ExitCode::bad_input);
  EXPECT_EQ(fake.run(add_deadletters, "deadletters retry 01A/crm --all --source acme"), ExitCode::bad_input);
  EXPECT_EQ(fake.run(add_deadletters, "deadletters retry 01A --source acme"), ExitCode::bad_input);
  EXPECT_TRUE(fake.script.requests.empty());
  fake.script.answer(200, R"({"retried":0,"refused":[{"record":"01A","detail":"not dead"}]})");
  EXPECT_EQ(fake.run(add_deadletters, "deadletters retry 01A/crm --source acme"), ExitCode::failed);
  EXPECT_THAT(fake.err(), HasSubstr("01A: not dead"));
}

}  // namespace
}  // namespace lockstep::app
