// What a backup forgot can not be known after it was put back; what it knew, or what an event has shown since, can.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "simulation/auditor.hpp"

namespace lockstep::simulation {
namespace {

const ObjectId kContact{Side::crm, Kind::contact, "c1"};
const ObjectId kRow{Side::db, Kind::contact, "r1"};
const ObjectId kSecondRow{Side::db, Kind::contact, "r2"};
const Values kBefore{{"email", "p.t1.1@example.test"}};
const Values kAfter{{"email", "p.t1.2@example.test"}};
constexpr Time kRestored{std::chrono::minutes(2)};
constexpr Time kShown{std::chrono::minutes(3)};
constexpr Time kChanged{std::chrono::minutes(20)};  // the CRM can be out of reach for long

class AuditorRestoreTest : public testing::Test {
 protected:
  History history;
  std::uint64_t restored = 0;

  void SetUp() override {
    history.note(kContact, Time(std::chrono::minutes(1)), Hand::person, true, kBefore);
    history.note(kRow, Time(std::chrono::minutes(1)), Hand::lockstep, true, kBefore);
    restored = history.steps();
  }
  // The address is changed, and the contact becomes a second row; "" when that is nobody's fault.
  std::string verdict_of_second_row(std::uint64_t backup_made) {
    history.note(kContact, kChanged, Hand::person, true, kAfter);
    history.note(kSecondRow, kChanged, Hand::lockstep, true, kAfter);
    Auditor auditor(history);
    auditor.note_restore(backup_made, restored, kRestored);
    auditor.check_writes({});
    return auditor.violations().empty() ? "" : auditor.violations().front().invariant;
  }
};

TEST_F(AuditorRestoreTest, AnAddressThatIsChangedBeforeAnythingShowedItMayMakeASecondObject) {
  EXPECT_EQ(verdict_of_second_row(0), "");
}

TEST_F(AuditorRestoreTest, WhatTheBackupKnewIsNotMadeAgain) { EXPECT_EQ(verdict_of_second_row(restored), "X1"); }

TEST_F(AuditorRestoreTest, WhatAnEventHasShownSinceIsNotMadeAgain) {
  history.note_heard(kContact, to_iso8601(history.last(kContact)->at), kShown);
  EXPECT_EQ(verdict_of_second_row(0), "X1");
}

}  // namespace
}  // namespace lockstep::simulation
