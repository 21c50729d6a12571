#include "hub/guard.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace lockstep::hub {
namespace {

using namespace std::chrono_literals;

class GuardTest : public testing::Test {
 protected:
  Guard guard{{.window = 1h, .delete_percent = 20, .delete_least = 10, .rewrite_percent = 50, .rewrite_least = 20}};
  Time now{1'000h};

  static std::vector<GuardedWrite> writes(sync::WriteKind kind, int first, int count) {
    std::vector<GuardedWrite> out;
    for (int i = first; i < first + count; ++i) out.push_back({RecordId("r" + std::to_string(i)), kind});
    return out;
  }
  // The records that are left: deleted ones are tombstones by the time their deletes are sent.
  bool deletes_pass(int first, int count, std::uint64_t left) {
    return !guard.refuse(now, writes(sync::WriteKind::remove, first, count), left);
  }
  bool updates_pass(int first, int count) {
    return !guard.refuse(now, writes(sync::WriteKind::update, first, count), 100);
  }
};

TEST_F(GuardTest, AFewDeletesPassWhateverTheirShare) { EXPECT_TRUE(deletes_pass(0, 9, 0)); }

TEST_F(GuardTest, AShareOfTheRecordsMayBeDeletedInAWindow) {
  EXPECT_TRUE(deletes_pass(0, 20, 80));
  const auto reason = guard.refuse(now, writes(sync::WriteKind::remove, 20, 1), 79);
  ASSERT_TRUE(reason);
  EXPECT_NE(reason->find("21 of 100 records would be deleted"), std::string::npos) << *reason;
}

TEST_F(GuardTest, SmallBatchesAddUp) {
  int sent = 0;
  while (sent < 100 && deletes_pass(sent, 1, 100 - static_cast<std::uint64_t>(sent) - 1)) ++sent;
  EXPECT_EQ(sent, 20);
}

TEST_F(GuardTest, WhatWasSentAWindowAgoNoLongerCounts) {
  EXPECT_TRUE(deletes_pass(0, 20, 80));
  now += 2h;
  EXPECT_TRUE(deletes_pass(20, 16, 64));
}

TEST_F(GuardTest, TheSameRecordCountsOnce) {
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(updates_pass(0, 40));
  EXPECT_FALSE(updates_pass(40, 11));
}

TEST_F(GuardTest, CreatesAreNotGuarded) {
  EXPECT_FALSE(guard.refuse(now, writes(sync::WriteKind::create, 0, 1'000), 0));
}

TEST_F(GuardTest, AfterAnApprovalAWindowIsFree) {
  EXPECT_FALSE(deletes_pass(0, 60, 40));
  guard.approve(now);
  EXPECT_TRUE(deletes_pass(0, 60, 40));
  now += 61min;
  EXPECT_FALSE(deletes_pass(60, 30, 10)) << "half of the next window has passed, its deletes count";
}

TEST_F(GuardTest, OneHundredPercentGuardsNothing) {
  guard.configure({.window = 1h, .delete_percent = 100, .delete_least = 1, .rewrite_percent = 100, .rewrite_least = 1});
  EXPECT_TRUE(deletes_pass(0, 100, 0));
  EXPECT_TRUE(updates_pass(0, 100));
}

}  // namespace
}  // namespace lockstep::hub
