// What the simulator found about events, answers and readings that may be older than what is known (simulation/findings.md).
#include "found.hpp"

namespace lockstep::test {
namespace {

const JsonObject kAnnDocument{{"email", "ann@example.test"}, {"name", "Ann"}};

class FoundDoubt : public Found {
 protected:
  std::size_t readings() { return world.reader().inbox_fetches(SourceId("acme"), crm.name, 10)->size(); }
  std::size_t records() { return world.reader().list(SourceId("acme"), {}, {"", 10})->items.size(); }
  // Of a contact in Bonn: the city is emptied, and the answer to that is lost.
  sync::Claim unanswered_emptying() {
    world.human_creates(crm, {{"email", "ann@example.test"}, {"name", "Ann"}, {"city", "Bonn"}});
    EXPECT_TRUE(world.settle());
    world.edit_in_app(record(), "city", nullptr);
    const sync::Claim update = claim(crm, sync::WriteKind::update, {{"city", Json(nullptr)}});
    take(update);
    world.apply({outcome(update, sync::OutcomeKind::unknown)});
    return update;
  }
};

// Nobody has heard of the first contact of this person, nor of its end, when a second one was made.
TEST_F(FoundDoubt, X1ALateEventOfAnObjectWhoseKeyAnotherHasMakesNoRecord) {
  const std::string id = synced_contact();
  world.human_creates(crm, kAnnDocument);
  crm.events.clear();
  const std::string first =
      crm.objects.rbegin()->first == id ? crm.objects.begin()->first : crm.objects.rbegin()->first;
  crm.objects.at(first).deleted = true;
  world.apply({seen(crm, first, kAnnDocument)});
  world.fetch(crm);  // the one that is linked is there
  EXPECT_EQ(records(), 1u);
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(alive(db), 1u);
  EXPECT_EQ(records(), 1u);
}

// The first that is heard of an object does not say when that was, and an older event comes after it.
TEST_F(FoundDoubt, L5AnUndatedEventOfAnUnknownObjectIsRead) {
  const std::string id = world.human_creates(crm, kAnnDocument);
  const sync::Change older = crm.events.front();
  crm.events.clear();
  world.human_edits(crm, id, "name", Json("Anna"));
  sync::Change undated = crm.events.front();
  crm.events.clear();
  undated.version = 0;
  world.apply({undated});
  EXPECT_EQ(records(), 0u);
  world.fetch(crm);
  world.apply({older});
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(stored().fields.at("name").value, Json("Anna"));
}

// The answer to a write that emptied a field was lost. Newer events leave empty fields out, and what is read back is older.
TEST_F(FoundDoubt, C5AFieldThatAnUnansweredWriteHasEmptiedIsNoEdit) {
  const sync::Claim update = unanswered_emptying();
  const std::string id = update.external_id;
  crm.objects.at(id).document.erase("city");
  sync::WriteOutcome read = outcome(update, sync::OutcomeKind::conflict);
  read.state = JsonObject{{"email", "ann@example.test"}, {"name", "Ann"}};
  read.extent = sync::Extent::full;
  read.version = ++crm.clock;
  world.human_edits(crm, id, "name", Json("Anna"));
  sync::Change event = seen(crm, id, {{"email", "ann@example.test"}, {"name", "Anna"}});
  event.extent = sync::Extent::sparse;
  world.apply({event});
  world.apply({read});
  world.edit_in_app(record(), "city", Json("Rome"));
  sync::Change reading = seen(crm, id, {{"email", "ann@example.test"}, {"name", "Anna"}});
  reading.via = sync::Via::fetch;
  world.apply({reading});
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(stored().fields.at("city").value, Json("Rome"));
  EXPECT_EQ(world.disagreements(), std::vector<std::string>());
}

// The address was changed, and after a restore only the row shows that; then an event from before comes.
TEST(FoundKeys, X1AnEventThatAStrongerKeyContradictsMakesNoRecord) {
  sync::EntitySchema entity = contact_schema(sync::PolicyKind::authority);
  entity.match = {{{"email"}}, {{"name"}}};
  World world(7, entity, {0, 0, 0, 0, 0});
  WorldSystem& crm = world.system("crm");
  WorldSystem& db = world.system("db");
  const std::string id = world.human_creates(crm, kAnnDocument);
  world.human_edits(crm, id, "email", Json("ann@example.org"));
  world.human_creates(db, {{"email", "ann@example.org"}, {"name", "Ann"}});
  world.deliver_one(db);
  const sync::Change before = crm.events.front();
  crm.events.clear();
  world.apply({before});
  EXPECT_EQ(world.reader().list(SourceId("acme"), {}, {"", 10})->items.size(), 1u);
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(world.reader().list(SourceId("acme"), {}, {"", 10})->items.size(), 1u);
  EXPECT_EQ(world.disagreements(), std::vector<std::string>());
}

// The row is gone, and is read to be sure. Before the answer comes our create has made it again under the same id.
TEST_F(FoundDoubt, L1AReadingFromBeforeTheObjectWasMadeAgainDeletesNothing) {
  const std::string id = synced_contact();
  const sync::Claim update = claim(crm, sync::WriteKind::update, {{"name", Json("Anna")}});
  world.edit_in_app(record(), "name", "Anna");
  take(update);
  world.apply({seen(crm, id, {{"email", "ann@example.test"}, {"name", "Annabel"}})});
  world.apply({outcome(update, sync::OutcomeKind::not_found)});
  const auto asked = world.reader().inbox_fetches(SourceId("acme"), crm.name, 10);
  ASSERT_EQ(asked->size(), 1u);
  const sync::Claim create =
      claim(crm, sync::WriteKind::create,
            {{"email", Json("ann@example.test")}, {"name", Json("Anna")}, {"tags", Json(JsonArray{"vip"})}});
  take(create);
  sync::WriteOutcome made = outcome(create, sync::OutcomeKind::applied);
  made.external_id = id;
  made.version = ++crm.clock;
  world.apply({made});
  sync::Change gone = seen(crm, id, {});
  gone.version = 0;
  gone.kind = sync::ChangeKind::deleted;
  gone.via = sync::Via::fetch;
  gone.answers = asked->front().seq;
  world.apply({gone});
  ASSERT_EQ(records(), 1u);
  EXPECT_TRUE(stored().link(crm.name)->is_linked());
}

// An undated event shows what our write brings; then the write fails in its second call, with what stood there after the
// first one.
TEST_F(FoundDoubt, E2TheAnswerToAFailedWriteRemovesNothingThatAnUndatedEventHasShown) {
  const std::string id = synced_contact();
  world.edit_in_app(record(), "tags", JsonArray{"autumn", "vip"});
  const sync::Claim update = claim(crm, sync::WriteKind::update, {{"tags", Json(JsonArray{"autumn", "vip"})}});
  take(update);
  const sync::Version answered = ++crm.clock;
  sync::Change undated =
      seen(crm, id, {{"email", "ann@example.test"}, {"name", "Ann"}, {"tags", JsonArray{"autumn", "vip"}}});
  undated.version = 0;
  world.apply({undated});
  EXPECT_EQ(readings(), 1u);
  sync::WriteOutcome failed = outcome(update, sync::OutcomeKind::retry);
  failed.external_id = id;
  failed.version = answered;
  failed.state = JsonObject{{"email", "ann@example.test"}, {"name", "Ann"}, {"tags", JsonArray{"vip"}}};
  world.apply({failed});
  EXPECT_EQ(stored().fields.at("tags").value, Json(JsonArray{"autumn", "vip"}));
}

// The answer to our write was lost. Its event waits behind that of a person's edit before it; then the object is gone.
TEST_F(FoundDoubt, C1WhoDeletesAnObjectKnewTheWriteThatAnEventHasShown) {
  const std::string id = synced_contact();
  world.edit_in_app(record(), "name", "Anna");
  const sync::Claim update = claim(crm, sync::WriteKind::update, {{"name", Json("Anna")}});
  take(update);
  world.apply({outcome(update, sync::OutcomeKind::unknown)});
  for (const char* name : {"Annabel", "Anna"})
    world.apply({seen(crm, id, {{"email", "ann@example.test"}, {"name", name}, {"tags", JsonArray{"vip"}}})});
  world.apply({outcome(update, sync::OutcomeKind::not_found)});
  EXPECT_EQ(records(), 0u);
}

// A tag that stood there, was taken away and is written again; its request is lost. A late event of the first state, without a
// time, shows the tag, and an old name.
TEST_F(FoundDoubt, C5AnUndatedEventOfAnEarlierStateDoesNotShowOurWrite) {
  const std::string id =
      world.human_creates(crm, {{"email", "ann@example.test"}, {"name", "Ann"}, {"tags", JsonArray{"vip"}}});
  sync::Change earlier = crm.events.front();
  earlier.version = 0;
  earlier.delivery = "it comes again";
  ASSERT_TRUE(world.settle());
  world.human_edits(crm, id, "name", Json("Anna"));
  world.human_edits(crm, id, "tags", JsonArray());
  ASSERT_TRUE(world.settle());
  world.edit_in_app(record(), "tags", JsonArray{"vip"});
  const sync::Claim update = claim(crm, sync::WriteKind::update, {{"tags", Json(JsonArray{"vip"})}});
  take(update);
  world.apply({earlier});
  world.apply({outcome(update, sync::OutcomeKind::unknown)});
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(stored().fields.at("tags").value, Json(JsonArray{"vip"}));
  EXPECT_EQ(crm.objects.at(id).document.at("tags"), Json(JsonArray{"vip"}));
}

// The answer to a write that emptied a field was lost. An event in between leaves the field out, then a person types the value
// of before again, of which only the reading tells.
TEST_F(FoundDoubt, C5AnEventThatLeavesOutWhatAnUnansweredWriteHasEmptiedShowsIt) {
  const sync::Claim update = unanswered_emptying();
  const std::string id = update.external_id;
  // Of two events the first waits for the outcome, and the second behind it.
  sync::Change between = seen(crm, id, {{"email", "ann@example.test"}, {"name", "Anna"}});
  between.extent = sync::Extent::sparse;
  sync::Change waits = between;
  waits.delivery = "waits";
  waits.document = JsonObject{{"email", "ann@example.test"}, {"name", "Ann"}, {"city", "Rome"}};
  world.apply({waits, between});
  crm.objects.at(id).document = JsonObject{{"email", "ann@example.test"}, {"name", "Anna"}, {"city", "Bonn"}};
  sync::WriteOutcome read = outcome(update, sync::OutcomeKind::conflict);
  read.external_id = id;
  read.state = crm.objects.at(id).document;
  read.extent = sync::Extent::full;
  read.version = crm.objects.at(id).version = ++crm.clock;
  world.apply({read});
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(stored().fields.at("city").value, Json("Bonn"));
  EXPECT_EQ(crm.objects.at(id).document.at("city"), Json("Bonn"));
}

}  // namespace
}  // namespace lockstep::test
