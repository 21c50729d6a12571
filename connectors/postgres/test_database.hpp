// What the tests of this connector share: one private server for the whole binary, a database per test, a connector
// on it, and SQL as another user would send it. Tests only.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "connector/contract.hpp"
#include "connectors/postgres/postgres_connector.hpp"
#include "connectors/postgres/session.hpp"
#include "tests/support/postgres_cluster.hpp"

namespace lockstep::postgres {

// Null when PostgreSQL is not installed. Started by the first test that asks, removed when the binary ends.
inline tests::PostgresCluster* shared_cluster() {
  static const std::unique_ptr<tests::PostgresCluster> cluster =
      tests::PostgresCluster::installed() ? std::make_unique<tests::PostgresCluster>() : nullptr;
  return cluster.get();
}

class TestDatabase : public testing::Test {
 protected:
  void SetUp() override {
    cluster_ = shared_cluster();
    if (cluster_ == nullptr) GTEST_SKIP() << "PostgreSQL 15 is not installed";
    ASSERT_TRUE(cluster_->started()) << cluster_->log();
    static int count = 0;
    name_ = "t" + std::to_string(++count);
    sql("CREATE DATABASE " + name_, "postgres");
    make_entity();
  }

  void TearDown() override {
    if (connector_) ports_.loop.run(connector_->stop());
    connector_.reset();
  }

  // contact: name, email, score, tags, at, big, extra.city, bound to columns of the same names in table "contacts".
  void make_entity() {
    using sync::FieldType;
    entity_.name = EntityName("contact");
    sync::SystemBinding binding;
    binding.system = system();
    binding.object = "contacts";
    const std::pair<const char*, FieldType> fields[] = {
        {"name", FieldType::text},      {"email", FieldType::email},    {"score", FieldType::decimal},
        {"tags", FieldType::set},       {"at", FieldType::datetime},    {"big", FieldType::text},
        {"visits", FieldType::integer}, {"extra.city", FieldType::text}};
    for (const auto& [path, type] : fields) {
      sync::FieldSchema field;
      field.name = path;
      field.type = type;
      entity_.fields.push_back(field);
      sync::FieldBinding bound;
      bound.field = path;
      bound.path = path;
      binding.fields.push_back(bound);
    }
    entity_.systems.push_back(binding);
  }

  // Where the connector finds it.
  virtual std::string url(const std::string& user) const { return cluster_->url(name_, user); }

  SystemName system() const { return SystemName("db_" + name_); }
  std::string slot() const { return "lockstep_db_" + name_; }

  connector::SystemSettings settings(JsonObject extra = {}, const std::string& user = "postgres") {
    connector::SystemSettings settings;
    settings.source = SourceId("s");
    settings.system = system();
    settings.settings = std::move(extra);
    settings.settings["url"] = url(user);
    settings.entities.push_back(&entity_);
    return settings;
  }

  // A started and migrated connector.
  void open(JsonObject extra = {}, const std::string& user = "postgres") {
    auto made = factory().make(settings(std::move(extra), user), ports_.ports());
    ASSERT_TRUE(made) << made.error().message;
    connector_ = std::move(*made);
    auto started = ports_.loop.run(connector_->start());
    ASSERT_TRUE(started->has_value()) << started->error().message;
    auto migrated = ports_.loop.run(connector_->migrate());
    ASSERT_TRUE(migrated->has_value()) << migrated->error().message;
    done_ = std::move(**migrated);
  }

  // As another user. The first column of the first row, "" when there is none.
  std::string sql(const std::string& statement, const std::string& database = "") {
    const std::unique_ptr<PGconn, void (*)(PGconn*)> connection(
        PQconnectdb(cluster_->url(database.empty() ? name_ : database).c_str()), PQfinish);
    const Rows rows(PQexec(connection.get(), statement.c_str()));
    EXPECT_TRUE(rows.status() == PGRES_TUPLES_OK || rows.status() == PGRES_COMMAND_OK)
        << statement << ": " << PQerrorMessage(connection.get());
    return rows.status() == PGRES_TUPLES_OK && rows.size() > 0 ? rows.str(0, 0) : "";
  }

  connector::WriteRequest request(sync::WriteKind kind, std::string external_id, Json document,
                                  Json expected = nullptr) {
    connector::WriteRequest request;
    request.record = RecordId("r" + std::to_string(++records_));
    request.object = "contacts";
    request.kind = kind;
    request.external_id = std::move(external_id);
    request.document = std::move(document);
    request.expected = std::move(expected);
    request.idempotency_key = "k" + std::to_string(records_);
    return request;
  }
  std::vector<connector::WriteResult> write(std::vector<connector::WriteRequest> requests) {
    return std::move(*ports_.loop.run(connector_->write(std::move(requests))));
  }
  connector::WriteResult write_one(connector::WriteRequest one) {
    std::vector<connector::WriteRequest> requests;
    requests.push_back(std::move(one));
    return write(std::move(requests)).front();
  }

  tests::PostgresCluster* cluster_ = nullptr;
  std::string name_;
  sync::EntitySchema entity_;
  connector::TestPorts ports_;
  std::unique_ptr<connector::Connector> connector_;
  std::vector<std::string> done_;  // by migrate()
  int records_ = 0;
};

}  // namespace lockstep::postgres
