#include "connectors/sqlite/database.hpp"

#include <algorithm>

#include "connectors/sqlite/limits.hpp"

namespace lockstep::sqlite_connector {

Result<void> Database::open(Missing missing) {
  if (connection_) return {};
  if (missing == Missing::leave && !file_exists(settings_.path))
    return fail(ErrorKind::unavailable, "the file " + settings_.path + " is not there: migrate creates it");
  auto opened = Connection::open(settings_.path, OpenMode::read_write);
  if (!opened) return fail(opened.error());
  connection_ = std::move(*opened);
  return refresh();
}

void Database::close() { connection_.reset(); }

Result<void> Database::refresh() {
  auto tables = read_tables(*connection_, settings_.objects);
  if (!tables) return fail(tables.error());
  tables_ = std::move(*tables);
  return {};
}

Result<const Table*> Database::table(const std::string& object) {
  LOCKSTEP_CHECK(open(Missing::leave));
  auto found = tables_.find(object);
  if (found == tables_.end()) {
    LOCKSTEP_CHECK(refresh());  // it may have been made meanwhile
    found = tables_.find(object);
  }
  if (found == tables_.end()) return fail(ErrorKind::invalid, "there is no table " + object + ": migrate creates it");
  return &found->second;
}

Result<connector::PullPage> Database::pull(const connector::PullRequest& request) {
  auto found = table(request.object);
  if (!found) return fail(found.error());
  if (request.mode != connector::PullMode::full)
    return fail(ErrorKind::invalid, "tables are only pulled in full; changes come by capture");
  const Table& source = **found;
  const std::string_view after = string_member(request.cursor, "after");
  const auto limit = static_cast<std::int64_t>(std::clamp<std::size_t>(request.page_limit, 1, limits::pull_page));

  auto transaction = Transaction::begin(*connection_, OpenMode::read_only);
  if (!transaction) return fail(transaction.error());
  auto version = connection_->number(version_sql);
  if (!version) return fail(version.error());
  auto total = connection_->number("SELECT count(*) FROM " + quote_name(source.name));
  if (!total) return fail(total.error());
  const std::string key = quote_name(source.key);
  auto statement = connection_->prepare("SELECT CAST(" + key + " AS TEXT), " + source.select_list() + " FROM " +
                                        quote_name(source.name) + (after.empty() ? "" : " WHERE " + key + " > ?1") +
                                        " ORDER BY " + key + " LIMIT ?2");
  if (!statement) return fail(statement.error());
  if (!after.empty()) bind_key(*statement, 1, source, after);
  statement->bind(2, limit);
  connector::PullPage page;
  page.total = static_cast<std::uint64_t>(*total);
  page.cursor = request.cursor;
  for (auto row_found = statement->step();; row_found = statement->step()) {
    if (!row_found) return fail(row_found.error());
    if (!*row_found) break;
    sync::Change change;
    change.object = source.name;
    change.external_id = statement->text(0);
    change.version = static_cast<sync::Version>(*version);
    change.via = sync::Via::scan;
    change.document = read_row(*statement, source, 1);
    page.changes.push_back(std::move(change));
  }
  page.last = page.changes.size() < static_cast<std::size_t>(limit);
  if (!page.changes.empty()) page.cursor = {{"after", page.changes.back().external_id}};
  return page;
}

Result<std::optional<JsonObject>> Database::row(const Table& table, std::string_view external_id) {
  auto statement = connection_->kept("SELECT " + table.select_list() + " FROM " + quote_name(table.name) + " WHERE " +
                                     quote_name(table.key) + " = ?1");
  if (!statement) return fail(statement.error());
  bind_key(**statement, 1, table, external_id);
  auto found = (*statement)->step();
  if (!found) return fail(found.error());
  std::optional<JsonObject> row;
  if (*found) row = read_row(**statement, table, 0);
  (*statement)->reset();  // an open cursor would keep the transaction's snapshot
  return row;
}

Result<std::optional<sync::Change>> Database::fetch(const std::string& object, const std::string& external_id) {
  auto found = table(object);
  if (!found) return fail(found.error());
  auto transaction = Transaction::begin(*connection_, OpenMode::read_only);
  if (!transaction) return fail(transaction.error());
  auto version = connection_->number(version_sql);
  if (!version) return fail(version.error());
  auto document = row(**found, external_id);
  if (!document) return fail(document.error());
  if (!*document) return std::optional<sync::Change>();
  sync::Change change;
  change.object = object;
  change.external_id = external_id;
  change.version = static_cast<sync::Version>(*version);
  change.via = sync::Via::fetch;
  change.document = std::move(**document);
  return std::optional<sync::Change>(std::move(change));
}

Result<std::optional<connector::Found>> Database::find(const connector::WriteRequest& request) {
  auto found = table(request.object);
  if (!found) return fail(found.error());
  std::string key = key_of_create(**found, request);
  // A key that the document names may be anybody's; each other one is of this create alone.
  const Json* given = find_member(request.document, (*found)->key);
  const auto maker = given == nullptr || given->is_null() ? connector::Maker::us : connector::Maker::unknown;
  if (key.empty()) {
    auto made = applied(**found, request.idempotency_key);
    if (!made) return fail(made.error());
    if (!*made) return std::optional<connector::Found>();
    key = **made;
  }
  return connector::Found::of(fetch(request.object, key), maker);
}

Result<void> Database::erase_changes(std::int64_t up_to) {
  if (!connection_) return {};  // the entries are read again after the next start, and recognised
  auto statement = connection_->prepare("DELETE FROM _lockstep_changes WHERE seq <= ?1");
  if (!statement) return fail(statement.error());
  statement->bind(1, up_to);
  auto done = statement->step();
  if (!done) return fail(done.error());
  return {};
}

}  // namespace lockstep::sqlite_connector
