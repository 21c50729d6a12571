// One batch of writes. All rows go in one transaction, one statement per shape. When a row is refused the batch is
// rolled back and halved until the bad rows stand alone: they get `rejected`, the others `applied`.
#pragma once

#include <set>
#include <span>
#include <vector>

#include "connectors/postgres/database.hpp"
#include "connectors/postgres/statements.hpp"

namespace lockstep::postgres {

class Writer {
 public:
  explicit Writer(Database& database) : database_(database), layout_(database.layout()) {}

  // One result per request, in order.
  std::vector<connector::WriteResult> write(const std::vector<connector::WriteRequest>& requests);

 private:
  struct Item {
    std::size_t index = 0;
    const connector::WriteRequest* request = nullptr;
    RowShape shape;
    std::size_t round = 0;  // how many earlier requests of the batch concern the same row (X3)
    KeySource source = KeySource::document;
    std::vector<std::string> key;
    bool repeated = false;  // `recorded`: an earlier attempt got this key
    JsonObject document;
    JsonObject expected;
  };
  using Items = std::span<Item>;
  using Ids = std::set<std::string, std::less<>>;
  struct Failure {
    SqlFailure sql;
    sync::OutcomeKind otherwise = sync::OutcomeKind::retry;  // what a broken connection means for the rows
  };
  using Attempt = std::expected<void, Failure>;

  std::optional<Item> prepare(std::size_t index, const connector::WriteRequest& request);
  std::optional<Item> refuse(std::size_t index, std::string reason);
  void write_range(Items items);
  Attempt attempt(Session& session, Items items);
  Sql<void> write_groups(Session& session, Items items);
  Sql<void> write_group(Session& session, const std::vector<Item*>& group);
  Sql<void> update_or_remove(Session& session, const std::vector<Item*>& group);
  Sql<void> create(Session& session, const std::vector<Item*>& group);
  Sql<void> assign_keys(Session& session, const std::vector<Item*>& group);
  // `inserted`: ids of rows that were inserted just now.
  Sql<void> settle_creates(Session& session, const std::vector<Item*>& missing, const Ids& inserted);
  Sql<void> revive(Session& session, std::vector<Item*>& items);
  Sql<void> forget_keys(Session& session, const std::vector<Item*>& duplicates);
  Sql<void> raise_versions(Session& session, Items items);
  static Result<Json> document_of(const Rows& rows, int row, int column);
  static std::string payload(const std::vector<Item*>& items);
  static SqlFailure internal(const Error& error);
  std::string position() const { return database_.position(); }
  void settle(Items items, sync::OutcomeKind kind, const std::string& reason);

  Database& database_;
  SharedLayout layout_;
  std::vector<connector::WriteResult> results_;
};

}  // namespace lockstep::postgres
