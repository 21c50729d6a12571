// The server is killed at random moments under load and started again: nothing that was acknowledged is lost, nothing
// comes twice, and both sides end equal (A1, A3, X1, X2, C1).
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <thread>

#include "base/random.hpp"
#include "tests/support/crowd.hpp"
#include "tests/support/journal_audit.hpp"

namespace lockstep::tests {
namespace {

constexpr std::size_t kContacts = 60;

// LOCKSTEP_TEST_KILLS: how many; LOCKSTEP_TEST_SEED: of the choices. `./dev kill-loop N` runs it long.
TEST(KillLoop, WhatWasAcknowledgedSurvivesAndNothingComesTwice) {
  const std::size_t kills = size_from("LOCKSTEP_TEST_KILLS", 10);
  const std::size_t seed = size_from("LOCKSTEP_TEST_SEED", 1);
  SourceParts parts;  // a long run deletes and rewrites more than the guard would let pass unasked
  parts.crm_settings = "guard: {delete_percent: 100, rewrite_percent: 100}\n        search_settles_seconds: 10";
  parts.db = "{connector: sqlite, path: ./crm.db, poll_ms: 50, guard: {delete_percent: 100, rewrite_percent: 100}}";
  Installation installation({.contacts = kContacts}, parts);
  ASSERT_TRUE(installation.start()) << installation.unsettled();
  SeededRandom random(seed);
  const auto table = [&] { return std::make_unique<SqliteContacts>(installation.folder.path() / "crm.db"); };
  Crowd crowd(installation.crm, installation.server, table(), seed + 1);
  ASSERT_EQ(crowd.learn(), "");
  JournalAudit journal(installation.server.store());
  const auto step = [&] { return crowd.step(static_cast<Side>(random.below(3))); };
  std::size_t failed_calls = 0;
  std::chrono::milliseconds back_longest(0);

  for (std::size_t kill = 0; kill < kills; ++kill) {
    std::thread killer(
        [server = installation.server.process().id(), wait = std::chrono::milliseconds(50 + random.below(700))] {
          pause(wait);
          ::kill(server, SIGKILL);
        });
    while (installation.server.process().running()) failed_calls += step() ? 0 : 1;
    killer.join();
    for (int i = 0; i < 5; ++i) failed_calls += step() ? 0 : 1;  // life goes on while it is down
    const auto lost = journal.lost_webhooks(installation.crm);
    EXPECT_TRUE(lost.empty()) << lost.size() << " acknowledged webhooks are lost after kill " << kill
                              << ", the first: " << lost.front();
    const auto start = std::chrono::steady_clock::now();
    ASSERT_TRUE(installation.server.start()) << installation.server.process().log();
    back_longest = std::max(
        back_longest, std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start));
    EXPECT_TRUE(eventually(std::chrono::seconds(20), [&] { return crowd.repeat(); })) << "a call gets no answer";
  }
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(installation.settle(std::chrono::seconds(60)), "");
  const double settled = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

  EXPECT_EQ(crowd.audit(installation.crm.people(), installation.db_people()), "");
  EXPECT_EQ(installation.server.counts().dead, 0);
  print_numbers(fmt::format(
      "{} kills, {} operations, {} acknowledged, {} cut off and repeated, {} webhooks checked; {} made, none "
      "twice; back within {} ms, settled in {:.1f} s",
      kills, crowd.tally().asked, crowd.tally().acknowledged, failed_calls, journal.webhooks_checked(), crowd.made(),
      back_longest.count(), settled));
  EXPECT_GT(journal.webhooks_checked(), kills);
  EXPECT_GT(crowd.tally(Side::api).acknowledged, kills);
}

}  // namespace
}  // namespace lockstep::tests
