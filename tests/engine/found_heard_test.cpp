// What the simulator found about events that come while a write of ours is on its way (simulation/findings.md).
#include "found.hpp"

namespace lockstep::test {
namespace {

const sync::Fields kAnn{{"email", Json("ann@example.test")}, {"name", Json("Ann")}};
const JsonObject kAnnDocument{{"email", "ann@example.test"}, {"name", "Ann"}};

class FoundHeard : public Found {
 protected:
  std::size_t readings() { return world.reader().inbox_fetches(SourceId("acme"), crm.name, 10)->size(); }
  std::size_t records() { return world.reader().list(SourceId("acme"), {}, {"", 10})->items.size(); }
  // A contact of the database, whose create in the CRM is on its way.
  sync::Claim creating() {
    world.human_creates(db, kAnnDocument);
    world.deliver_one(db);
    sync::Claim create = claim(crm, sync::WriteKind::create, kAnn);
    take(create);
    return create;
  }
};

// Nobody learned of the create's outcome, and its object went before anybody did.
TEST_F(FoundHeard, C1AnObjectThatGoesWhileItWaitsForItsCreateIsGone) {
  const std::string row = world.human_creates(db, kAnnDocument);
  world.deliver_one(db);
  const sync::Claim create = claim(crm, sync::WriteKind::create, kAnn);
  take(create);
  world.apply({outcome(create, sync::OutcomeKind::unknown)});
  world.apply({seen(crm, "crm-9", kAnnDocument)});
  sync::Change gone = seen(crm, "crm-9", {});
  gone.kind = sync::ChangeKind::deleted;
  world.apply({gone});
  EXPECT_FALSE(stored().deleted);
  world.apply({outcome(create, sync::OutcomeKind::retry)});  // no search finds it
  ASSERT_TRUE(world.settle());
  EXPECT_TRUE(db.objects.at(row).deleted) << "as if it had been deleted a moment later";
  EXPECT_EQ(alive(crm), 0u);
}

// An event that is newer than our write shows what stood there before: somebody has set it back, or not all came in order.
TEST_F(FoundHeard, C1WhatWasSetBackDuringAWriteIsRead) {
  const std::string id = synced_contact();
  world.edit_in_app(record(), "name", "Anna");
  for (const bool set_back : {false, true}) {
    const sync::Claim update = claim(crm, sync::WriteKind::update, {{"name", Json(set_back ? "Anne" : "Anna")}});
    take(update);
    sync::WriteOutcome done = outcome(update, sync::OutcomeKind::applied);
    done.version = ++crm.clock;
    world.apply({seen(crm, id, {{"email", "ann@example.test"}, {"name", "Anna"}, {"tags", JsonArray{"vip"}}})});
    world.apply({done});
    EXPECT_EQ(readings(), set_back ? 1u : 0u);
    world.edit_in_app(record(), "name", "Anne");
  }
}

// Its create was refused and done all the same, and its address was edited since.
TEST_F(FoundHeard, X1AnObjectThatIsReadForItsCreateBecomesNoSecondOne) {
  const sync::Claim create = creating();
  world.edit_in_app(record(), "email", "anna@example.test");
  const sync::Claim update = claim(db, sync::WriteKind::update, {{"email", Json("anna@example.test")}});
  take(update);
  world.apply({outcome(update, sync::OutcomeKind::applied)});
  sync::WriteOutcome refused = outcome(create, sync::OutcomeKind::duplicate);
  refused.external_id = "crm-9";
  world.apply({refused});
  const auto event = world.apply({seen(crm, "crm-9", kAnnDocument)});
  EXPECT_EQ(event.front().reason, "waits until the object is read");
  sync::Change reading = seen(crm, "crm-9", kAnnDocument);
  reading.via = sync::Via::fetch;
  reading.answers = world.reader().inbox_fetches(create.source, crm.name, 1)->front().seq;
  world.apply({reading});
  EXPECT_EQ(records(), 1u);
  EXPECT_EQ(stored().link(crm.name)->external_id, "crm-9");
  EXPECT_EQ(stored().fields.at("email").value, Json("anna@example.test"));
  EXPECT_EQ(world.reader().inbox(SourceId("acme"), {"", 10})->items.size(), 0u);
}

// Before the answer to its create somebody saved a form in which all is new; nothing it shows tells whose it is.
TEST_F(FoundHeard, X1AnObjectThatNobodyKnowsWaitsForTheAnswersToCreatesOnTheirWay) {
  const JsonObject other{{"email", "p@example.test"}, {"name", "Paula"}};
  for (const auto kind : {sync::OutcomeKind::applied, sync::OutcomeKind::retry, sync::OutcomeKind::unknown}) {
    const std::size_t before = records();
    const JsonObject document{{"email", "c" + std::to_string(before) + "@example.test"}, {"name", "Carl"}};
    world.human_creates(db, document);
    world.deliver_one(db);
    const auto page = world.reader().list(SourceId("acme"), {}, {"", 10});
    sync::Claim create;
    create.source = SourceId("acme");
    create.system = crm.name;
    create.record = page->items.back().id;
    create.write = sync::WriteKind::create;
    create.values = {{"email", document.at("email")}, {"name", document.at("name")}};
    take(create);
    const std::string id = "crm-" + std::to_string(before);
    sync::Change changed = seen(crm, id, other);
    changed.document.get_object()["email"] = "q" + std::to_string(before) + "@example.test";
    world.apply({changed});
    EXPECT_EQ(records(), before + 1) << "it may be the one that is being made";
    sync::WriteOutcome answer = outcome(create, kind);
    if (kind == sync::OutcomeKind::applied) answer.external_id = id;
    world.apply({answer});
    EXPECT_EQ(records(), before + (kind == sync::OutcomeKind::applied ? 1 : 2));
  }
}

// It could not be looked for, and a person is asked; an edit must not make it a second time.
TEST_F(FoundHeard, X1WhatMayHaveBeenMadeIsLookedForAgainWhenItIsEdited) {
  const sync::Claim create = creating();
  world.apply({outcome(create, sync::OutcomeKind::unknown)});
  world.edit_in_app(record(), "city", "Bonn");
  world.apply({outcome(create, sync::OutcomeKind::rejected)});
  EXPECT_EQ(world.outbox_rows(sync::OutboxState::dead), 1u) << "though it was edited since";
  world.edit_in_app(record(), "city", "Berlin");
  const auto row = world.store().outbox({create.source, create.system, create.record}).value();
  EXPECT_EQ(row->state, sync::OutboxState::unknown);
  EXPECT_TRUE(row->creates);
  EXPECT_EQ(row->sent, kAnn) << "by what it carried";
}

// The tag was there before our last write, and a person has removed it since: nothing old shows it any more.
TEST_F(FoundHeard, C5AnEventIsAWitnessOfATagThatSomebodyHadRemoved) {
  const std::string id = synced_contact();
  const auto shows = [&](JsonArray tags) {
    return seen(crm, id, {{"email", "ann@example.test"}, {"name", "Ann"}, {"tags", std::move(tags)}});
  };
  const auto write = [&](JsonArray tags) {
    world.edit_in_app(record(), "tags", tags);
    const sync::Claim update = claim(crm, sync::WriteKind::update, {{"tags", Json(std::move(tags))}});
    take(update);
    return update;
  };
  world.apply({outcome(write({"lead", "vip"}), sync::OutcomeKind::applied)});
  world.apply({shows({"lead"})});
  ASSERT_EQ(stored().fields.at("tags").value, Json(JsonArray{"lead"}));
  world.apply({outcome(write({"lead", "vip"}), sync::OutcomeKind::unknown)});
  world.apply({shows({"lead", "vip"})});
  EXPECT_EQ(stored().link(crm.name)->base.at("tags"), Json(JsonArray{"lead", "vip"}));
  EXPECT_EQ(readings(), 0u);
}

// The outcome of a write of a name and a tag was asked for until it was given up. Then an event shows the tag with the name of
// before, so that the object is read; meanwhile a person takes the tag away.
TEST_F(FoundHeard, C5AnEventIsAWitnessOfAWriteThatWasGivenUp) {
  const std::string id = synced_contact();
  const JsonArray vip{"vip"}, both{"lead", "vip"};
  world.edit_in_app(record(), "name", "Anna");
  world.edit_in_app(record(), "tags", both);
  const sync::Claim update = claim(crm, sync::WriteKind::update, {{"name", Json("Anna")}, {"tags", Json(both)}});
  take(update);
  sync::WriteOutcome unknown = outcome(update, sync::OutcomeKind::unknown);
  unknown.written = {{"name", Json("Anna")}};
  const auto given_up = [&] {
    const auto rows = world.reader().outbox(SourceId("acme"), {std::nullopt, sync::OutboxState::dead}, {"", 10});
    return !rows->items.empty();
  };
  for (int attempt = 0; attempt < 100 && !given_up(); ++attempt) world.apply({unknown});
  ASSERT_TRUE(given_up());
  world.apply({seen(crm, id, {{"email", "ann@example.test"}, {"name", "Ann"}, {"tags", both}})});
  EXPECT_EQ(readings(), 1u);
  crm.objects.at(id).document = JsonObject{{"email", "ann@example.test"}, {"name", "Ann"}, {"tags", vip}};
  crm.objects.at(id).version = ++crm.clock;
  world.fetch(crm);
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(stored().fields.at("tags").value, Json(vip));
  EXPECT_EQ(crm.objects.at(id).document.at("tags"), Json(vip));
}

// Our last write brought a tag, without a version. While the contact is being removed an edit shows that tag, and the next one
// lacks it: no reading will tell any more.
TEST_F(FoundHeard, L1WhatIsToldWhileOurRemovalIsOnItsWayIsBelieved) {
  const std::string id = synced_contact();
  world.edit_in_app(record(), "tags", JsonArray{"lead", "vip"});
  const sync::Claim update = claim(crm, sync::WriteKind::update, {{"tags", Json(JsonArray{"lead", "vip"})}});
  take(update);
  world.apply({outcome(update, sync::OutcomeKind::applied)});
  crm.objects.at(id).document["tags"] = JsonArray{"lead", "vip"};
  ASSERT_TRUE(world.settle());
  const sync::Claim removal = claim(crm, sync::WriteKind::remove, {});
  world.human_deletes(db, db.objects.begin()->first);
  world.deliver_one(db);
  take(removal);
  world.apply({seen(crm, id, {{"email", "ann@example.test"}, {"name", "Anna"}, {"tags", JsonArray{"lead", "vip"}}})});
  ASSERT_FALSE(world.reader().record(SourceId("acme"), removal.record).value()->deleted) << "the edit brings it back";
  world.apply({seen(crm, id, {{"email", "ann@example.test"}, {"name", "Anna"}, {"tags", JsonArray{"new"}}})});
  crm.objects.at(id).deleted = true;
  world.apply({outcome(removal, sync::OutcomeKind::applied)});
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(stored().fields.at("tags").value, Json(JsonArray{"new"}));
  EXPECT_EQ(held(crm, "tags"), Json(JsonArray{"new"}));
}

// What a person had typed was covered by a write of which the event was faster than its own, and than the answer.
TEST_F(FoundHeard, L1WhatAWriteOnItsWayHasCoveredIsKept) {
  const std::string id = synced_contact();
  const auto shows = [&](JsonObject document) {
    document["email"] = "ann@example.test";
    document["name"] = "Ann";
    return seen(crm, id, std::move(document));
  };
  world.apply({shows({{"city", "Paris"}, {"tags", JsonArray{"vip"}}})});
  world.edit_in_app(record(), "city", Json());
  take(claim(crm, sync::WriteKind::update, {{"city", Json()}}));
  const sync::Change typed = shows({{"city", "Rome"}, {"tags", JsonArray{"vip"}}});
  sync::Change echo = shows({{"tags", JsonArray{"vip"}}});
  echo.extent = sync::Extent::sparse;
  for (const sync::Change& event : {echo, shows({{"city", "Paris"}, {"tags", JsonArray{"vip"}}}), typed})
    world.apply({event});
  const auto kept = world.reader().conflicts(SourceId("acme"), false, {"", 10})->items;
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept.front().field, "city");
  EXPECT_EQ(kept.front().theirs, Json("Rome"));
}

// The object is gone, as an answer without a version has said; what was typed into it before comes late.
TEST_F(FoundHeard, L1WhatIsShownOfAnObjectThatIsGoneStaysInTheJournal) {
  const std::string id = synced_contact();
  world.edit_in_app(record(), "name", "Anna");
  const sync::Claim update = claim(crm, sync::WriteKind::update, {{"name", Json("Anna")}});
  take(update);
  const sync::Change typed = seen(crm, id, {{"email", "ann@example.test"}, {"name", "Annabel"}});
  world.apply({outcome(update, sync::OutcomeKind::not_found)});
  world.apply({typed});
  const auto entries = world.reader().history(SourceId("acme"), record(), 1);
  ASSERT_EQ(entries->size(), 1u);
  EXPECT_NE(to_text(entries->front().body).find("Annabel"), std::string::npos);
}

// The answer to a reading took so long that somebody deleted the object meanwhile.
TEST_F(FoundHeard, L1AReadingFromBeforeADeletionDoesNotBringTheObjectBack) {
  const std::string id = synced_contact();
  sync::Change doubtful = seen(crm, id, {{"name", "Annabel"}});
  doubtful.version = 0;
  doubtful.extent = sync::Extent::partial;
  world.apply({doubtful});
  sync::Change reading = seen(crm, id, {{"email", "ann@example.test"}, {"name", "Ann"}, {"tags", JsonArray{"vip"}}});
  reading.via = sync::Via::fetch;
  reading.answers = world.reader().inbox_fetches(SourceId("acme"), crm.name, 1)->front().seq;
  sync::Change gone = seen(crm, id, {});
  gone.kind = sync::ChangeKind::deleted;
  const RecordId ann = record();
  world.apply({gone});
  for (const bool deleted : {true, false}) {  // what is asked for after that tells: somebody has restored it
    world.apply({reading});
    ASSERT_EQ(world.reader().record(SourceId("acme"), ann).value()->deleted, deleted);
    if (deleted) reading.answers = world.reader().inbox_fetches(SourceId("acme"), crm.name, 1)->front().seq;
  }
}

// The CRM refuses a second contact of the same address, while a row is being made for the first one.
TEST_F(FoundHeard, X1RecordsAreNotJoinedWhileAnObjectIsBeingMade) {
  const std::string id = "crm-1";
  world.apply({seen(crm, id, kAnnDocument)});
  const RecordId first = record();
  const sync::Claim row = claim(db, sync::WriteKind::create, kAnn);
  take(row);
  sync::Change other = seen(db, "row-9", {{"email", "other@example.test"}, {"name", "Ann"}});
  other.via = sync::Via::capture;
  world.apply({other});
  ASSERT_EQ(records(), 2u);
  const auto page = world.reader().list(SourceId("acme"), {}, {"", 10});
  sync::Claim create = row;
  create.system = crm.name;
  create.record = page->items.front().id == first ? page->items.back().id : page->items.front().id;
  create.values["name"] = Json("Ann");
  world.edit_in_app(create.record, "email", Json("ann@example.test"));
  take(create);
  sync::WriteOutcome refused = outcome(create, sync::OutcomeKind::duplicate);
  refused.external_id = id;
  world.apply({refused});
  EXPECT_FALSE(world.reader().record(SourceId("acme"), create.record).value()->deleted);
  sync::WriteOutcome made = outcome(row, sync::OutcomeKind::retry);
  world.apply({made});
  world.pass(std::chrono::minutes(5));
  take(create);
  world.apply({refused});
  EXPECT_TRUE(world.reader().record(SourceId("acme"), create.record).value()->deleted) << "they are one now";
}

// Contacts that name another one.
sync::EntitySchema with_partner() {
  sync::EntitySchema entity = contact_schema(sync::PolicyKind::authority);
  sync::FieldSchema partner = entity.fields.front();
  partner.name = "partner";
  partner.type = sync::FieldType::reference;
  partner.target = entity.name;
  entity.fields.push_back(partner);
  for (sync::SystemBinding& binding : entity.systems) {
    sync::FieldBinding bound = binding.fields.front();
    bound.field = bound.path = "partner";
    binding.fields.push_back(bound);
  }
  return entity;
}

// Somebody deleted the one that it names, and it with that, before anybody learned of its create's outcome.
TEST(FoundHeardOfTwo, C1AnObjectThatGoesWithTheOneItNamesIsGone) {
  const SourceId source("acme");
  World world(7, with_partner(), {0, 0, 0, 0, 0});
  WorldSystem& crm = world.system("crm");
  WorldSystem& db = world.system("db");
  const auto of_name = [&](const std::string& name) {
    const auto page = world.reader().list(source, {}, {"", 10});
    for (const auto& one : page->items) {
      if (one.fields.at("name").value == Json(name)) return one.id;
    }
    return RecordId();
  };
  const std::string row = world.human_creates(db, kAnnDocument);
  ASSERT_TRUE(world.settle());
  const std::string there = crm.objects.begin()->first;
  world.human_creates(db, {{"email", "bob@example.test"}, {"name", "Bob"}, {"partner", Json(row)}});
  world.deliver_one(db);
  const RecordId bob = of_name("Bob");
  const sync::Claim create{
      source, crm.name,
      bob,    sync::WriteKind::create,
      "",     {{"email", Json("bob@example.test")}, {"name", Json("Bob")}, {"partner", Json(of_name("Ann").str())}}};
  ASSERT_FALSE(world.apply({create}).front().error);
  sync::WriteOutcome unknown;
  unknown.source = source;
  unknown.system = crm.name;
  unknown.record = bob;
  unknown.write = sync::WriteKind::create;
  unknown.kind = sync::OutcomeKind::unknown;
  world.apply({unknown});

  sync::Change made;
  made.source = source;
  made.system = crm.name;
  made.object = "contact";
  made.external_id = "crm-9";
  made.version = ++crm.clock;
  made.document = JsonObject{{"email", "bob@example.test"}, {"name", "Bob"}, {"partner", Json(there)}};
  sync::Change gone = made;
  gone.kind = sync::ChangeKind::deleted;
  gone.document = {};
  gone.version = ++crm.clock;
  sync::Change partner_gone = gone;
  partner_gone.external_id = there;
  world.apply({made});
  world.apply({partner_gone, gone});
  sync::WriteOutcome lost = unknown;
  lost.kind = sync::OutcomeKind::retry;  // no search finds it
  world.apply({lost});
  EXPECT_TRUE(world.reader().record(source, bob).value()->deleted) << "as if it had been deleted a moment later";
}

}  // namespace
}  // namespace lockstep::test
