// The part of Writer that makes rows, each at most once (X1).
#include <algorithm>

#include "connectors/postgres/writer.hpp"

namespace lockstep::postgres {

using connector::WriteResult;
using sync::OutcomeKind;

namespace {

std::vector<std::string> key_at(const Rows& rows, int row, int column, std::size_t parts) {
  std::vector<std::string> key;
  for (std::size_t i = 0; i < parts; ++i) key.push_back(rows.str(row, column + static_cast<int>(i)));
  return key;
}

}  // namespace

Sql<void> Writer::create(Session& session, const std::vector<Item*>& group) {
  if (group.front()->source == KeySource::recorded) {
    if (auto assigned = assign_keys(session, group); !assigned) return assigned;
  }
  const RowShape& shape = group.front()->shape;
  std::vector<Item*> missing, repeated;
  for (Item* item : group) (item->repeated ? repeated : missing).push_back(item);
  auto rows = session.query(insert_sql(shape, position()), {payload(missing)});
  if (!rows) return std::unexpected(rows.error());
  Ids odd;  // inserted under a key that the database spells in another way: a uuid in capitals, 1.0 for 1
  for (int row = 0; row < rows->size(); ++row) {
    const auto key = key_at(*rows, row, 2, shape.table->key.size());
    const auto item = std::ranges::find(missing, key, &Item::key);
    if (item == missing.end()) {
      odd.insert(external_id_of(key));
      continue;
    }
    auto document = document_of(*rows, row, 1);
    if (!document) return std::unexpected(internal(document.error()));
    WriteResult& result = results_[(*item)->index];
    result = {};
    result.external_id = external_id_of(key);
    result.version = rows->number(row, 0);
    result.state = std::move(*document);
    result.extent = sync::Extent::full;
    missing.erase(item);
  }
  missing.insert(missing.end(), repeated.begin(), repeated.end());
  return missing.empty() ? Sql<void>() : settle_creates(session, missing, odd);
}

// Rows that the insert left out: made by an earlier attempt of the same create, or kept out by another row.
Sql<void> Writer::settle_creates(Session& session, const std::vector<Item*>& missing, const Ids& inserted) {
  const RowShape& shape = missing.front()->shape;
  auto present = session.query(probe_sql(shape, position()), {payload(missing)});
  if (!present) return std::unexpected(present.error());
  std::vector<bool> found(missing.size(), false);
  for (int row = 0; row < present->size(); ++row) {
    const auto i = static_cast<std::size_t>(present->number(row, 0));
    auto document = document_of(*present, row, 2);
    if (!document) return std::unexpected(internal(document.error()));
    WriteResult& result = results_[missing[i]->index];
    result = {};
    result.external_id = external_id_of(key_at(*present, row, 3, shape.table->key.size()));
    // A key of our own making is there only because this create has run before (X1); a key that the document names may
    // be anybody's.
    const bool ours = missing[i]->source != KeySource::document || inserted.contains(result.external_id);
    result.kind = ours ? OutcomeKind::applied : OutcomeKind::duplicate;
    result.existed = true;
    result.version = present->number(row, 1);
    result.state = std::move(*document);
    result.extent = sync::Extent::full;
    found[i] = true;
  }
  std::vector<Item*> left;
  for (std::size_t i = 0; i < missing.size(); ++i) {
    if (!found[i]) left.push_back(missing[i]);
  }
  if (auto revived = revive(session, left); !revived) return revived;
  std::vector<Item*> duplicates;
  for (Item* item : left) {
    WriteResult& result = results_[item->index];
    result = {};
    if (item->repeated) {
      result.kind = OutcomeKind::not_found;
      result.reason = "the row was created before and is gone";
      continue;
    }
    result.kind = OutcomeKind::duplicate;
    result.reason = "a unique key of the table is taken";
    duplicates.push_back(item);
  }
  if (duplicates.empty()) return {};
  for (const auto& unique : shape.table->uniques) {
    if (!names_unique(shape, unique)) continue;
    auto twins = session.query(twin_sql(shape, unique), {payload(duplicates)});
    if (!twins) return std::unexpected(twins.error());
    for (int row = 0; row < twins->size(); ++row) {
      WriteResult& result = results_[duplicates[static_cast<std::size_t>(twins->number(row, 0))]->index];
      result.external_id = external_id_of(key_at(*twins, row, 1, shape.table->key.size()));
    }
  }
  return missing.front()->source == KeySource::recorded ? forget_keys(session, duplicates) : Sql<void>();
}

// A row that is marked as deleted stands for an object that is back. Removes from `items` what was taken up again.
Sql<void> Writer::revive(Session& session, std::vector<Item*>& items) {
  if (items.empty()) return {};
  const RowShape& shape = items.front()->shape;
  if (shape.table->soft_delete.empty()) return {};
  std::vector<std::vector<std::string>> ways = {{}};  // by the key of the new row, then by each unique key
  for (const auto& unique : shape.table->uniques) {
    if (names_unique(shape, unique)) ways.push_back(unique);
  }
  std::vector<Item*> rekeyed;
  for (const auto& way : ways) {
    if (items.empty()) return {};
    auto rows = session.query(revive_sql(shape, way, position()), {payload(items)});
    if (!rows) return std::unexpected(rows.error());
    std::set<Item*> done;
    for (int row = 0; row < rows->size(); ++row) {
      Item* item = items[static_cast<std::size_t>(rows->number(row, 0))];
      auto document = document_of(*rows, row, 2);
      if (!document) return std::unexpected(internal(document.error()));
      WriteResult& result = results_[item->index];
      result = {};
      result.external_id = external_id_of(key_at(*rows, row, 3, shape.table->key.size()));
      result.version = rows->number(row, 1);
      result.state = std::move(*document);
      result.extent = sync::Extent::full;
      done.insert(item);
      if (!way.empty() && !item->repeated) rekeyed.push_back(item);
    }
    std::erase_if(items, [&](Item* item) { return done.contains(item); });
  }
  const bool recorded = !rekeyed.empty() && rekeyed.front()->source == KeySource::recorded;
  return recorded ? forget_keys(session, rekeyed) : Sql<void>();
}

// X1: the key that a create got is kept in the same transaction as the row.
Sql<void> Writer::assign_keys(Session& session, const std::vector<Item*>& group) {
  const TableLayout& table = *group.front()->shape.table;
  const ColumnLayout& column = *table.column(table.key.front());
  JsonArray wanted;
  for (const Item* item : group) wanted.emplace_back(item->request->idempotency_key);
  const std::string source = column.identity ? "nextval(pg_get_serial_sequence(" + quote_text(table.quoted()) + ", " +
                                                   quote_text(column.name) + "))"
                                             : "(" + column.standard + ")";
  auto inserted = session.query(
      "INSERT INTO lockstep.applied (key, tbl, external_id) SELECT w, $2, " + source +
          "::text FROM jsonb_array_elements_text($1::jsonb) w ON CONFLICT (key, tbl) DO NOTHING RETURNING key",
      {to_text(wanted), table.quoted()});
  if (!inserted) return std::unexpected(inserted.error());
  std::set<std::string, std::less<>> fresh;
  for (int row = 0; row < inserted->size(); ++row) fresh.insert(inserted->str(row, 0));
  auto rows = session.query(
      "SELECT key, external_id FROM lockstep.applied WHERE tbl = $2 AND key = ANY (SELECT "
      "jsonb_array_elements_text($1::jsonb))",
      {to_text(wanted), table.quoted()});
  if (!rows) return std::unexpected(rows.error());
  std::map<std::string, std::string, std::less<>> keys;
  for (int row = 0; row < rows->size(); ++row) keys.emplace(rows->str(row, 0), rows->str(row, 1));
  for (Item* item : group) {
    const auto found = keys.find(item->request->idempotency_key);
    if (found == keys.end()) return std::unexpected(SqlFailure{"40001", "", "", "the same create runs elsewhere"});
    item->key = {found->second};
    item->repeated = fresh.erase(item->request->idempotency_key) == 0;
  }
  return {};
}

Sql<void> Writer::forget_keys(Session& session, const std::vector<Item*>& duplicates) {
  JsonArray keys;
  for (const Item* item : duplicates) keys.emplace_back(item->request->idempotency_key);
  auto erased = session.query(
      "DELETE FROM lockstep.applied WHERE tbl = $2 AND key = ANY (SELECT jsonb_array_elements_text($1::jsonb))",
      {to_text(keys), duplicates.front()->shape.table->quoted()});
  if (!erased) return std::unexpected(erased.error());
  return {};
}

}  // namespace lockstep::postgres
