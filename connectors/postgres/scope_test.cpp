// Several systems in the same tables, and rows that are marked as deleted instead of going away.
#include <gtest/gtest.h>

#include "connectors/postgres/row_decoder.hpp"
#include "connectors/postgres/test_database.hpp"

namespace lockstep::postgres {
namespace {

using sync::ChangeKind;
using sync::OutcomeKind;
using sync::WriteKind;

constexpr const char* a_tenant = "aaaaaaaa-0000-4000-8000-000000000001";
constexpr const char* b_tenant = "bbbbbbbb-0000-4000-8000-000000000002";

class PostgresScope : public TestDatabase {
 protected:
  struct Tenant {
    connector::TestPorts ports;
    std::unique_ptr<connector::Connector> connector;
    connector::RecordingSink sink;
  };

  void TearDown() override {
    for (Tenant* tenant : {&a_, &b_}) {
      if (tenant->connector) tenant->ports.loop.run(tenant->connector->stop());
    }
    TestDatabase::TearDown();
  }

  void make_table() {
    sql("CREATE TABLE contacts (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), tenant uuid NOT NULL, gone_at "
        "timestamptz,"
        " name text, email text, score numeric, tags text[], at timestamptz, big text, visits bigint, extra jsonb,"
        " note text, UNIQUE (tenant, email))");
  }

  static JsonObject scoped(const std::string& tenant, const std::string& capture = "off") {
    return {{"capture", capture},
            {"scope", {{"tenant", tenant}}},
            {"tables", {{"contacts", {{"soft_delete", "gone_at"}}}}}};
  }

  void open_tenant(Tenant& tenant, const std::string& id, const std::string& capture) {
    connector::SystemSettings with = settings(scoped(id, capture));
    with.source = SourceId(id);
    auto made = factory().make(with, tenant.ports.ports());
    ASSERT_TRUE(made) << made.error().message;
    tenant.connector = std::move(*made);
    ASSERT_TRUE(tenant.ports.loop.run(tenant.connector->start())->has_value());
    const auto migrated = tenant.ports.loop.run(tenant.connector->migrate());
    ASSERT_TRUE(migrated->has_value()) << migrated->error().message;
    tenant.connector->capture(tenant.sink);
  }

  static bool until(Tenant& tenant, auto condition) {
    return tenant.ports.loop.run_until(condition, std::chrono::seconds(30));
  }

  std::string insert(const std::string& tenant, const std::string& name) {
    return sql("INSERT INTO contacts (tenant, name, email) VALUES (" + quote_text(tenant) + ", " + quote_text(name) +
               ", " + quote_text(name + "@example.com") + ") RETURNING id");
  }

  // Two systems of the same name, of two sources.
  void share_a_table(const std::string& capture) {
    make_table();
    ASSERT_NO_FATAL_FAILURE(open_tenant(a_, a_tenant, capture));
    ASSERT_NO_FATAL_FAILURE(open_tenant(b_, b_tenant, capture));
    const std::string ann = insert(a_tenant, "ann");
    const std::string bob = insert(b_tenant, "bob");
    EXPECT_TRUE(until(a_, [&] { return a_.sink.last(ann) != nullptr; }));
    EXPECT_TRUE(until(b_, [&] { return b_.sink.last(bob) != nullptr; }));
    EXPECT_EQ(a_.sink.last(bob), nullptr);
    EXPECT_EQ(b_.sink.last(ann), nullptr);

    // A row that changes hands is gone for the one and new for the other.
    sql("UPDATE contacts SET tenant = " + quote_text(b_tenant) + " WHERE id = " + quote_text(ann));
    EXPECT_TRUE(until(a_, [&] { return a_.sink.last(ann)->kind == ChangeKind::deleted; }));
    EXPECT_TRUE(
        until(b_, [&] { return b_.sink.last(ann) != nullptr && b_.sink.last(ann)->kind == ChangeKind::upserted; }));

    // Marked as deleted, taken back, and deleted as such.
    const std::string of_bob = " WHERE id = " + quote_text(bob);
    sql("UPDATE contacts SET gone_at = now()" + of_bob);
    EXPECT_TRUE(until(b_, [&] { return b_.sink.last(bob)->kind == ChangeKind::deleted; }));
    sql("UPDATE contacts SET gone_at = NULL" + of_bob);
    EXPECT_TRUE(until(b_, [&] { return b_.sink.last(bob)->kind == ChangeKind::upserted; }));
    sql("DELETE FROM contacts" + of_bob);
    EXPECT_TRUE(until(b_, [&] { return b_.sink.last(bob)->kind == ChangeKind::deleted; }));
    EXPECT_TRUE(a_.sink.losses.empty());
  }

  std::vector<connector::SettingProblem> problems_of(JsonObject extra) {
    return factory().check_settings(settings(std::move(extra)));
  }

  Tenant a_, b_;
};

TEST_F(PostgresScope, SystemsOfTwoSourcesShareATableByTriggers) { share_a_table("triggers"); }

TEST_F(PostgresScope, SystemsOfTwoSourcesShareATableByReplication) { share_a_table("logical"); }

TEST_F(PostgresScope, WhatAllRowsHoldIsKnown) {
  make_table();
  ASSERT_NO_FATAL_FAILURE(open_tenant(a_, a_tenant, "off"));
  const JsonObject held{{"tenant", a_tenant}, {"gone_at", nullptr}};
  const std::map<std::string, JsonObject> wanted{{"contacts", held}};
  EXPECT_EQ(a_.connector->capabilities().table_constants, wanted);
}

TEST_F(PostgresScope, NobodyReachesARowOfAnotherScope) {
  make_table();
  open(scoped(a_tenant));
  const std::string bob = insert(b_tenant, "bob");
  const auto fetched = ports_.loop.run(connector_->fetch("contacts", bob, sync::WorkClass::live));
  EXPECT_TRUE(fetched->has_value() && !fetched->value().has_value());
  EXPECT_EQ(write_one(request(WriteKind::update, bob, {{"name", "mine"}}, {{"name", "bob"}})).kind,
            OutcomeKind::not_found);
  EXPECT_EQ(write_one(request(WriteKind::remove, bob, nullptr)).kind, OutcomeKind::not_found);
  connector::PullRequest pull;
  pull.object = "contacts";
  const auto page = ports_.loop.run(connector_->pull(pull));
  ASSERT_TRUE(page->has_value());
  EXPECT_TRUE((*page)->changes.empty());
  EXPECT_EQ((*page)->total, 0U);

  // The same unique value is another row in another scope, and is found in one's own.
  const auto made = write_one(request(WriteKind::create, "", {{"name", "bob"}, {"email", "bob@example.com"}}));
  EXPECT_EQ(made.kind, OutcomeKind::applied) << made.reason;
  EXPECT_EQ(sql("SELECT tenant FROM contacts WHERE id = " + quote_text(made.external_id)), a_tenant);
  const auto again = write_one(request(WriteKind::create, "", {{"name", "b"}, {"email", "bob@example.com"}}));
  EXPECT_EQ(again.kind, OutcomeKind::duplicate);
  EXPECT_EQ(again.external_id, made.external_id);
  EXPECT_EQ(sql("SELECT name FROM contacts WHERE id = " + quote_text(bob)), "bob");
}

TEST_F(PostgresScope, ACreateTakesUpTheRowThatWasMarkedAsDeleted) {
  make_table();
  open(scoped(a_tenant));
  const auto made = write_one(request(WriteKind::create, "", {{"name", "ann"}, {"email", "ann@example.com"}}));
  ASSERT_EQ(made.kind, OutcomeKind::applied);
  const std::string row = " FROM contacts WHERE id = " + quote_text(made.external_id);
  sql("UPDATE contacts SET note = 'ours' WHERE id = " + quote_text(made.external_id));
  ASSERT_EQ(write_one(request(WriteKind::remove, made.external_id, nullptr, {{"name", "ann"}})).kind,
            OutcomeKind::applied);
  EXPECT_EQ(sql("SELECT gone_at IS NOT NULL" + row), "t");
  const auto gone = ports_.loop.run(connector_->fetch("contacts", made.external_id, sync::WorkClass::live));
  EXPECT_TRUE(gone->has_value() && !gone->value().has_value());
  EXPECT_EQ(write_one(request(WriteKind::remove, made.external_id, nullptr)).kind, OutcomeKind::not_found);

  const auto back = write_one(request(WriteKind::create, "", {{"name", "Ann"}, {"email", "ann@example.com"}}));
  EXPECT_EQ(back.kind, OutcomeKind::applied) << back.reason;
  EXPECT_EQ(back.external_id, made.external_id);
  EXPECT_FALSE(back.existed);
  ASSERT_TRUE(back.state);
  EXPECT_EQ(string_member(*back.state, "name"), "Ann");
  EXPECT_EQ(sql("SELECT name || coalesce(note, '-') || (gone_at IS NULL)" + row), "Annourstrue") << "L2";
  EXPECT_EQ(sql("SELECT count(*) FROM contacts"), "1");
}

TEST_F(PostgresScope, TheCreateOfARowThatIsMarkedAsDeletedCanBeRepeated) {
  make_table();
  open(scoped(a_tenant));
  const auto create = request(WriteKind::create, "", {{"name", "ann"}});
  const auto made = write_one(create);
  sql("UPDATE contacts SET gone_at = now()");
  const auto back = write_one(create);
  EXPECT_EQ(back.kind, OutcomeKind::applied) << back.reason;
  EXPECT_EQ(back.external_id, made.external_id);
  EXPECT_EQ(sql("SELECT count(*) FROM contacts WHERE gone_at IS NULL"), "1");
}

TEST_F(PostgresScope, KeysThatTheDatabaseMakesAreForgottenForARowThatIsTakenUpAgain) {
  sql("CREATE TABLE contacts (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant uuid, gone_at timestamptz, "
      "name text, email text, score numeric, tags text[], at timestamptz, big text, visits bigint, extra jsonb, "
      "UNIQUE (tenant, email))");
  open(scoped(a_tenant));
  const auto made = write_one(request(WriteKind::create, "", {{"email", "a@example.com"}}));
  ASSERT_EQ(made.kind, OutcomeKind::applied) << made.reason;
  sql("UPDATE contacts SET gone_at = now()");
  const auto again = request(WriteKind::create, "", {{"email", "a@example.com"}});
  EXPECT_EQ(write_one(again).external_id, made.external_id);
  EXPECT_EQ(sql("SELECT count(*) FROM lockstep.applied"), "1") << "no row has the key that was drawn for it";
  EXPECT_EQ(write_one(again).external_id, made.external_id) << "X1";
}

TEST_F(PostgresScope, AScopeThatChangesIsWatchedAnew) {
  make_table();
  open(scoped(a_tenant, "triggers"));
  ports_.loop.run(connector_->stop());
  open(scoped(b_tenant, "triggers"));
  EXPECT_FALSE(done_.empty());
  connector::RecordingSink sink;
  connector_->capture(sink);
  const std::string bob = insert(b_tenant, "bob");
  EXPECT_TRUE(ports_.loop.run_until([&] { return sink.last(bob) != nullptr; }, std::chrono::seconds(30)));
}

TEST_F(PostgresScope, ATableThatDoesNotExistIsMadeWithTheColumns) {
  open(scoped(a_tenant));
  EXPECT_EQ(sql("SELECT string_agg(column_name || ' ' || data_type, ', ' ORDER BY column_name) FROM "
                "information_schema.columns WHERE table_name = 'contacts' AND column_name IN ('tenant', 'gone_at')"),
            "gone_at timestamp with time zone, tenant uuid");
}

TEST_F(PostgresScope, ATableWithoutTheColumnsIsNotTouched) {
  sql("CREATE TABLE contacts (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text, born date)");
  for (const auto& [extra, column] :
       {std::pair<JsonObject, const char*>{{{"capture", "off"}, {"scope", {{"tenant", "x"}}}}, "tenant"},
        {{{"capture", "off"}, {"tables", {{"contacts", {{"soft_delete", "gone_at"}}}}}}, "gone_at"},
        {{{"capture", "off"}, {"tables", {{"contacts", {{"soft_delete", "born"}}}}}}, "born"}}) {
    auto made = factory().make(settings(extra), ports_.ports());
    ASSERT_TRUE(made);
    connector_ = std::move(*made);
    const auto started = ports_.loop.run(connector_->start());
    ASSERT_FALSE(started->has_value()) << column;
    EXPECT_NE(started->error().message.find(column), std::string::npos) << started->error().message;
    bool told = false;
    const auto lines = ports_.loop.run(connector_->check());
    for (const auto& line : *lines) {
      told =
          told || (line.level == connector::CheckLine::Level::problem && line.what.find(column) != std::string::npos);
    }
    EXPECT_TRUE(told) << column;
    ports_.loop.run(connector_->stop());
  }
}

TEST_F(PostgresScope, WhatTheConnectorWritesIsNoFieldsToWrite) {
  EXPECT_TRUE(problems_of(scoped(a_tenant)).empty());
  EXPECT_EQ(problems_of({{"scope", {{"name", "x"}}}}).size(), 1U);
  EXPECT_EQ(problems_of({{"tables", {{"contacts", {{"soft_delete", "at"}}}}}}).size(), 1U);
  EXPECT_EQ(problems_of({{"scope", "x"}}).size(), 1U);
  EXPECT_EQ(problems_of({{"scope", {{"tenant", nullptr}}}}).size(), 1U);
  entity_.systems.front().fields.front().direction = sync::Direction::read;
  EXPECT_TRUE(problems_of({{"scope", {{"name", "x"}}}}).empty());
}

TEST(ScopeNames, BelongToTheSourceToo) {
  const auto names = [](const char* source, JsonObject extra) {
    connector::SystemSettings system;
    system.source = SourceId(source);
    system.system = SystemName("a system with a name that is longer than a name may be in the end");
    system.settings = std::move(extra);
    system.settings["url"] = "x";
    std::vector<connector::SettingProblem> problems;
    return read_settings(system, problems);
  };
  const JsonObject scope = {{"scope", {{"tenant", 5}}}};
  EXPECT_EQ(names("a", {}).name, names("b", {}).name) << "databases that are there keep their names";
  EXPECT_NE(names("a", scope).name, names("b", scope).name);
  EXPECT_NE(names("a", scope).slot, names("b", scope).slot);
  EXPECT_EQ(names("a", scope).name, names("a", scope).name);
  EXPECT_LE((names("a", scope).name + "_upd").size(), 63U);
  EXPECT_EQ(names("a", scope).scope.at("tenant"), "5");
}

}  // namespace
}  // namespace lockstep::postgres
