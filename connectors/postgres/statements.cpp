#include "connectors/postgres/statements.hpp"

#include <algorithm>

namespace lockstep::postgres {
namespace {

std::string numbered(char kind, std::size_t i) { return kind + std::to_string(i); }

// FROM jsonb_to_recordset($1::jsonb) AS r(i int, k0 uuid, n0 text, …)
std::string records(const RowShape& shape) {
  const TableLayout& table = *shape.table;
  std::string sql = "jsonb_to_recordset($1::jsonb) AS r(i int";
  for (std::size_t i = 0; i < table.key.size(); ++i) {
    sql += ", " + numbered('k', i) + " " + table.column(table.key[i])->type;
  }
  for (std::size_t i = 0; i < shape.set.size(); ++i)
    sql += ", " + numbered('n', i) + " " + table.column(shape.set[i])->type;
  for (std::size_t i = 0; i < shape.expected.size(); ++i) {
    sql += ", " + numbered('o', i) + " " + table.column(shape.expected[i])->type;
  }
  return sql + ")";
}

std::string same_key(const RowShape& shape) {
  std::string sql;
  for (std::size_t i = 0; i < shape.table->key.size(); ++i) {
    if (i != 0) sql += " AND ";
    sql += "t." + quote_name(shape.table->key[i]) + " = r." + numbered('k', i);
  }
  return sql;
}

std::string holds(const RowShape& shape, const std::string& column, const std::string& value) {
  const ColumnLayout& layout = *shape.table->column(column);
  const std::string own = "t." + quote_name(column);
  if (shape.merged.contains(column)) {
    // Only the members that are named count; an absent one equals null.
    return "coalesce((SELECT bool_and(coalesce(" + own +
           "::jsonb -> e.key, 'null'::jsonb) = e.value) FROM jsonb_each(" + value + "::jsonb) e), true)";
  }
  // json is compared by content; types without equality by their text.
  const std::string cast = layout.comparable ? "" : layout.kind == ValueKind::json ? "::jsonb" : "::text";
  return own + cast + " IS NOT DISTINCT FROM " + value + cast;
}

std::string expectations(const RowShape& shape) {
  std::string sql;
  for (std::size_t i = 0; i < shape.expected.size(); ++i) {
    const std::string& column = shape.expected[i];
    sql += " AND (" + holds(shape, column, "r." + numbered('o', i));
    const auto set = std::ranges::find(shape.set, column);
    if (set != shape.set.end()) {
      sql += " OR " + holds(shape, column, "r." + numbered('n', static_cast<std::size_t>(set - shape.set.begin())));
    }
    sql += ")";
  }
  return sql;
}

// "name" = …, for the columns that get a value.
std::string assignments(const RowShape& shape) {
  std::string sql;
  for (std::size_t i = 0; i < shape.set.size(); ++i) {
    const std::string name = quote_name(shape.set[i]);
    const std::string value = "r." + numbered('n', i);
    if (i != 0) sql += ", ";
    sql += name + " = ";
    if (shape.merged.contains(shape.set[i])) {
      sql += "(coalesce(t." + name + "::jsonb, '{}'::jsonb) || coalesce(" + value +
             "::jsonb, '{}'::jsonb))::" + shape.table->column(shape.set[i])->type;
    } else {
      sql += value;
    }
  }
  return sql;
}

// Columns of the scope are compared with the scope's value: no row of another scope is a twin.
std::string same_unique(const RowShape& shape, const std::vector<std::string>& unique) {
  std::string where;
  for (const auto& column : unique) {
    const auto set = std::ranges::find(shape.set, column);
    if (set == shape.set.end()) continue;
    if (!where.empty()) where += " AND ";
    where += "t." + quote_name(column) + " = r." + numbered('n', static_cast<std::size_t>(set - shape.set.begin()));
  }
  return where.empty() ? "true" : where;
}

std::string order_by_key(const RowShape& shape) {
  std::string sql = " ORDER BY ";
  for (std::size_t i = 0; i < shape.table->key.size(); ++i) sql += (i == 0 ? "r." : ", r.") + numbered('k', i);
  return sql;
}

}  // namespace

std::string record_text(const RowShape& shape, std::size_t index, const std::vector<std::string>& key,
                        const JsonObject& document, const JsonObject& expected) {
  JsonObject row;
  row["i"] = index;
  for (std::size_t i = 0; i < key.size(); ++i) row[numbered('k', i)] = key[i];
  for (std::size_t i = 0; i < shape.set.size(); ++i) row[numbered('n', i)] = document.at(shape.set[i]);
  for (std::size_t i = 0; i < shape.expected.size(); ++i) row[numbered('o', i)] = expected.at(shape.expected[i]);
  return to_text(row);
}

std::string update_sql(const RowShape& shape, const std::string& position) {
  return "UPDATE " + shape.table->quoted() + " AS t SET " + assignments(shape) + " FROM " + records(shape) + " WHERE " +
         same_key(shape) + expectations(shape) + shape.table->present("t") + " RETURNING r.i, " + position + ", " +
         shape.table->document("t");
}

std::string remove_sql(const RowShape& shape, const std::string& position) {
  const TableLayout& table = *shape.table;
  const std::string change = table.soft_delete.empty() ? "DELETE FROM " + table.quoted() + " AS t USING "
                                                       : "UPDATE " + table.quoted() + " AS t SET " +
                                                             quote_name(table.soft_delete) + " = now() FROM ";
  return change + records(shape) + " WHERE " + same_key(shape) + expectations(shape) + table.present("t") +
         " RETURNING r.i, " + position;
}

std::string insert_sql(const RowShape& shape, const std::string& position) {
  std::string columns, values;
  for (std::size_t i = 0; i < shape.table->key.size(); ++i) {
    columns += (i == 0 ? "" : ", ") + quote_name(shape.table->key[i]);
    values += (i == 0 ? "r." : ", r.") + numbered('k', i);
  }
  for (std::size_t i = 0; i < shape.set.size(); ++i) {
    columns += ", " + quote_name(shape.set[i]);
    values += ", r." + numbered('n', i);
  }
  for (const auto& scope : shape.table->scope) {
    columns += ", " + quote_name(scope.name);
    values += ", " + shape.table->literal(scope);
  }
  return "INSERT INTO " + shape.table->quoted() + " AS t (" + columns + ") OVERRIDING SYSTEM VALUE SELECT " + values +
         " FROM " + records(shape) + order_by_key(shape) + " ON CONFLICT DO NOTHING RETURNING " + position + ", " +
         shape.table->document("t") + ", " + shape.table->key_text("t");
}

std::string probe_sql(const RowShape& shape, const std::string& position) {
  // The position stands outside the locking query: inside, it would be taken before the lock is held.
  return "WITH locked AS MATERIALIZED (SELECT r.i AS request_index, t.* FROM " + shape.table->quoted() + " AS t JOIN " +
         records(shape) + " ON " + same_key(shape) + shape.table->present("t") + order_by_key(shape) +
         " FOR UPDATE OF t) SELECT t.request_index, " + position + ", " + shape.table->document("t") + ", " +
         shape.table->key_text("t") + " FROM locked t";
}

std::string revive_sql(const RowShape& shape, const std::vector<std::string>& unique, const std::string& position) {
  const TableLayout& table = *shape.table;
  const std::string mark = quote_name(table.soft_delete);
  return "UPDATE " + table.quoted() + " AS t SET " + mark + " = NULL" + (shape.set.empty() ? "" : ", ") +
         assignments(shape) + " FROM " + records(shape) + " WHERE " +
         (unique.empty() ? same_key(shape) : same_unique(shape, unique)) + table.in_scope("t") + " AND t." + mark +
         " IS NOT NULL RETURNING r.i, " + position + ", " + table.document("t") + ", " + table.key_text("t");
}

bool names_unique(const RowShape& shape, const std::vector<std::string>& unique) {
  return !unique.empty() && std::ranges::all_of(unique, [&](const std::string& column) {
    return std::ranges::find(shape.set, column) != shape.set.end() ||
           std::ranges::find(shape.table->scope, column, &ScopeColumn::name) != shape.table->scope.end();
  });
}

std::string twin_sql(const RowShape& shape, const std::vector<std::string>& unique) {
  return "SELECT r.i, " + shape.table->key_text("t") + " FROM " + shape.table->quoted() + " AS t JOIN " +
         records(shape) + " ON " + same_unique(shape, unique) + shape.table->present("t");
}

}  // namespace lockstep::postgres
