#include "hub/row_events.hpp"

#include <array>
#include <charconv>

#include "hub/event_text.hpp"

namespace lockstep::hub {
namespace {

std::string_view column_type(sync::FieldType type) {
  switch (type) {
    case sync::FieldType::datetime: return "timestamptz";
    case sync::FieldType::date: return "date";
    case sync::FieldType::decimal: return "numeric";
    case sync::FieldType::integer: return "int8";
    case sync::FieldType::boolean: return "bool";
    case sync::FieldType::json:
    case sync::FieldType::set: return "jsonb";
    default: return "text";
  }
}

// The first name of a path: the column.
std::string_view column_of(std::string_view path) { return path.substr(0, path.find('.')); }

// Clients turn text into the column's type, and leave other values as they are: a decimal that is told as text stays it.
JsonArray columns_of(const sync::EntitySchema& entity, const sync::SystemBinding& binding, const JsonObject& row) {
  JsonArray out;
  for (const auto& [name, value] : row) {
    std::string_view type = "text";
    for (const sync::FieldBinding& bound : binding.fields) {
      const sync::FieldSchema* field = entity.find(bound.field);
      const bool scalar = bound.converter.empty() && bound.write_expression.empty();
      if (field != nullptr && bound.path == name && scalar && !value.is_string()) type = column_type(field->type);
      if (column_of(bound.path) == name && bound.path != name) type = "jsonb";
    }
    out.emplace_back(JsonObject{{"name", name}, {"type", type}});
  }
  return out;
}

// A decimal as the database shows it in JSON, a number; one that a number can not hold exactly stays a text.
Json shown_decimal(const std::string& text) {
  std::string_view digits = text;
  if (digits.find('.') != std::string_view::npos) {
    digits = digits.substr(0, digits.find_last_not_of('0') + 1);
    if (digits.ends_with('.')) digits.remove_suffix(1);
  }
  const char* const end = digits.data() + digits.size();
  std::int64_t whole = 0;
  if (const auto read = std::from_chars(digits.data(), end, whole); read.ec == std::errc() && read.ptr == end)
    return whole;
  double number = 0;
  if (const auto read = std::from_chars(digits.data(), end, number); read.ec != std::errc() || read.ptr != end)
    return Json(text);
  std::array<char, 64> shortest{};
  const auto written = std::to_chars(shortest.data(), shortest.data() + shortest.size(), number);
  return std::string_view(shortest.data(), written.ptr) == digits ? Json(number) : Json(text);
}

Json shown(const sync::EntitySchema& entity, const sync::FieldBinding& bound, const Json& value) {
  const sync::FieldSchema* field = entity.find(bound.field);
  const bool decimal = field != nullptr && field->type == sync::FieldType::decimal && value.is_string();
  return decimal ? shown_decimal(std::string(value.get_string())) : value;
}

// The key's columns, where the mapping does not name them: one, or several as a JSON array of texts.
void add_key(JsonObject& row, const std::vector<std::string>& columns, const std::string& external_id) {
  if (columns.size() == 1) {
    if (!row.contains(columns.front())) row[columns.front()] = external_id;
    return;
  }
  const Result<Json> parts = parse_json(external_id);
  if (!parts || !parts->is_array() || parts->get_array().size() != columns.size()) return;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (!row.contains(columns[i])) row[columns[i]] = parts->get_array()[i];
  }
}

void add_constants(JsonObject& row, const connector::Capabilities& capabilities, const std::string& table) {
  const auto at = capabilities.table_constants.find(table);
  if (at == capabilities.table_constants.end()) return;
  for (const auto& [column, value] : at->second) {
    if (!row.contains(column)) row[column] = value;
  }
}

Json or_null(const JsonObject& row) { return row.empty() ? Json(nullptr) : Json(row); }

}  // namespace

std::string row_text(const fanout::RowChange& change, Time at, Seq seq) {
  const Json record = or_null(change.record);
  const Json old_record = or_null(change.old_record);
  return to_text(JsonObject{{"schema", change.schema},
                            {"table", change.table},
                            {"operation", change.operation},
                            {"record", record},
                            {"old_record", old_record},
                            {"new", record},
                            {"old", old_record},
                            {"timestamp", to_iso8601(at)},
                            {"seq", seq}});
}

// Field by field: one that the system would not take back the same does not hide the others.
JsonObject RowEvents::row(const sync::EntitySchema& entity, const sync::SystemBinding& binding,
                          const sync::Fields& fields) {
  JsonObject out;
  Json document = JsonObject();
  for (const sync::FieldBinding& bound : binding.fields) {
    const Json* value = sync::find_value(fields, bound.field);
    if (bound.path.empty()) continue;
    if (value == nullptr) {  // an empty column
      if (sync::get_path(document, bound.path) == nullptr) sync::set_path(document, bound.path, nullptr);
      continue;
    }
    if (bound.converter.empty() && bound.write_expression.empty()) {
      sync::set_path(document, bound.path, shown(entity, bound, *value));
      continue;
    }
    sync::SystemBinding alone;
    alone.system = binding.system;
    alone.object = binding.object;
    alone.fields = {bound};
    const Result<Json> part = sync::write_document(entity, alone, fields, expressions_);
    if (!part) continue;
    if (const Json* converted = sync::get_path(*part, bound.path)) sync::set_path(document, bound.path, *converted);
  }
  return std::move(document.get_object());
}

namespace {

// As postgres_changes tells it.
std::string change_text(const fanout::RowChange& change, Time at, const JsonArray& columns) {
  JsonObject told{{"schema", change.schema},  {"table", change.table}, {"commit_timestamp", to_iso8601(at)},
                  {"type", change.operation}, {"columns", columns},    {"errors", nullptr}};
  if (change.operation != "DELETE") told["record"] = change.record;
  if (change.operation != "INSERT") told["old_record"] = change.old_record;
  return to_text(told);
}

// One of the two halves of a move: what is told, and the row that filters look at.
std::shared_ptr<const fanout::Message> half(const fanout::Message& of, const fanout::RowChange& told, Time at,
                                            const JsonArray& columns, fanout::RowChange row) {
  auto out = std::make_shared<fanout::Message>();
  out->content = of.content;
  out->seq = of.seq;
  out->part = of.part;
  out->source = of.source;
  out->entity = of.entity;
  out->event = told.operation;
  out->text = row_text(told, at, of.seq);
  out->change_text = change_text(told, at, columns);
  out->row = std::make_shared<const fanout::RowChange>(std::move(row));
  return out;
}

// P2: for the former owner the row is gone, of which he hears the key and nothing of its content; for the next one it is
// new. Filters look at what the former owner knew.
void tell_move(const connector::Capabilities& capabilities, const std::vector<std::string>& key,
               const std::string& external_id, Time at, const JsonArray& columns, fanout::Message& message) {
  const fanout::RowChange& change = *message.row;
  fanout::RowChange gone{change.schema, change.table, "DELETE", {}, {}};
  add_key(gone.old_record, key, external_id);
  add_constants(gone.old_record, capabilities, change.table);
  JsonArray known;
  for (const auto& [name, value] : gone.old_record) known.emplace_back(JsonObject{{"name", name}, {"type", "text"}});
  message.for_former = half(message, gone, at, known, {change.schema, change.table, "DELETE", {}, change.old_record});
  if (change.record.empty()) return;
  const fanout::RowChange came{change.schema, change.table, "INSERT", change.record, {}};
  message.for_next = half(message, came, at, columns, came);
}

}  // namespace

std::shared_ptr<fanout::Message> RowEvents::message(const sync::Catalog& catalog,
                                                    const connector::Capabilities& capabilities,
                                                    const sync::Holding& holding, Time at, std::uint32_t part) {
  if (capabilities.table_schema.empty()) return nullptr;
  const sync::SourceSchema* source = catalog.find(holding.source);
  const sync::EntitySchema* entity = source == nullptr ? nullptr : source->find(holding.entity);
  const sync::SystemBinding* binding = entity == nullptr ? nullptr : entity->binding(holding.system);
  if (binding == nullptr) return nullptr;
  const auto named = capabilities.table_keys.find(binding->object);
  const std::vector<std::string> key =
      named == capabilities.table_keys.end() ? std::vector<std::string>{"id"} : named->second;
  auto change = std::make_shared<fanout::RowChange>();
  change->schema = capabilities.table_schema;
  change->table = binding->object;
  change->operation = !holding.before ? "INSERT" : (holding.after ? "UPDATE" : "DELETE");
  if (holding.after) {
    change->record = row(*entity, *binding, *holding.after);
    add_key(change->record, key, holding.external_id);
    add_constants(change->record, capabilities, binding->object);
  }
  if (holding.before) {
    change->old_record = row(*entity, *binding, *holding.before);
    add_key(change->old_record, key, holding.external_id);
    add_constants(change->old_record, capabilities, binding->object);
  }
  if (holding.before && holding.after && change->record == change->old_record) return nullptr;
  auto message = std::make_shared<fanout::Message>();
  message->content = fanout::Content::row;
  message->seq = holding.cause;
  message->part = part;
  message->source = holding.source;
  message->entity = holding.entity;
  message->event = change->operation;
  message->text = row_text(*change, at, holding.cause);
  const JsonArray columns = columns_of(*entity, *binding, holding.after ? change->record : change->old_record);
  message->change_text = change_text(*change, at, columns);
  message->row = std::move(change);
  message->business_before = holding.business_before;
  message->business = holding.business_after;
  if (message->business_before != message->business)
    tell_move(capabilities, key, holding.external_id, at, columns, *message);
  return message;
}

}  // namespace lockstep::hub
