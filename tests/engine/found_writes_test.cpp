// What the simulator found about writes of ours and their outcomes, each in its smallest form (simulation/findings.md).
#include "found.hpp"

namespace lockstep::test {
namespace {

const sync::Fields kAnn{{"email", Json("ann@example.test")}, {"name", Json("Ann")}};
const JsonObject kAnnDocument{{"email", "ann@example.test"}, {"name", "Ann"}};

// Its answer was lost and no search finds it; but an event has shown an object that holds all it carried.
TEST_F(Found, X1AnObjectThatShowsAllOfALostCreateIsTheOneItMade) {
  world.human_creates(db, kAnnDocument);
  world.deliver_one(db);
  const sync::Claim create = claim(crm, sync::WriteKind::create, kAnn);
  take(create);
  world.apply({outcome(create, sync::OutcomeKind::unknown)});
  world.apply({seen(crm, "crm-77", kAnnDocument)});
  world.edit_in_app(record(), "name", "Anna");
  world.apply({outcome(create, sync::OutcomeKind::retry)});  // "certainly not applied"
  EXPECT_EQ(world.reader().list(SourceId("acme"), {}, {"", 10})->items.size(), 1u);
  ASSERT_NE(stored().link(crm.name), nullptr);
  EXPECT_EQ(stored().link(crm.name)->external_id, "crm-77");
  EXPECT_EQ(stored().fields.at("name").value, Json("Anna")) << "what it shows is our own write, no edit";
}

// The event of our own write shows all that the object held: it leaves nothing out that would have to be read.
TEST_F(Found, Q1TheEchoOfAWriteOnItsWayAsksForNoReading) {
  const std::string id = synced_contact();
  world.edit_in_app(record(), "name", "Anna");
  take(claim(crm, sync::WriteKind::update, {{"name", Json("Anna")}}));
  sync::Change echo = seen(crm, id, {{"email", "ann@example.test"}, {"name", "Anna"}, {"tags", JsonArray{"vip"}}});
  echo.extent = sync::Extent::sparse;
  world.apply({echo});
  EXPECT_EQ(world.reader().inbox_fetches(SourceId("acme"), crm.name, 10)->size(), 0u);
  echo = seen(crm, id, {{"email", "ann@example.test"}, {"name", "Anna"}});
  echo.extent = sync::Extent::sparse;
  world.apply({echo});
  EXPECT_EQ(world.reader().inbox_fetches(SourceId("acme"), crm.name, 10)->size(), 1u);
}

// The write that follows tells of the edit that asked for it, and has waited since then.
TEST_F(Found, O2AnEditDuringAWriteIsTheCauseOfTheNextOne) {
  synced_contact();
  world.edit_in_app(record(), "name", "Anna");
  const sync::Claim first = claim(crm, sync::WriteKind::update, {{"name", Json("Anna")}});
  take(first);
  world.edit_in_app(record(), "city", "Bonn");
  const auto edits = world.reader().history(SourceId("acme"), record(), 1);
  ASSERT_EQ(edits->front().kind, "edit");
  world.apply({outcome(first, sync::OutcomeKind::applied)});
  const auto rows = world.reader().outbox_of(SourceId("acme"), record());
  const auto row = std::ranges::find_if(*rows, [&](const auto& one) { return one.key.system == crm.name; });
  ASSERT_NE(row, rows->end());
  EXPECT_EQ(row->cause, edits->front().seq);
  EXPECT_EQ(row->since, edits->front().at);
}

// What was given up rests, whatever is planned again, until somebody edits the record.
TEST_F(Found, C3WhatWasGivenUpRests) {
  synced_contact();
  world.edit_in_app(record(), "name", "Anna");
  const sync::Claim update = claim(crm, sync::WriteKind::update, {{"name", Json("Anna")}});
  take(update);
  world.apply({outcome(update, sync::OutcomeKind::rejected)});
  ASSERT_EQ(world.outbox_rows(sync::OutboxState::dead), 1u);
  world.apply({sync::Retry{update.source, crm.name, update.record, "ann"}});
  take(update);
  world.apply({outcome(update, sync::OutcomeKind::rejected)});
  world.apply({sync::Replan{update.source, crm.name, update.record}});
  EXPECT_EQ(world.outbox_rows(sync::OutboxState::dead), 1u);
}

// The object's address was changed before anybody learned of the outcome; earlier events of it wait.
TEST_F(Found, X1WhatComesOfAnObjectThatWaitsIsNoNewOne) {
  world.human_creates(db, kAnnDocument);
  world.deliver_one(db);
  const sync::Claim create = claim(crm, sync::WriteKind::create, kAnn);
  take(create);
  world.apply({outcome(create, sync::OutcomeKind::unknown)});
  world.apply({seen(crm, "crm-77", kAnnDocument)});
  world.apply({seen(crm, "crm-77", {{"email", "other@example.test"}, {"name", "Somebody"}})});
  world.apply({outcome(create, sync::OutcomeKind::retry)});
  EXPECT_EQ(world.reader().list(SourceId("acme"), {}, {"", 10})->items.size(), 1u);
  ASSERT_NE(stored().link(crm.name), nullptr);
  EXPECT_EQ(stored().fields.at("name").value, Json("Somebody"));
}

// Somebody saved a form there before the answer came, with another address and another name: the town is half of the rest.
TEST_F(Found, X1AnObjectOfWhichAFormHasChangedTheAddressAndHalfOfTheRestWaits) {
  world.human_creates(db, {{"email", "ann@example.test"}, {"name", "Ann"}, {"city", "Bonn"}});
  world.deliver_one(db);
  const sync::Claim create =
      claim(crm, sync::WriteKind::create,
            {{"city", Json("Bonn")}, {"email", Json("ann@example.test")}, {"name", Json("Ann")}});
  take(create);
  world.apply({seen(crm, "crm-77", {{"email", "other@example.test"}, {"name", "Somebody"}, {"city", "Bonn"}})});
  sync::WriteOutcome made = outcome(create, sync::OutcomeKind::applied);
  made.external_id = "crm-77";
  world.apply({made});
  EXPECT_EQ(world.reader().list(SourceId("acme"), {}, {"", 10})->items.size(), 1u);
  EXPECT_EQ(stored().fields.at("name").value, Json("Somebody"));
}

// The CRM's object of a row shows the name that another create carries, and waits for that one's outcome.
TEST_F(Found, X1AnObjectThatWaitsForAnotherCreateIsNotMadeAgain) {
  world.human_creates(db, kAnnDocument);
  world.deliver_one(db);
  const sync::Claim ann = claim(crm, sync::WriteKind::create, kAnn);
  take(ann);
  const JsonObject bea_document{{"email", "bea@example.test"}, {"name", "Ann"}};
  EXPECT_EQ(world.apply({seen(crm, "crm-9", bea_document)}).front().disposition, sync::Disposition::pending);
  world.human_creates(db, bea_document);
  world.deliver_one(db);
  sync::Claim bea = ann;
  bea.values = {{"email", Json("bea@example.test")}, {"name", Json("Ann")}};
  const auto both = world.reader().list(SourceId("acme"), {}, {"", 10});
  for (const sync::Record& one : both->items) {
    if (one.id != ann.record) bea.record = one.id;
  }
  const std::vector<sync::Applied> held = world.apply({bea});
  ASSERT_TRUE(held.front().error);
  EXPECT_EQ(held.front().error->message, "an object that waits may be the one to be made");
  sync::WriteOutcome made = outcome(ann, sync::OutcomeKind::applied);
  made.external_id = "crm-1";
  world.apply({made});
  EXPECT_EQ(world.reader().list(SourceId("acme"), {}, {"", 10})->items.size(), 2u);
  const sync::Record stored = *world.reader().record(SourceId("acme"), bea.record).value();
  ASSERT_NE(stored.link(crm.name), nullptr);
  EXPECT_EQ(stored.link(crm.name)->external_id, "crm-9");
}

// The same thing was made there by a person while our create was on its way.
TEST_F(Found, E2AnObjectLikeTheOneThatOurCreateMakesTakesNothingFromIt) {
  world.human_creates(db, kAnnDocument);
  world.deliver_one(db);
  const RecordId ann = record();
  const sync::Claim create = claim(crm, sync::WriteKind::create, kAnn);
  take(create);
  world.apply({seen(crm, "crm-1", {{"email", "ann@example.test"}, {"name", "Annie"}})});
  sync::WriteOutcome made = outcome(create, sync::OutcomeKind::applied);
  made.external_id = "crm-2";
  world.apply({made});
  const sync::Record stored = *world.reader().record(SourceId("acme"), ann).value();
  EXPECT_EQ(stored.link(crm.name)->external_id, "crm-2");
  EXPECT_EQ(stored.link(crm.name)->base.at("name"), Json("Ann"));
  EXPECT_EQ(stored.fields.at("name").value, Json("Ann"));
}

// An event of the object itself was there before the answer to its create, and knows more.
TEST_F(Found, C5TheAnswerToACreateDoesNotTakeThePlaceOfALaterEvent) {
  world.human_creates(db, kAnnDocument);
  world.deliver_one(db);
  const sync::Claim create = claim(crm, sync::WriteKind::create, kAnn);
  take(create);
  world.apply({seen(crm, "crm-1", {{"email", "ann@example.test"}, {"name", "Ann"}, {"tags", JsonArray{"vip"}}})});
  sync::Claim with_tags = create;
  with_tags.values["tags"] = JsonArray{};
  sync::WriteOutcome made = outcome(with_tags, sync::OutcomeKind::applied);
  made.external_id = "crm-1";
  world.apply({made});
  EXPECT_EQ(stored().link(crm.name)->base.at("tags"), Json(JsonArray{"vip"}));
}

// The object was deleted, and the record kept alive by an edit; then an answer to an update of it turns up.
TEST_F(Found, C5TheAnswerToAnUpdateMakesNoLink) {
  const std::string id = synced_contact();
  const sync::Claim update = claim(crm, sync::WriteKind::update, {{"name", Json("Anna")}});
  world.edit_in_app(record(), "name", "Anna");
  world.human_deletes(crm, id);
  world.deliver_one(crm);
  ASSERT_EQ(stored().link(crm.name), nullptr);
  sync::WriteOutcome done = outcome(update, sync::OutcomeKind::applied);
  done.external_id = id;
  world.apply({done});
  EXPECT_EQ(stored().link(crm.name), nullptr);
}

// The answer could not be read, so the object was, and showed another person's edit.
TEST_F(Found, C1AStateReadAfterAWriteIsNoFormOfWhatWasSent) {
  synced_contact();
  world.edit_in_app(record(), "name", "Anna");
  const sync::Claim update = claim(crm, sync::WriteKind::update, {{"name", Json("Anna")}});
  take(update);
  sync::WriteOutcome done = outcome(update, sync::OutcomeKind::applied);
  done.external_id = stored().link(crm.name)->external_id;
  done.state = JsonObject{{"name", "Annabel"}};
  done.version = ++crm.clock;
  done.read_later = true;
  world.apply({done});
  EXPECT_EQ(stored().fields.at("name").value, Json("Annabel"));
}

// The answer to our write of a tag, which has no version, showed that a person had taken another one away. An event from
// before that must not bring it back.
TEST_F(Found, C5AnAnswerWithoutAVersionMakesNoOlderEventNews) {
  const std::string id = synced_contact();
  const auto writes = [&](JsonArray tags) {
    world.edit_in_app(record(), "tags", tags);
    const sync::Claim update = claim(crm, sync::WriteKind::update, {{"tags", std::move(tags)}});
    take(update);
    sync::WriteOutcome done = outcome(update, sync::OutcomeKind::applied);
    done.external_id = id;
    return done;
  };
  const auto shows = [&](JsonArray tags) {
    return seen(crm, id, {{"email", "ann@example.test"}, {"name", "Ann"}, {"tags", std::move(tags)}});
  };
  world.apply({writes({"lead", "vip"})});
  const sync::Change before = shows({"autumn", "lead", "vip"});  // somebody added the same one
  sync::WriteOutcome done = writes({"autumn", "lead", "vip"});
  done.state = JsonObject{{"tags", JsonArray{"autumn", "vip"}}};
  world.apply({done});
  world.apply({before});
  sync::Change reading = shows({"autumn", "vip"});
  reading.via = sync::Via::fetch;
  const auto fetches = world.store().open_reader()->inbox_fetches(done.source, crm.name, 1).value();
  ASSERT_FALSE(fetches.empty());
  reading.answers = fetches.front().seq;
  world.apply({reading});
  EXPECT_EQ(stored().fields.at("tags").value, Json(JsonArray{"autumn", "vip"}));
}

// An event without a version showed another person's edit, and the object is still to be read.
TEST_F(Found, L1AnObjectThatIsToBeReadIsNotWrittenBefore) {
  const std::string id = synced_contact();
  sync::Change doubtful = seen(crm, id, {{"name", "Annabel"}});
  doubtful.version = 0;
  doubtful.extent = sync::Extent::partial;
  world.apply({doubtful});
  world.edit_in_app(record(), "name", "Anna");
  const sync::Claim update = claim(crm, sync::WriteKind::update, {{"name", Json("Anna")}});
  const sync::OutboxKey key{update.source, update.system, update.record};
  world.apply({update});
  EXPECT_EQ(world.store().outbox(key).value()->state, sync::OutboxState::waiting);

  sync::Change reading = seen(crm, id, {{"email", "ann@example.test"}, {"name", "Ann"}, {"tags", JsonArray{"vip"}}});
  reading.via = sync::Via::fetch;
  reading.answers = world.store().open_reader()->inbox_fetches(update.source, crm.name, 1).value().front().seq;
  world.apply({reading});
  take(update);
  EXPECT_EQ(world.store().outbox(key).value()->state, sync::OutboxState::claimed);
}

TEST_F(Found, L1AnObjectThatCanNotBeReadHoldsNoWriteForEver) {
  const std::string id = synced_contact();
  sync::Change doubtful = seen(crm, id, {{"name", "Annabel"}});
  doubtful.version = 0;
  doubtful.extent = sync::Extent::partial;
  world.apply({doubtful});
  world.edit_in_app(record(), "name", "Anna");
  const sync::Claim update = claim(crm, sync::WriteKind::update, {{"name", Json("Anna")}});
  world.pass(std::chrono::minutes(4));  // several answers of half a minute each may have been lost
  EXPECT_TRUE(world.apply({update}).front().error);
  world.pass(std::chrono::minutes(2));
  take(update);
  EXPECT_EQ(world.store().outbox({update.source, update.system, update.record}).value()->state,
            sync::OutboxState::claimed);
}

// The answer to a write of tags was lost. An event has shown that it was done, and the state that was read then that
// somebody has taken the tag away again.
TEST_F(Found, C5WhatAnEventHasShownOfALostWriteIsNotWrittenAgain) {
  const std::string id = synced_contact();
  world.edit_in_app(record(), "tags", JsonArray{"autumn", "vip"});
  const sync::Claim update = claim(crm, sync::WriteKind::update, {{"tags", JsonArray{"autumn", "vip"}}});
  take(update);
  world.apply({outcome(update, sync::OutcomeKind::unknown)});
  const JsonObject ann{{"email", "ann@example.test"}, {"name", "Ann"}};
  JsonObject with = ann;
  with["tags"] = JsonArray{"autumn", "cold", "vip"};  // and somebody else's
  world.apply({seen(crm, id, with)});
  sync::WriteOutcome read = outcome(update, sync::OutcomeKind::conflict);
  read.external_id = id;
  read.state = JsonObject{{"email", "ann@example.test"}, {"name", "Ann"}, {"tags", JsonArray{"vip"}}};
  read.extent = sync::Extent::full;
  read.version = ++crm.clock;
  world.apply({read});
  EXPECT_EQ(stored().fields.at("tags").value, Json(JsonArray{"vip"}));
}

// The same, when the event is to be read again for something else that it shows.
TEST_F(Found, C5WhatADoubtfulEventHasShownOfALostWriteIsKnown) {
  const std::string id = synced_contact();
  for (const char* city : {"Bonn", "Paris"}) {
    world.edit_in_app(record(), "city", city);
    const sync::Claim moves = claim(crm, sync::WriteKind::update, {{"city", Json(city)}});
    take(moves);
    sync::WriteOutcome moved = outcome(moves, sync::OutcomeKind::applied);
    moved.external_id = id;
    world.apply({moved});
  }
  world.edit_in_app(record(), "name", "Anna");
  const sync::Claim update = claim(crm, sync::WriteKind::update, {{"name", Json("Anna")}});
  take(update);
  world.apply({outcome(update, sync::OutcomeKind::unknown)});
  world.apply({seen(crm, id, {{"email", "ann@example.test"}, {"name", "Anna"}, {"city", "Bonn"}})});
  ASSERT_FALSE(world.reader().inbox_fetches(SourceId("acme"), crm.name, 1)->empty()) << "who put Bonn there?";
  sync::WriteOutcome read = outcome(update, sync::OutcomeKind::conflict);
  read.external_id = id;
  read.state = JsonObject{{"email", "ann@example.test"}, {"name", "Ann"}, {"city", "Bonn"}};
  read.version = ++crm.clock;
  world.apply({read});
  EXPECT_EQ(stored().fields.at("name").value, Json("Ann")) << "typed back by somebody who had seen ours";
}

// A write of two calls: the first was answered, the second failed. Then somebody typed over what the first had written.
TEST_F(Found, C5WhatAFailedWriteHasDoneIsNotTakenForUndone) {
  synced_contact();
  for (auto& [id, object] : db.objects) world.apply({seen(db, id, {{"email", "ann@example.test"}, {"name", "Anna"}})});
  const sync::Claim update = claim(cms, sync::WriteKind::update, {{"name", "Anna"}, {"tags", JsonArray{}}});
  take(update);
  sync::WriteOutcome half = outcome(update, sync::OutcomeKind::retry);
  half.written = {{"name", "Anna"}};
  half.state = JsonObject{{"email", "ann@example.test"}, {"name", "Annie"}, {"tags", JsonArray{"vip"}}};
  half.extent = sync::Extent::full;
  half.read_later = true;
  half.version = ++cms.clock;
  world.apply({half});
  EXPECT_EQ(stored().fields.at("name").value, Json("Annie")) << "an edit that knew ours, whoever has authority";
  EXPECT_EQ(stored().fields.at("tags").value, Json(JsonArray{})) << "what was not carried out is not undone by that";
}

// A person deleted the object after our write had come there, and the event about it was faster than the answer.
TEST_F(Found, C1ADeleteThatKnewAWriteOnItsWayIsBelieved) {
  const std::string id = synced_contact();
  world.edit_in_app(record(), "name", "Anna");
  const sync::Claim update = claim(crm, sync::WriteKind::update, {{"name", "Anna"}});
  take(update);
  sync::WriteOutcome written = outcome(update, sync::OutcomeKind::applied);
  written.version = ++crm.clock;
  sync::Change gone = seen(crm, id, {});
  gone.kind = sync::ChangeKind::deleted;
  world.apply({gone});
  EXPECT_FALSE(stored().deleted) << "not known yet what the delete knew";
  const RecordId ann = record();
  world.apply({written});
  EXPECT_TRUE(world.reader().record(SourceId("acme"), ann).value()->deleted);
}

TEST_F(Found, L3ADeleteThatAWriteCameTooLateForDidNotKnowTheEdit) {
  const std::string id = synced_contact();
  world.edit_in_app(record(), "name", "Anna");
  const sync::Claim update = claim(crm, sync::WriteKind::update, {{"name", "Anna"}});
  take(update);
  sync::Change gone = seen(crm, id, {});
  gone.kind = sync::ChangeKind::deleted;
  world.apply({gone});
  world.apply({outcome(update, sync::OutcomeKind::not_found)});
  EXPECT_FALSE(stored().deleted);
  EXPECT_EQ(stored().link(crm.name), nullptr) << "it is made again";
}

// Somebody deleted what our create had made at once, and the event about it was faster than the answer.
TEST_F(Found, C1AnObjectThatIsGoneBeforeItsCreateIsAnsweredIsGone) {
  const std::string row = world.human_creates(db, kAnnDocument);
  world.deliver_one(db);
  const sync::Claim create = claim(crm, sync::WriteKind::create, kAnn);
  take(create);
  sync::Change gone = seen(crm, "crm-9", {});
  gone.kind = sync::ChangeKind::deleted;
  world.apply({gone});
  sync::WriteOutcome made = outcome(create, sync::OutcomeKind::applied);
  made.external_id = "crm-9";
  world.apply({made});
  ASSERT_TRUE(world.settle());
  EXPECT_TRUE(db.objects.at(row).deleted) << "as if it had been deleted a moment later";
  EXPECT_EQ(alive(crm), 0u);
}

// How long searches lag is counted from when the attempt ended: a request can wait for quota after it was claimed.
TEST_F(Found, X1AnAttemptMayHaveBeenAppliedUntilItEnded) {
  world.human_creates(db, kAnnDocument);
  world.deliver_one(db);
  const sync::Claim create = claim(crm, sync::WriteKind::create, kAnn);
  take(create);
  world.pass(std::chrono::seconds(20));
  const Time before = world.now();
  world.apply({outcome(create, sync::OutcomeKind::unknown)});
  const auto rows = world.reader().outbox(SourceId("acme"), {std::nullopt, sync::OutboxState::unknown}, {"", 10});
  ASSERT_EQ(rows->items.size(), 1u);
  const Time ended = rows->items.front().claimed_at;
  EXPECT_GE(ended, before);
  world.pass(std::chrono::seconds(20));
  world.apply({outcome(create, sync::OutcomeKind::unknown)});  // of reading back: says nothing about the write
  const auto later = world.reader().outbox(SourceId("acme"), {std::nullopt, sync::OutboxState::unknown}, {"", 10});
  EXPECT_EQ(later->items.front().claimed_at, ended);
}

// What another system changed and what a person sends with If-Match meet in one commit.
TEST_F(Found, L1IfMatchSeesChangesOfTheSameBatch) {
  const std::string id = synced_contact();
  sync::Edit edit;
  edit.source = SourceId("acme");
  edit.entity = EntityName("contact");
  edit.record = record();
  edit.fields = {{"tags", Json(JsonArray{})}};
  edit.expected_revision = stored().revision;
  const auto applied = world.apply(
      {seen(crm, id, {{"email", "ann@example.test"}, {"name", "Ann"}, {"tags", JsonArray{"lead", "vip"}}}), edit});
  ASSERT_TRUE(applied.back().error.has_value());
  EXPECT_EQ(applied.back().error->kind, ErrorKind::conflict);
}

}  // namespace
}  // namespace lockstep::test
