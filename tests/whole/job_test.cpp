// Jobs that people start outlive the process: an undo and a replay that are killed again and again go on where they stood,
// and do nothing twice.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/random.hpp"
#include "tests/support/installation.hpp"

namespace lockstep::tests {
namespace {

SourceParts without_guard() {
  SourceParts parts;
  parts.crm_settings = "guard: {rewrite_percent: 100}";
  parts.db = "{connector: sqlite, path: ./crm.db, poll_ms: 50, guard: {rewrite_percent: 100}}";
  parts.poll = "{every: 1h}";
  return parts;
}

class Jobs : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(installation_.start()) << installation_.unsettled();
    installation_.crm.faults(JsonObject{{"webhook_lost", JsonObject{{"rate", 1}}}});  // jobs alone find what changes
  }

  Json call(std::string_view method, const std::string& path, const Json& body = nullptr) {
    const auto reply = installation_.server.connect()->call(method, "/api/v1/sources/main" + path,
                                                            body.is_null() ? "" : to_text(body));
    return reply && reply->status < 300 ? reply->json() : Json();
  }
  std::string start(const std::string& path, const Json& body) {
    return std::string(string_member(call("POST", path, body), "id"));
  }
  Json job(const std::string& id) { return call("GET", "/jobs/" + id); }
  Json ended(const std::string& id) {
    Json out;
    eventually(std::chrono::seconds(120), [&] {
      out = job(id);
      return string_member(out, "state") == "done" || string_member(out, "state") == "failed";
    });
    return out;
  }
  // Kills the server while the job runs, as often as that is possible, `kills` times at most; how often it was.
  std::size_t kill_while_it_runs(const std::string& id, std::size_t kills) {
    SeededRandom random(size_from("LOCKSTEP_TEST_SEED", 1));
    std::size_t killed = 0;
    while (killed < kills) {
      pause(std::chrono::milliseconds(10 + random.below(100)));
      const bool runs = string_member(job(id), "state") == "running";
      installation_.server.kill();
      killed += runs ? 1 : 0;
      if (!installation_.server.start() || !runs) break;
    }
    return killed;
  }

  const std::size_t contacts_ = size_from("LOCKSTEP_TEST_CONTACTS", 500);
  Installation installation_{{.contacts = contacts_}, without_guard()};
};

TEST_F(Jobs, AnUndoThatIsKilledGoesOnAndUndoesNothingTwice) {
  const People before = installation_.crm.people();
  for (const auto& pair : installation_.pairs()) installation_.crm.edit(pair.crm_id, {{"lastName", "Wrong"}});
  const std::string pulled = start("/jobs", {{"system", "crm"}, {"kind", "mirror"}});
  ASSERT_EQ(string_member(ended(pulled), "state"), "done");
  ASSERT_EQ(installation_.settle(std::chrono::seconds(60)), "");

  const std::string undo = start("/jobs/" + pulled + "/undo", JsonObject{});
  ASSERT_NE(undo, "");
  const std::size_t killed = kill_while_it_runs(undo, 5);
  EXPECT_EQ(installation_.settle(std::chrono::seconds(120)), "");
  EXPECT_EQ(difference(installation_.crm.people(), before), "");
  SqliteFile store(installation_.server.store(), SqliteFile::Mode::read_only);
  const std::string undone = "FROM journal WHERE json_extract(body, '$.undoes') IS NOT NULL";
  EXPECT_EQ(store.number("SELECT count(*) " + undone), static_cast<std::int64_t>(contacts_));
  EXPECT_EQ(store.number("SELECT count(DISTINCT json_extract(body, '$.undoes')) " + undone),
            static_cast<std::int64_t>(contacts_));
  EXPECT_EQ(store.number("SELECT count(*) FROM state WHERE key LIKE 'rework/%'"), 0);
  print_numbers(fmt::format("{} changes undone, {} kills", contacts_, killed));
  EXPECT_GT(killed, 0U);
}

TEST_F(Jobs, AReplayThatIsKilledGoesOnAndReadsNothingTwice) {
  for (const auto& pair : installation_.pairs()) installation_.crm.edit(pair.crm_id, {{"lastName", "Missed"}});
  const std::string replay = start("/replay", {{"from", "2000-01-01T00:00:00Z"}});
  ASSERT_NE(replay, "");
  const std::size_t killed = kill_while_it_runs(replay, 5);
  const Json job = ended(replay);
  EXPECT_EQ(string_member(job, "state"), "done") << to_text(job);
  EXPECT_EQ(job.at("done").to_number<std::size_t>(), 2 * contacts_);
  EXPECT_EQ(job.at("total").to_number<std::size_t>(), 2 * contacts_);
  EXPECT_EQ(installation_.settle(std::chrono::seconds(120)), "");
  SqliteFile store(installation_.server.store(), SqliteFile::Mode::read_only);
  const std::string read = "FROM journal WHERE json_extract(body, '$.job') = '" + replay + "'";
  EXPECT_EQ(store.number("SELECT count(*) " + read), static_cast<std::int64_t>(2 * contacts_));
  EXPECT_EQ(store.number("SELECT count(*) FROM (SELECT DISTINCT record, system " + read + ")"),
            static_cast<std::int64_t>(2 * contacts_));
  print_numbers(fmt::format("{} records read again in two systems, {} kills", contacts_, killed));
  EXPECT_GT(killed, 1U);
}

}  // namespace
}  // namespace lockstep::tests
