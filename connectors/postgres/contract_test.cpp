#include <gtest/gtest.h>

#include "connectors/postgres/test_database.hpp"

namespace lockstep::postgres {
namespace {

class PostgresContract : public TestDatabase, public connector::ContractFixture {
 protected:
  connector::Connector& connector() override { return *connector_; }
  connector::TestLoop& loop() override { return ports_.loop; }
  std::string object() override { return "contacts"; }
  std::string text_path() override { return "name"; }
  std::string other_path() override { return "big"; }
  std::string unique_path() override { return "email"; }
  std::string unknown_id() override { return unknown_id_; }
  Json bad_document() override { return {{"name", "bad"}, {"score", "not a number"}}; }

  std::string foreign_create(const Json& document) override {
    std::string columns = scoped_ ? "tenant" : "", values = scoped_ ? quote_text(tenant) : "";
    for (const auto& [name, value] : document.as_object()) {
      columns += (columns.empty() ? "" : ", ") + std::string(name);
      values += (values.empty() ? "" : ", ") + quote_text(value.as_string());
    }
    return sql("INSERT INTO contacts (" + columns + ") VALUES (" + values + ") RETURNING id::text");
  }
  void foreign_update(const std::string& id, const Json& document) override {
    for (const auto& [name, value] : document.as_object()) {
      sql("UPDATE contacts SET " + std::string(name) + " = " + quote_text(value.as_string()) +
          " WHERE id = " + quote_text(id));
    }
  }
  void foreign_remove(const std::string& id) override {
    sql((scoped_ ? "UPDATE contacts SET gone_at = now() WHERE id = " : "DELETE FROM contacts WHERE id = ") +
        quote_text(id));
  }

  // A table of several tenants, whose rows are marked as deleted, and other tenants' rows in it that nobody may see.
  void run_scoped(const std::string& capture) {
    scoped_ = true;
    sql("CREATE TABLE contacts (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), tenant uuid NOT NULL, gone_at "
        "timestamptz,"
        " name text, email text, score numeric, tags text[], at timestamptz, big text, visits bigint, extra jsonb)");
    sql("INSERT INTO contacts (tenant, name, email) SELECT gen_random_uuid(), 'one', 'x' || n FROM "
        "generate_series(1, 5) n");
    sql("INSERT INTO contacts (tenant, gone_at, name) VALUES ('" + std::string(tenant) + "', now(), 'pulled 1')");
    used_ = {{"capture", capture},
             {"scope", {{"tenant", "AAAAAAAA-0000-4000-8000-000000000001"}}},
             {"tables", {{"contacts", {{"soft_delete", "gone_at"}}}}}};
    run(used_, no_uuid);
    EXPECT_EQ(sql("SELECT count(*) FROM contacts WHERE tenant <> '" + std::string(tenant) + "' AND gone_at IS NULL"),
              "5");
    EXPECT_NE(sql("SELECT count(*) FROM contacts WHERE tenant = '" + std::string(tenant) + "'"), "0")
        << "deleted rows stay";
  }

  void run(JsonObject extra, const std::string& unknown_id) {
    unknown_id_ = unknown_id;
    open(std::move(extra));
    if (connector_ == nullptr) return;
    sql("ALTER TABLE contacts ADD UNIQUE (email)");
    reopen();
    connector::run_connector_contract(*this);
  }

  // The layout with the unique key is read at start.
  void reopen() {
    ports_.loop.run(connector_->stop());
    open(used_);
  }

  static constexpr const char* no_uuid = "00000000-0000-8000-8000-000000000000";
  static constexpr const char* tenant = "aaaaaaaa-0000-4000-8000-000000000001";

  JsonObject used_;
  bool scoped_ = false;
  std::string unknown_id_;
};

TEST_F(PostgresContract, ByLogicalReplication) {
  used_ = {{"capture", "logical"}};
  run(used_, no_uuid);
}

TEST_F(PostgresContract, ByTriggers) {
  used_ = {{"capture", "triggers"}};
  run(used_, no_uuid);
}

TEST_F(PostgresContract, WithKeysThatTheDatabaseMakes) {
  sql("CREATE TABLE contacts (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, email text, score "
      "numeric, tags text[], "
      "at timestamptz, big text, visits bigint, extra jsonb)");
  used_ = {{"capture", "logical"}};
  run(used_, "4711");
}

TEST_F(PostgresContract, ScopedAndSoftlyDeletedByLogicalReplication) { run_scoped("logical"); }

TEST_F(PostgresContract, ScopedAndSoftlyDeletedByTriggers) { run_scoped("triggers"); }

}  // namespace
}  // namespace lockstep::postgres
