// Faults on real processes, each once and short, while people edit on all sides: afterwards both sides are equal and
// hold what was acknowledged, once (A1, A2, C1, X1, X2). ./dev recover has them all, again and again, with times.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/support/crowd.hpp"
#include "tests/support/flaky_proxy.hpp"
#include "tests/support/journal_audit.hpp"
#include "tests/support/shortage.hpp"
#include "tests/support/small_disk.hpp"

namespace lockstep::tests {
namespace {

constexpr std::size_t kContacts = 40;
constexpr std::chrono::milliseconds kPauseEach{10};
constexpr std::chrono::milliseconds kLasts{700};

class Faults : public testing::Test {
 protected:
  void start() {
    SourceParts& parts = installation_.server.sources.front();
    parts.crm_origin = proxy_.origin();
    parts.crm_settings = "search_settles_seconds: 1";  // what it does not show then is not there; else after ten
    installation_.server.write_config();
    ASSERT_TRUE(installation_.start()) << installation_.unsettled();
    crowd_ = std::make_unique<Crowd>(installation_.crm, installation_.server,
                                     std::make_unique<SqliteContacts>(installation_.folder.path() / "crm.db"), 1);
    ASSERT_EQ(crowd_->learn(), "");
    journal_ = std::make_unique<JournalAudit>(installation_.server.store());
    crowd_->start(kPauseEach);
    pause(std::chrono::milliseconds(300));
  }

  // After the fault.
  void expect_well() {
    EXPECT_EQ(crowd_->stop(), "");
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(installation_.settle(std::chrono::seconds(60)), "");
    const double settled = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    EXPECT_EQ(crowd_->audit(installation_.crm.people(), installation_.db_people()), "");
    EXPECT_EQ(journal_->lost_webhooks(installation_.crm), std::vector<std::string>());
    EXPECT_EQ(installation_.server.counts().dead, 0);
    EXPECT_TRUE(installation_.server.process().running());
    print_numbers(fmt::format("{} edits asked, {} acknowledged; settled {:.1f} s after the last", crowd_->tally().asked,
                              crowd_->tally().acknowledged, settled));
  }

  void with_trouble(FlakyProxy::Trouble trouble) {
    start();
    proxy_.set(trouble);
    pause(kLasts);
    proxy_.set(FlakyProxy::Trouble::none);
    EXPECT_GT(proxy_.spoiled(), 0U);
    expect_well();
  }

  Installation installation_{{.contacts = kContacts}};
  std::unique_ptr<SmallDisk> disk_;  // below the installation's folder
  FlakyProxy proxy_{installation_.crm.port(), 1};
  std::unique_ptr<Crowd> crowd_;
  std::unique_ptr<JournalAudit> journal_;
};

TEST_F(Faults, AStoppedServerGoesOn) {
  start();
  installation_.server.process().signal(SIGSTOP);
  pause(kLasts);
  installation_.server.process().signal(SIGCONT);
  expect_well();
}

TEST_F(Faults, ACrmThatRefusesConnections) { with_trouble(FlakyProxy::Trouble::refuse); }
TEST_F(Faults, ACrmWhoseAnswersAreCutOff) { with_trouble(FlakyProxy::Trouble::cut); }
TEST_F(Faults, ACrmThatAnswersRubbish) { with_trouble(FlakyProxy::Trouble::rubbish); }
TEST_F(Faults, ACrmBehindASlowNetwork) { with_trouble(FlakyProxy::Trouble::delay); }
TEST_F(Faults, ACrmWhoseConnectionsStandStill) { with_trouble(FlakyProxy::Trouble::stall); }

TEST_F(Faults, NoDescriptorsLeft) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer checks pointers through a pipe and needs descriptors itself: PRESET=quick runs this";
#endif
  start();
  {
    const Shortage shortage(installation_.server.process().id(), installation_.server.port());
    ASSERT_TRUE(shortage.works());
    HttpConnection late(installation_.server.port());
    EXPECT_FALSE(late.call("GET", "/healthz", {}, {}, std::chrono::milliseconds(500))) << "it had some left";
    pause(kLasts);
  }
  HttpConnection again(installation_.server.port());
  EXPECT_TRUE(again.call("GET", "/healthz"));
  expect_well();
}

TEST_F(Faults, AFullDisk) {
  disk_ = std::make_unique<SmallDisk>(installation_.folder.path() / "data", std::size_t{64} << 20);
  if (!disk_->problem().empty()) GTEST_SKIP() << disk_->problem();
  start();
  ASSERT_TRUE(disk_->fill());
  std::size_t knocks = 0;
  const auto refused = [&] {
    return !crowd_->knock(fmt::format("full-{}@example.com", ++knocks), std::chrono::seconds(1));
  };
  EXPECT_TRUE(eventually(std::chrono::seconds(30), refused)) << "it does not notice that the disk is full";
  pause(kLasts);
  disk_->free();
  EXPECT_TRUE(crowd_->knock("free@example.com", std::chrono::seconds(2)));
  expect_well();
}

}  // namespace
}  // namespace lockstep::tests
