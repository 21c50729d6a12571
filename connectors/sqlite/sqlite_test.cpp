#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "connector/contract.hpp"
#include "connector/missed.hpp"
#include "connectors/sqlite/connection.hpp"
#include "connectors/sqlite/sqlite_connector.hpp"

namespace lockstep::sqlite_connector {
namespace {

// Table "contacts": name, email, score, tags, vip, extra.city; the same binding as a recipe would give.
class SqliteConnectorTest : public testing::Test, public connector::ContractFixture {
 protected:
  void SetUp() override {
    char folder[] = "/tmp/lockstep-sqlite-XXXXXX";
    ASSERT_NE(mkdtemp(folder), nullptr);
    folder_ = folder;
    using sync::FieldType;
    entity_.name = EntityName("contact");
    sync::SystemBinding binding;
    binding.system = SystemName("local");
    binding.object = "contacts";
    const std::pair<const char*, FieldType> fields[] = {{"name", FieldType::text},      {"note", FieldType::text},
                                                        {"email", FieldType::email},    {"score", FieldType::decimal},
                                                        {"tags", FieldType::set},       {"vip", FieldType::boolean},
                                                        {"extra.city", FieldType::text}};
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
    other_ = std::move(*Connection::open(path(), OpenMode::read_write));
  }
  void TearDown() override {
    if (connector_) ports_.loop.run(connector_->stop());
    connector_.reset();
    other_.reset();
    std::filesystem::remove_all(folder_);
  }

  std::string path() const { return folder_ + "/data.sqlite"; }

  void make() {
    connector::SystemSettings settings;
    settings.source = SourceId("s");
    settings.system = SystemName("local");
    settings.settings = {{"path", path()}, {"poll_ms", 5}};
    settings.entities.push_back(&entity_);
    auto made = factory().make(settings, ports_.ports());
    ASSERT_TRUE(made) << made.error().message;
    connector_ = std::move(*made);
  }
  void open() {
    make();
    auto started = ports_.loop.run(connector_->start());
    ASSERT_TRUE(started->has_value()) << started->error().message;
    auto migrated = ports_.loop.run(connector_->migrate());
    ASSERT_TRUE(migrated->has_value()) << migrated->error().message;
  }

  // As another program would.
  std::string sql(const std::string& text) {
    auto statement = other_->prepare(text);
    EXPECT_TRUE(statement) << text << ": " << statement.error().message;
    auto row = statement->step();
    EXPECT_TRUE(row) << text << ": " << row.error().message;
    return row && *row ? statement->text(0) : "";
  }

  connector::Connector& connector() override { return *connector_; }
  connector::TestLoop& loop() override { return ports_.loop; }
  std::string object() override { return "contacts"; }
  std::string text_path() override { return "name"; }
  std::string other_path() override { return "note"; }
  std::string unique_path() override { return unique_; }
  std::string unknown_id() override { return "4711"; }
  Json bad_document() override { return bad_; }
  std::string foreign_create(const Json& document) override {
    std::string columns, values;
    if (text_keys_) {
      columns = "id";
      values = quote_text("foreign-" + std::to_string(++foreign_));
    }
    for (const auto& [name, value] : document.as_object()) {
      columns += (columns.empty() ? "" : ", ") + std::string(name);
      values += (values.empty() ? "" : ", ") + quote_text(value.as_string());
    }
    return sql("INSERT INTO contacts (" + columns + ") VALUES (" + values + ") RETURNING id");
  }
  void foreign_update(const std::string& id, const Json& document) override {
    for (const auto& [name, value] : document.as_object())
      sql("UPDATE contacts SET " + std::string(name) + " = " + quote_text(value.as_string()) +
          " WHERE id = " + quote_text(id));
  }
  void foreign_remove(const std::string& id) override { sql("DELETE FROM contacts WHERE id = " + quote_text(id)); }

  connector::WriteResult write_one(sync::WriteKind kind, std::string id, Json document, Json expected = nullptr) {
    connector::WriteRequest request;
    request.object = "contacts";
    request.kind = kind;
    request.external_id = std::move(id);
    request.document = std::move(document);
    request.expected = std::move(expected);
    request.idempotency_key = "k" + std::to_string(++writes_);
    std::vector<connector::WriteRequest> requests;
    requests.push_back(std::move(request));
    return ports_.loop.run(connector_->write(std::move(requests)))->front();
  }

  std::string folder_;
  sync::EntitySchema entity_;
  connector::TestPorts ports_;
  std::unique_ptr<connector::Connector> connector_;
  std::unique_ptr<Connection> other_;
  std::string unique_;
  Json bad_;
  bool text_keys_ = true;
  int foreign_ = 0, writes_ = 0;
};

TEST_F(SqliteConnectorTest, ContractOnATableOfItsOwn) {
  open();
  connector::run_connector_contract(*this);
}

TEST_F(SqliteConnectorTest, ContractOnAnAdoptedTable) {
  sql("CREATE TABLE contacts (id INTEGER PRIMARY KEY, name TEXT CHECK (name <> 'bad'), note TEXT, email TEXT UNIQUE, "
      "extra JSON)");
  text_keys_ = false;
  unique_ = "email";
  bad_ = {{"name", "bad"}};
  open();
  connector::run_connector_contract(*this);
}

TEST_F(SqliteConnectorTest, ValuesKeepTheirTypes) {
  open();
  const Json document = {
      {"name", "Ann"}, {"score", "12.50"}, {"tags", {"a", "b"}}, {"vip", true}, {"extra", {{"city", "Bonn"}}}};
  const auto created = write_one(sync::WriteKind::create, "", document);
  ASSERT_EQ(created.kind, sync::OutcomeKind::applied) << created.reason;
  for (const auto& [name, value] : document.as_object()) EXPECT_EQ(created.state->at(name), value) << name;
  EXPECT_TRUE(created.state->at("email").is_null());
  EXPECT_EQ(sql("SELECT typeof(score) || typeof(vip) FROM contacts"), "textinteger");
}

TEST_F(SqliteConnectorTest, MembersOfAJsonColumnThatAreNotBoundStay) {
  open();
  sql("INSERT INTO contacts (id, extra) VALUES ('a', '{\"city\":\"Bonn\",\"zip\":\"53111\"}')");
  const auto updated =
      write_one(sync::WriteKind::update, "a", {{"extra", {{"city", "Köln"}}}}, {{"extra", {{"city", "Bonn"}}}});
  ASSERT_EQ(updated.kind, sync::OutcomeKind::applied) << updated.reason;
  EXPECT_EQ(updated.state->at("extra"), Json({{"city", "Köln"}, {"zip", "53111"}}));
  const auto refused =
      write_one(sync::WriteKind::update, "a", {{"extra", {{"city", "Ulm"}}}}, {{"extra", {{"city", "Bonn"}}}});
  EXPECT_EQ(refused.kind, sync::OutcomeKind::conflict);
}

TEST_F(SqliteConnectorTest, WhatATriggerSaysIsNotPassedOn) {  // O4: its author may have put a row into it
  ASSERT_NO_FATAL_FAILURE(open());
  sql("CREATE TRIGGER refuse BEFORE INSERT ON contacts WHEN new.name = 'Ann' BEGIN SELECT RAISE(ABORT, 'Ann is not "
      "allowed'); END");
  const auto refused = write_one(sync::WriteKind::create, "", {{"name", "Ann"}});
  EXPECT_EQ(refused.kind, sync::OutcomeKind::rejected);
  EXPECT_EQ(refused.reason, "a trigger of the database refuses the row");
}

TEST_F(SqliteConnectorTest, EntriesAreErasedOnlyWhenDurable) {
  open();
  connector::RecordingSink sink;
  sink.holding = true;
  connector_->capture(sink);
  sql("INSERT INTO contacts (id, name) VALUES ('a', 'x')");
  ASSERT_TRUE(ports_.loop.run_until([&] { return !sink.held.empty(); }));
  EXPECT_EQ(sql("SELECT count(*) FROM _lockstep_changes"), "1") << "B3";
  sink.holding = false;
  sink.held.front()(Result<void>());
  EXPECT_TRUE(ports_.loop.run_until([&] { return sql("SELECT count(*) FROM _lockstep_changes") == "0"; },
                                    std::chrono::seconds(5)));
}

TEST_F(SqliteConnectorTest, B3WhatWaitsStaysWhenALaterDeliveryIsDurable) {
  open();
  connector::RecordingSink sink;
  sink.holding = true;
  connector_->capture(sink);
  const auto entries = [&] { return sql("SELECT count(*) FROM _lockstep_changes"); };
  for (const char* id : {"a", "b", "c"}) {
    sql(std::string("INSERT INTO contacts (id, name) VALUES ('") + id + "', 'x')");
    const std::size_t held = sink.held.size() + 1;
    ASSERT_TRUE(ports_.loop.run_until([&] { return sink.held.size() == held; }));
  }
  sink.held[1](Result<void>());  // the first one still waits for room
  sink.held[2](Result<void>());
  ports_.loop.run_for(std::chrono::milliseconds(300));
  EXPECT_EQ(entries(), "3") << "B3";
  sink.held[0](Result<void>());
  EXPECT_TRUE(ports_.loop.run_until([&] { return entries() == "0"; }, std::chrono::seconds(5)));
}

TEST_F(SqliteConnectorTest, WhatCouldNotBeCommittedIsDeliveredAgain) {
  open();
  connector::RecordingSink sink;
  sink.holding = true;
  connector_->capture(sink);
  sql("INSERT INTO contacts (id, name) VALUES ('a', 'x')");
  ASSERT_TRUE(ports_.loop.run_until([&] { return !sink.held.empty(); }));
  sink.holding = false;
  sink.held.front()(fail(ErrorKind::unavailable, "disk full"));
  EXPECT_TRUE(ports_.loop.run_until([&] { return sink.deliveries == 2; }));
  EXPECT_EQ(sink.last("a")->document.at("name"), "x");
}

TEST_F(SqliteConnectorTest, ChangesMadeWhileStoppedAreCaptured) {
  open();
  sql("INSERT INTO contacts (id, name) VALUES ('a', 'x')");
  ports_.loop.run(connector_->stop());
  sql("UPDATE contacts SET name = 'y', id = 'b'");
  open();
  connector::RecordingSink sink;
  connector_->capture(sink);
  EXPECT_TRUE(ports_.loop.run_until([&] { return sink.last("b") != nullptr && sink.last("a") != nullptr; }));
  EXPECT_EQ(sink.last("a")->kind, sync::ChangeKind::deleted) << "a changed key is a deletion";
  EXPECT_EQ(sink.last("b")->document.at("name"), "y");
  EXPECT_TRUE(sink.losses.empty());
}

TEST_F(SqliteConnectorTest, DroppedTriggersAreALoss) {
  open();
  ports_.loop.run(connector_->stop());
  sql("DROP TRIGGER _lockstep_update_contacts");
  ports_.loop.run(ports_.state.put(connector::missed_state, Json()));
  open();
  EXPECT_FALSE(ports_.state.values().at(connector::missed_state).is_null()) << "B4";
}

TEST_F(SqliteConnectorTest, AReplacedFileIsALossUntilTheHubKeepsIt) {
  open();
  connector::RecordingSink sink;
  sink.holding = true;
  connector_->capture(sink);
  ASSERT_TRUE(ports_.loop.run_until([&] { return !sink.statuses.empty(); }));
  std::filesystem::copy_file(path(), path() + ".copy");
  std::filesystem::rename(path() + ".copy", path());
  ASSERT_TRUE(ports_.loop.run_until([&] { return !sink.losses.empty(); }));
  ASSERT_EQ(sink.held.size(), 1U);
}

TEST_F(SqliteConnectorTest, OnlyMigrateMakesTheFile) {
  other_.reset();
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path() + suffix);
  make();
  ASSERT_TRUE(ports_.loop.run(connector_->start())->has_value()) << "a missing file is migrate's, not a failure";
  const auto lines = *ports_.loop.run(connector_->check());
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines.front().level, connector::CheckLine::Level::warning);
  const auto fetched = ports_.loop.run(connector_->fetch("contacts", "a", sync::WorkClass::live));
  ASSERT_FALSE(fetched->has_value());
  EXPECT_EQ(fetched->error().kind, ErrorKind::unavailable);
  EXPECT_NE(fetched->error().message.find("migrate"), std::string::npos);
  EXPECT_EQ(write_one(sync::WriteKind::create, "", {{"name", "Ann"}}).kind, sync::OutcomeKind::retry);
  EXPECT_FALSE(std::filesystem::exists(path())) << "a check writes nothing";
  // Another process migrates; this one goes on.
  auto other = std::move(connector_);
  open();
  ports_.loop.run(connector_->stop());
  connector_ = std::move(other);
  EXPECT_EQ(write_one(sync::WriteKind::create, "", {{"name", "Ann"}}).kind, sync::OutcomeKind::applied);
}

TEST_F(SqliteConnectorTest, SettingsAreChecked) {
  connector::SystemSettings settings;
  settings.settings = {{"path", ""}, {"poll_ms", 0}, {"colour", "blue"}};
  EXPECT_EQ(factory().check_settings(settings).size(), 3U);
  EXPECT_FALSE(factory().make(settings, ports_.ports()));
}

}  // namespace
}  // namespace lockstep::sqlite_connector
