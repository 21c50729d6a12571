// The auditor must see each kind of wrong in a history made up for it, and must see none where all is right.
#include "simulation/auditor.hpp"

#include <gtest/gtest.h>

namespace lockstep::simulation {
namespace {

const ObjectId kCrm1{Side::crm, Kind::contact, "c1"};
const ObjectId kDb1{Side::db, Kind::contact, "r1"};

class AuditorTest : public testing::Test {
 protected:
  History history;
  Auditor auditor{history};
  std::int64_t now = 1'000'000;

  void person(const ObjectId& object, Values values) { note(object, Hand::person, true, std::move(values)); }
  void lockstep(const ObjectId& object, Values values) { note(object, Hand::lockstep, true, std::move(values)); }
  void person_deletes(const ObjectId& object) { note(object, Hand::person, false, {}); }
  void lockstep_deletes(const ObjectId& object) { note(object, Hand::lockstep, false, {}); }
  void api(Values values) { history.acknowledge(history.note_api({0, time(), Kind::contact, 1, std::move(values)})); }
  void api_deletes() { history.acknowledge(history.note_api({0, time(), Kind::contact, 1, {}, true})); }
  // An event that shows what stands there now was taken in.
  void heard(const ObjectId& object) {
    history.note_heard(object, to_iso8601(history.last(object)->at), Time(std::chrono::microseconds(now += 1'000)));
  }
  void answer_lost(const ObjectId& object) {
    history.leave_untold(object.side, history.steps() - 1, history.steps(), Time());
  }
  void decided_on(const ObjectId& object) { history.note_handed_over(object, Time(std::chrono::microseconds(now))); }
  // Of the writes so far, where the CRM decides.
  std::string verdict_of_writes() {
    Auditor other(history);
    AuditRules rules;
    rules.authority = {Side::crm, Side::db};
    other.check_writes(rules);
    return other.violations().empty() ? "" : other.violations().front().invariant;
  }
  // The first violation's invariant, "" when there is none.
  std::string verdict(const std::string& visible = "Ann t1.1 Ann t1.2 Ann t1.3") {
    AuditRules rules;
    rules.visible = visible;
    auditor.check_end(rules);
    return auditor.violations().empty() ? "" : auditor.violations().front().invariant;
  }
  std::string text() const { return auditor.violations().empty() ? "" : auditor.violations().front().text; }

 private:
  Time time() { return Time(std::chrono::microseconds(now += 1'000'000)); }
  void note(const ObjectId& object, Hand by, bool alive, Values values) {
    ASSERT_TRUE(history.note(object, time(), by, alive, std::move(values)));
  }
};

TEST_F(AuditorTest, AnOrdinaryEditIsRight) {
  person(kCrm1, {{"first_name", "Ann t1.1"}});
  lockstep(kDb1, {{"first_name", "Ann t1.1"}});
  person(kDb1, {{"first_name", "Ann t1.2"}});
  lockstep(kCrm1, {{"first_name", "Ann t1.2"}});
  EXPECT_EQ(verdict(), "") << text();
  EXPECT_GT(auditor.checked(), 5u);
}

TEST_F(AuditorTest, SystemsThatDifferAreSeen) {
  person(kCrm1, {{"first_name", "Ann t1.1"}});
  lockstep(kDb1, {{"first_name", "Ann t1.1"}});
  person(kCrm1, {{"first_name", "Ann t1.2"}});
  EXPECT_EQ(verdict(), "C1");
}

TEST_F(AuditorTest, ARecordThatIsMissingInOneSystemIsSeen) {
  person(kCrm1, {{"first_name", "Ann t1.1"}});
  EXPECT_EQ(verdict(), "C1");
}

TEST_F(AuditorTest, AValueThatNobodyTypedIsSeen) {
  person(kCrm1, {{"first_name", "Ann t1.1"}});
  lockstep(kDb1, {{"first_name", "Ann t1.7"}});
  EXPECT_EQ(verdict(), "E2");
}

TEST_F(AuditorTest, AValueOfAnotherRecordIsSeen) {
  const ObjectId other{Side::crm, Kind::contact, "c2"};
  person(other, {{"first_name", "Bob t2.5"}});
  person(kCrm1, {{"first_name", "Ann t1.1"}, {"last_name", "Lee t1.2"}});
  lockstep(kDb1, {{"first_name", "Bob t2.5"}, {"last_name", "Lee t1.2"}});
  history.note_thing(kDb1, 1);
  EXPECT_EQ(verdict(), "E2");
}

TEST_F(AuditorTest, AClearedFieldThatNobodyClearedIsSeen) {
  person(kCrm1, {{"first_name", "Ann t1.1"}, {"city", "Bonn t1.2"}});
  lockstep(kDb1, {{"first_name", "Ann t1.1"}, {"city", "Bonn t1.2"}});
  lockstep(kDb1, {{"first_name", "Ann t1.1"}});
  lockstep(kCrm1, {{"first_name", "Ann t1.1"}});
  EXPECT_EQ(verdict(), "E2");
}

TEST_F(AuditorTest, AnOldValueWrittenBackOverAnEditIsSeen) {
  person(kDb1, {{"first_name", "Ann t1.1"}});
  lockstep(kCrm1, {{"first_name", "Ann t1.1"}});
  person(kCrm1, {{"first_name", "Ann t1.2"}});
  lockstep(kCrm1, {{"first_name", "Ann t1.1"}});
  EXPECT_EQ(verdict(), "C5");
}

TEST_F(AuditorTest, AnOldValueTypedAgainMayBeWritten) {
  person(kDb1, {{"first_name", "Ann t1.1"}});
  lockstep(kCrm1, {{"first_name", "Ann t1.1"}});
  person(kCrm1, {{"first_name", "Ann t1.2"}});
  lockstep(kDb1, {{"first_name", "Ann t1.2"}});
  person(kDb1, {{"first_name", "Ann t1.1"}});
  lockstep(kCrm1, {{"first_name", "Ann t1.1"}});
  EXPECT_EQ(verdict(), "") << text();
}

// An event tells of a write as its answer does.
TEST_F(AuditorTest, WhatAnEventShowedIsKnownThoughTheAnswerWasLost) {
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

TEST_F(AuditorTest, AnEventThatComesAfterTheNextEditTellsNothing) {
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

TEST_F(AuditorTest, AnEditThatWasHeardOfIsNotCoveredWhereTheCrmDecides) {
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

TEST_F(AuditorTest, WhoSawTheHeardEditMayReplaceIt) {
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
TEST_F(AuditorTest, WhatTheInterfaceReplacedMayBeCoveredByTheDatabase) {
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
TEST_F(AuditorTest, AHeardReturnToWhatStoodThereIsNotCoveredEither) {
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

TEST_F(AuditorTest, AnEditThatIsLostInBothSystemsIsSeen) {
  person(kDb1, {{"first_name", "Ann t1.1"}});
  lockstep(kCrm1, {{"first_name", "Ann t1.1"}});
  person(kDb1, {{"first_name", "Ann t1.2"}});
  lockstep(kDb1, {{"first_name", "Ann t1.1"}});
  EXPECT_NE(verdict(), "");
}

TEST_F(AuditorTest, EditsThatDidNotKnowEachOtherMayGoEitherWay) {
  person(kCrm1, {{"first_name", "Ann t1.1"}});
  lockstep(kDb1, {{"first_name", "Ann t1.1"}});
  person(kCrm1, {{"first_name", "Ann t1.2"}});
  person(kDb1, {{"first_name", "Ann t1.3"}});
  lockstep(kDb1, {{"first_name", "Ann t1.2"}});
  EXPECT_EQ(verdict(), "") << text();
}

TEST_F(AuditorTest, TheLoserOfAConflictMustBeVisibleSomewhere) {
  const ObjectId third{Side::db, Kind::contact, "r1"};
  person(kCrm1, {{"first_name", "Ann t1.1"}});
  lockstep(third, {{"first_name", "Ann t1.1"}});
  api({{"first_name", "Ann t1.2"}});
  person(kCrm1, {{"first_name", "Ann t1.3"}});
  lockstep(third, {{"first_name", "Ann t1.3"}});
  EXPECT_EQ(verdict("nothing"), "L1");
}

TEST_F(AuditorTest, AnEditThroughTheInterfaceIsRight) {
  person(kCrm1, {{"first_name", "Ann t1.1"}});
  lockstep(kDb1, {{"first_name", "Ann t1.1"}});
  api({{"first_name", "Ann t1.2"}});
  lockstep(kDb1, {{"first_name", "Ann t1.2"}});
  lockstep(kCrm1, {{"first_name", "Ann t1.2"}});
  EXPECT_EQ(verdict(), "") << text();
}

TEST_F(AuditorTest, ASecondObjectOfOneRecordIsSeen) {
  person(kCrm1, {{"first_name", "Ann t1.1"}});
  lockstep(kDb1, {{"first_name", "Ann t1.1"}});
  lockstep({Side::db, Kind::contact, "r2"}, {{"first_name", "Ann t1.1"}});
  EXPECT_EQ(verdict(), "X1");
}

TEST_F(AuditorTest, DuplicatesThatStandInBothSystemsAreSeen) {
  person(kCrm1, {{"first_name", "Ann t1.1"}});
  lockstep(kDb1, {{"first_name", "Ann t1.1"}});
  history.note({Side::db, Kind::contact, "r2"}, Time(), Hand::lockstep, true, {{"first_name", "Ann t1.1"}});
  history.note({Side::crm, Kind::contact, "c2"}, Time(), Hand::lockstep, true, {{"first_name", "Ann t1.1"}});
  EXPECT_EQ(verdict(), "X1") << "equal systems are not enough";
}

TEST_F(AuditorTest, ADeleteThatNobodyAskedForIsSeen) {
  person(kCrm1, {{"first_name", "Ann t1.1"}});
  lockstep(kDb1, {{"first_name", "Ann t1.1"}});
  lockstep_deletes(kDb1);
  EXPECT_EQ(verdict(), "L1");
}

TEST_F(AuditorTest, ARecordThatComesBackAfterItsDeleteIsSeen) {
  person(kCrm1, {{"first_name", "Ann t1.1"}});
  lockstep(kDb1, {{"first_name", "Ann t1.1"}});
  person_deletes(kCrm1);
  lockstep_deletes(kDb1);
  lockstep({Side::db, Kind::contact, "r2"}, {{"first_name", "Ann t1.1"}});
  lockstep({Side::crm, Kind::contact, "c2"}, {{"first_name", "Ann t1.1"}});
  EXPECT_EQ(verdict(), "C1");
}

TEST_F(AuditorTest, OnlyADeleteOfWhatABackupKnewCanBeKnownAfterIt) {
  const std::uint64_t before = history.steps();
  person(kDb1, {{"first_name", "Ann t1.1"}});
  lockstep(kCrm1, {{"first_name", "Ann t1.1"}});
  const std::uint64_t known = history.steps();
  person_deletes(kDb1);
  auditor.note_restore(known, history.steps(), Time());
  lockstep({Side::db, Kind::contact, "r2"}, {{"first_name", "Ann t1.1"}});
  EXPECT_EQ(verdict(), "C1");
  Auditor other(history);
  other.note_restore(before, history.steps() - 1, Time());
  AuditRules rules;
  rules.visible = "Ann t1.1";
  other.check_end(rules);
  EXPECT_TRUE(other.violations().empty()) << other.violations().front().text;
}

TEST_F(AuditorTest, AnEditBetweenABackupAndItsReturnMayGoUnnoticed) {
  person(kCrm1, {{"first_name", "Ann t1.1"}});
  lockstep(kDb1, {{"first_name", "Ann t1.1"}});
  const std::uint64_t made = history.steps();
  person(kCrm1, {{"first_name", "Ann t1.2"}});
  lockstep(kDb1, {{"first_name", "Ann t1.2"}});
  now += 60'000'000;
  person_deletes(kCrm1);
  person(kDb1, {{"first_name", "Ann t1.1"}});
  auditor.note_restore(made, history.steps(), Time());
  lockstep_deletes(kDb1);
  EXPECT_EQ(verdict(), "") << text();
  Auditor other(history);
  AuditRules rules;
  rules.visible = "Ann t1.1 Ann t1.2";
  other.check_end(rules);
  ASSERT_FALSE(other.violations().empty());
  EXPECT_EQ(other.violations().front().invariant, "L3");
}

TEST_F(AuditorTest, WhatWasTypedBackAtOnceIsNotMissed) {
  person(kCrm1, {{"first_name", "Ann t1.1"}});
  lockstep(kDb1, {{"first_name", "Ann t1.1"}});
  person(kDb1, {{"first_name", "Ann t1.2"}});
  person_deletes(kCrm1);
  person(kDb1, {{"first_name", "Ann t1.1"}});
  lockstep_deletes(kDb1);
  EXPECT_EQ(verdict(), "") << text();
}

// It can not be told from the write that was to bring it there.
TEST_F(AuditorTest, WhatWasTypedElsewhereJustBeforeIsNotMissed) {
  for (const std::int64_t before : {1, 600}) {
    const History empty;
    history = empty;
    person(kCrm1, {{"first_name", "Ann t1.1"}});
    lockstep(kDb1, {{"first_name", "Ann t1.1"}});
    api({{"first_name", "Ann t1.2"}});
    now += before * 1'000'000;
    person_deletes(kCrm1);
    person(kDb1, {{"first_name", "Ann t1.2"}});
    lockstep_deletes(kDb1);
    Auditor other(history);
    AuditRules rules;
    rules.visible = "Ann t1.1 Ann t1.2";
    other.check_end(rules);
    EXPECT_EQ(other.violations().size(), before > 60 ? 1u : 0u);
  }
}

TEST_F(AuditorTest, WhatWasTypedBackLaterIsMissed) {
  person(kCrm1, {{"first_name", "Ann t1.1"}});
  lockstep(kDb1, {{"first_name", "Ann t1.1"}});
  person(kDb1, {{"first_name", "Ann t1.2"}});
  now += 60'000'000;
  lockstep(kCrm1, {{"first_name", "Ann t1.2"}});
  person_deletes(kCrm1);
  person(kDb1, {{"first_name", "Ann t1.1"}});
  lockstep_deletes(kDb1);
  EXPECT_EQ(verdict(), "L3");
}

TEST_F(AuditorTest, AnEditThatTheDeleteDidNotKnowBringsTheRecordBack) {
  person(kCrm1, {{"first_name", "Ann t1.1"}});
  lockstep(kDb1, {{"first_name", "Ann t1.1"}});
  person(kDb1, {{"first_name", "Ann t1.2"}});
  person_deletes(kCrm1);
  lockstep({Side::crm, Kind::contact, "c2"}, {{"first_name", "Ann t1.2"}});
  EXPECT_EQ(verdict(), "") << text();
}

TEST_F(AuditorTest, ADeleteIsRight) {
  person(kCrm1, {{"first_name", "Ann t1.1"}});
  lockstep(kDb1, {{"first_name", "Ann t1.1"}});
  person_deletes(kDb1);
  lockstep_deletes(kCrm1);
  EXPECT_EQ(verdict(), "") << text();
}

TEST_F(AuditorTest, AnEditNewerThanTheDeleteMustNotBeDestroyed) {
  person(kCrm1, {{"first_name", "Ann t1.1"}});
  lockstep(kDb1, {{"first_name", "Ann t1.1"}});
  person_deletes(kCrm1);
  person(kDb1, {{"first_name", "Ann t1.2"}});
  lockstep_deletes(kDb1);
  EXPECT_EQ(verdict(), "L3");
}

TEST_F(AuditorTest, WhatWasTypedAfterTheDeleteMayHaveLostToAnother) {
  person(kCrm1, {{"first_name", "Ann t1.1"}});
  lockstep(kDb1, {{"first_name", "Ann t1.1"}});
  person(kCrm1, {{"first_name", "Ann t1.2"}});  // heard after the edit in the database, and wins
  person_deletes(kCrm1);
  person(kDb1, {{"first_name", "Ann t1.3"}});
  lockstep_deletes(kDb1);
  EXPECT_EQ(verdict(), "") << text();
}

TEST_F(AuditorTest, WhatWasTypedAfterTheDeleteAndTakenBackInTheInterfaceIsNotMissed) {
  person(kCrm1, {{"first_name", "Ann t1.1"}});
  lockstep(kDb1, {{"first_name", "Ann t1.1"}});
  person_deletes(kCrm1);
  person(kDb1, {{"first_name", "Ann t1.2"}});
  api({{"first_name", "Ann t1.1"}});
  lockstep_deletes(kDb1);
  EXPECT_EQ(verdict(), "") << text();
}

TEST_F(AuditorTest, AValueThatAPersonDeletedWithItsObjectIsNotMissed) {
  person(kCrm1, {{"first_name", "Ann t1.1"}});
  lockstep(kDb1, {{"first_name", "Ann t1.1"}});
  person(kDb1, {{"city", "Bonn t1.2"}, {"first_name", "Ann t1.1"}});
  person_deletes(kDb1);
  person(kCrm1, {{"first_name", "Ann t1.3"}});
  lockstep(kDb1, {{"first_name", "Ann t1.3"}});
  EXPECT_EQ(verdict(), "") << text();
}

TEST_F(AuditorTest, AValueThatWasDeletedThroughTheInterfaceIsNotMissedWhenTheThingIsMadeAgain) {
  person(kCrm1, {{"first_name", "Ann t1.1"}, {"city", "Bonn t1.2"}});
  lockstep(kDb1, {{"first_name", "Ann t1.1"}, {"city", "Bonn t1.2"}});
  api_deletes();
  lockstep_deletes(kCrm1);
  lockstep_deletes(kDb1);
  person({Side::crm, Kind::contact, "c2"}, {{"first_name", "Ann t1.1"}});
  lockstep({Side::db, Kind::contact, "r2"}, {{"first_name", "Ann t1.1"}});
  EXPECT_EQ(verdict(), "") << text();
}

TEST_F(AuditorTest, AValueThatTheInterfaceDidNotKnowIsMissed) {
  person(kCrm1, {{"first_name", "Ann t1.1"}});
  lockstep(kDb1, {{"first_name", "Ann t1.1"}});
  person(kCrm1, {{"first_name", "Ann t1.1"}, {"city", "Bonn t1.2"}});
  api_deletes();
  lockstep_deletes(kCrm1);
  lockstep_deletes(kDb1);
  person({Side::crm, Kind::contact, "c2"}, {{"first_name", "Ann t1.1"}});
  lockstep({Side::db, Kind::contact, "r2"}, {{"first_name", "Ann t1.1"}});
  EXPECT_EQ(verdict(), "L1");
}

TEST_F(AuditorTest, TagsGoOneByOne) {
  person(kCrm1, {{"first_name", "Ann t1.1"}, {"tag:vip", "yes"}});
  lockstep(kDb1, {{"first_name", "Ann t1.1"}, {"tag:vip", "yes"}});
  person(kCrm1, {{"first_name", "Ann t1.1"}, {"tag:vip", "yes"}, {"tag:lead", "yes"}});
  person(kDb1, {{"first_name", "Ann t1.1"}});
  lockstep(kCrm1, {{"first_name", "Ann t1.1"}, {"tag:lead", "yes"}});
  lockstep(kDb1, {{"first_name", "Ann t1.1"}, {"tag:lead", "yes"}});
  EXPECT_EQ(verdict(), "") << text();
}

TEST_F(AuditorTest, ATagThatIsReplacedWithTheOthersIsSeen) {
  person(kCrm1, {{"first_name", "Ann t1.1"}, {"tag:vip", "yes"}});
  lockstep(kDb1, {{"first_name", "Ann t1.1"}, {"tag:vip", "yes"}});
  person(kDb1, {{"first_name", "Ann t1.1"}, {"tag:vip", "yes"}, {"tag:lead", "yes"}});
  lockstep(kCrm1, {{"first_name", "Ann t1.1"}, {"tag:lead", "yes"}});
  EXPECT_EQ(verdict(), "E2");
}

TEST_F(AuditorTest, MeetingsAreCounted) {
  person(kCrm1, {{"first_name", "Ann t1.1"}});
  lockstep(kDb1, {{"first_name", "Ann t1.1"}});
  person(kCrm1, {{"first_name", "Ann t1.2"}});
  person(kDb1, {{"first_name", "Ann t1.3"}});
  Coverage coverage;
  auditor.count_meetings(coverage);
  EXPECT_EQ(coverage.count("edits that met", "crm and db, within 5 s"), 1u);
  EXPECT_EQ(coverage.sum("edits that met"), 1u);
}

TEST(History, ThingsAreReadFromValues) {
  EXPECT_EQ(thing_in("Ann t12.7"), 12);
  EXPECT_EQ(thing_in("p.t3.20@example.test"), 3);
  EXPECT_EQ(thing_in("test.org t.1"), kNoThing);
  EXPECT_EQ(thing_in(""), kNoThing);
}

TEST(History, FormsOfOneValueAreEqual) {
  EXPECT_EQ(canonical_phone("(415) 200-0012"), canonical_phone("+14152000012"));
  EXPECT_EQ(canonical_email(" P.t1.2@Example.test "), "p.t1.2@example.test");
  EXPECT_EQ(canonical_amount(Json("12.50")), canonical_amount(Json(12.5)));
}

}  // namespace
}  // namespace lockstep::simulation
