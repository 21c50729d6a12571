#include "connectors/postgres/database.hpp"

#include <algorithm>

#include "connector/stable_id.hpp"
#include "connectors/postgres/limits.hpp"
#include "connectors/postgres/writer.hpp"

namespace lockstep::postgres {
namespace {

std::string key_list(const TableLayout& table) {
  std::string list;
  for (const auto& part : table.key) list += (list.empty() ? "t." : ", t.") + quote_name(part);
  return list;
}

// ("id") > ($1::uuid), with `operation` between.
std::string compare_key(const TableLayout& table, std::string_view operation) {
  std::string values;
  for (std::size_t i = 0; i < table.key.size(); ++i) {
    if (i != 0) values += ", ";
    values += "$" + std::to_string(i + 1) + "::" + table.column(table.key[i])->type;
  }
  return "(" + key_list(table) + ") " + std::string(operation) + " (" + values + ")";
}

Parameters parameters_of(const std::vector<std::string>& key) { return {key.begin(), key.end()}; }

struct Cursor {
  std::vector<std::string> after;
  std::optional<std::uint64_t> total;
};

Result<Cursor> read_cursor(const Json& json, std::size_t parts) {
  Cursor cursor;
  if (json.is_null()) return cursor;
  auto key = key_of(string_member(json, "after"), parts);
  if (!key) return fail(ErrorKind::invalid, "the cursor is none of this connector's");
  cursor.after = std::move(*key);
  if (const Json* total = find_member(json, "total");
      total != nullptr && total->is_int64() && total->get_int64() >= 0) {
    cursor.total = static_cast<std::uint64_t>(total->get_int64());
  }
  return cursor;
}

Result<std::uint64_t> count_rows(Session& session, const TableLayout& table) {
  const std::string from = " FROM " + table.quoted() + " AS t WHERE true" + table.present("t");
  if (table.estimated_rows <= static_cast<double>(limits::exact_count_rows)) {
    auto rows = session.query("SELECT count(*)" + from);
    if (!rows) return fail(to_error(rows.error()));
    return rows->number(0, 0);
  }
  auto plan = session.query("EXPLAIN (FORMAT JSON) SELECT 1" + from);
  if (!plan) return fail(to_error(plan.error()));
  auto json = parse_json(plan->text(0, 0), {.bytes_limit = limits::row_bytes, .depth_limit = limits::json_depth});
  if (!json) return fail(json.error());
  std::error_code missing;
  const Json* estimate = json->find_pointer("/0/Plan/Plan Rows", missing);
  return estimate != nullptr && estimate->is_number() ? estimate->to_number<std::uint64_t>(missing) : 0;
}

}  // namespace

Sql<Session*> Database::session() {
  if (!session_ || session_->broken()) {
    session_.reset();
    auto opened = Session::open(settings_, SessionKind::sql);
    if (!opened) return std::unexpected(opened.error());
    auto server = read_server(**opened);
    if (!server) return std::unexpected(server.error());
    if (*server != server_) positions_ = {};  // what another server knew of its transactions
    base_ = history_->base_of(*server);
    server_ = std::move(*server);
    session_ = std::move(*opened);
  }
  return session_.get();
}

Result<void> Database::refresh() {
  auto open = session();
  if (!open) return fail(to_error(open.error()));
  auto layout = read_layout(**open, settings_);
  if (!layout) return fail(layout.error());
  layout_ = std::make_shared<const Layout>(std::move(*layout));
  return {};
}

Result<const TableLayout*> Database::table(const std::string& object) {
  auto found = layout_->find(object);
  if (found == layout_->end()) {
    if (auto read = refresh(); !read) return fail(read.error());  // it may have been created since
    found = layout_->find(object);
  }
  if (found == layout_->end()) {
    return fail(ErrorKind::invalid,
                "there is no table " + settings_.schema + "." + object + " that may be read: migrate, or grant rights");
  }
  if (found->second.key.empty())
    return fail(ErrorKind::invalid, "table " + object + " has no primary key: name one with tables." + object + ".key");
  return &found->second;
}

Result<std::vector<sync::Change>> Database::read(const TableLayout& table, const std::string& condition,
                                                 const std::string& then, const Parameters& parameters) {
  auto open = session();
  if (!open) return fail(to_error(open.error()));
  auto moment = read_moment(**open, position());
  if (!moment) return fail(to_error(moment.error()));
  const sync::Version safe = positions_.observe(*moment);
  // xmax = 0: nobody has touched this row version, so no change of it can hide between the moment and the snapshot.
  auto rows = (*open)->query("SELECT t.xmax::text = '0', " + table.document("t") + ", " + table.key_text("t") +
                                 " FROM " + table.quoted() + " AS t WHERE " + condition + table.present("t") + then,
                             parameters);
  if (!rows) return fail(to_error(rows.error()));
  std::vector<sync::Change> changes;
  for (int i = 0; i < rows->size(); ++i) {
    sync::Change change;
    change.object = table.name;
    std::vector<std::string> key;
    for (std::size_t part = 0; part < table.key.size(); ++part) key.push_back(rows->str(i, 2 + static_cast<int>(part)));
    change.external_id = external_id_of(key);
    change.extent = sync::Extent::full;
    change.version = rows->flag(i, 0) ? moment->position : safe;
    auto document = parse_json(rows->text(i, 1), {.bytes_limit = limits::row_bytes, .depth_limit = limits::json_depth});
    if (!document) return fail(document.error());
    change.document = std::move(*document);
    changes.push_back(std::move(change));
  }
  return changes;
}

Result<connector::PullPage> Database::pull(const connector::PullRequest& request) {
  if (request.mode != connector::PullMode::full) {
    return fail(ErrorKind::invalid, "tables are only pulled in full; changes come by capture");
  }
  auto found = table(request.object);
  if (!found) return fail(found.error());
  const TableLayout& source = **found;
  auto cursor = read_cursor(request.cursor, source.key.size());
  if (!cursor) return fail(cursor.error());
  if (!cursor->total) {
    auto open = session();
    if (!open) return fail(to_error(open.error()));
    auto total = count_rows(**open, source);
    if (!total) return fail(total.error());
    cursor->total = *total;
  }
  const std::size_t limit = std::clamp<std::size_t>(request.page_limit, 1, limits::pull_page);
  const std::string where = cursor->after.empty() ? "true" : compare_key(source, ">");
  auto changes = read(source, where, " ORDER BY " + key_list(source) + " LIMIT " + std::to_string(limit),
                      parameters_of(cursor->after));
  if (!changes) return fail(changes.error());
  connector::PullPage page;
  page.changes = std::move(*changes);
  for (auto& change : page.changes) change.via = sync::Via::scan;
  page.last = page.changes.size() < limit;
  page.total = cursor->total;
  page.cursor = page.changes.empty() ? request.cursor
                                     : Json{{"after", page.changes.back().external_id}, {"total", *cursor->total}};
  return page;
}

Result<std::optional<sync::Change>> Database::fetch(const std::string& object, const std::string& external_id) {
  auto found = table(object);
  if (!found) return fail(found.error());
  auto key = key_of(external_id, (*found)->key.size());
  if (!key) return std::optional<sync::Change>();  // no row can have such an id
  const std::string where = compare_key(**found, "=");
  auto changes = read(**found, where, "", parameters_of(*key));
  if (changes && changes->empty()) {
    auto open = session();
    if (!open) return fail(to_error(open.error()));
    if (auto waited = wait_for_visibility(**open); !waited) return fail(to_error(waited.error()));
    changes = read(**found, where, "", parameters_of(*key));
  }
  if (!changes) {
    if (changes.error().kind == ErrorKind::invalid && changes.error().message.starts_with("SQLSTATE 22")) {
      return std::optional<sync::Change>();  // not a value of the key's type
    }
    return fail(changes.error());
  }
  if (changes->empty()) return std::optional<sync::Change>();
  changes->front().via = sync::Via::fetch;
  return std::optional<sync::Change>(std::move(changes->front()));
}

std::vector<connector::WriteResult> Database::write(const std::vector<connector::WriteRequest>& requests) {
  for (const auto& request : requests)
    (void)table(request.object);  // reads tables that are new; the writer reports those missing
  return Writer(*this).write(requests);
}

Result<std::optional<connector::Found>> Database::find(const connector::WriteRequest& request) {
  auto found = table(request.object);
  if (!found) return fail(found.error());
  const TableLayout& target = **found;
  const auto* document = request.document.if_object();
  switch (key_source(target, document == nullptr ? JsonObject() : *document)) {
    case KeySource::derived:
      return connector::Found::of(fetch(request.object, connector::stable_uuid(request.idempotency_key)),
                                  connector::Maker::us);
    case KeySource::document: {
      std::vector<std::string> key;
      for (const auto& part : target.key) {
        const Json& value = document->at(part);
        key.push_back(value.is_string() ? std::string(value.get_string()) : to_text(value));
      }
      return connector::Found::of(fetch(request.object, external_id_of(key)), connector::Maker::unknown);
    }
    case KeySource::recorded: {
      auto open = session();
      if (!open) return fail(to_error(open.error()));
      auto rows = (*open)->query("SELECT external_id FROM lockstep.applied WHERE key = $1 AND tbl = $2",
                                 {request.idempotency_key, target.quoted()});
      if (!rows) return fail(to_error(rows.error()));
      if (rows->size() == 0) return std::optional<connector::Found>();
      return connector::Found::of(fetch(request.object, rows->str(0, 0)), connector::Maker::us);
    }
    case KeySource::none: break;
  }
  return std::optional<connector::Found>();  // such a create is always refused
}

KeySource key_source(const TableLayout& table, const JsonObject& document) {
  const auto in_document = [&](const std::string& part) {
    const Json* value = document.if_contains(part);
    return value != nullptr && !value->is_null();
  };
  if (!table.key.empty() && std::ranges::all_of(table.key, in_document)) return KeySource::document;
  if (table.key.size() != 1) return KeySource::none;
  const ColumnLayout* column = table.column(table.key.front());
  if (column->type == "uuid") return KeySource::derived;
  if (column->identity || !column->standard.empty()) return KeySource::recorded;
  const bool holds_uuid =
      column->type == "text" || column->type == "character varying" || column->type == "character varying(255)";
  return holds_uuid ? KeySource::derived : KeySource::none;
}

}  // namespace lockstep::postgres
