// Inputs that the engine fails on, in a committer over a store in memory.
#include "hub/committer.hpp"

#include <gtest/gtest.h>

#include "connector/manual_loop.hpp"
#include "store/memory_store.hpp"

namespace lockstep::hub {
namespace {

// A store in memory of which one record can not be read.
class DamagedStore final : public store::MemoryStore {
 public:
  bool down = false;  // nothing can be read for a while
  bool full = false;  // nothing can be written
  int refuses = 0;    // so many commits

  Result<void> commit(const sync::Batch& batch) override {
    if (refuses > 0) return --refuses, fail(ErrorKind::unavailable, "the file is locked");
    if (full) return fail(ErrorKind::exhausted, "the disk is full");
    return MemoryStore::commit(batch);
  }

  Result<std::optional<sync::Record>> record(const SourceId& source, const RecordId& id) override {
    if (down) return fail(ErrorKind::unavailable, "the file is locked");
    if (id == RecordId("lost")) return fail(ErrorKind::corrupt, "record lost is not readable");
    return MemoryStore::record(source, id);
  }
};

class NamesOfEvents final : public Log {
 public:
  std::vector<std::string> said;
  void write(LogLevel, std::string_view event, std::initializer_list<LogField>) override { said.emplace_back(event); }
};

class CommitterTest : public testing::Test {
 protected:
  connector::ManualLoop loop;
  DamagedStore store;
  SeededRandom random{1};
  NamesOfEvents log;
  HubLimits limits;
  sync::Engine engine{catalog(), {}, random};
  Committer committer{store, engine, loop, loop, log, limits};
  const SourceId source{"acme"};
  const SystemName crm{"crm"};
  std::size_t journalled = 0;

  CommitterTest() {
    committer.on_committed([this](const Committed& done) { journalled += done.journal.size(); });
    // What comes for the object of a record that can not be read can not be applied, whatever it says.
    sync::Batch damage;
    damage.links = {{{source, crm, "thing", "bad"}, RecordId("lost")}};
    EXPECT_TRUE(store.commit(damage).has_value());
  }

  static std::shared_ptr<const sync::Catalog> catalog() {
    sync::EntitySchema entity;
    entity.name = EntityName("thing");
    sync::FieldSchema field;
    field.name = "name";
    entity.fields = {field};
    for (const char* system : {"crm", "db"}) {
      sync::SystemBinding binding;
      binding.system = SystemName(system);
      binding.object = "thing";
      sync::FieldBinding bound;
      bound.field = bound.path = "name";
      binding.fields = {bound};
      entity.systems.push_back(binding);
    }
    return std::make_shared<const sync::Catalog>(
        std::vector<sync::SourceSchema>{{SourceId("acme"), {entity}, SystemName("app")}});
  }

  sync::Input change(const std::string& id) {
    sync::Change out;
    out.source = source;
    out.system = crm;
    out.object = "thing";
    out.external_id = id;
    out.delivery = "delivery of " + id;
    out.via = sync::Via::capture;
    out.document = JsonObject{{"name", id}};
    return out;
  }
  Result<std::vector<sync::Applied>> submit(std::vector<sync::Input> inputs, std::vector<sync::StateRow> state = {}) {
    auto answer = std::make_shared<std::optional<Result<std::vector<sync::Applied>>>>();
    Submission submission;
    submission.source = source;
    submission.inputs = std::move(inputs);
    submission.state = std::move(state);
    submission.done = [answer](Result<std::vector<sync::Applied>> applied) { answer->emplace(std::move(applied)); };
    committer.submit(std::move(submission));
    loop.settle();
    EXPECT_TRUE(answer->has_value());
    return std::move(**answer);
  }
  bool linked(const std::string& id) {
    const auto record = store.linked({source, crm, "thing", id});
    return record && *record && !(*record)->empty();
  }
};

TEST_F(CommitterTest, X3OneBadChangeOfAPageBlocksNoOther) {
  std::vector<sync::Input> page;
  for (int i = 0; i < 20; ++i) page.push_back(change(i == 7 ? "bad" : "good-" + std::to_string(i)));
  const auto applied = submit(page, {{source, crm, "cursor", Json("page 2")}});
  ASSERT_TRUE(applied) << applied.error().message;
  ASSERT_EQ(applied->size(), 20u);
  for (std::size_t i = 0; i < 20; ++i) {
    EXPECT_FALSE((*applied)[i].error);
    EXPECT_EQ((*applied)[i].disposition, i == 7 ? sync::Disposition::parked : sync::Disposition::applied) << i;
  }
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(i == 7 || linked("good-" + std::to_string(i))) << i;
  const auto reader = store.open_reader();
  const auto inbox = reader->inbox(source, {});
  ASSERT_EQ(inbox->items.size(), 1u);
  EXPECT_EQ(inbox->items.front().kind, sync::InboxKind::invalid);
  EXPECT_EQ(inbox->items.front().change.external_id, "bad");
  EXPECT_NE(inbox->items.front().reason.find("lost"), std::string::npos) << "it says why";
  EXPECT_EQ(*reader->state(source, crm, "cursor"), Json("page 2")) << "the page does not come again";
  EXPECT_EQ(journalled, 20u) << "A5: each is accounted for, and subscribers hear of it";
}

TEST_F(CommitterTest, AStoreThatTakesNothingIsSaidOnceUntilItTakesAgain) {
  ASSERT_TRUE(submit({change("a")}));
  EXPECT_FALSE(committer.trouble());
  store.full = true;
  const Time began = loop.clock().now();
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(submit({change("b")}));
    loop.run_for(std::chrono::seconds(10));
  }
  ASSERT_TRUE(committer.trouble());
  EXPECT_EQ(committer.trouble()->since, began);
  EXPECT_EQ(committer.trouble()->failed, 3u);
  EXPECT_EQ(committer.trouble()->error.message, "the disk is full");
  store.full = false;
  ASSERT_TRUE(submit({change("b")}));
  EXPECT_FALSE(committer.trouble());
  EXPECT_EQ(log.said, (std::vector<std::string>{"store.takes_nothing", "store.takes_again"}));
}

TEST_F(CommitterTest, AStoreThatTakesSomeOfAGroupIsNotInTrouble) {
  store.refuses = 3;
  std::vector<bool> taken;
  for (const char* id : {"a", "b", "c"}) {  // the first is alone in its group
    Submission submission;
    submission.source = source;
    submission.inputs = {change(id)};
    submission.done = [&](const Result<std::vector<sync::Applied>>& applied) { taken.push_back(applied.has_value()); };
    committer.submit_inner(std::move(submission));
  }
  loop.settle();
  EXPECT_EQ(taken, (std::vector<bool>{false, false, true}));
  EXPECT_FALSE(committer.trouble());
  EXPECT_EQ(log.said, (std::vector<std::string>{"store.takes_nothing", "store.takes_again", "commit.failed"}));
}

TEST_F(CommitterTest, X3OneBadChangeAloneIsKeptOnce) {
  ASSERT_TRUE(submit({change("bad")}));
  const auto again = submit({change("bad")});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->front().reason, "duplicate delivery");
  EXPECT_EQ(store.open_reader()->inbox(source, {})->items.size(), 1u);
}

TEST_F(CommitterTest, X3OtherSubmissionsOfTheGroupAreNotHeldUp) {
  std::vector<std::size_t> answers;
  for (const char* id : {"a", "bad", "b"}) {
    Submission submission;
    submission.source = source;
    submission.inputs = {change(id)};
    submission.done = [&answers](const Result<std::vector<sync::Applied>>& applied) {
      answers.push_back(applied ? applied->size() : 99);
    };
    committer.submit_inner(std::move(submission));
  }
  loop.settle();
  EXPECT_EQ(answers, (std::vector<std::size_t>{1, 1, 1}));
  EXPECT_TRUE(linked("a") && linked("b"));
}

TEST_F(CommitterTest, X2AnOutcomeThatCanNotBeAppliedIsADeadLetterThatIsReadBack) {
  ASSERT_TRUE(submit({change("good")}));
  const auto record = store.linked({source, crm, "thing", "good"});
  sync::WriteOutcome outcome;
  outcome.source = source;
  outcome.system = SystemName("db");
  outcome.record = **record;
  outcome.write = sync::WriteKind::create;
  outcome.external_id = "made";
  // The object that was made is linked to the record that can not be read.
  sync::Batch damage;
  damage.first_seq = *store.last_seq() + 1;
  damage.links = {{{source, SystemName("db"), "thing", "made"}, RecordId("lost")}};
  sync::InboxRow waits;
  waits.seq = 1000;
  waits.waits_for = sync::wait_for_claim(SystemName("db"), **record);
  waits.change = std::get<sync::Change>(change("bad"));
  damage.inbox = {waits};
  ASSERT_TRUE(store.commit(damage).has_value());
  ASSERT_TRUE(
      submit({sync::Claim{source, SystemName("db"), **record, sync::WriteKind::create, "", {{"name", "good"}}}}));
  const auto applied = submit({outcome, change("other")});
  ASSERT_TRUE(applied) << applied.error().message;
  EXPECT_TRUE(applied->front().error);
  EXPECT_TRUE(linked("other"));
  const auto row = store.outbox({source, SystemName("db"), **record});
  ASSERT_TRUE(row && *row);
  EXPECT_EQ((*row)->state, sync::OutboxState::dead) << "it is not tried for ever";
  ASSERT_TRUE(submit({sync::Retry{source, SystemName("db"), **record, "ann"}}));
  EXPECT_EQ((*store.outbox({source, SystemName("db"), **record}))->state, sync::OutboxState::unknown);
}

TEST_F(CommitterTest, AStoreThatCanNotBeReadIsNoFaultOfTheInput) {
  ASSERT_TRUE(submit({change("a")}));
  store.down = true;
  sync::Change second = std::get<sync::Change>(change("a"));
  second.delivery = "another";
  const auto applied = submit({second, change("b")});
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().kind, ErrorKind::unavailable) << "the sender comes again";
  store.down = false;
  EXPECT_TRUE(store.open_reader()->inbox(source, {})->items.empty());
  EXPECT_FALSE(linked("b"));
}

TEST_F(CommitterTest, X3OneBadInputOfManyCostsFewTransactions) {
  std::vector<sync::Input> page;
  for (int i = 0; i < 512; ++i) page.push_back(change(i == 100 ? "bad" : "good-" + std::to_string(i)));
  ASSERT_TRUE(submit(std::move(page)));
  EXPECT_LE(committer.commits(), 11u) << "by halves";
}

TEST_F(CommitterTest, AnEditThatCanNotBeAppliedIsRefusedAlone) {
  sync::Replay replay;
  replay.inbox = 1000;
  sync::Batch damage;
  sync::InboxRow row;
  row.seq = 1000;
  row.kind = sync::InboxKind::invalid;
  row.change = std::get<sync::Change>(change("bad"));
  damage.inbox = {row};
  ASSERT_TRUE(store.commit(damage).has_value());
  const auto applied = submit({change("a"), replay, change("b")});
  ASSERT_TRUE(applied) << applied.error().message;
  ASSERT_TRUE((*applied)[1].error);
  EXPECT_EQ((*applied)[1].error->kind, ErrorKind::corrupt);
  EXPECT_TRUE(linked("a") && linked("b"));
  EXPECT_TRUE(*store.inbox(1000)) << "it still waits";
}

}  // namespace
}  // namespace lockstep::hub
