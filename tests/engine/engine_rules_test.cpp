// Single rules of the engine, each with the invariant it upholds.
#include "small_world.hpp"

namespace lockstep::test {
namespace {

class EngineRules : public SmallWorld {};

class LatestRules : public SmallWorld {
 protected:
  LatestRules() : SmallWorld(sync::PolicyKind::latest) {}
};

TEST_F(EngineRules, AnObjectIsMadeEverywhereOnce) {
  synced_contact();
  EXPECT_EQ(alive(db), 1u);
  EXPECT_EQ(alive(cms), 1u);
  EXPECT_EQ(db.writes, 1u);
  EXPECT_EQ(crm.writes, 0u);
  EXPECT_EQ(held(db, "name"), Json("Ann"));
}

TEST_F(EngineRules, AnObjectThatIsRestoredAfterItsDeletionIsBackEverywhere) {
  const std::string id = synced_contact();
  world.human_deletes(crm, id);
  ASSERT_TRUE(world.settle());
  ASSERT_EQ(alive(db), 0u);
  crm.objects.at(id).deleted = false;
  world.human_edits(crm, id, "city", "Bonn");
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(alive(db), 1u);
  EXPECT_EQ(alive(cms), 1u);
  EXPECT_EQ(held(db, "name"), Json("Ann"));
  EXPECT_EQ(held(db, "city"), Json("Bonn"));
}

TEST_F(EngineRules, WhatLeavesTheFilterIsGoneElsewhereStaysWhereItIsAndComesBack) {
  sync::EntitySchema schema = contact_schema(sync::PolicyKind::authority);
  schema.systems.front().only = "doc.city ~= 'Bonn'";
  World filtered(7, schema, {0, 0, 0, 0, 0});
  WorldSystem& there = filtered.system("crm");
  WorldSystem& here = filtered.system("db");
  const std::string id = filtered.human_creates(there, {{"email", "ann@example.test"}, {"name", "Ann"}});
  filtered.human_creates(there, {{"email", "bob@example.test"}, {"name", "Bob"}, {"city", "Bonn"}});
  ASSERT_TRUE(filtered.settle());
  EXPECT_EQ(alive(here), 1u) << "one is outside";
  filtered.human_edits(there, id, "city", "Bonn");
  EXPECT_TRUE(filtered.settle());
  EXPECT_EQ(alive(here), 0u);
  EXPECT_EQ(alive(there), 2u) << "nothing is deleted where it left";
  filtered.human_edits(there, id, "city", "Ulm");
  EXPECT_TRUE(filtered.settle());
  EXPECT_EQ(alive(here), 1u);
  EXPECT_EQ(held(here, "city"), Json("Ulm"));
}

TEST_F(EngineRules, E1AnEchoCausesNoWrite) {
  synced_contact();
  const std::uint64_t before = world.writes();
  for (WorldSystem* system : {&crm, &db, &cms}) {
    sync::Change echo;
    echo.source = SourceId("acme");
    echo.system = system->name;
    echo.object = "contact";
    echo.external_id = system->objects.begin()->first;
    echo.version = ++system->clock;
    echo.document = system->objects.begin()->second.document;
    world.apply({echo, echo, echo});
  }
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(world.writes(), before);
}

TEST_F(EngineRules, E2AnEchoMixedWithAnEditGivesExactlyTheEdit) {
  const std::string id = synced_contact();
  world.human_edits(db, db.objects.begin()->first, "name", "Anna");
  world.deliver_one(db);
  world.dispatch(crm);  // the hub writes name
  world.human_edits(crm, id, "city", "Bonn");
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(held(db, "name"), Json("Anna"));
  EXPECT_EQ(held(db, "city"), Json("Bonn"));
  EXPECT_EQ(held(crm, "name"), Json("Anna"));
}

// The process dies between a write and its outcome; before the next start somebody edits the same field again.
TEST_F(LatestRules, E1TheEchoOfAWriteThatACrashCutOffDoesNotBeatANewerEdit) {
  synced_contact();
  world.cut_off_writes();
  world.human_edits(db, db.objects.begin()->first, "name", "Anna");
  world.deliver_one(db);
  world.dispatch(crm);  // it holds "Anna" now, and nobody heard of that
  ASSERT_EQ(held(crm, "name"), Json("Anna"));
  world.human_edits(db, db.objects.begin()->first, "name", "Annabel");
  world.deliver_one(db);
  world.deliver_one(crm);  // the echo of "Anna", later than "Annabel"
  EXPECT_TRUE(world.settle());
  for (WorldSystem* system : {&crm, &db}) EXPECT_EQ(held(*system, "name"), Json("Annabel"));
  EXPECT_TRUE(world.reader().conflicts(SourceId("acme"), false, {"", 10})->items.empty());
}

TEST_F(LatestRules, C2TheLatestIsTheLatestAlsoWhenTheClockWasSetBackAndTheProcessStartedAgain) {
  synced_contact();
  world.human_edits(crm, crm.objects.begin()->first, "name", "Anna");
  world.human_edits(db, db.objects.begin()->first, "name", "Annabel");
  world.deliver_one(crm);
  world.restart(-std::chrono::minutes(1));
  world.deliver_one(db);
  EXPECT_TRUE(world.settle());
  for (WorldSystem* system : {&crm, &db}) EXPECT_EQ(held(*system, "name"), Json("Annabel")) << system->name.str();
}

// What a database captures comes in order: it is not from before the write before.
TEST_F(LatestRules, E1AWriteThatGoesBackIsKnownByItsCapture) {
  const std::string id = synced_contact();
  world.human_edits(crm, id, "name", "Anna");
  ASSERT_TRUE(world.settle());
  world.cut_off_writes();
  world.human_edits(crm, id, "name", "Ann");
  world.deliver_one(crm);
  world.dispatch(db);  // it holds "Ann" again, and nobody heard of that
  ASSERT_EQ(held(db, "name"), Json("Ann"));
  world.human_edits(crm, id, "name", "Annabel");
  world.deliver_one(crm);
  world.deliver_one(db);
  EXPECT_TRUE(world.settle());
  for (WorldSystem* system : {&crm, &db}) EXPECT_EQ(held(*system, "name"), Json("Annabel")) << system->name.str();
}

TEST_F(EngineRules, E1WhatIsNeitherOursNorOldWaitsForTheOutcome) {
  const std::string id = synced_contact();
  world.cut_off_writes();
  world.human_edits(db, db.objects.begin()->first, "name", "Anna");
  world.deliver_one(db);
  world.dispatch(crm);
  world.human_edits(crm, id, "name", "Anne");  // a person, right after our write
  world.deliver_one(crm);
  world.deliver_one(crm);
  EXPECT_TRUE(world.settle());
  for (WorldSystem* system : {&crm, &db, &cms}) EXPECT_EQ(held(*system, "name"), Json("Anne")) << system->name.str();
}

TEST_F(EngineRules, WhatIsTypedInStepsGoesOutOnce) {
  sync::EntitySchema typed = contact_schema(sync::PolicyKind::latest);
  typed.systems.front().settle = std::chrono::seconds(3);
  World slow(7, typed, {0, 0, 0, 0, 0});
  WorldSystem& there = slow.system("crm");
  ASSERT_EQ(typed.systems.front().system, there.name);
  const std::string id = slow.human_creates(there, {{"email", "ann@example.test"}, {"name", "Ann"}});
  ASSERT_TRUE(slow.settle());
  const auto due_in = [&] {
    const auto rows = slow.reader().outbox(SourceId("acme"), {SystemName("db"), std::nullopt}, {"", 10});
    return rows->items.size() == 1 ? rows->items.front().due - slow.now() : Duration(-1);
  };
  const Time start = slow.now();
  for (const char* name :
       {"Anna", "Annab", "Annabe", "Annabel", "Annabell", "Annabella", "Annabella L", "Annabella Lee"}) {
    slow.human_edits(there, id, "name", name);
    slow.deliver_one(there);
    const auto wanted = std::min<Duration>(std::chrono::seconds(3), start + std::chrono::seconds(15) - slow.now());
    // Every input takes a little of the world's time.
    EXPECT_LT(std::chrono::abs(due_in() - wanted), std::chrono::milliseconds(100)) << name;
    slow.pass(std::chrono::seconds(2));
  }
  const std::uint64_t before = slow.system("db").writes;
  EXPECT_TRUE(slow.settle());
  EXPECT_EQ(slow.system("db").writes, before + 1);
}

TEST_F(EngineRules, L5AStalePollChangesNothing) {
  const std::string id = synced_contact();
  sync::Change old;
  old.source = SourceId("acme");
  old.system = crm.name;
  old.object = "contact";
  old.external_id = id;
  old.via = sync::Via::poll;
  old.version = crm.objects.at(id).version;
  old.document = crm.objects.at(id).document;
  world.human_edits(crm, id, "name", "Anna");
  EXPECT_TRUE(world.settle());
  world.apply({old});
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(held(db, "name"), Json("Anna"));
}

TEST_F(EngineRules, L3AnEditNewerThanADeleteBringsTheObjectBack) {
  const std::string id = synced_contact();
  world.human_edits(db, db.objects.begin()->first, "name", "Anna");
  world.deliver_one(db);
  world.human_deletes(crm, id);
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(alive(crm), 1u);
  EXPECT_EQ(held(crm, "name"), Json("Anna"));
  EXPECT_TRUE(world.disagreements().empty());
}

TEST_F(EngineRules, ADeleteIsPropagated) {
  const std::string id = synced_contact();
  world.human_deletes(crm, id);
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(alive(db), 0u);
  EXPECT_EQ(alive(cms), 0u);
}

TEST_F(EngineRules, AnUpdateThatTrailsADeleteChangesNothing) {
  const std::string id = synced_contact();
  world.human_edits(crm, id, "name", "Anna");
  world.human_deletes(crm, id);
  std::swap(crm.events[0], crm.events[1]);
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(alive(crm), 0u);
  EXPECT_EQ(alive(db), 0u);
}

TEST_F(EngineRules, TagsMergeThreeWay) {
  const std::string id = synced_contact();
  world.human_edits(crm, id, "tags", JsonArray{"lead", "vip"});
  world.human_edits(db, db.objects.begin()->first, "tags", JsonArray{});
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(held(crm, "tags"), Json(JsonArray{"lead"}));
  EXPECT_EQ(held(db, "tags"), Json(JsonArray{"lead"}));
}

TEST_F(EngineRules, SameEmailOnBothSidesIsOneRecord) {
  world.human_creates(crm, {{"email", "ann@example.test"}, {"name", "Ann"}});
  world.human_creates(db, {{"email", "ANN@example.test "}, {"city", "Bonn"}});
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(alive(crm), 1u);
  EXPECT_EQ(alive(db), 1u);
  EXPECT_EQ(held(crm, "city"), Json("Bonn"));
  EXPECT_EQ(held(db, "name"), Json("Ann"));
}

TEST_F(EngineRules, L1AConflictIsKept) {
  const std::string id = synced_contact();
  world.human_edits(crm, id, "name", "Anna");
  world.human_edits(db, db.objects.begin()->first, "name", "Annie");
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(held(db, "name"), Json("Anna"));
  const auto conflicts = world.store().open_reader()->conflicts(SourceId("acme"), false, {"", 10});
  ASSERT_EQ(conflicts->items.size(), 1u);
  EXPECT_EQ(conflicts->items.front().winner, SystemName("crm"));
}

}  // namespace
}  // namespace lockstep::test
