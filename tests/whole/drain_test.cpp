// Stopping and reloading under load: nothing is dropped, and what was on its way is finished.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <thread>

#include "tests/support/installation.hpp"

namespace lockstep::tests {
namespace {

constexpr std::size_t kContacts = 40;

SourceParts unsigned_webhooks() {
  SourceParts parts;
  parts.crm_settings = "signatures: off";  // so that the test can send some itself
  return parts;
}

std::string webhook(const Installation::Pair& person, std::size_t number) {
  return to_text(JsonObject{{"type", "ContactUpdate"},
                            {"locationId", "sandboxLocation00001"},
                            {"id", person.crm_id},
                            {"webhookId", fmt::format("drain-{}", number)},
                            {"email", person.email}});
}

TEST(Drain, UnderLoadRefusesWithRetryAfterFinishesWritesAndEndsWithZero) {
  Installation installation({.contacts = kContacts}, unsigned_webhooks());
  ASSERT_TRUE(installation.start()) << installation.unsettled();
  const auto people = installation.pairs();
  // Writes to the CRM take a while, so that some are on their way when the signal comes.
  installation.crm.faults(
      JsonObject{{"latency", JsonObject{{"rate", 1}, {"fixed_ms", 1'500}, {"only", "PUT /contacts/{contactId}"}}}});
  for (const auto& person : people)
    installation.db().run("UPDATE contacts SET last_name = 'Drained' WHERE id = ?", {person.db_id});
  ASSERT_TRUE(eventually(std::chrono::seconds(10), [&] { return installation.crm.writes() >= 4; }));
  const std::uint64_t begun = installation.crm.writes();

  const auto start = std::chrono::steady_clock::now();
  installation.server.process().signal(SIGTERM);
  std::map<unsigned, std::size_t> answers;  // 0: refused or no answer
  std::set<std::string> acknowledged;
  bool told_when = true;
  for (std::size_t i = 0; installation.server.process().running() && i < 2'000; ++i) {
    HttpConnection connection(installation.server.port());
    const auto reply = connection.call("POST", "/hooks/main/crm", webhook(people[i % people.size()], i));
    const unsigned status = reply ? reply->status : 0;
    ++answers[status];
    if (status == 200) acknowledged.insert(fmt::format("drain-{}", i));
    if (status == 429) told_when = told_when && !reply->header("retry-after").empty();
    pause(std::chrono::milliseconds(10));
  }
  const auto code = installation.server.process().wait(std::chrono::seconds(20));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  ASSERT_TRUE(code);
  EXPECT_EQ(*code, 0) << installation.server.process().log();
  EXPECT_GT(answers[429], 0U);
  EXPECT_TRUE(told_when);
  for (const auto& [status, count] : answers)
    EXPECT_TRUE(status == 0 || status == 200 || status == 429) << count << " answers " << status;

  SqliteFile store(installation.server.store(), SqliteFile::Mode::read_only);
  for (const std::string& id : acknowledged)
    EXPECT_EQ(store.number("SELECT count(*) FROM marker WHERE delivery = ?", {id}), 1) << id;
  // Every write that reached the CRM has its outcome in the journal: none is repeated after the start.
  const std::uint64_t reached = installation.crm.writes();
  EXPECT_EQ(store.number("SELECT count(*) FROM journal WHERE kind = 'write' AND system = 'crm' AND reason = 'applied'"),
            static_cast<std::int64_t>(reached));
  EXPECT_LT(reached, kContacts) << "nothing was left to do after the start";

  installation.crm.clear_faults();
  ASSERT_TRUE(installation.server.start()) << installation.server.process().log();
  EXPECT_EQ(installation.settle(std::chrono::seconds(30)), "");
  EXPECT_EQ(installation.crm.writes(), kContacts);
  print_numbers(fmt::format(
      "{} writes on their way or done at the signal, {} when it had ended after {:.1f} s with {}; webhooks meanwhile: "
      "{} answered 200, {} 429, {} refused; "
      "{} writes in the end for {} edits",
      begun, reached, seconds, *code, answers[200], answers[429], answers[0], installation.crm.writes(), kContacts));
}

// The configuration is loaded again while the server stops: nothing is started any more.
TEST(Drain, IsNotUndoneByAReload) {
  Installation installation({.contacts = 1});
  ASSERT_TRUE(installation.start()) << installation.unsettled();
  installation.crm.faults(
      JsonObject{{"latency", JsonObject{{"rate", 1}, {"fixed_ms", 1'500}, {"only", "PUT /contacts/{contactId}"}}}});
  installation.db().run("UPDATE contacts SET last_name = 'Drained'", {});
  ASSERT_TRUE(eventually(std::chrono::seconds(10), [&] { return installation.crm.writes() >= 1; }));
  Process& process = installation.server.process();
  process.signal(SIGTERM);
  ASSERT_TRUE(eventually(std::chrono::seconds(5), [&] { return process.log().contains("stop.draining"); }));
  process.signal(SIGHUP);
  EXPECT_EQ(process.wait(std::chrono::seconds(20)), 0) << process.log();
  EXPECT_TRUE(process.log().contains("the server is stopping")) << process.log();
}

TEST(Reload, TakesANewFieldAndANewTenantWithoutDroppingAWebhook) {
  Installation installation({.contacts = kContacts});
  ASSERT_TRUE(installation.start()) << installation.unsettled();
  const auto people = installation.pairs();
  CrmSandbox other(installation.folder.path(), {.contacts = 7, .name = "other"});
  SourceParts tenant;
  tenant.id = "other";
  tenant.crm = &other;
  tenant.db = "{connector: sqlite, path: ./other.db, poll_ms: 50}";

  // A stream of edits goes on through all of it; each fires a webhook.
  std::size_t edits = 0;
  const auto edit = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      ++edits;
      EXPECT_TRUE(
          installation.crm.edit(people[edits % people.size()].crm_id, {{"firstName", fmt::format("Edit {}", edits)}}));
    }
  };
  installation.crm.control("DELETE", "counts");
  edit(100);
  installation.server.sources.front().fields = "          website: text\n";
  installation.server.sources.push_back(tenant);
  installation.server.write_config();
  ASSERT_EQ(installation.server.command({"migrate"}), 0);
  edit(50);
  installation.server.process().signal(SIGHUP);
  edit(300);
  EXPECT_TRUE(eventually(std::chrono::seconds(10),
                         [&] { return installation.server.process().log().find("reload.done") != std::string::npos; }));
  edit(50);

  const std::string site = "https://new.example.com";
  EXPECT_TRUE(installation.crm.edit(people.front().crm_id, {{"website", site}}));
  EXPECT_TRUE(eventually(std::chrono::seconds(20), [&] {
    return installation.db().number("SELECT count(*) FROM contacts WHERE id = ? AND website = ?",
                                    {people.front().db_id, site}) == 1;
  }));
  SqliteFile other_db(installation.folder.path() / "other.db");
  EXPECT_TRUE(
      eventually(std::chrono::seconds(20), [&] { return other_db.number("SELECT count(*) FROM contacts") == 7; }));
  EXPECT_EQ(installation.settle(std::chrono::seconds(30)), "");
  EXPECT_TRUE(eventually(std::chrono::seconds(10), [&] { return installation.crm.webhooks("waiting") == 0; }));
  EXPECT_EQ(installation.crm.webhooks("delivered"), installation.crm.webhooks("fired"));
  EXPECT_EQ(installation.crm.webhooks("givenUp"), 0U);
  print_numbers(fmt::format(
      "{} edits around a reload: {} webhooks fired, {} delivered at the first attempt or later, {} given up", edits + 1,
      installation.crm.webhooks("fired"), installation.crm.webhooks("delivered"),
      installation.crm.webhooks("givenUp")));
}

TEST(Reload, ABrokenConfigurationChangesNothing) {
  Installation installation({.contacts = 5});
  ASSERT_TRUE(installation.start()) << installation.unsettled();
  const auto people = installation.pairs();
  const std::vector<std::string> broken = {"version: 1\nsources: [", "version: 1\nsources: []\n", "version: 99\n", "",
                                           std::string(1000, '\xff')};
  std::size_t refused = 0;
  for (const std::string& text : broken) {
    std::ofstream(installation.server.config()) << text;
    installation.server.process().signal(SIGHUP);
    ++refused;
    EXPECT_TRUE(eventually(std::chrono::seconds(10), [&] {
      const std::string log = installation.server.process().log();
      std::size_t count = 0;
      for (std::size_t at = log.find("reload.refused"); at != std::string::npos;
           at = log.find("reload.refused", at + 1))
        ++count;
      return count >= refused;
    })) << text;
    const std::string value = fmt::format("Still {}", refused);
    EXPECT_TRUE(installation.crm.edit(people.front().crm_id, {{"firstName", value}}));
    EXPECT_TRUE(eventually(std::chrono::seconds(10), [&] {
      return installation.db().number("SELECT count(*) FROM contacts WHERE id = ? AND first_name = ?",
                                      {people.front().db_id, value}) == 1;
    })) << text;
  }
  print_numbers(fmt::format("{} broken configurations refused, edits travel on", refused));
}

}  // namespace
}  // namespace lockstep::tests
