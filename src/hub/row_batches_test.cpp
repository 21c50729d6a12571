#include "hub/row_batches.hpp"

#include <gtest/gtest.h>

#include "connector/manual_loop.hpp"
#include "hub/event_text.hpp"
#include "hub/row_events.hpp"

namespace lockstep::hub {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kEvery{100};
const SourceId kSource("acme");

struct Listening {
  connector::ManualLoop loop;
  fanout::TopicHub events;
  RowBatches batches{loop, events};
  std::vector<std::shared_ptr<const Json>> rows;  // what the topic of rows has told
  std::vector<std::string> names;
  std::vector<std::pair<Seq, std::uint32_t>> positions;
  std::size_t changes = 0;  // told to those who follow single changes
  Seq seq = 0;

  explicit Listening(std::size_t above) {
    batches.set({above, kEvery});
    events.subscribe(row_topic(kSource), 0,
                     {[](const auto&) { return true; },
                      [this](const fanout::Message& message) {
                        rows.push_back(std::make_shared<Json>(*parse_json(message.text)));
                        names.push_back(message.event);
                        positions.emplace_back(message.seq, message.part);
                        return fanout::Delivered::yes;
                      },
                      [](Seq) {}});
    events.subscribe(change_topic({}), 0,
                     {[](const auto&) { return true; },
                      [this](const fanout::Message& message) {
                        changes += message.row ? 1 : 0;
                        return fanout::Delivered::yes;
                      },
                      [](Seq) {}});
  }

  void change(const std::string& id, const std::string& operation, int before, int after, std::size_t padding = 0) {
    auto change = std::make_shared<fanout::RowChange>();
    change->schema = "public";
    change->table = "contacts";
    change->operation = operation;
    if (operation != "DELETE") change->record = {{"id", id}, {"n", after}, {"padding", std::string(padding, 'x')}};
    if (operation != "INSERT") change->old_record = {{"id", id}, {"n", before}};
    auto message = std::make_shared<fanout::Message>();
    message->content = fanout::Content::row;
    message->seq = ++seq;
    message->part = 1;
    message->source = kSource;
    message->event = operation;
    message->text = row_text(*change, Time(), seq);
    message->row = change;
    batches.publish(std::move(message), id, Time());
  }

  // "INSERT a 1", of a batch's rows and of single ones alike.
  std::vector<std::string> told() const {
    std::vector<std::string> out;
    const auto add = [&](const Json& row) {
      const Json& shown = row.at("operation") == "DELETE" ? row.at("old") : row.at("new");
      out.push_back(std::string(row.at("operation").as_string()) + ' ' + std::string(shown.at("id").as_string()) + ' ' +
                    to_text(shown.at("n")));
    };
    for (const auto& one : rows) {
      if (one->at("operation") != "ROWS") {
        add(*one);
        continue;
      }
      for (const Json& row : one->at("rows").as_array()) add(row);
    }
    return out;
  }
};

using Names = std::vector<std::string>;

TEST(RowBatches, OffEveryChangeIsToldAtOnce) {
  Listening all(0);
  for (int i = 0; i < 500; ++i) all.change("a", "UPDATE", i, i + 1);
  EXPECT_EQ(all.rows.size(), 500u);
}

TEST(RowBatches, FewAreToldOneByOneAndManyAtOnce) {
  Listening some(3);
  for (int i = 0; i < 10; ++i) some.change("r" + std::to_string(i), "INSERT", 0, i);
  EXPECT_EQ(some.names, (Names{"INSERT", "INSERT", "INSERT"}));
  EXPECT_EQ(some.changes, 10u) << "those who follow single changes wait for nothing";
  some.loop.run_for(kEvery);
  EXPECT_EQ(some.names, (Names{"INSERT", "INSERT", "INSERT", "ROWS"}));
  ASSERT_EQ(some.told().size(), 10u);
  EXPECT_EQ(some.told().back(), "INSERT r9 9");
  EXPECT_EQ(some.rows.back()->at("seq"), 10);
  EXPECT_EQ(some.rows.back()->at("rows").at(0).at("seq"), 4) << "each row has its own";
}

TEST(RowBatches, ItGathersUntilChangesAreFewAgain) {
  Listening some(3);
  for (int i = 0; i < 4; ++i) some.change("a" + std::to_string(i), "INSERT", 0, i);
  some.loop.run_for(kEvery);
  some.change("b", "INSERT", 0, 1);
  EXPECT_EQ(some.names.back(), "ROWS");
  EXPECT_EQ(some.told().size(), 4u) << "the next moment is gathered from its first row on";
  some.loop.run_for(kEvery);
  EXPECT_EQ(some.told().size(), 5u);
  some.change("c", "INSERT", 0, 1);
  EXPECT_EQ(some.names.back(), "INSERT") << "the moment before had few";
}

TEST(RowBatches, TheLastStateOfARowIsToldOnce) {
  Listening some(1);
  some.change("first", "INSERT", 0, 0);
  some.change("new", "INSERT", 0, 1);
  some.change("new", "UPDATE", 1, 2);
  some.change("changed", "UPDATE", 1, 2);
  some.change("changed", "UPDATE", 2, 3);
  some.change("gone", "UPDATE", 1, 2);
  some.change("gone", "DELETE", 2, 0);
  some.change("back", "DELETE", 7, 0);
  some.change("back", "INSERT", 0, 8);
  some.change("never", "INSERT", 0, 1);
  some.change("never", "DELETE", 1, 0);
  some.loop.run_for(kEvery);
  EXPECT_EQ(some.told(),
            (Names{"INSERT first 0", "INSERT new 2", "UPDATE changed 3", "DELETE gone 1", "UPDATE back 8"}));
  const Json& rows = some.rows.back()->at("rows");
  EXPECT_EQ(rows.at(1).at("old").at("n"), 1) << "before the first of its changes";
  EXPECT_EQ(rows.at(3).at("old_record").at("n"), 7);
  EXPECT_TRUE(rows.at(0).at("old").is_null());
}

TEST(RowBatches, ALargeBatchIsToldInPieces) {
  Listening some(1);
  for (int i = 0; i < 400; ++i) some.change("r" + std::to_string(i), "INSERT", 0, i, 500);
  some.loop.run_for(kEvery);
  EXPECT_EQ(some.told().size(), 400u);
  EXPECT_GT(some.rows.size(), 4u);
  EXPECT_LT(some.rows.size(), 12u);
  for (const auto& one : some.rows) EXPECT_LT(to_text(*one).size(), 120u << 10);
  EXPECT_TRUE(std::ranges::is_sorted(some.positions)) << "P1";
  EXPECT_EQ(std::ranges::adjacent_find(some.positions), some.positions.end());
}

TEST(RowBatches, WhoComesBackGetsWhatWasGathered) {
  Listening some(1);
  for (int i = 0; i < 3; ++i) some.change("r" + std::to_string(i), "INSERT", 0, i);
  some.loop.run_for(kEvery);
  Names again;
  some.events.subscribe(row_topic(kSource), 0,
                        {[](const auto&) { return true; },
                         [&](const fanout::Message& message) {
                           again.push_back(message.event);
                           return fanout::Delivered::yes;
                         },
                         [](Seq) {}});
  EXPECT_EQ(again, (Names{"INSERT", "ROWS"}));
}

TEST(RowBatches, WhatIsGatheredIsToldBeforeTheEnd) {
  Listening some(1);
  for (int i = 0; i < 3; ++i) some.change("r" + std::to_string(i), "INSERT", 0, i);
  some.batches.flush();
  EXPECT_EQ(some.told().size(), 3u);
  some.loop.run_for(kEvery);
  EXPECT_EQ(some.told().size(), 3u) << "once";
}

TEST(RowBatches, SwitchedOffItEndsWithTheMoment) {
  Listening some(1);
  for (int i = 0; i < 3; ++i) some.change("r" + std::to_string(i), "INSERT", 0, i);
  some.batches.set({});
  some.loop.run_for(kEvery);
  some.change("z", "INSERT", 0, 1);
  EXPECT_EQ(some.names.back(), "INSERT");
  EXPECT_EQ(some.told().size(), 4u);
}

}  // namespace
}  // namespace lockstep::hub
