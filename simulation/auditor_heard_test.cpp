// What Lockstep was told of by events: the auditor counts it as known, and sees when it is covered all the same.
#include "simulation/audited_history.hpp"

namespace lockstep::simulation {
namespace {

using AuditorHeardTest = AuditedHistory;

// An event tells of a write as its answer does.
TEST_F(AuditorHeardTest, WhatAnEventShowedIsKnownThoughTheAnswerWasLost) {
  person(kCrm1, {{"first_name", "Ann t1.1"}});
  lockstep(kDb1, {{"first_name", "Ann t1.1"}});
  person(kDb1, {{"first_name", "Ann t1.2"}});
  lockstep(kCrm1, {{"first_name", "Ann t1.2"}});
  answer_lost(kCrm1);
  const History unheard = history;
  heard(kCrm1);
  const History then = history;
  person(kCrm1, {{"first_name", "Ann t1.1"}});
  lockstep(kCrm1, {{"first_name", "Ann t1.2"}});
  EXPECT_EQ(verdict_of_writes(), "C5");
  for (const History& other : {unheard, then}) {  // not heard; heard, and forgotten with a restore
    history = other;
    history.forget_heard(1);
    person(kCrm1, {{"first_name", "Ann t1.1"}});
    lockstep(kCrm1, {{"first_name", "Ann t1.2"}});
    EXPECT_EQ(verdict_of_writes(), "");
  }
}

TEST_F(AuditorHeardTest, AnEventThatComesAfterTheNextEditTellsNothing) {
  person(kCrm1, {{"first_name", "Ann t1.1"}});
  lockstep(kDb1, {{"first_name", "Ann t1.1"}});
  person(kDb1, {{"first_name", "Ann t1.2"}});
  lockstep(kCrm1, {{"first_name", "Ann t1.2"}});
  answer_lost(kCrm1);
  const Time shown = history.last(kCrm1)->at;
  person(kCrm1, {{"first_name", "Ann t1.1"}});
  history.note_heard(kCrm1, to_iso8601(shown), Time(std::chrono::microseconds(now)));
  lockstep(kCrm1, {{"first_name", "Ann t1.2"}});
  EXPECT_EQ(verdict_of_writes(), "");
}

TEST_F(AuditorHeardTest, AnEditThatWasHeardOfIsNotCoveredWhereTheCrmDecides) {
  person(kCrm1, {{"first_name", "Ann t1.1"}});
  lockstep(kDb1, {{"first_name", "Ann t1.1"}});
  person(kCrm1, {{"first_name", "Ann t1.2"}});
  const History before = history;
  heard(kCrm1);
  person(kDb1, {{"first_name", "Ann t1.3"}});
  decided_on(kCrm1);
  const History decided = history;
  lockstep(kCrm1, {{"first_name", "Ann t1.3"}});
  EXPECT_EQ(verdict_of_writes(), "C1");
  // The write was under way already.
  history = before;
  person(kDb1, {{"first_name", "Ann t1.3"}});
  decided_on(kCrm1);
  heard(kCrm1);
  lockstep(kCrm1, {{"first_name", "Ann t1.3"}});
  EXPECT_EQ(verdict_of_writes(), "");
  // Another life may have sent it.
  history = decided;
  history.lose_handed_over(Time(std::chrono::microseconds(now + 60'000'000)));
  lockstep(kCrm1, {{"first_name", "Ann t1.3"}});
  EXPECT_EQ(verdict_of_writes(), "");
}

// An object was removed through the interface; of the next one too; then comes what was typed into the first before.
TEST_F(AuditorHeardTest, WhatComesBackLateComesWithItsOldValues) {
  const ObjectId second{Side::crm, Kind::contact, "c2"};
  person(kCrm1, {{"first_name", "Ann t1.1"}});
  api_deletes();
  person(kCrm1, {{"first_name", "Ann t1.1"}, {"city", "Bonn t1.2"}});
  lockstep_deletes(kCrm1);
  person(second, {{"first_name", "Ann t1.3"}});
  person(second, {{"first_name", "Ann t1.4"}});
  const History before = history;
  for (const bool removed : {false, true}) {
    history = before;
    if (removed) api_deletes();
    lockstep_deletes(second);
    const ObjectId third{Side::crm, Kind::contact, "c3"};
    const ObjectId row{Side::db, Kind::contact, "r3"};
    for (const ObjectId& one : {third, row}) lockstep(one, {{"first_name", "Ann t1.3"}, {"city", "Bonn t1.2"}});
    Auditor other(history);
    AuditRules rules;
    rules.visible = "Ann t1.1 Ann t1.3 Ann t1.4 Bonn t1.2";
    other.check_end(rules);
    EXPECT_EQ(other.violations().empty(), removed)
        << (other.violations().empty() ? "" : other.violations().front().text);
  }
}

// Lockstep was about to write just that there.
TEST_F(AuditorHeardTest, WhatWasTypedElsewhereJustBeforeIsNoNews) {
  person(kCrm1, {{"first_name", "Ann t1.1"}});
  lockstep(kDb1, {{"first_name", "Ann t1.1"}});
  const History before = history;
  for (const bool typed : {false, true}) {
    history = before;
    if (typed) person(kDb1, {{"first_name", "Ann t1.2"}});
    person(kDb1, {{"first_name", "Ann t1.4"}});
    person(kDb1, {{"first_name", "Ann t1.3"}});
    person(kCrm1, {{"first_name", "Ann t1.2"}});
    heard(kCrm1);
    now += 10'000;
    decided_on(kCrm1);
    lockstep(kCrm1, {{"first_name", "Ann t1.3"}});
    EXPECT_EQ(verdict_of_writes(), typed ? "" : "C1");
  }
}

// In the database somebody replaced the value while it was gone from the CRM, where it stands again.
TEST_F(AuditorHeardTest, WhoReplacedTheVeryValueThereKnewIt) {
  for (const bool same : {false, true}) {
    history = History();
    const std::string first = same ? "Ann t1.2" : "Ann t1.1";
    person(kDb1, {{"first_name", first}});
    lockstep(kCrm1, {{"first_name", first}});
    person(kDb1, {{"first_name", "Ann t1.4"}});
    api({{"first_name", "Ann t1.3"}});
    lockstep(kCrm1, {{"first_name", "Ann t1.3"}});
    person(kCrm1, {{"first_name", "Ann t1.2"}});
    heard(kCrm1);
    now += 10'000;
    decided_on(kCrm1);
    lockstep(kCrm1, {{"first_name", "Ann t1.4"}});
    EXPECT_EQ(verdict_of_writes(), same ? "" : "C1");
  }
}

TEST_F(AuditorHeardTest, WhoSawTheHeardEditMayReplaceIt) {
  person(kCrm1, {{"first_name", "Ann t1.1"}});
  lockstep(kDb1, {{"first_name", "Ann t1.1"}});
  person(kCrm1, {{"first_name", "Ann t1.2"}});
  heard(kCrm1);
  lockstep(kDb1, {{"first_name", "Ann t1.2"}});
  person(kDb1, {{"first_name", "Ann t1.3"}});
  decided_on(kCrm1);
  lockstep(kCrm1, {{"first_name", "Ann t1.3"}});
  EXPECT_EQ(verdict_of_writes(), "");
}

// The interface shows what was heard; of what was typed there the database's word counts more. An edit from before the
// one in the CRM has replaced nothing.
TEST_F(AuditorHeardTest, WhatTheInterfaceReplacedMayBeCoveredByTheDatabase) {
  for (const bool replaced : {false, true}) {
    history = History();
    person(kCrm1, {{"first_name", "Ann t1.1"}});
    lockstep(kDb1, {{"first_name", "Ann t1.1"}});
    if (!replaced) api({{"first_name", "Ann t1.4"}});
    person(kCrm1, {{"first_name", "Ann t1.2"}});
    heard(kCrm1);
    if (replaced) api({{"first_name", "Ann t1.4"}});
    person(kDb1, {{"first_name", "Ann t1.3"}});
    decided_on(kCrm1);
    lockstep(kCrm1, {{"first_name", "Ann t1.3"}});
    EXPECT_EQ(verdict_of_writes(), replaced ? "" : "C1");
  }
}

// What was typed back is news to who knows that something else has stood there since.
TEST_F(AuditorHeardTest, AHeardReturnToWhatStoodThereIsNotCoveredEither) {
  person(kCrm1, {{"first_name", "Ann t1.1"}});
  lockstep(kDb1, {{"first_name", "Ann t1.1"}});
  person(kDb1, {{"first_name", "Ann t1.2"}});
  lockstep(kCrm1, {{"first_name", "Ann t1.2"}});
  const History told = history;
  for (const bool lost : {false, true}) {
    history = told;
    if (lost) answer_lost(kCrm1);
    person(kCrm1, {{"first_name", "Ann t1.1"}});
    heard(kCrm1);
    person(kDb1, {{"first_name", "Ann t1.3"}});
    decided_on(kCrm1);
    lockstep(kCrm1, {{"first_name", "Ann t1.3"}});
    EXPECT_EQ(verdict_of_writes(), lost ? "" : "C1");
  }
}

}  // namespace
}  // namespace lockstep::simulation
