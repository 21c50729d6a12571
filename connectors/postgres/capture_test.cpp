#include <gtest/gtest.h>
#include <signal.h>

#include <thread>

#include "connector/capture_link.hpp"
#include "connector/missed.hpp"
#include "connectors/postgres/replication.hpp"
#include "connectors/postgres/test_database.hpp"

namespace lockstep::postgres {
namespace {

using sync::ChangeKind;

class PostgresCapture : public TestDatabase {
 protected:
  void capture() { connector_->capture(sink_); }
  void reopen(JsonObject extra = {}, const std::string& user = "postgres") {
    ports_.loop.run(connector_->stop());
    open(std::move(extra), user);
  }
  bool until(auto condition) { return ports_.loop.run_until(condition, std::chrono::seconds(30)); }
  bool shows(const std::string& id, const std::string& name) {
    return until([&] {
      const auto* last = sink_.last(id);
      return last != nullptr && last->kind == ChangeKind::upserted && string_member(last->document, "name") == name;
    });
  }
  bool gone(const std::string& id) {
    return until([&] { return sink_.last(id) != nullptr && sink_.last(id)->kind == ChangeKind::deleted; });
  }
  bool running() {
    return until(
        [&] { return !sink_.statuses.empty() && sink_.statuses.back().find("interrupted") == std::string::npos; });
  }
  std::string insert(const std::string& name) {
    return sql("INSERT INTO contacts (name) VALUES (" + quote_text(name) + ") RETURNING id");
  }

  // migrate() has noted that capture, or a part of it, had to be made.
  bool missed() {
    const auto at = ports_.state.values().find(connector::missed_state);
    return at != ports_.state.values().end() && !at->second.is_null();
  }
  void forget_missed() { ports_.loop.run(ports_.state.put(connector::missed_state, Json())); }

  connector::RecordingSink sink_;
};

TEST_F(PostgresCapture, WhatIsCapturedEqualsWhatIsRead) {
  sql("CREATE TYPE mood AS ENUM ('fine', 'so so'); CREATE DOMAIN cents AS int");
  sql("CREATE TABLE contacts (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text, email varchar(80), score "
      "numeric(10,2), tags text[], at timestamptz, "
      "big text, visits bigint, extra jsonb, mood mood, price cents, day date, hour time, local timestamp, ratio "
      "float8, ok boolean, fixed char(5), "
      "prices numeric[], moments timestamptz[], numbers int[], raw bytea, old json, span interval)");
  open({{"capture", "logical"}});
  capture();
  const std::string id =
      sql("INSERT INTO contacts VALUES (default, 'Ann \"A\" ''B''', 'a@b.c', 12.50, '{x,\"y, z\",NULL}', '2026-01-02 "
          "03:04:05.25+02', 'b', 9007199254740993, "
          "'{\"city\": \"Bonn\", \"n\": 1.0}', 'so so', 7, '2026-02-03', '04:05:06', '2026-01-02 03:04:05', 0.1, true, "
          "'ab', '{1.10,2}', "
          "'{2026-01-02 03:04:05+00}', '{{1,2},{3,4}}', '\\x00ff', '{\"k\": [1]}', '1 day 02:03:04') RETURNING id");
  ASSERT_TRUE(until([&] { return sink_.last(id) != nullptr; }));
  const auto fetched = ports_.loop.run(connector_->fetch("contacts", id, sync::WorkClass::live));
  ASSERT_TRUE(fetched->has_value() && (*fetched)->has_value());
  const auto& captured = *sink_.last(id);
  EXPECT_EQ(captured.extent, sync::Extent::full);
  for (const auto& [name, value] : (**fetched)->document.as_object()) {
    const Json* seen = find_member(captured.document, name);
    ASSERT_NE(seen, nullptr) << name;
    EXPECT_EQ(to_text(*seen), to_text(value)) << name;
  }
  EXPECT_EQ(captured.document.as_object().size(), (**fetched)->document.as_object().size());
  EXPECT_EQ(captured.document.at("score"), "12.50");
  EXPECT_EQ(captured.document.at("at"), "2026-01-02T01:04:05.25+00:00");
  EXPECT_FALSE(captured.document.as_object().contains("raw")) << "bytes are left out";
  EXPECT_GE((**fetched)->version, captured.version) << "a read that sees a change is not older than it";
}

TEST_F(PostgresCapture, ATransactionOfOthersArrivesWithOneVersion) {
  open({{"capture", "logical"}});
  capture();
  sql("BEGIN; INSERT INTO contacts (id, name) SELECT md5(n::text)::uuid, 'n' || n FROM generate_series(1, 1200) n; "
      "COMMIT");
  ASSERT_TRUE(until([&] { return sink_.seen.size() == 1'200; }));
  for (const auto& change : sink_.seen) EXPECT_EQ(change.version, sink_.seen.front().version);
  EXPECT_GE(sink_.deliveries, 3U) << "large transactions go out in pieces";
  EXPECT_EQ(sink_.seen.front().via, sync::Via::capture);
}

TEST_F(PostgresCapture, AChangedKeyIsADeletionAndARow) {
  for (const char* way : {"logical", "triggers"}) {
    if (connector_) ports_.loop.run(connector_->stop());
    sink_ = {};
    open({{"capture", way}});
    capture();
    const std::string id = insert("x");
    ASSERT_TRUE(shows(id, "x")) << way;
    const std::string other =
        sql("UPDATE contacts SET id = gen_random_uuid() WHERE id = " + quote_text(id) + " RETURNING id");
    EXPECT_TRUE(shows(other, "x")) << way;
    EXPECT_TRUE(gone(id)) << way;
  }
}

TEST_F(PostgresCapture, LargeValuesThatDidNotChangeAreLeftOut) {
  open({{"capture", "logical"}});
  capture();
  sql("ALTER TABLE contacts ALTER COLUMN big SET STORAGE EXTERNAL");
  const std::string id = sql("INSERT INTO contacts (name, big) VALUES ('x', repeat('abc', 5000)) RETURNING id");
  ASSERT_TRUE(shows(id, "x"));
  EXPECT_EQ(sink_.last(id)->extent, sync::Extent::full);
  EXPECT_EQ(sink_.last(id)->document.at("big").as_string().size(), 15'000U);
  sql("UPDATE contacts SET name = 'y' WHERE id = " + quote_text(id));
  ASSERT_TRUE(shows(id, "y"));
  EXPECT_EQ(sink_.last(id)->extent, sync::Extent::partial);
  EXPECT_FALSE(sink_.last(id)->document.as_object().contains("big"))
      << "it says nothing about the value, instead of null";
  sql("ALTER TABLE contacts REPLICA IDENTITY FULL");
  sql("UPDATE contacts SET name = 'z' WHERE id = " + quote_text(id));
  ASSERT_TRUE(shows(id, "z"));
  EXPECT_EQ(sink_.last(id)->extent, sync::Extent::full) << "the old row has it";
}

TEST_F(PostgresCapture, AColumnThatIsAddedLaterIsSeen) {
  open({{"capture", "logical"}});
  capture();
  const std::string id = insert("x");
  ASSERT_TRUE(shows(id, "x"));
  sql("ALTER TABLE contacts ADD COLUMN colour text");
  sql("UPDATE contacts SET colour = 'red', name = 'y'");
  ASSERT_TRUE(shows(id, "y"));
  EXPECT_EQ(string_member(sink_.last(id)->document, "colour"), "red");
}

TEST_F(PostgresCapture, ARestartOfTheDatabaseLosesNothing) {
  for (const char* mode : {"fast", "immediate"}) {
    if (connector_) ports_.loop.run(connector_->stop());
    sink_ = {};
    open({{"capture", mode == std::string("fast") ? "logical" : "auto"}});
    capture();
    const std::string before = insert("before");
    ASSERT_TRUE(shows(before, "before"));
    ASSERT_TRUE(cluster_->stop(mode));
    ASSERT_TRUE(until([&] { return sink_.statuses.back().find("interrupted") != std::string::npos; }));
    ASSERT_TRUE(cluster_->start());
    const std::string after = insert("after");
    EXPECT_TRUE(shows(after, "after")) << mode;
    EXPECT_TRUE(sink_.losses.empty());
    const auto fetched = ports_.loop.run(connector_->fetch("contacts", after, sync::WorkClass::live));
    EXPECT_TRUE(fetched->has_value() || fetched->error().kind == ErrorKind::unavailable)
        << "the writer's session is opened anew";
  }
}

// Whoever stands between, or the server itself, may hang while the connection stays open.
TEST_F(PostgresCapture, AStreamThatHasFallenSilentIsReadAnew) {
  open({{"capture", "logical"}});
  Settings settings;
  settings.url = url("postgres");
  settings.slot = settings.publication = slot();
  settings.objects = {"contacts"};
  settings.statement_timeout = std::chrono::seconds(10);
  settings.stream_silence = std::chrono::seconds(3);
  const auto link = std::make_shared<connector::CaptureLink>(ports_.loop, sink_);
  const auto history = std::make_shared<History>(History::State{}, [](const History::State&) {});
  std::jthread thread([&] { Replication(settings, history, link).run(); });
  EXPECT_TRUE(shows(insert("before"), "before"));
  const std::string server = "SELECT active_pid FROM pg_replication_slots WHERE slot_name = " + quote_text(slot());
  const pid_t sender = std::stoi(sql(server));
  ASSERT_EQ(kill(sender, SIGSTOP), 0);
  EXPECT_TRUE(until([&] { return sink_.statuses.back().find("nothing is heard") != std::string::npos; }));
  kill(sender, SIGCONT);
  EXPECT_TRUE(shows(insert("after"), "after"));
  const std::size_t interruptions = sink_.statuses.size();
  ports_.loop.run_until([] { return false; }, std::chrono::seconds(5));
  EXPECT_EQ(sink_.statuses.size(), interruptions) << "an idle server answers when it is asked";
  link->stop();
}

TEST_F(PostgresCapture, NothingIsAcknowledgedBeforeItIsDurable) {
  open({{"capture", "logical"}});
  sink_.holding = true;
  capture();
  ASSERT_TRUE(running());
  const std::string confirmed =
      "SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = " + quote_text(slot());
  const std::string before = sql(confirmed);
  for (int i = 0; i < 8; ++i) {
    insert("held " + std::to_string(i));
    if (i < 4) {
      ASSERT_TRUE(until([&] { return sink_.held.size() == static_cast<std::size_t>(i) + 1; }));
    }
  }
  // The stop ends the stream with a last report of what is durable: nothing.
  reopen({{"capture", "logical"}});
  EXPECT_EQ(sink_.held.size(), 4U) << "O3: no more is read while this much is not durable";
  EXPECT_EQ(sql("SELECT confirmed_flush_lsn <= " + quote_text(before) +
                "::pg_lsn + 65536 AND NOT EXISTS (SELECT FROM contacts WHERE false) FROM pg_replication_slots WHERE "
                "slot_name = " +
                quote_text(slot())),
            "t");
  sink_ = {};
  capture();
  EXPECT_TRUE(until([&] { return sink_.seen.size() == 8; })) << "B3: all of it comes again";
  EXPECT_TRUE(sink_.losses.empty());
}

TEST_F(PostgresCapture, WhatCouldNotBeCommittedIsDeliveredAgain) {
  for (const char* way : {"logical", "triggers"}) {
    if (connector_) ports_.loop.run(connector_->stop());
    sink_ = {};
    open({{"capture", way}});
    sink_.holding = true;
    capture();
    const std::string id = insert("x");
    ASSERT_TRUE(until([&] { return !sink_.held.empty(); })) << way;
    sink_.holding = false;
    sink_.held.front()(fail(ErrorKind::unavailable, "disk full"));
    EXPECT_TRUE(until([&] { return sink_.deliveries == 2; })) << way;
    EXPECT_TRUE(shows(id, "x"));
  }
}

TEST_F(PostgresCapture, ASlotThatWasDroppedIsMadeAnewAndSaid) {
  open({{"capture", "logical"}});
  capture();
  ASSERT_TRUE(shows(insert("x"), "x"));
  sql("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = " + quote_text(slot()));
  // It may be back before the drop; then it is sent away again.
  for (int i = 0;
       i < 200 && sql("SELECT count(*) FROM pg_replication_slots WHERE slot_name = " + quote_text(slot())) == "1";
       ++i) {
    sql("DO $$ BEGIN PERFORM pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active AND slot_name = " +
        quote_text(slot()) +
        "; PERFORM pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active AND slot_name = " +
        quote_text(slot()) + "; EXCEPTION WHEN OTHERS THEN NULL; END $$");
  }
  insert("missed");
  EXPECT_TRUE(until([&] { return !sink_.losses.empty(); })) << "B4";
  EXPECT_TRUE(shows(insert("y"), "y")) << "capture goes on";
}

TEST_F(PostgresCapture, ASlotThatWasDroppedWhileStoppedIsSaid) {
  open({{"capture", "logical"}});
  EXPECT_FALSE(done_.empty());
  ports_.loop.run(connector_->stop());
  sql("SELECT pg_drop_replication_slot(" + quote_text(slot()) + ")");
  forget_missed();
  open({{"capture", "logical"}});  // migrate makes it again; the loss must be known all the same
  EXPECT_TRUE(missed()) << "B4";
}

TEST_F(PostgresCapture, ATableThatWasNotWatchedForAWhileIsALoss) {
  for (const char* way : {"logical", "triggers"}) {
    if (connector_) ports_.loop.run(connector_->stop());
    open({{"capture", way}});
    forget_missed();
    ports_.loop.run(connector_->stop());
    open({{"capture", way}});
    EXPECT_FALSE(missed()) << way << ": nothing had to be made";
    ports_.loop.run(connector_->stop());
    sql(way == std::string("logical") ? "ALTER PUBLICATION lockstep_db_" + name_ + " DROP TABLE contacts"
                                      : "DROP TRIGGER lockstep_db_" + name_ + " ON contacts");
    open({{"capture", way}});
    EXPECT_TRUE(missed()) << way;
  }
}

TEST_F(PostgresCapture, ATruncateIsALoss) {
  for (const char* way : {"logical", "triggers"}) {
    if (connector_) ports_.loop.run(connector_->stop());
    sink_ = {};
    open({{"capture", way}});
    capture();
    ASSERT_TRUE(shows(insert("x"), "x")) << way;
    sink_.holding = true;
    sql("TRUNCATE contacts");
    EXPECT_TRUE(until([&] { return !sink_.losses.empty(); })) << way;
    // What could not be kept is said again.
    sink_.holding = false;
    ASSERT_EQ(sink_.held.size(), 1U);
    sink_.held.front()(fail(ErrorKind::unavailable, "disk full"));
    EXPECT_TRUE(until([&] { return sink_.losses.size() == 2; })) << way;
  }
}

TEST_F(PostgresCapture, WithoutTheReplicationRightTriggersTakeOver) {
  const std::string role = "app_" + name_;
  sql("CREATE ROLE " + role + " LOGIN; GRANT CREATE ON DATABASE " + name_ + " TO " + role +
      "; GRANT CREATE ON SCHEMA public TO " + role);
  open({}, role);
  capture();
  ASSERT_TRUE(running());
  EXPECT_NE(sink_.statuses.back().find("triggers"), std::string::npos);
  EXPECT_NE(sink_.statuses.back().find("REPLICATION"), std::string::npos) << "it says why: " << sink_.statuses.back();
  EXPECT_TRUE(shows(insert("x"), "x")) << "edits by a role that has no right on the outbox";
  EXPECT_TRUE(until([&] { return sql("SELECT count(*) FROM lockstep.\"changes_db_" + name_ + "\"") == "0"; }))
      << "handled entries are erased";
}

TEST_F(PostgresCapture, AChangeOfTheWayOfCaptureIsALossAndVersionsGoOn) {
  open({{"capture", "logical"}});
  capture();
  const std::string id = insert("x");
  ASSERT_TRUE(shows(id, "x"));
  const auto by_log = sink_.last(id)->version;
  forget_missed();
  reopen({{"capture", "triggers"}});
  capture();
  sql("UPDATE contacts SET name = 'y'");
  ASSERT_TRUE(shows(id, "y"));
  EXPECT_GT(sink_.last(id)->version, by_log);
  EXPECT_TRUE(missed());
  EXPECT_EQ(sql("SELECT count(*) FROM pg_replication_slots WHERE slot_name = " + quote_text(slot())), "0")
      << "a slot that nobody reads fills the disk";
}

}  // namespace
}  // namespace lockstep::postgres
