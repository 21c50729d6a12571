// The auditor must see each kind of wrong in a history made up for it, and must see none where all is right.
#include "simulation/audited_history.hpp"

namespace lockstep::simulation {
namespace {

using AuditorTest = AuditedHistory;

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

// The record was removed through the interface with the tag, and lives again by an edit of the contact that lacks it.
TEST_F(AuditorTest, ATagThatWentWithARemovalIsNotMissed) {
  for (const bool removed : {true, false}) {
    history = History();
    person(kCrm1, {{"first_name", "Ann t1.1"}, {"tag:vip", "yes"}});
    lockstep(kDb1, {{"first_name", "Ann t1.1"}, {"tag:vip", "yes"}});
    person(kCrm1, {{"first_name", "Ann t1.1"}});
    lockstep(kDb1, {{"first_name", "Ann t1.1"}});
    person(kDb1, {{"first_name", "Ann t1.1"}, {"tag:vip", "yes"}});
    if (removed) {
      api_deletes();
      lockstep_deletes(kDb1);
    }
    person(kCrm1, {{"first_name", "Ann t1.2"}});
    lockstep(kDb1, {{"first_name", "Ann t1.2"}});
    Auditor other(history);
    AuditRules rules;
    rules.visible = "Ann t1.1 Ann t1.2";
    other.check_end(rules);
    const std::string found = other.violations().empty() ? "" : other.violations().front().text;
    EXPECT_EQ(found.empty(), removed) << found;
  }
}

// Its contact was merged into another one while somebody deleted its row.
TEST_F(AuditorTest, ADealThatAMergeMovedMayLiveThoughItsRowWasDeleted) {
  const ObjectId crm2{Side::crm, Kind::contact, "c2"};
  const ObjectId db2{Side::db, Kind::contact, "r2"};
  const ObjectId deal{Side::crm, Kind::deal, "o1"};
  const ObjectId row{Side::db, Kind::deal, "d1"};
  for (const bool moved : {false, true}) {
    history = History();
    person(kCrm1, {{"email", "p.t1.1@example.test"}});
    lockstep(kDb1, {{"email", "p.t1.1@example.test"}});
    person(crm2, {{"email", "p.t2.1@example.test"}});
    lockstep(db2, {{"email", "p.t2.1@example.test"}});
    person(deal, {{"name", "Deal t3.1"}, {"contact", "c1"}});
    lockstep(row, {{"name", "Deal t3.1"}, {"contact", "r1"}});
    if (moved) {
      history.unite(Kind::contact, 1, 2);
      person(deal, {{"name", "Deal t3.1"}, {"contact", "c2"}});
      person_deletes(kCrm1);
      lockstep_deletes(kDb1);
    }
    person_deletes(row);
    lockstep(row, {{"name", "Deal t3.1"}, {"contact", moved ? "r2" : "r1"}});
    Auditor other(history);
    other.check_end(AuditRules());
    const std::string found = other.violations().empty() ? "" : other.violations().front().text;
    EXPECT_EQ(found, moved ? "" : "deal 3 was deleted by somebody who knew all of it, and is there again");
  }
}

}  // namespace
}  // namespace lockstep::simulation
