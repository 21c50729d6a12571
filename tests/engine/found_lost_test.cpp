// What the simulator found about objects that are gone, and about creates on their way, each in its smallest form
// (simulation/findings.md).
#include "found.hpp"

namespace lockstep::test {
namespace {

const sync::Fields kAnn{{"email", Json("ann@example.test")}, {"name", Json("Ann")}};
const JsonObject kAnnDocument{{"email", "ann@example.test"}, {"name", "Ann"}};
const JsonObject kAnnabelDocument{{"email", "ann@example.test"}, {"name", "Annabel"}, {"tags", JsonArray{"vip"}}};

class FoundLost : public Found {
 protected:
  std::vector<sync::ConflictRow> conflicts() {
    return world.reader().conflicts(SourceId("acme"), false, {"", 10})->items;
  }
  // Deleted in the database, and our removal from the CRM carried out.
  RecordId removed_by_us(const std::string& id) {
    const sync::Claim remove = claim(crm, sync::WriteKind::remove, {});
    world.human_deletes(db, db.objects.begin()->first);
    world.deliver_one(db);
    take(remove);
    crm.objects.at(id).deleted = true;
    sync::WriteOutcome done = outcome(remove, sync::OutcomeKind::applied);
    done.external_id = id;
    world.apply({done});
    return remove.record;
  }
  sync::Record stored_as(const RecordId& id) { return *world.reader().record(SourceId("acme"), id).value(); }
};

TEST_F(FoundLost, L3AnEditThatOurRemovalDidNotKnowLivesOn) {
  const std::string id = synced_contact();
  const RecordId one = removed_by_us(id);
  ASSERT_TRUE(stored_as(one).deleted);
  world.apply({seen(crm, id, kAnnabelDocument)});
  EXPECT_FALSE(stored_as(one).deleted);
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(world.disagreements(), std::vector<std::string>());
  EXPECT_EQ(alive(crm), 1u);
  EXPECT_EQ(stored().fields.at("name").value, Json("Annabel"));
}

// A standby that lacked our removal took over: a full pull finds the row, and both sides must hold the same again.
TEST_F(FoundLost, B4WhatTheSystemHasForgottenThatWeRemovedLivesOn) {
  const std::string id = synced_contact();
  const RecordId one = removed_by_us(id);
  crm.objects.at(id).deleted = false;
  sync::Change listed = seen(crm, id, {{"email", "ann@example.test"}, {"name", "Ann"}, {"tags", JsonArray{"vip"}}});
  listed.via = sync::Via::scan;
  world.apply({listed});
  EXPECT_TRUE(stored_as(one).deleted) << "a list may be an old one";
  EXPECT_TRUE(world.settle());
  EXPECT_FALSE(stored_as(one).deleted);
  EXPECT_EQ(world.disagreements(), std::vector<std::string>());
  EXPECT_EQ(alive(crm), 1u);
  EXPECT_EQ(alive(db), 1u);
}

// The list was an old one: the object is gone, and stays so.
TEST_F(FoundLost, L3AnOldListBringsNothingBackThatWeRemoved) {
  const std::string id = synced_contact();
  const RecordId one = removed_by_us(id);
  sync::Change listed = seen(crm, id, {{"email", "ann@example.test"}, {"name", "Ann"}, {"tags", JsonArray{"vip"}}});
  listed.via = sync::Via::scan;
  world.apply({listed});
  EXPECT_TRUE(world.settle());
  EXPECT_TRUE(stored_as(one).deleted);
  EXPECT_EQ(alive(crm) + alive(db), 0u);
}

// The same object in the state that we knew: a trailing event brings nothing back.
TEST_F(FoundLost, L3AnEventThatTrailsOurRemovalBringsNothingBack) {
  const std::string id = synced_contact();
  const RecordId one = removed_by_us(id);
  world.apply({seen(crm, id, {{"email", "ann@example.test"}, {"name", "Ann"}, {"tags", JsonArray{"vip"}}})});
  EXPECT_TRUE(stored_as(one).deleted);
}

// They had taken their edit back before we removed the object; the two events came in the wrong order.
TEST_F(FoundLost, L1AnEditThatWasTakenBackBeforeOurRemovalBringsNothingBack) {
  const std::string id = synced_contact();
  const RecordId one = removed_by_us(id);
  const sync::Change edit = seen(crm, id, kAnnabelDocument);
  world.apply({seen(crm, id, {{"email", "ann@example.test"}, {"name", "Ann"}, {"tags", JsonArray{"vip"}}})});
  world.apply({edit});
  EXPECT_TRUE(stored_as(one).deleted);
}

// The same, where the state in between had been read before the removal.
TEST_F(FoundLost, L1AnEditThatWasTakenBackBeforeOurReadingBringsNothingBack) {
  const std::string id = synced_contact();
  const sync::Change edit = seen(crm, id, kAnnabelDocument);
  sync::WriteOutcome read = outcome(claim(crm, sync::WriteKind::remove, {}), sync::OutcomeKind::conflict);
  read.state = JsonObject{{"email", "ann@example.test"}, {"name", "Ann"}, {"tags", JsonArray{"vip"}}};
  read.extent = sync::Extent::full;
  read.version = ++crm.clock;
  world.apply({read});
  const RecordId one = removed_by_us(id);
  world.apply({edit});
  EXPECT_TRUE(stored_as(one).deleted);
}

// A person deleted it: they had seen it as it was, whatever comes late.
TEST_F(FoundLost, L3AnEventThatTrailsAPersonsDeleteBringsNothingBack) {
  const std::string id = synced_contact();
  const RecordId one = record();
  const sync::Change late = seen(crm, id, kAnnabelDocument);
  world.human_deletes(crm, id);
  world.deliver_one(crm);
  world.apply({late});
  EXPECT_TRUE(stored_as(one).deleted);
}

// Our write covered it, then the object was deleted and made again; only then the event about it came.
TEST_F(FoundLost, L1WhatAWriteCoveredIsKeptThoughItsObjectIsGone) {
  const std::string id = synced_contact();
  const sync::Change covered = seen(crm, id, kAnnabelDocument);
  world.edit_in_app(record(), "name", "Anna");
  const sync::Claim update = claim(crm, sync::WriteKind::update, {{"name", Json("Anna")}});
  take(update);
  world.edit_in_app(record(), "name", "Anne");
  world.human_deletes(crm, id);
  world.deliver_one(crm);
  sync::WriteOutcome done = outcome(update, sync::OutcomeKind::applied);
  done.external_id = id;
  world.apply({done});
  ASSERT_EQ(stored().link(crm.name), nullptr) << "an edit keeps the record alive";
  world.apply({covered});
  const auto kept = conflicts();
  ASSERT_FALSE(kept.empty());
  EXPECT_TRUE(std::ranges::any_of(
      kept, [](const auto& row) { return row.rule == "overwritten" && row.theirs == Json("Annabel"); }));
}

// The object that our create made was edited before its answer came: an edit, no first contact that the policy decides.
TEST_F(FoundLost, C5AnEditOfTheObjectOfACreateOnItsWayIsAnEdit) {
  world.human_creates(db, kAnnDocument);
  world.deliver_one(db);
  const sync::Claim create = claim(crm, sync::WriteKind::create, kAnn);
  take(create);
  const sync::Version made_at = ++crm.clock;
  const auto applied = world.apply({seen(crm, "crm-1", {{"email", "ann@example.test"}, {"name", "Annabel"}})});
  EXPECT_EQ(applied.front().disposition, sync::Disposition::pending);
  sync::WriteOutcome made = outcome(create, sync::OutcomeKind::applied);
  made.external_id = "crm-1";
  made.version = made_at;
  world.apply({made});
  EXPECT_EQ(stored().fields.at("name").value, Json("Annabel"));
  EXPECT_TRUE(conflicts().empty());
}

// While a write took a tag away, an event showed another one come and the answer showed it gone again.
TEST_F(FoundLost, C5ATagThatCameAndWentDuringAWriteIsNotPutBack) {
  const std::string id = synced_contact();
  world.edit_in_app(record(), "tags", JsonArray{});
  sync::Claim update = claim(crm, sync::WriteKind::update, {{"tags", Json(JsonArray{})}});
  take(update);
  world.apply({seen(crm, id, {{"email", "ann@example.test"}, {"name", "Ann"}, {"tags", JsonArray{"cold", "vip"}}})});
  sync::WriteOutcome done = outcome(update, sync::OutcomeKind::applied);
  done.external_id = id;
  done.state = JsonObject{{"tags", JsonArray{"lead"}}};
  done.version = ++crm.clock;
  world.apply({done});
  EXPECT_EQ(stored().fields.at("tags").value, Json(JsonArray{"lead"}));
}

// A write was prepared, and an edit was heard of before it was claimed: what it carries is out of date.
TEST_F(FoundLost, C5AWritePreparedBeforeAnEditWasHeardIsPreparedAgain) {
  const std::string id = synced_contact();
  world.edit_in_app(record(), "tags", JsonArray{"cold", "vip"});
  const sync::Claim update = claim(crm, sync::WriteKind::update, {{"tags", Json(JsonArray{"cold", "vip"})}});
  sync::Change without = seen(crm, id, {{"email", "ann@example.test"}, {"name", "Ann"}, {"tags", JsonArray{}}});
  without.via = sync::Via::fetch;
  world.apply({without});
  const std::vector<sync::Applied> late = world.apply({update});
  ASSERT_TRUE(late.front().error);
  EXPECT_EQ(late.front().error->kind, ErrorKind::conflict);
  take(claim(crm, sync::WriteKind::update, {{"tags", Json(JsonArray{"cold"})}}));
}

// A reading waited for the outcome of a write, and the object was deleted meanwhile.
TEST_F(FoundLost, L1AReadingThatHadToWaitDoesNotBringAnObjectBack) {
  const std::string id = synced_contact();
  world.edit_in_app(record(), "city", "Bonn");
  const sync::Claim update = claim(crm, sync::WriteKind::update, {{"city", Json("Bonn")}});
  take(update);
  sync::Change read = seen(crm, id, {{"email", "ann@example.test"}, {"name", "Ann"}, {"city", "Paris"}});
  read.via = sync::Via::fetch;
  EXPECT_EQ(world.apply({read}).front().disposition, sync::Disposition::pending);
  sync::Edit removal;
  removal.source = SourceId("acme");
  removal.entity = EntityName("contact");
  removal.record = record();
  removal.remove = true;
  world.apply({removal});
  sync::Change gone = seen(crm, id, {});
  gone.kind = sync::ChangeKind::deleted;
  world.apply({gone});
  world.apply({outcome(update, sync::OutcomeKind::not_found)});
  EXPECT_TRUE(world.reader().record(SourceId("acme"), update.record).value()->deleted);
}

// An event from before our last tag was written shows what our next write, on its way, will make of it again.
TEST_F(FoundLost, C5AnOldEventIsNoEchoOfAWriteThatGoesBack) {
  const std::string id = synced_contact();
  const sync::Change old = seen(crm, id, {{"email", "ann@example.test"}, {"name", "Ann"}, {"tags", JsonArray{"vip"}}});
  for (const JsonArray& tags : {JsonArray{"cold", "vip"}, JsonArray{"vip"}}) {
    world.edit_in_app(record(), "tags", tags);
    const sync::Claim update = claim(crm, sync::WriteKind::update, {{"tags", Json(tags)}});
    take(update);
    if (tags.size() == 1) break;
    sync::WriteOutcome done = outcome(update, sync::OutcomeKind::applied);
    done.external_id = id;
    world.apply({done});
  }
  world.apply({old});
  EXPECT_EQ(stored().link(crm.name)->base.at("tags"), Json(JsonArray{"cold", "vip"})) << "nothing was heard of it";
}

// The same, when the event has to wait for the outcome of that write, and the request was lost.
TEST_F(FoundLost, C5AnOldEventIsNoWitnessOfAWriteThatGoesBack) {
  const std::string id = synced_contact();
  const auto shows = [&](JsonArray tags) {
    return seen(crm, id, {{"email", "ann@example.test"}, {"name", "Ann"}, {"tags", std::move(tags)}});
  };
  world.apply({shows({"lead", "vip"})});
  world.edit_in_app(record(), "tags", JsonArray{"autumn", "lead", "vip"});
  const sync::Claim adds = claim(crm, sync::WriteKind::update, {{"tags", JsonArray{"autumn", "lead", "vip"}}});
  take(adds);
  sync::Change old = shows({"lead", "vip"});  // of the moment before
  sync::WriteOutcome done = outcome(adds, sync::OutcomeKind::applied);
  done.external_id = id;
  world.apply({done});
  world.edit_in_app(record(), "tags", JsonArray{"vip"});
  const sync::Claim removes = claim(crm, sync::WriteKind::update, {{"tags", JsonArray{"vip"}}});
  take(removes);
  EXPECT_EQ(world.apply({old}).front().disposition, sync::Disposition::pending);
  world.apply({outcome(removes, sync::OutcomeKind::unknown)});
  sync::WriteOutcome read = outcome(removes, sync::OutcomeKind::conflict);
  read.external_id = id;
  read.version = ++crm.clock;
  read.state = JsonObject{{"tags", JsonArray{"autumn", "lead", "vip"}}};
  world.apply({read});
  EXPECT_EQ(stored().fields.at("tags").value, Json(JsonArray{"vip"}));
}

// A write that goes back in one member of a set and adds another: of that one the event is a witness.
TEST_F(FoundLost, C5AnEventIsAWitnessOfTheMembersThatAreNew) {
  const std::string id = synced_contact();
  const auto shows = [&](JsonArray tags) {
    return seen(crm, id, {{"email", "ann@example.test"}, {"name", "Ann"}, {"tags", std::move(tags)}});
  };
  world.edit_in_app(record(), "tags", JsonArray{"autumn", "vip"});
  const sync::Claim adds = claim(crm, sync::WriteKind::update, {{"tags", JsonArray{"autumn", "vip"}}});
  take(adds);
  sync::WriteOutcome done = outcome(adds, sync::OutcomeKind::applied);
  done.external_id = id;
  world.apply({done});
  world.edit_in_app(record(), "tags", JsonArray{"lead", "vip"});
  const sync::Claim replaces = claim(crm, sync::WriteKind::update, {{"tags", JsonArray{"lead", "vip"}}});
  take(replaces);
  world.apply({outcome(replaces, sync::OutcomeKind::unknown)});
  const std::vector<sync::Applied> half = world.apply({shows({"autumn", "lead", "vip"})});
  EXPECT_EQ(half.front().disposition, sync::Disposition::pending) << "one of the two calls was carried out";
  sync::WriteOutcome read = outcome(replaces, sync::OutcomeKind::conflict);
  read.external_id = id;
  read.version = ++crm.clock;
  read.state = JsonObject{{"tags", JsonArray{"autumn", "vip"}}};
  world.apply({read});
  EXPECT_EQ(stored().fields.at("tags").value, Json(JsonArray{"vip"})) << "somebody has taken `lead` away again";
}

// The CRM refused a create that it had done all the same, and names its object. What that shows is ours, and no edit.
TEST_F(FoundLost, C5ACreateIsNotSentAgainBeforeTheObjectAgainstItWasRead) {
  const std::string row = world.human_creates(db, kAnnDocument);
  world.deliver_one(db);
  const sync::Claim create = claim(crm, sync::WriteKind::create, kAnn);
  take(create);
  world.human_edits(db, row, "name", "Anna");
  world.deliver_one(db);
  sync::WriteOutcome refused = outcome(create, sync::OutcomeKind::duplicate);
  refused.external_id = "crm-1";
  world.apply({refused});
  const auto due_within = [&](Duration time) {
    return world.reader().outbox_due(create.source, crm.name, world.now() + time, 10)->size();
  };
  EXPECT_EQ(due_within(std::chrono::minutes(4)), 0u);
  EXPECT_EQ(due_within(std::chrono::minutes(6)), 1u);
  sync::Change there = seen(crm, "crm-1", kAnnDocument);
  there.via = sync::Via::fetch;
  there.answers = world.reader().inbox_fetches(create.source, crm.name, 1)->front().seq;
  world.apply({there});
  EXPECT_EQ(stored().fields.at("name").value, Json("Anna"));
  EXPECT_EQ(due_within(Duration(0)), 1u);
}

// Our create met an object that was there, and is on its way once more when a person edits that one to what it carries.
TEST_F(FoundLost, C5AnObjectThatStoodAgainstOurCreateIsNotItsDoing) {
  world.human_creates(db, {{"email", "ann@example.test"}, {"name", "Ann"}, {"tags", JsonArray{"lead"}}});
  world.deliver_one(db);
  const sync::Claim create =
      claim(crm, sync::WriteKind::create,
            {{"email", Json("ann@example.test")}, {"name", Json("Ann")}, {"tags", Json(JsonArray{"lead"})}});
  take(create);
  sync::WriteOutcome refused = outcome(create, sync::OutcomeKind::duplicate);
  refused.external_id = "crm-1";
  world.apply({refused});
  world.pass(std::chrono::minutes(6));
  take(create);
  sync::Change there =
      seen(crm, "crm-1", {{"email", "ann@example.test"}, {"name", "Ann"}, {"tags", JsonArray{"cold", "lead"}}});
  there.via = sync::Via::fetch;
  there.answers = world.store().open_reader()->inbox_fetches(create.source, crm.name, 1).value().front().seq;
  world.apply({there});
  world.apply({seen(crm, "crm-1", {{"email", "ann@example.test"}, {"name", "Ann"}, {"tags", JsonArray{"lead"}}})});
  EXPECT_EQ(stored().fields.at("tags").value, Json(JsonArray{"lead"}));
}

// A failed update is no attempt at the removal that follows: the object is still to be read before.
TEST_F(FoundLost, L1ARemovalAfterAFailedUpdateIsAFirstAttempt) {
  synced_contact();
  world.edit_in_app(record(), "city", "Bonn");
  const sync::Claim update = claim(crm, sync::WriteKind::update, {{"city", Json("Bonn")}});
  take(update);
  const sync::Claim known_there = claim(db, sync::WriteKind::update, {{"city", Json("Bonn")}});
  take(known_there);
  world.apply({outcome(known_there, sync::OutcomeKind::applied)});
  world.human_deletes(db, db.objects.begin()->first);
  world.deliver_one(db);
  world.apply({outcome(update, sync::OutcomeKind::retry)});
  ASSERT_TRUE(stored_as(update.record).deleted);
  const auto rows = world.reader().outbox_of(SourceId("acme"), update.record);
  const auto row = std::ranges::find_if(*rows, [&](const auto& one) { return one.key.system == crm.name; });
  ASSERT_NE(row, rows->end());
  EXPECT_EQ(row->attempts, 0u);
}

// What is refused for one field leaves what was edited since its chance.
TEST_F(FoundLost, C1AnEditThatCameDuringARefusedWriteIsWritten) {
  synced_contact();
  world.edit_in_app(record(), "city", "Bonn");
  const sync::Claim update = claim(crm, sync::WriteKind::update, {{"city", Json("Bonn")}});
  take(update);
  world.edit_in_app(record(), "name", "Anna");
  world.apply({outcome(update, sync::OutcomeKind::rejected)});
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(world.outbox_rows(sync::OutboxState::dead), 0u);
  EXPECT_EQ(world.disagreements(), std::vector<std::string>());
}

// Nobody knows whether our write had reached the object that was deleted; somebody has typed the value before it again.
TEST_F(FoundLost, L3AnEditThatGoesBackDuringAnUnknownWriteOutlivesADelete) {
  const std::string id = synced_contact();
  world.edit_in_app(record(), "name", "Anna");
  const sync::Claim update = claim(crm, sync::WriteKind::update, {{"name", Json("Anna")}});
  take(update);
  world.apply({outcome(update, sync::OutcomeKind::unknown)});
  world.edit_in_app(record(), "name", "Ann");
  crm.objects.at(id).deleted = true;
  world.apply({outcome(update, sync::OutcomeKind::not_found)});
  EXPECT_FALSE(stored().deleted);
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(alive(crm), 1u);
  EXPECT_EQ(held(db, "name"), Json("Ann"));
}

// A tag from the database was not in the CRM yet when somebody there gave another one, and deleted the contact.
TEST_F(FoundLost, L3ATagThatTheDeletedObjectNeverHadIsAnEditWhoeverTouchedTheTagsLast) {
  const std::string id = synced_contact();
  world.edit_in_app(record(), "tags", JsonArray{"autumn", "vip"});
  world.apply({seen(crm, id, {{"email", "ann@example.test"}, {"name", "Ann"}, {"tags", JsonArray{"lead", "vip"}}})});
  ASSERT_EQ(stored().fields.at("tags").stamp.origin, crm.name);
  world.human_deletes(crm, id);
  while (!crm.events.empty()) world.deliver_one(crm);
  EXPECT_FALSE(stored().deleted);
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(held(crm, "tags"), Json(JsonArray{"autumn", "lead", "vip"}));
}

// The object was deleted while an update was on its way, and the answer shows somebody's edit.
TEST_F(FoundLost, L3AnAnswerAboutAnObjectThatIsGoneHarmsNothing) {
  const std::string id = synced_contact();
  world.edit_in_app(record(), "name", "Anna");
  const sync::Claim update = claim(crm, sync::WriteKind::update, {{"name", Json("Anna")}});
  take(update);
  world.human_deletes(crm, id);
  world.deliver_one(crm);
  sync::WriteOutcome done = outcome(update, sync::OutcomeKind::applied);
  done.external_id = id;
  done.state = JsonObject{{"name", "Anna"}, {"city", "Bonn"}};
  world.apply({done});
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(world.disagreements(), std::vector<std::string>());
}

// A deal has no key. After a restore both systems show one that the store does not know.
TEST(FoundByContent, O1WhatTwoSystemsHoldWithTheSameContentIsOneRecord) {
  sync::EntitySchema entity = contact_schema(sync::PolicyKind::authority);
  entity.match.clear();
  World world(7, entity, {0, 0, 0, 0, 0});
  WorldSystem& crm = world.system("crm");
  WorldSystem& db = world.system("db");
  world.human_creates(crm, kAnnDocument);
  world.human_creates(db, kAnnDocument);
  world.human_creates(db, {{"email", "bob@example.test"}, {"name", "Bob"}});
  while (!crm.events.empty()) world.deliver_one(crm);
  while (!db.events.empty()) world.deliver_one(db);
  EXPECT_EQ(world.reader().list(SourceId("acme"), {}, {"", 10})->items.size(), 2u);
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(world.disagreements(), std::vector<std::string>());
}

}  // namespace
}  // namespace lockstep::test
