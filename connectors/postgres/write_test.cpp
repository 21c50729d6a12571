#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>

#include "connectors/postgres/test_database.hpp"

namespace lockstep::postgres {
namespace {

using sync::OutcomeKind;
using sync::WriteKind;

class PostgresWrite : public TestDatabase {
 protected:
  std::string insert(const std::string& name) {
    return sql("INSERT INTO contacts (name) VALUES (" + quote_text(name) + ") RETURNING id");
  }
  std::string name_of(const std::string& id) { return sql("SELECT name FROM contacts WHERE id = " + quote_text(id)); }
};

TEST_F(PostgresWrite, TenThousandRowsInBatches) {
  open();
  const auto begin = std::chrono::steady_clock::now();
  std::vector<connector::WriteResult> created;
  for (int batch = 0; batch < 20; ++batch) {
    std::vector<connector::WriteRequest> requests;
    for (int i = 0; i < 500; ++i) {
      const std::string n = std::to_string(batch * 500 + i);
      requests.push_back(request(
          WriteKind::create, "",
          {{"name", "Contact " + n}, {"email", "c" + n + "@example.com"}, {"score", "1.5"}, {"tags", {"a", "b"}}}));
    }
    for (auto& result : write(std::move(requests))) created.push_back(std::move(result));
  }
  const auto middle = std::chrono::steady_clock::now();
  std::size_t updated = 0;
  for (int batch = 0; batch < 20; ++batch) {
    std::vector<connector::WriteRequest> requests;
    for (int i = 0; i < 500; ++i)
      requests.push_back(request(WriteKind::update, created[static_cast<std::size_t>(batch * 500 + i)].external_id,
                                 {{"score", "2.5"}}, {{"score", "1.5"}}));
    for (const auto& result : write(std::move(requests))) updated += result.kind == OutcomeKind::applied ? 1 : 0;
  }
  const auto end = std::chrono::steady_clock::now();
  const auto ms = [](auto time) {
    return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
  };
  std::printf("10,000 creates: %d ms, 10,000 updates with comparison: %d ms\n", ms(middle - begin), ms(end - middle));
  EXPECT_TRUE(std::ranges::all_of(
      created, [](const auto& result) { return result.kind == OutcomeKind::applied && result.state.has_value(); }));
  EXPECT_EQ(updated, 10'000U);
  EXPECT_EQ(sql("SELECT count(*) FROM contacts WHERE score = 2.5"), "10000");
}

TEST_F(PostgresWrite, AConflictShowsWhatIsThere) {
  open();
  const std::string id = insert("theirs");
  const auto result = write_one(
      request(WriteKind::update, id, {{"name", "ours"}, {"big", "b"}}, {{"name", "before"}, {"big", nullptr}}));
  EXPECT_EQ(result.kind, OutcomeKind::conflict);
  EXPECT_EQ(result.state->at("name"), "theirs");
  EXPECT_EQ(result.extent, sync::Extent::full);
  EXPECT_EQ(sql("SELECT big IS NULL FROM contacts"), "t") << "nothing of the update is written";
}

TEST_F(PostgresWrite, AWriteThatWasMadeBeforeIsNoConflict) {
  open();
  const std::string id = insert("before");
  const auto update = request(WriteKind::update, id, {{"name", "after"}}, {{"name", "before"}});
  EXPECT_EQ(write_one(update).kind, OutcomeKind::applied);
  EXPECT_EQ(write_one(update).kind, OutcomeKind::applied);
}

TEST_F(PostgresWrite, ComparisonsAreByValue) {
  open();
  const std::string id =
      sql("INSERT INTO contacts (score, at, tags, extra) VALUES (1.50, '2026-01-02 03:04:05+00', '{a}', '{\"city\": "
          "\"Bonn\", \"zip\": 1}') RETURNING id");
  const auto result = write_one(request(WriteKind::update, id, {{"score", "2"}, {"extra", {{"city", "Ulm"}}}},
                                        {{"score", "1.5"},
                                         {"at", "2026-01-02T05:04:05+02:00"},
                                         {"tags", JsonArray{"a"}},
                                         {"extra", {{"city", "Bonn"}}}}));
  EXPECT_EQ(result.kind, OutcomeKind::applied) << result.reason;
  EXPECT_EQ(sql("SELECT extra FROM contacts"), R"({"zip": 1, "city": "Ulm"})") << "L2: members that are not bound stay";
  const auto stale =
      write_one(request(WriteKind::update, id, {{"extra", {{"city", "Köln"}}}}, {{"extra", {{"city", "Bonn"}}}}));
  EXPECT_EQ(stale.kind, OutcomeKind::conflict);
}

TEST_F(PostgresWrite, EditsOfOneRowInABatchKeepTheirOrder) {
  open();
  const std::string id = insert("a");
  const std::string other = insert("x");
  std::vector<connector::WriteRequest> requests;
  requests.push_back(request(WriteKind::update, id, {{"name", "b"}}, {{"name", "a"}}));
  requests.push_back(request(WriteKind::update, id, {{"name", "c"}}, {{"name", "b"}}));
  requests.push_back(request(WriteKind::update, other, {{"name", "y"}}, {{"name", "x"}}));
  requests.push_back(request(WriteKind::remove, id, nullptr, {{"name", "c"}}));
  const auto results = write(std::move(requests));
  for (const auto& result : results) EXPECT_EQ(result.kind, OutcomeKind::applied) << result.reason;
  EXPECT_EQ(sql("SELECT count(*) FROM contacts"), "1");
}

TEST_F(PostgresWrite, BadRowsAreRefusedAlone) {
  sql("CREATE TABLE contacts (id uuid PRIMARY KEY, name text CONSTRAINT short CHECK (length(name) < 10), email text "
      "NOT NULL, score numeric)");
  open();
  std::vector<connector::WriteRequest> requests;
  for (int i = 0; i < 20; ++i) requests.push_back(request(WriteKind::create, "", {{"name", "ok"}, {"email", "e"}}));
  requests[3].document = {{"name", "secret name that is long"}, {"email", "e"}};
  requests[7].document = {{"name", "ok"}, {"email", nullptr}};
  requests[11].document = {{"name", "ok"}, {"email", "e"}, {"score", "secret number"}};
  requests[15].document = {{"name", "ok"}, {"email", "e"}, {"colour", "red"}};
  const auto results = write(std::move(requests));
  for (std::size_t i = 0; i < results.size(); ++i) {
    const bool bad = i == 3 || i == 7 || i == 11 || i == 15;
    EXPECT_EQ(results[i].kind, bad ? OutcomeKind::rejected : OutcomeKind::applied) << i << results[i].reason;
    EXPECT_EQ(results[i].reason.find("secret"), std::string::npos) << "O4: " << results[i].reason;
  }
  EXPECT_NE(results[3].reason.find("short"), std::string::npos) << results[3].reason;
  EXPECT_NE(results[7].reason.find("email"), std::string::npos) << results[7].reason;
  EXPECT_NE(results[11].reason.find("22P02"), std::string::npos) << results[11].reason;
  EXPECT_NE(results[15].reason.find("colour"), std::string::npos) << results[15].reason;
  EXPECT_EQ(sql("SELECT count(*) FROM contacts"), "16");
}

TEST_F(PostgresWrite, ADeadlockIsTriedAgain) {
  open();
  const std::string a = insert("a");
  const std::string b = insert("b");
  const std::unique_ptr<PGconn, void (*)(PGconn*)> other(PQconnectdb(cluster_->url(name_).c_str()), PQfinish);
  // The other session never looks for deadlocks: ours is the one that is told.
  const Rows begun(PQexec(
      other.get(),
      ("SET deadlock_timeout = '1h'; BEGIN; UPDATE contacts SET big = 'other' WHERE id = " + quote_text(b)).c_str()));
  ASSERT_EQ(begun.status(), PGRES_COMMAND_OK);
  std::vector<connector::WriteRequest> requests;
  requests.push_back(request(WriteKind::update, a, {{"name", "ours"}}, {{"name", "a"}}));
  requests.push_back(request(WriteKind::update, b, {{"name", "ours"}, {"visits", 1}}, {{"name", "b"}}));
  std::optional<std::vector<connector::WriteResult>> results;
  TaskScope scope;
  const auto run = [](Task<std::vector<connector::WriteResult>> task,
                      std::optional<std::vector<connector::WriteResult>>& out) -> Task<void> {
    std::vector<connector::WriteResult> value = co_await task;
    out.emplace(std::move(value));
  };
  scope.spawn(run(connector_->write(std::move(requests)), results));
  ASSERT_TRUE(ports_.loop.run_until([&] {
    return sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = "
               "current_database()") == "1";
  }));
  ASSERT_EQ(
      PQsendQuery(other.get(), ("UPDATE contacts SET big = 'other' WHERE id = " + quote_text(a) + "; COMMIT").c_str()),
      1);
  ASSERT_TRUE(ports_.loop.run_until([&] { return results.has_value(); }));
  while (PGresult* rest = PQgetResult(other.get())) {
    EXPECT_EQ(PQresultStatus(rest), PGRES_COMMAND_OK) << PQresultErrorMessage(rest);
    PQclear(rest);
  }
  for (const auto& result : *results) EXPECT_EQ(result.kind, OutcomeKind::applied) << result.reason;
  EXPECT_EQ(sql("SELECT count(*) FROM contacts WHERE name = 'ours' AND big = 'other'"), "2");
  EXPECT_NE(sql("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"), "0");
}

TEST_F(PostgresWrite, AConnectionThatBreaksBeforeTheCommitChangesNothing) {
  open();
  sql("CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM "
      "pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$");
  sql("CREATE TRIGGER die BEFORE INSERT ON contacts FOR EACH ROW EXECUTE FUNCTION die()");
  const auto create = request(WriteKind::create, "", {{"name", "x"}});
  const auto result = write_one(create);
  EXPECT_EQ(result.kind, OutcomeKind::retry) << result.reason;
  sql("DROP TRIGGER die ON contacts");
  EXPECT_EQ(write_one(create).kind, OutcomeKind::applied) << "the session is opened anew";
}

TEST_F(PostgresWrite, AConnectionThatBreaksDuringTheCommitLeavesItOpen) {
  open();
  sql("CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM "
      "pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$");
  sql("CREATE CONSTRAINT TRIGGER die AFTER INSERT ON contacts DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE "
      "FUNCTION die()");
  const auto create = request(WriteKind::create, "", {{"name", "x"}});
  EXPECT_EQ(write_one(create).kind, OutcomeKind::unknown) << "X2";
  sql("DROP TRIGGER die ON contacts");
  const auto found = ports_.loop.run(connector_->find(create));
  ASSERT_TRUE(found->has_value());
  EXPECT_FALSE((*found)->has_value()) << "the read-back tells";
}

TEST_F(PostgresWrite, AKeyThatTheDatabaseMadeIsNotGivenTwice) {
  sql("CREATE TABLE contacts (id bigserial PRIMARY KEY, name text)");
  open();
  const auto create = request(WriteKind::create, "", {{"name", "x"}});
  const auto first = write_one(create);
  EXPECT_EQ(first.external_id, "1");
  EXPECT_EQ(write_one(create).external_id, "1");
  sql("DELETE FROM contacts");
  EXPECT_EQ(write_one(create).kind, OutcomeKind::not_found) << "X1: what was made and deleted is not made again";
  EXPECT_EQ(sql("SELECT count(*) FROM contacts"), "0");
}

TEST_F(PostgresWrite, ForeignKeysWithinABatchFollowItsOrder) {
  entity_.systems.front().object = "contacts";
  open();
  sql("ALTER TABLE contacts ADD COLUMN parent uuid REFERENCES contacts (id)");
  ports_.loop.run(connector_->stop());
  open();
  auto parent = request(WriteKind::create, "", {{"id", "00000000-0000-4000-8000-000000000001"}, {"name", "p"}});
  auto child = request(WriteKind::create, "", {{"name", "c"}, {"parent", "00000000-0000-4000-8000-000000000001"}});
  std::vector<connector::WriteRequest> requests;
  requests.push_back(std::move(parent));
  requests.push_back(std::move(child));
  for (const auto& result : write(std::move(requests))) EXPECT_EQ(result.kind, OutcomeKind::applied) << result.reason;
}

TEST_F(PostgresWrite, AMissingRightPausesTheConnection) {
  open();
  const std::string role = "reader_" + name_;
  sql("CREATE ROLE " + role + " LOGIN; GRANT SELECT ON contacts TO " + role);
  ports_.loop.run(connector_->stop());
  auto made = factory().make(settings({{"capture", "off"}}, role), ports_.ports());
  ASSERT_TRUE(made);
  connector_ = std::move(*made);
  ASSERT_TRUE(ports_.loop.run(connector_->start())->has_value());
  EXPECT_EQ(write_one(request(WriteKind::create, "", {{"name", "x"}})).kind, OutcomeKind::unauthorized);
  const auto lines = ports_.loop.run(connector_->check());
  const bool says = std::ranges::any_of(*lines, [](const auto& line) {
    return line.level == connector::CheckLine::Level::problem && line.hint.find("GRANT INSERT") != std::string::npos;
  });
  EXPECT_TRUE(says);
}

TEST_F(PostgresWrite, AReadThatMayBeStaleDoesNotCallItselfNew) {
  open();
  const std::string id = insert("old");
  const std::unique_ptr<PGconn, void (*)(PGconn*)> other(PQconnectdb(cluster_->url(name_).c_str()), PQfinish);
  const Rows begun(
      PQexec(other.get(), ("BEGIN; UPDATE contacts SET name = 'new' WHERE id = " + quote_text(id)).c_str()));
  sql("CREATE TABLE unrelated (n int)");  // the log moves on
  const auto during = ports_.loop.run(connector_->fetch("contacts", id, sync::WorkClass::live));
  const auto before_commit =
      Rows(PQexec(other.get(), "SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint")).number(0, 0);
  const Rows committed(PQexec(other.get(), "COMMIT"));
  ASSERT_TRUE(during->has_value() && (*during)->has_value());
  EXPECT_EQ((**during)->document.at("name"), "old");
  EXPECT_LT((**during)->version, before_commit) << "L5: the row was being changed";
  const auto after = ports_.loop.run(connector_->fetch("contacts", id, sync::WorkClass::live));
  EXPECT_EQ((**after)->document.at("name"), "new");
  EXPECT_GT((**after)->version, before_commit);
}

TEST_F(PostgresWrite, WhatMigrateMakesAndAdopts) {
  sql("CREATE TABLE contacts (id uuid PRIMARY KEY, name text, legacy text); INSERT INTO contacts VALUES "
      "(gen_random_uuid(), 'kept', 'kept')");
  open({{"capture", "logical"}});
  const std::string all = [&] {
    std::string text;
    for (const auto& line : done_) text += line + "; ";
    return text;
  }();
  for (const char* expected :
       {"add column contacts.email text", "add column contacts.score numeric", "add column contacts.tags text[]",
        "add column contacts.at timestamptz", "add column contacts.visits bigint", "add column contacts.extra jsonb",
        "publish table contacts"}) {
    EXPECT_NE(all.find(expected), std::string::npos) << expected << " in " << all;
  }
  EXPECT_EQ(sql("SELECT legacy FROM contacts"), "kept");
}

TEST_F(PostgresWrite, SettingsAreChecked) {
  connector::SystemSettings bad = settings({{"capture", "sometimes"},
                                            {"slot", "Not Plain"},
                                            {"colour", "red"},
                                            {"statement_timeout_ms", 0},
                                            {"tables", {{"contacts", {{"keys", "id"}}}}}});
  std::vector<std::string> named;
  for (const auto& problem : factory().check_settings(bad)) named.push_back(problem.setting);
  EXPECT_EQ(named,
            (std::vector<std::string>{"capture", "slot", "statement_timeout_ms", "tables.contacts.keys", "colour"}));
  EXPECT_FALSE(factory().make(bad, ports_.ports()));
}

}  // namespace
}  // namespace lockstep::postgres
