// Lists by limit and offset against the sandbox: every row is met once things stand still, whatever moves meanwhile.
#include "connectors/gohighlevel/offset_puller.hpp"

#include "connectors/gohighlevel/sandbox_test.hpp"

namespace lockstep::gohighlevel {
namespace {

using connector::PullMode;

class OffsetPulls : public SandboxEndToEnd {
 protected:
  void SetUp() override { connect(); }

  std::vector<std::string> make(int count, const std::string& many = "orders", const std::string& one = "order") {
    std::vector<std::string> ids;
    for (int i = 0; i < count; ++i) {
      const Json made = control("POST", many, "{}");
      ids.emplace_back(string_member(made.at(one), "id"));
      loop.run_for(std::chrono::milliseconds(5));
    }
    return ids;
  }

  Result<connector::PullPage> page(const std::string& object, PullMode mode, Json cursor, std::size_t limit) {
    return loop.run(crm->pull({object, mode, std::move(cursor), limit, sync::WorkClass::backfill}));
  }

  // Ids in the order met. `between` runs after each page.
  std::vector<std::string> pull(const std::string& object, std::size_t limit, const std::function<void(int)>& between) {
    std::vector<std::string> ids;
    Json cursor;
    for (int n = 0; n < 200; ++n) {
      const auto pulled = page(object, PullMode::full, cursor, limit);
      EXPECT_TRUE(pulled) << (pulled ? "" : pulled.error().message);
      if (!pulled) return ids;
      for (const auto& change : pulled->changes) ids.push_back(change.external_id);
      if (pulled->last) return ids;
      cursor = pulled->cursor;
      between(n);
    }
    ADD_FAILURE() << "the pull does not end";
    return ids;
  }
  static void nothing(int) {}

  static std::set<std::string> as_set(const std::vector<std::string>& ids) { return {ids.begin(), ids.end()}; }
};

TEST_F(OffsetPulls, EveryRowOnceAlsoWhenTheLastPageIsExactlyFull) {
  for (const int count : {0, 1, 9, 10, 20, 25}) {
    control("DELETE", "faults");
    const Json before = control("GET", "orders");
    for (const Json& old : before.at("orders").as_array())
      control("DELETE", "orders/" + std::string(string_member(old, "id")));
    const auto made = make(count);
    const auto met = pull("order", 10, nothing);
    EXPECT_EQ(met.size(), made.size()) << count;
    EXPECT_EQ(as_set(met), as_set(made)) << count;
  }
}

TEST_F(OffsetPulls, RowsThatDeletesMoveAreMet) {
  auto made = make(60);
  std::set<std::string> gone;
  const auto met = pull("order", 10, [&](int n) {
    // The newest rows come first: deleting them moves what is still to come to pages that have been read.
    for (int i = 0; i < 7 && n < 3; ++i) {
      control("DELETE", "orders/" + made.back());
      gone.insert(made.back());
      made.pop_back();
    }
  });
  std::set<std::string> missed = as_set(made);
  for (const auto& id : met) missed.erase(id);
  EXPECT_TRUE(missed.empty()) << missed.size() << " rows were never shown";
}

TEST_F(OffsetPulls, RowsThatAreMadeMeanwhileHideNoOther) {
  const auto made = make(40);
  const auto met = pull("order", 10, [&](int n) {
    if (n < 4) make(n == 2 ? 25 : 3);
  });
  const std::set<std::string> all = as_set(met);
  for (const auto& id : made) EXPECT_TRUE(all.contains(id));
}

TEST_F(OffsetPulls, APollReadsTheLastDaysAgainAndShowsOnlyWhatIsNew) {
  control("POST", "orders", R"({"createdAt":"2020-01-01T00:00:00.000Z"})");
  const auto made = make(3);
  Json cursor;
  EXPECT_EQ(pull_all("order", PullMode::incremental, &cursor).size(), 3U) << "the old one is left to full pulls";
  EXPECT_EQ(pull_all("order", PullMode::incremental, &cursor).size(), 0U);
  control("PUT", "orders/" + made[1], R"({"amount":7})");
  const auto changed = pull_all("order", PullMode::incremental, &cursor);
  ASSERT_EQ(changed.size(), 1U);
  EXPECT_EQ(changed.begin()->first, made[1]);
  EXPECT_EQ(changed.begin()->second.document.at("amount"), 7);
}

TEST_F(OffsetPulls, WhatWasNotTakenIsShownAgain) {
  make(2);
  Json cursor;
  pull_all("order", PullMode::incremental, &cursor);
  Json lost = cursor;
  control("POST", "orders", R"({"amount":1})");
  EXPECT_EQ(pull_all("order", PullMode::incremental, &lost).size(), 1U);
  EXPECT_EQ(pull_all("order", PullMode::incremental, &cursor).size(), 1U)
      << "its cursor never came back: nobody has kept it";
}

TEST_F(OffsetPulls, EveryObjectIsPulledAndReadById) {
  control("POST", "seed", R"({"contacts":3,"orders":2,"transactions":2,"products":2,"reviews":2})");
  for (const std::string object : {"order", "transaction", "product", "review"}) {
    const auto all = pull_all(object, PullMode::full);
    ASSERT_EQ(all.size(), 2U) << object;
    const auto& [id, change] = *all.begin();
    EXPECT_EQ(string_member(change.document, "id"), id);
    const auto read = loop.run(crm->fetch(object, id, sync::WorkClass::live));
    ASSERT_TRUE(read && *read) << object;
    EXPECT_EQ((*read)->external_id, id);
    EXPECT_EQ((*read)->version, change.version);
    const std::string many = object + "s/" + id;
    control("DELETE", many);
    loop.run_for(std::chrono::seconds(10));
    const auto gone = loop.run(crm->fetch(object, id, sync::WorkClass::live));
    EXPECT_TRUE(gone && !*gone) << object;
  }
}

TEST_F(OffsetPulls, PipelinesAreReadAgainAndShownWhenTheyChange) {
  Json cursor;
  const auto all = pull_all("pipeline", PullMode::incremental, &cursor);
  EXPECT_EQ(all.size(), 2U);
  EXPECT_EQ(pull_all("pipeline", PullMode::incremental, &cursor).size(), 0U);
  control("PUT", "pipelines/" + all.begin()->first, R"({"name":"Renamed"})");
  EXPECT_EQ(pull_all("pipeline", PullMode::incremental, &cursor).size(), 1U);
}

// A list that pays no heed to the offset would be read for ever (and once was, by others).
TEST(OffsetPullsOfBadLists, ThatDoNotAdvanceEndWithAnError) {
  TestBench bench;
  JsonArray rows;
  for (int i = 0; i < 10; ++i) rows.push_back(JsonObject{{"_id", "o" + std::to_string(i)}});
  Json cursor;
  for (int n = 0; n < 100; ++n) {
    bench.http.expect("GET /payments/orders", 200, JsonObject{{"data", rows}, {"totalCount", 1'000}});
    const auto page = bench.loop.run(bench.crm->pull({"order", PullMode::full, cursor, 10, sync::WorkClass::backfill}));
    if (!page) {
      EXPECT_EQ(page.error().kind, ErrorKind::corrupt);
      return;
    }
    ASSERT_FALSE(page->last);
    cursor = page->cursor;
  }
  FAIL() << "it goes on for ever";
}

// A page may be shorter than asked for although there is more.
TEST(OffsetPullsOfBadLists, WithShortPagesAreReadToTheEnd) {
  TestBench bench;
  const auto rows = [](int from, int to) {
    JsonArray out;
    for (int i = from; i < to; ++i) out.push_back(JsonObject{{"_id", "o" + std::to_string(i)}});
    return out;
  };
  bench.http.expect("GET /payments/orders?altId=testLocation00000001&limit=10&offset=0", 200,
                    JsonObject{{"data", rows(0, 4)}, {"totalCount", 7}});
  bench.http.expect("GET /payments/orders?altId=testLocation00000001&limit=10&offset=2", 200,
                    JsonObject{{"data", rows(2, 6)}, {"totalCount", 7}});
  bench.http.expect("GET /payments/orders?altId=testLocation00000001&limit=10&offset=4", 200,
                    JsonObject{{"data", rows(4, 7)}, {"totalCount", 7}});
  std::set<std::string> met;
  Json cursor;
  for (int n = 0; n < 3; ++n) {
    const auto page = bench.loop.run(bench.crm->pull({"order", PullMode::full, cursor, 10, sync::WorkClass::backfill}));
    ASSERT_TRUE(page) << page.error().message;
    for (const auto& change : page->changes) met.insert(change.external_id);
    EXPECT_EQ(page->last, n == 2);
    cursor = page->cursor;
  }
  EXPECT_EQ(met.size(), 7U);
  EXPECT_TRUE(bench.http.done());
}

}  // namespace
}  // namespace lockstep::gohighlevel
