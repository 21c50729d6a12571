// What people can do about data, and where the engine asks them: undo, overrides, dead letters, fields that oscillate.
#include <cctype>

#include "small_world.hpp"
#include "sync/undo.hpp"

namespace lockstep::test {
namespace {

class PeopleRules : public SmallWorld {
 protected:
  explicit PeopleRules(sync::OscillationLimits oscillation = {}) : SmallWorld(sync::PolicyKind::latest, oscillation) {}

  const SourceId source{"acme"};

  sync::Record record() { return world.reader().list(source, {std::nullopt, "", true}, {"", 10})->items.front(); }
  std::vector<sync::ConflictRow> conflicts() { return world.reader().conflicts(source, false, {"", 100})->items; }
  sync::JournalEntry entry(Seq seq) { return world.reader().journal(source, seq - 1, 1)->front(); }
  // The newest entry of this kind that was applied.
  Seq last(const std::string& kind) {
    Seq found = 0;
    const auto entries = world.reader().journal(source, 0, 10'000);
    for (const sync::JournalEntry& one : *entries) {
      if (one.kind == kind && one.disposition == "applied") found = one.seq;
    }
    return found;
  }
  sync::Applied undo(Seq seq, sync::ChangedSince changed = sync::ChangedSince::refuse) {
    Result<sync::Undo> input = sync::undo_of(entry(seq));
    EXPECT_TRUE(input.has_value()) << input.error().message;
    input->changed = changed;
    input->actor = "ann";
    return world.apply({*input}).front();
  }
  sync::Applied decide(const sync::ConflictRow& row, sync::Override::Take take,
                       sync::ChangedSince changed = sync::ChangedSince::refuse) {
    sync::Override choice;
    choice.source = source;
    choice.conflict = row.seq;
    choice.field = row.field;
    choice.take = take;
    choice.changed = changed;
    choice.actor = "ann";
    return world.apply({choice}).front();
  }
  void edit(const std::string& field, Json value) { world.edit_in_app(record().id, field, std::move(value)); }
};

TEST_F(PeopleRules, UndoTurnsAChangeBackEverywhereAndNamesIt) {
  const std::string id = synced_contact();
  world.human_edits(crm, id, "name", "Anna");
  EXPECT_TRUE(world.settle());
  const Seq wrong = last("change");
  const sync::Applied undone = undo(wrong);
  ASSERT_FALSE(undone.error) << undone.error->message;
  EXPECT_TRUE(world.settle());
  for (WorldSystem* system : {&crm, &db, &cms}) EXPECT_EQ(held(*system, "name"), Json("Ann")) << system->name.str();
  EXPECT_EQ(entry(undone.seq).body.at("undoes"), Json(wrong));
  EXPECT_EQ(undo(wrong).reason, "nothing changed") << "a second time does nothing";
  ASSERT_FALSE(undo(undone.seq).error) << "an undo can be undone";
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(held(crm, "name"), Json("Anna"));
}

TEST_F(PeopleRules, UndoRefusesWhatHasChangedSinceUnlessForced) {
  const std::string id = synced_contact();
  world.human_edits(crm, id, "name", "Anna");
  EXPECT_TRUE(world.settle());
  const Seq wrong = last("change");
  world.human_edits(crm, id, "name", "Annabel");
  EXPECT_TRUE(world.settle());
  const sync::Applied refused = undo(wrong);
  ASSERT_TRUE(refused.error);
  EXPECT_EQ(refused.error->kind, ErrorKind::conflict);
  EXPECT_NE(refused.error->message.find("name"), std::string::npos);
  EXPECT_EQ(undo(wrong, sync::ChangedSince::leave).reason, "changed since");
  ASSERT_FALSE(undo(wrong, sync::ChangedSince::overwrite).error);
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(held(db, "name"), Json("Ann"));
}

TEST_F(PeopleRules, UndoOfAFirstValueLeavesNull) {
  const std::string id = synced_contact();
  world.human_edits(crm, id, "city", "Bonn");
  EXPECT_TRUE(world.settle());
  ASSERT_FALSE(undo(last("change")).error);
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(held(db, "city"), Json());
  EXPECT_EQ(held(crm, "city"), Json());
}

TEST_F(PeopleRules, UndoOfTagsTurnsBackOnlyItsOwnMembers) {
  const std::string id = synced_contact();
  world.human_edits(crm, id, "tags", JsonArray{"lead", "vip"});
  EXPECT_TRUE(world.settle());
  const Seq wrong = last("change");
  world.human_edits(db, db.objects.begin()->first, "tags", JsonArray{"hot", "lead", "vip"});
  EXPECT_TRUE(world.settle());
  ASSERT_FALSE(undo(wrong).error);
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(held(crm, "tags"), Json(JsonArray{"hot", "vip"}));
}

TEST_F(PeopleRules, UndoOfADeleteMakesTheObjectsAgain) {
  const std::string id = synced_contact();
  world.human_deletes(crm, id);
  EXPECT_TRUE(world.settle());
  ASSERT_EQ(alive(db), 0u);
  ASSERT_FALSE(undo(last("delete")).error);
  EXPECT_TRUE(world.settle());
  for (WorldSystem* system : {&crm, &db, &cms}) {
    EXPECT_EQ(alive(*system), 1u) << system->name.str();
    EXPECT_EQ(held(*system, "name"), Json("Ann"));
  }
  EXPECT_TRUE(world.disagreements().empty()) << world.disagreements().front();
  EXPECT_TRUE(undo(last("delete")).error) << "it is there";
}

TEST_F(PeopleRules, UndoOfADeleteThatHasNotGoneOutYetDeletesNothing) {
  const std::string id = synced_contact();
  world.human_deletes(crm, id);
  world.deliver_one(crm);
  const std::uint64_t before = db.writes;
  ASSERT_FALSE(undo(last("delete")).error);
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(db.writes, before);
  EXPECT_EQ(alive(crm), 1u);
  EXPECT_TRUE(world.disagreements().empty());
}

TEST_F(PeopleRules, UndoOfADeleteWaitsForADeleteOnItsWay) {
  const std::string id = synced_contact();
  world.human_deletes(crm, id);
  world.deliver_one(crm);
  world.cut_off_writes();
  world.dispatch(db);  // nobody has heard of its outcome
  const sync::Applied refused = undo(last("delete"));
  ASSERT_TRUE(refused.error);
  EXPECT_NE(refused.error->message.find("db"), std::string::npos);
  EXPECT_TRUE(world.settle());
  ASSERT_FALSE(undo(last("delete")).error);
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(alive(db), 1u);
}

TEST_F(PeopleRules, UndoOfADeleteThatWasOnlyDetachedMakesItThereAgain) {
  sync::EntitySchema schema = contact_schema(sync::PolicyKind::latest);
  schema.deletes = sync::DeletePolicy::detach;
  World detached(7, schema, {0, 0, 0, 0, 0});
  WorldSystem& there = detached.system("crm");
  const std::string id = detached.human_creates(there, {{"email", "ann@example.test"}, {"name", "Ann"}});
  EXPECT_TRUE(detached.settle());
  detached.human_deletes(there, id);
  EXPECT_TRUE(detached.settle());
  ASSERT_EQ(alive(there), 0u);
  const auto entries = detached.reader().journal(source, 0, 1'000);
  const auto gone = std::ranges::find(*entries, "delete", &sync::JournalEntry::kind);
  ASSERT_NE(gone, entries->end());
  ASSERT_FALSE(detached.apply({*sync::undo_of(*gone)}).front().error);
  EXPECT_TRUE(detached.settle());
  EXPECT_EQ(alive(there), 1u);
  EXPECT_EQ(alive(detached.system("db")), 1u);
}

TEST_F(PeopleRules, UndoOfADeleteMakesNoDouble) {
  const std::string id = synced_contact();
  world.human_deletes(crm, id);
  EXPECT_TRUE(world.settle());
  world.human_creates(db, {{"email", "ann@example.test"}, {"name", "Other Ann"}});
  EXPECT_TRUE(world.settle());
  const sync::Applied refused = undo(last("delete"));
  ASSERT_TRUE(refused.error);
  EXPECT_EQ(refused.error->kind, ErrorKind::conflict);
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(alive(crm), 1u);
}

TEST_F(PeopleRules, UndoWantsAnEntryThatHasChangedSomething) {
  synced_contact();
  const auto entries = world.reader().journal(source, 0, 100);
  for (const sync::JournalEntry& one : *entries) {
    const Result<sync::Undo> input = sync::undo_of(one);
    ASSERT_FALSE(input) << one.kind;
    EXPECT_EQ(input.error().kind, one.reason == "created" ? ErrorKind::conflict : ErrorKind::invalid);
  }
}

TEST_F(PeopleRules, AJobIsNamedByWhatItBroughtInAlsoWhenItHadToWait) {
  const std::string id = synced_contact();
  crm.objects.at(id).document["name"] = "Anna";
  sync::Change pulled;
  pulled.source = source;
  pulled.system = crm.name;
  pulled.object = "contact";
  pulled.external_id = id;
  pulled.via = sync::Via::poll;
  pulled.job = "the job";
  pulled.document = crm.objects.at(id).document;  // no version: it is read to be sure
  EXPECT_EQ(world.apply({pulled}).front().reason, "the object is read to be sure");
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(held(db, "name"), Json("Anna"));
  EXPECT_EQ(entry(last("change")).body.at("job"), "the job");
}

TEST_F(PeopleRules, AConflictIsDecidedInEitherDirectionAlsoAfterwards) {
  const std::string id = synced_contact();
  world.human_edits(crm, id, "name", "Anna");
  world.human_edits(db, db.objects.begin()->first, "name", "Annie");
  EXPECT_TRUE(world.settle());
  ASSERT_EQ(conflicts().size(), 1u);
  const sync::ConflictRow met = conflicts().front();
  ASSERT_FALSE(met.open);
  for (const auto take : {sync::Override::Take::mine, sync::Override::Take::theirs, sync::Override::Take::mine,
                          sync::Override::Take::base}) {
    const sync::Applied applied = decide(met, take);
    ASSERT_FALSE(applied.error) << applied.error->message;
    EXPECT_TRUE(world.settle());
    const Json wanted = take == sync::Override::Take::mine     ? met.mine
                        : take == sync::Override::Take::theirs ? met.theirs
                                                               : met.base;
    for (WorldSystem* system : {&crm, &db, &cms}) EXPECT_EQ(held(*system, "name"), wanted);
    const sync::ConflictRow row = conflicts().front();
    EXPECT_EQ(row.decided_by, "ann");
    EXPECT_EQ(row.decision, applied.seq);
    EXPECT_EQ(entry(applied.seq).kind, "resolve");
    if (take == sync::Override::Take::theirs) {
      EXPECT_EQ(row.winner, met.theirs_origin);
    }
  }
  EXPECT_EQ(conflicts().size(), 1u);
}

TEST_F(PeopleRules, AnOverrideRefusesAFieldThatHasChangedSince) {
  const std::string id = synced_contact();
  world.human_edits(crm, id, "name", "Anna");
  world.human_edits(db, db.objects.begin()->first, "name", "Annie");
  EXPECT_TRUE(world.settle());
  const sync::ConflictRow met = conflicts().front();
  edit("name", "Annabel");
  const sync::Applied refused = decide(met, sync::Override::Take::mine);
  ASSERT_TRUE(refused.error);
  EXPECT_EQ(refused.error->kind, ErrorKind::conflict);
  EXPECT_TRUE(conflicts().front().decided_by.empty());
  ASSERT_FALSE(decide(met, sync::Override::Take::mine, sync::ChangedSince::overwrite).error);
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(held(crm, "name"), met.mine);
}

TEST_F(PeopleRules, X3AChangeForARecordThatIsLostIsKept) {
  sync::Batch damage;
  damage.links = {{{source, crm.name, "contact", "lost-1"}, RecordId("lost")}};
  ASSERT_TRUE(world.store().commit(damage).has_value());
  for (const auto kind : {sync::ChangeKind::upserted, sync::ChangeKind::deleted}) {
    sync::Change change;
    change.source = source;
    change.system = crm.name;
    change.object = "contact";
    change.external_id = "lost-1";
    change.kind = kind;
    change.via = sync::Via::fetch;
    change.document = JsonObject{{"name", "Ann"}};
    const sync::Applied applied = world.apply({change}).front();
    EXPECT_EQ(applied.disposition, sync::Disposition::parked);
    EXPECT_NE(applied.reason.find("lost"), std::string::npos);
  }
  EXPECT_EQ(world.reader().inbox(source, {})->items.size(), 2u);
}

// --- oscillation: whatever comes, the CRM makes capitals of it, and the database small letters.

std::string cased(std::string text, int (*letter)(int)) {
  for (char& c : text) c = static_cast<char>(letter(static_cast<unsigned char>(c)));
  return text;
}

class Oscillation : public PeopleRules {
 protected:
  // settle() lets hours pass between two rounds.
  explicit Oscillation(std::uint32_t flips = 6) : PeopleRules({flips, std::chrono::hours(1000)}) {}
  bool rewrite(WorldSystem& system, int (*letter)(int)) {
    const Json now = held(system, "name");
    const std::string wanted = cased(std::string(now.as_string()), letter);
    if (now == Json(wanted)) return false;
    world.human_edits(system, system.objects.begin()->first, "name", Json(wanted));
    return true;
  }
  // How often the two have rewritten a value until nothing moved, at most `limit`.
  int rounds(int limit) {
    for (int count = 0; count < limit; ++count) {
      const bool capitals = rewrite(crm, std::toupper);
      EXPECT_TRUE(world.settle());
      const bool small = rewrite(db, std::tolower);
      EXPECT_TRUE(world.settle());
      if (!capitals && !small) return count;
    }
    return limit;
  }
};

TEST_F(Oscillation, C5TwoSystemsThatRewriteEachOtherComeToRest) {
  synced_contact();
  EXPECT_LE(rounds(100), 8);
  const std::vector<sync::ConflictRow> met = conflicts();
  const auto held_one = std::ranges::find(met, "oscillation", &sync::ConflictRow::rule);
  ASSERT_NE(held_one, met.end());
  EXPECT_TRUE(held_one->open);
  EXPECT_NE(held_one->mine, held_one->theirs) << "both values are kept";
  EXPECT_TRUE(record().fields.at("name").held);
  // Nothing more is written, whoever rewrites; a person ends it.
  const std::uint64_t before = world.writes();
  world.human_edits(db, db.objects.begin()->first, "name", "ANN");
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(world.writes(), before);
  ASSERT_FALSE(decide(*held_one, sync::Override::Take::mine).error);
  EXPECT_FALSE(record().fields.at("name").held);
  EXPECT_EQ(world.reader().counts(source)->conflicts_open, 0u);
}

class ShortOscillation : public Oscillation {
 protected:
  ShortOscillation() : Oscillation(2) {}
};

TEST_F(ShortOscillation, HowManyTurnsIsTheSources) {
  synced_contact();
  EXPECT_LE(rounds(100), 3);
  EXPECT_TRUE(record().fields.at("name").held);
}

TEST_F(Oscillation, APersonWhoTogglesIsNotHeld) {
  const std::string id = synced_contact();
  for (int i = 0; i < 20; ++i) {  // in one system
    world.human_edits(crm, id, "name", i % 2 == 0 ? "Anna" : "Ann");
    EXPECT_TRUE(world.settle());
  }
  for (int i = 0; i < 4; ++i) {  // once here, once there
    world.human_edits(i % 2 == 0 ? db : crm, i % 2 == 0 ? db.objects.begin()->first : id, "name",
                      i % 2 == 0 ? "Anna" : "Ann");
    EXPECT_TRUE(world.settle());
  }
  edit("name", "Annabel");  // the app begins anew
  for (int i = 0; i < 20; ++i) {
    edit("city", i % 2 == 0 ? "Bonn" : "Kiel");
    EXPECT_TRUE(world.settle());
  }
  EXPECT_TRUE(conflicts().empty());
}

TEST_F(PeopleRules, FlipsThatAreFarApartDoNotCount) {
  const std::string id = synced_contact();
  for (int i = 0; i < 30; ++i) {
    world.human_edits(i % 2 == 0 ? db : crm, i % 2 == 0 ? db.objects.begin()->first : id, "name",
                      i % 2 == 0 ? "Anna" : "Ann");
    EXPECT_TRUE(world.settle());
    world.pass(std::chrono::minutes(20));
  }
  EXPECT_TRUE(conflicts().empty());
}

}  // namespace
}  // namespace lockstep::test
