#include "connectors/postgres/layout.hpp"

#include <algorithm>

#include "connectors/postgres/limits.hpp"

namespace lockstep::postgres {
namespace {

constexpr std::string_view layout_sql = R"sql(
SELECT json_build_object(
  'name', c.relname, 'oid', c.oid::bigint, 'identity', c.relreplident, 'rls', c.relrowsecurity, 'rows', c.reltuples,
  'columns', (
    SELECT coalesce(json_agg(json_build_object(
      'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
      'array', e.oid IS NOT NULL, 'base', coalesce(e.oid, b.oid)::regtype::text,
      'not_null', a.attnotnull OR t.typnotnull, 'generated', a.attgenerated <> '', 'identity', a.attidentity <> '',
      'default', CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END) ORDER BY a.attnum), '[]')
    FROM pg_attribute a
    JOIN pg_type t ON t.oid = a.atttypid
    JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
    LEFT JOIN pg_type e ON b.typcategory = 'A' AND e.oid = b.typelem
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      AND has_column_privilege(c.oid, a.attnum, 'SELECT')),
  'indexes', (
    SELECT coalesce(json_agg(json_build_object('primary', i.indisprimary, 'columns', (
      SELECT json_agg(a.attname ORDER BY k.n) FROM unnest(i.indkey) WITH ORDINALITY k(attnum, n)
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum WHERE k.n <= i.indnkeyatts))), '[]')
    FROM pg_index i
    WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND c.relname = ANY (SELECT jsonb_array_elements_text($2::jsonb))
)sql";

bool flag(const Json& value, std::string_view key) {
  const Json* member = find_member(value, key);
  return member != nullptr && member->is_bool() && member->get_bool();
}

std::string text(const Json& value, std::string_view key) { return std::string(string_member(value, key)); }

void set_kind(ColumnLayout& column, std::string_view base) {
  using enum ValueKind;
  if (base == "boolean") {
    column.kind = boolean;
  } else if (base == "smallint" || base == "integer" || base == "bigint") {
    column.kind = integer;
  } else if (base == "real" || base == "double precision") {
    column.kind = floating;
  } else if (base == "json" || base == "jsonb") {
    column.kind = json;
    column.comparable = base == "jsonb";
  } else if (base == "timestamp with time zone" || base == "timestamp without time zone") {
    column.kind = timestamp;
  } else if (base == "bytea") {
    column.kind = bytes;
  } else {
    column.natural =
        base == "text" || base == "character varying" || base == "character" || base == "uuid" || base == "date";
  }
  static constexpr std::string_view incomparable[] = {"xml", "point", "polygon", "box", "line", "path"};
  if (std::ranges::find(incomparable, base) != std::end(incomparable)) column.comparable = false;
}

std::vector<std::string> names(const Json* list) {
  std::vector<std::string> out;
  if (list == nullptr || !list->is_array()) return out;
  for (const Json& item : list->get_array())
    out.emplace_back(item.is_string() ? std::string_view(item.get_string()) : "");
  return out;
}

void read_columns(const Json& from, const TableSettings* settings, TableLayout& table) {
  for (const Json& item : from.at("columns").as_array()) {
    ColumnLayout column;
    column.name = text(item, "name");
    column.type = text(item, "type");
    column.shape = flag(item, "array") ? Shape::array : Shape::scalar;
    column.not_null = flag(item, "not_null");
    column.generated = flag(item, "generated");
    column.identity = flag(item, "identity");
    column.standard = text(item, "default");
    set_kind(column, text(item, "base"));
    const bool wanted = settings == nullptr || settings->columns.empty() ||
                        std::ranges::find(settings->columns, column.name) != settings->columns.end() ||
                        std::ranges::find(table.key, column.name) != table.key.end() ||
                        table.soft_delete == column.name ||
                        std::ranges::find(table.scope, column.name, &ScopeColumn::name) != table.scope.end();
    if (wanted) table.columns.push_back(std::move(column));
  }
}

TableLayout read_table(const Json& from, const Settings& settings) {
  TableLayout table;
  table.schema = settings.schema;
  table.name = text(from, "name");
  table.oid = static_cast<std::uint32_t>(from.at("oid").as_int64());
  table.identity = text(from, "identity").empty() ? 'd' : text(from, "identity")[0];
  table.row_security = flag(from, "rls");
  if (const Json* rows = find_member(from, "rows"); rows != nullptr && rows->is_number()) {
    table.estimated_rows = rows->to_number<double>();
  }
  const auto found = settings.tables.find(table.name);
  const TableSettings* own = found == settings.tables.end() ? nullptr : &found->second;
  for (const Json& index : from.at("indexes").as_array()) {
    std::vector<std::string> columns = names(find_member(index, "columns"));
    if (flag(index, "primary")) table.key = columns;
    table.uniques.push_back(std::move(columns));
  }
  if (own != nullptr && !own->key.empty()) table.key = own->key;
  if (own != nullptr) table.soft_delete = own->soft_delete;
  for (const auto& [column, value] : settings.scope) table.scope.push_back({column, value});
  read_columns(from, own, table);
  return table;
}

Result<void> check_marks(Session& session, TableLayout& table) {
  if (!table.soft_delete.empty()) {
    const ColumnLayout* column = table.column(table.soft_delete);
    if (column == nullptr || column->kind != ValueKind::timestamp || column->not_null) {
      return fail(ErrorKind::invalid, "table " + table.name + ": soft_delete names " + table.soft_delete +
                                          ", which must be a column for a time that may be null");
    }
  }
  for (ScopeColumn& scope : table.scope) {
    const ColumnLayout* column = table.column(scope.name);
    if (column == nullptr || !column->comparable) {
      return fail(ErrorKind::invalid, "table " + table.name + ": the scope names column " + scope.name +
                                          ", which does not exist or can not be compared");
    }
    auto value = session.query("SELECT ($1::" + column->type + ")::text", {scope.value});
    if (!value) return fail(to_error(value.error()));
    scope.value = value->str(0, 0);  // an uuid in capitals, 1.0 for 1
  }
  return {};
}

}  // namespace

const ColumnLayout* TableLayout::column(std::string_view wanted) const {
  const auto found = std::ranges::find(columns, wanted, &ColumnLayout::name);
  return found == columns.end() ? nullptr : &*found;
}

std::vector<const ColumnLayout*> TableLayout::key_columns() const {
  std::vector<const ColumnLayout*> out;
  for (const auto& part : key) out.push_back(column(part));
  return out;
}

std::string TableLayout::quoted() const { return quote_name(schema) + "." + quote_name(name); }

std::string TableLayout::select_list(std::string_view alias) const {
  std::string list;
  for (const auto& column : columns) {
    if (column.kind == ValueKind::bytes) continue;
    const std::string quoted_name = quote_name(column.name);
    if (!list.empty()) list += ", ";
    list += std::string(alias) + "." + quoted_name;
    if (!column.natural) list += (column.shape == Shape::array ? "::text[] AS " : "::text AS ") + quoted_name;
  }
  return list;
}

std::string TableLayout::document(std::string_view alias) const {
  return "(SELECT to_jsonb(x) FROM (SELECT " + select_list(alias) + ") x)";
}

std::string TableLayout::literal(const ScopeColumn& one) const {
  return quote_text(one.value) + "::" + column(one.name)->type;
}

std::string TableLayout::in_scope(std::string_view alias) const {
  std::string sql;
  for (const auto& one : scope) {
    sql += " AND " + std::string(alias) + "." + quote_name(one.name) + " = " + literal(one);
  }
  return sql;
}

std::string TableLayout::present(std::string_view alias) const {
  if (soft_delete.empty()) return in_scope(alias);
  return in_scope(alias) + " AND " + std::string(alias) + "." + quote_name(soft_delete) + " IS NULL";
}

std::string TableLayout::key_text(std::string_view alias) const {
  std::string list;
  for (const auto& part : key) {
    if (!list.empty()) list += ", ";
    list += std::string(alias) + "." + quote_name(part) + "::text";
  }
  return list;
}

Result<Layout> read_layout(Session& session, const Settings& settings) {
  JsonArray objects;
  for (const auto& object : settings.objects) objects.emplace_back(object);
  auto rows = session.query(std::string(layout_sql), {settings.schema, to_text(objects)});
  if (!rows) return fail(to_error(rows.error()));
  Layout layout;
  for (int i = 0; i < rows->size(); ++i) {
    auto json = parse_json(rows->text(i, 0), {.bytes_limit = limits::row_bytes, .depth_limit = limits::json_depth});
    if (!json) return fail(json.error());
    TableLayout table = read_table(*json, settings);
    for (const auto& part : table.key) {
      if (table.column(part) == nullptr) {
        return fail(ErrorKind::invalid,
                    "table " + table.name + ": key column " + part + " does not exist or may not be read");
      }
    }
    if (auto checked = check_marks(session, table); !checked) return fail(checked.error());
    layout.emplace(table.name, std::move(table));
  }
  return layout;
}

std::string external_id_of(const std::vector<std::string>& key) {
  if (key.size() == 1) return key.front();
  JsonArray parts;
  for (const auto& part : key) parts.emplace_back(part);
  return to_text(parts);
}

Result<std::vector<std::string>> key_of(std::string_view external_id, std::size_t parts) {
  if (external_id.empty() || external_id.size() > limits::external_id_bytes) {
    return fail(ErrorKind::invalid, "the id of a row is empty or too long");
  }
  if (parts == 1) return std::vector{std::string(external_id)};
  auto json = parse_json(external_id);
  std::vector<std::string> key = json ? names(&*json) : std::vector<std::string>();
  if (key.empty() || key.size() != parts)
    return fail(ErrorKind::invalid, "the id does not have one part per key column");
  return key;
}

}  // namespace lockstep::postgres
