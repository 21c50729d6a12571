// The writing half of Database. SQLite undoes a single statement that fails, so one transaction holds a whole batch
// and a row that is refused costs the others nothing.
#include <algorithm>

#include "connector/stable_id.hpp"
#include "connectors/sqlite/database.hpp"
#include "connectors/sqlite/limits.hpp"

namespace lockstep::sqlite_connector {

using connector::WriteRequest;
using connector::WriteResult;
using sync::OutcomeKind;
using sync::WriteKind;

namespace {

WriteResult refused(OutcomeKind kind, std::string external_id, std::string reason) {
  WriteResult result;
  result.kind = kind;
  result.external_id = std::move(external_id);
  result.reason = std::move(reason);
  return result;
}

JsonObject object_of(const Json& json) { return json.is_object() ? json.get_object() : JsonObject(); }

// Members of `change` go into `target`, objects member by member.
void merge(Json& target, const Json& change) {
  if (!change.is_object() || !target.is_object()) {
    target = change;
    return;
  }
  for (const auto& [name, value] : change.get_object()) merge(target.get_object()[name], value);
}

bool contains(const Json& whole, const Json& part) {
  if (!part.is_object()) return whole == part;
  return std::ranges::all_of(part.get_object(), [&](const auto& item) {
    const Json* member = find_member(whole, item.key());
    return member == nullptr ? item.value().is_null() : contains(*member, item.value());
  });
}

}  // namespace

std::string key_of_create(const Table& table, const WriteRequest& request) {
  const Json* given = find_member(request.document, table.key);
  if (given != nullptr && !given->is_null())
    return given->is_string() ? std::string(given->get_string()) : to_text(*given);
  return table.rowid_key ? "" : connector::stable_uuid(request.idempotency_key);
}

std::vector<WriteResult> Database::write(const std::vector<WriteRequest>& requests) {
  std::vector<WriteResult> results;
  const auto fail_all = [&](OutcomeKind kind, const Error& error) {
    results.clear();
    for (const auto& request : requests) results.push_back(refused(kind, request.external_id, error.message));
    return results;
  };
  const auto kind_of = [](const Error& error) {
    return error.kind == ErrorKind::unauthorized ? OutcomeKind::unauthorized : OutcomeKind::retry;
  };
  if (auto opened = open(Missing::leave); !opened) return fail_all(OutcomeKind::retry, opened.error());

  auto transaction = Transaction::begin(*connection_, OpenMode::read_write);
  if (!transaction) return fail_all(kind_of(transaction.error()), transaction.error());
  for (const auto& request : requests) {
    auto result = results.size() < limits::write_batch
                      ? write_row(request)
                      : Result<WriteResult>(
                            refused(OutcomeKind::rejected, request.external_id, "more rows than one batch may have"));
    if (!result) {
      return fail_all(kind_of(result.error()), result.error());
    }
    results.push_back(std::move(*result));
  }
  connection_->trim();
  auto committed = transaction->commit();
  if (!committed) {
    // A busy file leaves the transaction open and it is rolled back; after a disk error nobody knows (X2).
    const bool undone = sqlite3_get_autocommit(connection_->raw()) == 0;
    return fail_all(undone ? OutcomeKind::retry : OutcomeKind::unknown, committed.error());
  }
  return results;
}

Result<WriteResult> Database::write_row(const WriteRequest& request) {
  auto found = table(request.object);
  if (!found) return refused(OutcomeKind::rejected, request.external_id, found.error().message);
  const Table& target = **found;
  for (const auto& [name, value] : object_of(request.document)) {
    const Column* column = target.column(name);
    if (column == nullptr || column->generated) {
      return refused(OutcomeKind::rejected, request.external_id,
                     "table " + target.name + " has no column " + std::string(name) + " that can be written");
    }
  }
  auto result = request.kind == WriteKind::create   ? create(target, request)
                : request.kind == WriteKind::update ? update(target, request)
                                                    : remove(target, request);
  // What the row itself is guilty of (a constraint, a type) concerns it alone.
  if (!result && result.error().kind == ErrorKind::invalid)
    return refused(OutcomeKind::rejected, request.external_id, result.error().message);
  return result;
}

Result<WriteResult> Database::state_of(const Table& table, const std::string& external_id, OutcomeKind kind,
                                       std::string reason) {
  auto state = row(table, external_id);
  if (!state) return fail(state.error());
  if (!*state) return refused(OutcomeKind::not_found, external_id, "the row is gone");
  auto version = connection_->number(version_sql);
  if (!version) return fail(version.error());
  WriteResult result = refused(kind, external_id, std::move(reason));
  result.state = std::move(**state);
  result.extent = sync::Extent::full;
  result.version = static_cast<sync::Version>(*version);
  return result;
}

Result<WriteResult> Database::create(const Table& table, const WriteRequest& request) {
  std::string key = key_of_create(table, request);
  if (key.empty()) {  // X1: the id is SQLite's own, kept in the same transaction
    auto made = applied(table, request.idempotency_key);
    if (!made) return fail(made.error());
    if (*made) return state_of(table, **made, OutcomeKind::applied, "");
  }
  const JsonObject document = object_of(request.document);
  std::vector<std::string> names;
  std::string columns, values;
  const auto add = [&](const std::string& name) {
    names.push_back(name);
    columns += (columns.empty() ? "" : ", ") + quote_name(name);
    values += (values.empty() ? "?" : ", ?") + std::to_string(names.size());
  };
  if (!key.empty()) add(table.key);
  for (const auto& [name, value] : document) {
    if (name != table.key && !value.is_null()) add(std::string(name));
  }
  auto statement = connection_->kept(
      "INSERT INTO " + quote_name(table.name) +
      (names.empty() ? " DEFAULT VALUES" : " (" + columns + ") VALUES (" + values + ") ON CONFLICT DO NOTHING"));
  if (!statement) return fail(statement.error());
  for (std::size_t i = 0; i < names.size(); ++i) {
    const int parameter = static_cast<int>(i) + 1;
    if (i == 0 && !key.empty()) {
      bind_key(**statement, parameter, table, key);
    } else {
      bind_value(**statement, parameter, *table.column(names[i]), document.at(names[i]));
    }
  }
  auto inserted = (*statement)->step();
  if (!inserted) return fail(inserted.error());
  if (connection_->changes() == 0) {
    if (!key.empty() && !document.contains(table.key)) {
      auto present = row(table, key);
      if (!present) return fail(present.error());
      if (*present) {  // X1: this create has run before
        auto made = state_of(table, key, OutcomeKind::applied, "");
        if (made) made->existed = true;
        return made;
      }
    }
    auto other = twin(table, document);
    if (!other) return fail(other.error());
    return refused(OutcomeKind::duplicate, *other, "a unique key of the table is taken");
  }
  if (key.empty()) {
    key = std::to_string(sqlite3_last_insert_rowid(connection_->raw()));
    auto record = connection_->kept("INSERT INTO _lockstep_applied (key, tbl, external_id) VALUES (?1, ?2, ?3)");
    if (!record) return fail(record.error());
    (*record)->bind(1, request.idempotency_key);
    (*record)->bind(2, table.name);
    (*record)->bind(3, key);
    auto recorded = (*record)->step();
    if (!recorded) return fail(recorded.error());
  }
  return state_of(table, key, OutcomeKind::applied, "");
}

Result<std::optional<std::string>> Database::applied(const Table& table, const std::string& key) {
  auto statement = connection_->kept("SELECT external_id FROM _lockstep_applied WHERE key = ?1 AND tbl = ?2");
  if (!statement) return fail(statement.error());
  (*statement)->bind(1, key);
  (*statement)->bind(2, table.name);
  auto found = (*statement)->step();
  if (!found) return fail(found.error());
  std::optional<std::string> id;
  if (*found) id = (*statement)->text(0);
  (*statement)->reset();
  return id;
}

Result<std::string> Database::twin(const Table& table, const JsonObject& document) {
  std::vector<std::vector<std::string>> candidates = table.uniques;
  candidates.push_back({table.key});
  for (const auto& unique : candidates) {
    std::string where;
    const bool all_set = std::ranges::all_of(unique, [&](const auto& name) { return document.contains(name); });
    if (!all_set) continue;
    for (std::size_t i = 0; i < unique.size(); ++i)
      where += (i == 0 ? "" : " AND ") + quote_name(unique[i]) + " = ?" + std::to_string(i + 1);
    auto statement = connection_->kept("SELECT CAST(" + quote_name(table.key) + " AS TEXT) FROM " +
                                       quote_name(table.name) + " WHERE " + where);
    if (!statement) return fail(statement.error());
    for (std::size_t i = 0; i < unique.size(); ++i)
      bind_value(**statement, static_cast<int>(i) + 1, *table.column(unique[i]), document.at(unique[i]));
    auto found = (*statement)->step();
    if (!found) return fail(found.error());
    const std::string id = *found ? (*statement)->text(0) : "";
    (*statement)->reset();
    if (!id.empty()) return id;
  }
  return std::string();
}

Result<WriteResult> Database::update(const Table& table, const WriteRequest& request) {
  auto present = row(table, request.external_id);
  if (!present) return fail(present.error());
  if (!*present) return refused(OutcomeKind::not_found, request.external_id, "the row is gone");
  const JsonObject& stored = **present;
  JsonObject document = object_of(request.document);
  if (document.empty()) return refused(OutcomeKind::rejected, request.external_id, "an update without fields");
  const auto merged = settings_.merged_columns.find(table.name);
  const auto is_merged = [&](std::string_view name) {
    return merged != settings_.merged_columns.end() && merged->second.contains(std::string(name));
  };
  const auto has = [&](std::string_view name, const Json& value) {
    const Json* now = stored.if_contains(name);
    if (now == nullptr || table.column(name) == nullptr) return true;  // blobs are not compared
    return is_merged(name) ? contains(*now, value) : holds(*table.column(name), *now, value);
  };
  // What already has its new value was written by an earlier attempt.
  for (const auto& [name, value] : object_of(request.expected)) {
    const Json* wanted = document.if_contains(name);
    if (!has(name, value) && !(wanted != nullptr && has(name, *wanted))) {
      return state_of(table, request.external_id, OutcomeKind::conflict, "the row has changed since it was read");
    }
  }
  std::string set;
  std::vector<std::string> names;
  for (auto& [name, value] : document) {
    if (is_merged(name) && stored.contains(name)) {
      Json whole = stored.at(name);
      merge(whole, value);
      value = std::move(whole);
    }
    names.emplace_back(name);
    set += (set.empty() ? "" : ", ") + quote_name(name) + " = ?" + std::to_string(names.size() + 1);
  }
  auto statement = connection_->kept("UPDATE " + quote_name(table.name) + " SET " + set + " WHERE " +
                                     quote_name(table.key) + " = ?1");
  if (!statement) return fail(statement.error());
  bind_key(**statement, 1, table, request.external_id);
  for (std::size_t i = 0; i < names.size(); ++i)
    bind_value(**statement, static_cast<int>(i) + 2, *table.column(names[i]), document.at(names[i]));
  auto updated = (*statement)->step();
  if (!updated) return fail(updated.error());
  return state_of(table, request.external_id, OutcomeKind::applied, "");
}

Result<WriteResult> Database::remove(const Table& table, const WriteRequest& request) {
  auto present = row(table, request.external_id);
  if (!present) return fail(present.error());
  if (!*present) return refused(OutcomeKind::not_found, request.external_id, "the row is gone");
  for (const auto& [name, value] : object_of(request.expected)) {
    const Column* column = table.column(name);
    const Json* now = (*present)->if_contains(name);
    if (column == nullptr || now == nullptr) continue;
    const bool same = value.is_object() ? contains(*now, value) : holds(*column, *now, value);
    if (!same)
      return state_of(table, request.external_id, OutcomeKind::conflict, "the row has changed since it was read");
  }
  auto statement =
      connection_->kept("DELETE FROM " + quote_name(table.name) + " WHERE " + quote_name(table.key) + " = ?1");
  if (!statement) return fail(statement.error());
  bind_key(**statement, 1, table, request.external_id);
  auto removed = (*statement)->step();
  if (!removed) return fail(removed.error());
  auto version = connection_->number(version_sql);
  if (!version) return fail(version.error());
  WriteResult result = refused(OutcomeKind::applied, request.external_id, "");
  result.version = static_cast<sync::Version>(*version);
  return result;
}

}  // namespace lockstep::sqlite_connector
