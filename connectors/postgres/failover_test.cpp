// A standby takes over. Version 15 leaves logical slots behind, and what had not been copied is gone: positions in the
// log start again lower than what the old server has shown.
#include <gtest/gtest.h>

#include "connector/missed.hpp"
#include "connectors/postgres/history.hpp"
#include "connectors/postgres/test_database.hpp"

namespace lockstep::postgres {
namespace {

TEST(History, VersionsOfAnotherServerAreHigher) {
  std::vector<History::State> kept;
  History history({}, [&](const History::State& state) { kept.push_back(state); });
  EXPECT_EQ(history.base_of("7/1"), 0U) << "stores of earlier versions go on as they were";
  EXPECT_EQ(history.base_of("7/1"), 0U);
  EXPECT_EQ(kept.size(), 1U);
  const sync::Version second = history.base_of("7/2");
  EXPECT_GT(second, sync::Version{1} << 47);
  EXPECT_EQ(history.base_of("7/2"), second);
  ASSERT_EQ(kept.size(), 2U);

  History restarted(history_from(to_json(kept.back())), [](const History::State&) {});
  EXPECT_EQ(restarted.server_at_start(), "7/2");
  EXPECT_EQ(restarted.base_of("7/2"), second);
  EXPECT_GT(restarted.base_of("9/1"), second) << "a new database that starts at timeline 1 again";
}

TEST(History, WhatIsNoStateCountsAsNone) {
  for (const Json& json : {Json(), Json("x"), Json{{"server", 7}, {"base", "x"}}}) {
    EXPECT_EQ(history_from(json).server, "");
    EXPECT_EQ(history_from(json).base, 0U);
  }
}

class PostgresFailover : public TestDatabase {
 protected:
  void SetUp() override {
    if (!tests::PostgresCluster::installed()) GTEST_SKIP() << "PostgreSQL 15 is not installed";
    first_ = std::make_unique<tests::PostgresCluster>();
    cluster_ = first_.get();
    ASSERT_TRUE(cluster_->started()) << cluster_->log();
    name_ = "moving";
    sql("CREATE DATABASE " + name_, "postgres");
    make_entity();
    ASSERT_TRUE(second_.follow(*first_)) << second_.log();
  }
  std::string url(const std::string&) const override { return first_->url_with(second_, name_); }

  // The standby stands still while the first server goes on, then takes over without what it missed.
  void fall_behind() { ASSERT_TRUE(second_.stop("immediate")); }
  void take_over() {
    ASSERT_TRUE(first_->stop("immediate"));
    ASSERT_TRUE(second_.start() && second_.promote()) << second_.log();
    cluster_ = &second_;
  }
  bool until(auto condition) { return ports_.loop.run_until(condition, std::chrono::seconds(30)); }
  bool shows(const std::string& id, const std::string& name) {
    return until([&] { return sink_.last(id) != nullptr && string_member(sink_.last(id)->document, "name") == name; });
  }
  // The first answer only says that the old connection broke.
  std::optional<sync::Change> fetch(const std::string& id) {
    for (int tried = 0; tried < 2; ++tried) {
      auto read = ports_.loop.run(connector_->fetch("contacts", id, sync::WorkClass::live));
      if (read->has_value()) return **read;
      EXPECT_EQ(read->error().kind, ErrorKind::unavailable) << read->error().message;
    }
    return std::nullopt;
  }

  std::unique_ptr<tests::PostgresCluster> first_;
  tests::PostgresCluster second_{tests::PostgresCluster::Empty()};
  connector::RecordingSink sink_;
};

// A commit that waits for no standby but for us is gone with its server (./dev soak --seed 2896).
TEST_F(PostgresFailover, NamesOfStandbysThatFitUsAsWellAreToldOf) {
  open();
  const auto warned = [&] {
    const auto lines = ports_.loop.run(connector_->check());
    return std::ranges::any_of(*lines, [](const auto& line) {
      return line.level == connector::CheckLine::Level::warning &&
             line.what.find("synchronous_standby_names") != std::string::npos;
    });
  };
  const auto named = [&](const std::string& names) {
    sql("ALTER SYSTEM SET synchronous_standby_names = '" + names + "'");
    sql("SELECT pg_reload_conf()");
    return until([&] { return sql("SHOW synchronous_standby_names") == names; });
  };
  EXPECT_FALSE(warned());
  for (const char* names : {"*", "FIRST 1 (walreceiver, \"lockstep\")", "ANY 1 (*)"}) {
    ASSERT_TRUE(named(names));
    EXPECT_TRUE(warned()) << names;
  }
  open({{"capture", "triggers"}});  // no reader of the log that could be meant
  EXPECT_FALSE(warned());
  open();
  for (const char* names : {"walreceiver", "FIRST 1 (lockstep2)", ""}) {
    ASSERT_TRUE(named(names));
    EXPECT_FALSE(warned()) << names;
  }
}

TEST_F(PostgresFailover, WhatIsWrittenOnThePromotedServerIsNewer) {
  for (const char* way : {"logical", "triggers"}) {
    open({{"capture", way}});
    connector_->capture(sink_);
    const std::string id = sql("INSERT INTO contacts (name) VALUES ('both have it') RETURNING id");
    ASSERT_TRUE(shows(id, "both have it")) << way;
    ASSERT_TRUE(until([&] {
      return sql("SELECT bool_and(replay_lsn = pg_current_wal_lsn()) FROM pg_stat_replication "
                 "WHERE application_name = 'walreceiver'") == "t";
    }));
    fall_behind();
    sql("UPDATE contacts SET big = repeat('x', 1000) FROM generate_series(1, 10000); "
        "INSERT INTO contacts (name) SELECT 'lost ' || n FROM generate_series(1, 2000) n; "
        "UPDATE contacts SET name = 'only the first has it' WHERE id = " +
        quote_text(id));
    ASSERT_TRUE(shows(id, "only the first has it")) << way;
    const sync::Version seen = sink_.last(id)->version;
    const std::size_t losses = sink_.losses.size();
    take_over();
    ASSERT_TRUE(until([&] { return sink_.losses.size() > losses; })) << "B4: it finds out by itself, by " << way;

    const auto read = fetch(id);
    ASSERT_TRUE(read) << way;
    EXPECT_EQ(string_member(read->document, "name"), "both have it");
    EXPECT_GT(read->version, seen) << "L5 must not take it for old, by " << way;
    sql("UPDATE contacts SET name = 'new' WHERE id = " + quote_text(id));
    ASSERT_TRUE(shows(id, "new")) << way;
    EXPECT_GT(sink_.last(id)->version, seen) << way;
    const auto written = write_one(request(sync::WriteKind::update, id, {{"name", "ours"}}));
    EXPECT_EQ(written.kind, sync::OutcomeKind::applied) << written.reason;
    EXPECT_GT(written.version, sink_.last(id)->version - 1) << way;
    EXPECT_TRUE(until([&] { return ports_.state.values().contains(connector::missed_state); }))
        << "also when the program ends now";

    ports_.loop.run(connector_->stop());
    ASSERT_TRUE(first_->follow(second_)) << first_->log();
    ASSERT_TRUE(second_.stop("fast") && first_->promote()) << "the next round begins where this one did";
    ASSERT_TRUE(second_.follow(*first_));
    cluster_ = first_.get();
    sink_ = {};
  }
}

TEST_F(PostgresFailover, AStandbyIsAnOutageAndNoVerdict) {
  Settings settings;
  settings.url = second_.url(name_);
  auto opened = Session::open(settings, SessionKind::sql);
  ASSERT_FALSE(opened);
  EXPECT_EQ(to_error(opened.error()).kind, ErrorKind::unavailable) << describe(opened.error());

  // A pooler may change the server under an open connection.
  settings.url += " target_session_attrs=any";
  opened = Session::open(settings, SessionKind::sql);
  ASSERT_TRUE(opened) << describe(opened.error());
  for (const char* statement : {"CREATE TABLE other (id int)", "SELECT pg_current_wal_insert_lsn()"}) {
    opened = Session::open(settings, SessionKind::sql);
    ASSERT_TRUE(opened);
    const auto done = (*opened)->run(statement);
    ASSERT_FALSE(done) << statement;
    EXPECT_TRUE(is_disconnect(done.error())) << describe(done.error());
    EXPECT_TRUE((*opened)->broken()) << "the next one may lead to another server";
  }
}

}  // namespace
}  // namespace lockstep::postgres
