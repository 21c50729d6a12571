// What the simulator found violated, each in its smallest form (simulation/findings.md).
#include <gtest/gtest.h>

#include "found.hpp"

namespace lockstep::test {
namespace {

// A contact that refers to another one.
sync::EntitySchema with_partner() {
  sync::EntitySchema out = contact_schema(sync::PolicyKind::authority);
  out.fields.push_back({});
  out.fields.back().name = "partner";
  out.fields.back().type = sync::FieldType::reference;
  out.fields.back().target = EntityName("contact");
  for (sync::SystemBinding& binding : out.systems) {
    binding.fields.push_back({});
    binding.fields.back().field = binding.fields.back().path = "partner";
  }
  return out;
}

// A row of Ann's, and the create of her contact in the CRM, which is on its way.
sync::Claim ann_on_her_way(World& world) {
  world.human_creates(world.system("db"), {{"email", "ann@example.test"}, {"name", "Ann"}});
  world.deliver_one(world.system("db"));
  const auto records = world.reader().list(SourceId("acme"), {}, {"", 10});
  sync::Claim out{SourceId("acme"),
                  world.system("crm").name,
                  records->items.front().id,
                  sync::WriteKind::create,
                  "",
                  {{"email", Json("ann@example.test")}, {"name", Json("Ann")}}};
  EXPECT_FALSE(world.apply({out}).front().error);
  return out;
}

// Deleted on one side, edited on the other before the delete got there: the record lives, and so do its objects.
TEST_F(Found, C1ARecordThatAnEditBringsBackIsMadeAgainWhereItWasDeleted) {
  const std::string id = synced_contact();
  world.human_deletes(db, db.objects.begin()->first);
  world.deliver_one(db);
  world.human_edits(crm, id, "name", "Anna");
  world.deliver_one(crm);
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(world.disagreements(), std::vector<std::string>());
  EXPECT_EQ(alive(crm), 1u);
  EXPECT_EQ(alive(db), 1u);
}

// The edit comes while the removal is on its way, and the removal then succeeds.
TEST_F(Found, C1ARecordThatAnEditBringsBackDuringItsRemovalIsMadeAgain) {
  const std::string id = synced_contact();
  const RecordId one = record();
  world.human_deletes(db, db.objects.begin()->first);
  world.deliver_one(db);
  world.human_edits(crm, id, "name", "Anna");
  world.deliver_one(crm);
  crm.objects.at(id).deleted = true;
  sync::WriteOutcome removed;
  removed.source = SourceId("acme");
  removed.system = crm.name;
  removed.record = one;
  removed.write = sync::WriteKind::remove;
  removed.external_id = id;
  world.apply({removed});
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(world.disagreements(), std::vector<std::string>());
  EXPECT_EQ(alive(crm), 1u);
  EXPECT_EQ(alive(db), 1u);
}

// It is found by its content again: an object of the same person seen meanwhile does not become a second record.
TEST_F(Found, X1ARecordThatLivesAgainIsFoundByItsContent) {
  const std::string id = synced_contact();
  world.human_deletes(db, db.objects.begin()->first);
  world.deliver_one(db);
  world.human_edits(crm, id, "name", "Anna");
  world.deliver_one(crm);
  world.human_creates(db, {{"email", "ann@example.test"}, {"name", "Anna"}});
  world.deliver_one(db);
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(world.store().open_reader()->list(SourceId("acme"), {}, {"", 10})->items.size(), 1u);
}

// Tags have no version in some CRMs: an event from before our own write says that a member we added is not there.
TEST_F(Found, E2AnEventFromBeforeOurTagsWereWrittenRemovesNone) {
  const std::string id = synced_contact();
  sync::Change before;
  before.source = SourceId("acme");
  before.system = crm.name;
  before.object = "contact";
  before.external_id = id;
  before.document = crm.objects.at(id).document;
  before.document.get_object()["tags"] = JsonArray{"autumn", "vip"};
  world.edit_in_app(record(), "tags", JsonArray{"lead", "vip"});
  EXPECT_TRUE(world.settle());
  before.version = ++crm.clock;  // its time is later than what is known of the object
  world.apply({before});
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(db.objects.begin()->second.document.at("tags"), Json(JsonArray{"lead", "vip"}));
}

// A create carries the address that the record had when it was sent. Its echo does not become a second record, though
// somebody has changed the address meanwhile.
TEST_F(Found, X1TheEchoOfACreateIsKnownByWhatWasSent) {
  world.human_creates(db, {{"email", "ann@example.test"}, {"name", "Ann"}});
  world.deliver_one(db);
  const sync::Claim create =
      claim(crm, sync::WriteKind::create, {{"email", Json("ann@example.test")}, {"name", Json("Ann")}});
  take(create);
  world.edit_in_app(record(), "email", "anna@example.test");
  sync::Change echo;
  echo.source = SourceId("acme");
  echo.system = crm.name;
  echo.object = "contact";
  echo.external_id = "crm-77";
  echo.version = ++crm.clock;
  echo.document = JsonObject{{"email", "ann@example.test"}, {"name", "Ann"}};
  world.apply({echo});
  EXPECT_EQ(world.store().open_reader()->list(SourceId("acme"), {}, {"", 10})->items.size(), 1u);
}

// The row goes on naming an object that is gone: its id is kept as it stands there.
TEST_F(Found, C3WhatAReferenceLooksLikeInASystemIsRemembered) {
  World linked(7, with_partner(), {0, 0, 0, 0, 0});
  WorldSystem& there = linked.system("crm");
  const std::string ann = linked.human_creates(there, {{"email", "ann@example.test"}});
  linked.human_creates(there, {{"email", "bob@example.test"}, {"partner", ann}});
  EXPECT_TRUE(linked.settle());
  bool seen = false;
  const auto records = linked.store().open_reader()->list(SourceId("acme"), {}, {"", 10});
  for (const sync::Record& one : records->items) {
    const auto raw = one.link(there.name)->raw.find("partner");
    seen = seen || (raw != one.link(there.name)->raw.end() && raw->second == Json(ann));
  }
  EXPECT_TRUE(seen);
}

// A late event of an object that went with the one that it refers to: only a reading can say that it is there.
TEST_F(Found, X1AnEventThatRefersToWhatIsGoneMakesNoRecord) {
  World linked(7, with_partner(), {0, 0, 0, 0, 0});
  WorldSystem& there = linked.system("crm");
  const std::string ann = linked.human_creates(there, {{"email", "ann@example.test"}});
  EXPECT_TRUE(linked.settle());
  linked.human_deletes(there, ann);
  EXPECT_TRUE(linked.settle());
  const sync::Change late = seen(there, "crm-77", {{"email", "bob@example.test"}, {"partner", ann}});
  EXPECT_EQ(linked.apply({late}).front().disposition, sync::Disposition::suppressed);
  EXPECT_EQ(linked.reader().list(SourceId("acme"), {}, {"", 10})->items.size(), 0u);
  EXPECT_EQ(linked.reader().inbox_fetches(SourceId("acme"), there.name, 10)->size(), 1u);
}

// The object of a create was seen, and referred to, before the create was answered. Then the two records are one.
TEST_F(Found, C1WhatRefersToARecordThatWasTakenInRefersToTheOther) {
  World linked(7, with_partner(), {0, 0, 0, 0, 0});
  WorldSystem& there = linked.system("crm");
  WorldSystem& here = linked.system("db");
  const sync::Claim create = ann_on_her_way(linked);
  const std::string ann = here.objects.begin()->first;
  const std::string made = linked.human_creates(there, {{"email", "anna@example.test"}, {"name", "Anna"}});
  linked.deliver_one(there);
  linked.human_creates(there, {{"email", "bob@example.test"}, {"partner", made}});
  linked.deliver_one(there);
  sync::WriteOutcome applied = outcome(create, sync::OutcomeKind::applied);
  applied.external_id = made;
  linked.apply({applied});
  EXPECT_TRUE(linked.settle());
  const auto bob = std::ranges::find_if(here.objects, [](const auto& one) {
    return one.second.document.contains("email") && one.second.document.at("email") == Json("bob@example.test");
  });
  ASSERT_NE(bob, here.objects.end());
  EXPECT_EQ(bob->second.document.at("partner"), Json(ann));
}

// What refers to an object that itself waits does not ask for it again and again.
TEST_F(Found, C3AReadingThatHasToWaitIsAskedForOnce) {
  World linked(7, with_partner(), {0, 0, 0, 0, 0});
  WorldSystem& there = linked.system("crm");
  const sync::Claim ann = ann_on_her_way(linked);
  const std::string other = linked.human_creates(there, {{"email", "other@example.test"}, {"name", "Ann"}});
  linked.deliver_one(there);
  linked.human_creates(there, {{"email", "bob@example.test"}, {"partner", other}});
  linked.deliver_one(there);
  ASSERT_EQ(linked.reader().inbox_fetches(SourceId("acme"), there.name, 10)->size(), 1u);
  linked.fetch(there);
  EXPECT_EQ(linked.reader().inbox_fetches(SourceId("acme"), there.name, 10)->size(), 0u);
  sync::WriteOutcome made = outcome(ann, sync::OutcomeKind::applied);
  made.external_id = "crm-77";
  linked.apply({made});
  EXPECT_EQ(linked.reader().list(SourceId("acme"), {}, {"", 10})->items.size(), 3u);
}

// A write that always meets another state waits longer each time instead of going in circles.
TEST_F(Found, C3AConflictThatRepeatsIsTriedLessAndLessOften) {
  synced_contact();
  world.edit_in_app(record(), "name", "Anna");
  const auto reader = world.store().open_reader();
  Time due{};
  for (int i = 0; i < 8; ++i) {
    sync::WriteOutcome outcome;
    outcome.source = SourceId("acme");
    outcome.system = db.name;
    outcome.record = record();
    outcome.kind = sync::OutcomeKind::conflict;
    outcome.state = db.objects.begin()->second.document;
    world.apply({outcome});
    const auto rows = reader->outbox_of(SourceId("acme"), record());
    for (const sync::OutboxRow& row : *rows) {
      if (row.key.system == db.name) due = row.due;
    }
  }
  EXPECT_GT(due, world.now() + std::chrono::seconds(5));
}

// Deleted on one side while its create is on its way to the other, whose answer shows a field that nobody has filled in.
TEST_F(Found, L3WhatACreateShowsBesideWhatWasSentIsNoEditThatADeletionMustSpare) {
  const std::string row = world.human_creates(db, {{"email", "ann@example.test"}, {"name", "Ann"}});
  world.deliver_one(db);
  const sync::Claim create =
      claim(crm, sync::WriteKind::create, {{"email", Json("ann@example.test")}, {"name", Json("Ann")}});
  take(create);
  world.human_deletes(db, row);
  world.deliver_one(db);
  const JsonObject document{{"email", "ann@example.test"}, {"name", "Ann"}, {"tags", JsonArray{}}};
  crm.objects["crm-77"] = {document, ++crm.clock, false};
  sync::WriteOutcome made = outcome(create, sync::OutcomeKind::applied);
  made.external_id = "crm-77";
  made.state = document;
  made.version = crm.clock;
  world.apply({made});
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(alive(crm), 0u);
  EXPECT_EQ(alive(db), 0u);
}

// What the other system has shown so of a new object was still to be written when the row was deleted.
TEST_F(Found, L3AnEmptyValueThatWasNeverWrittenDoesNotSpareARowFromItsDeletion) {
  const std::string row = world.human_creates(db, {{"email", "ann@example.test"}, {"name", "Ann"}});
  EXPECT_TRUE(world.settle());
  sync::Change shown;
  shown.source = SourceId("acme");
  shown.system = crm.name;
  shown.object = "contact";
  shown.external_id = crm.objects.begin()->first;
  shown.version = ++crm.clock;
  crm.objects.begin()->second.document["tags"] = JsonArray{};
  shown.document = crm.objects.begin()->second.document;
  world.apply({shown});
  world.human_deletes(db, row);
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(alive(crm), 0u);
  EXPECT_EQ(alive(db), 0u);
}

// The row is edited while its deletion is on its way, and the contact has been entered again in the meantime.
TEST_F(Found, O1ARecordThatLivesAgainIsOneWithWhatHasTakenItsPlace) {
  const std::string id = synced_contact();
  const std::string row = db.objects.begin()->first;
  world.human_edits(db, row, "name", Json("Anne"));
  world.human_deletes(crm, id);
  while (!crm.events.empty()) world.deliver_one(crm);
  EXPECT_TRUE(world.reader().list(SourceId("acme"), {}, {"", 10})->items.empty());
  world.human_creates(crm, {{"email", "ann@example.test"}, {"name", "Ann"}});
  while (!crm.events.empty()) world.deliver_one(crm);
  while (!db.events.empty()) world.deliver_one(db);
  EXPECT_EQ(world.reader().list(SourceId("acme"), {}, {"", 10})->items.size(), 1u);
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(alive(crm), 1u);
  EXPECT_EQ(alive(db), 1u);
  EXPECT_FALSE(db.objects.at(row).deleted) << "it was edited";
  EXPECT_EQ(world.disagreements(), std::vector<std::string>());
}

}  // namespace
}  // namespace lockstep::test
