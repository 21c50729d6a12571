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
    std::string columns, values;
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
  void foreign_remove(const std::string& id) override { sql("DELETE FROM contacts WHERE id = " + quote_text(id)); }

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
    const Json capture = used_.contains("capture") ? used_.at("capture") : Json("auto");
    ports_.loop.run(connector_->stop());
    open({{"capture", capture}});
  }

  JsonObject used_;
  std::string unknown_id_;
};

constexpr const char* no_uuid = "00000000-0000-8000-8000-000000000000";

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

}  // namespace
}  // namespace lockstep::postgres
