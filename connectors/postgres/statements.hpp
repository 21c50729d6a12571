// The SQL of writes: one statement for many rows of the same shape. Pure text; values travel as one jsonb parameter.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "connectors/postgres/layout.hpp"
#include "sync/input.hpp"

namespace lockstep::postgres {

// Rows that one statement can write: the same table, kind and columns.
struct RowShape {
  const TableLayout* table = nullptr;
  sync::WriteKind kind = sync::WriteKind::update;
  std::vector<std::string> set;               // columns that get a value
  std::vector<std::string> expected;          // columns that must hold a value
  std::set<std::string, std::less<>> merged;  // of `set` and `expected`: jsonb whose other members stay

  friend bool operator==(const RowShape&, const RowShape&) = default;
};

// $1 is a jsonb array of {"i": number, "k0"…: key parts, "n0"…: values of `set`, "o0"…: values of `expected`}.
// `position` is the SQL of the present position (position.hpp).

// One element of that array.
std::string record_text(const RowShape& shape, std::size_t index, const std::vector<std::string>& key,
                        const JsonObject& document, const JsonObject& expected);

// Result columns: i, position, document. Rows that are missing or hold something else are not in the result.
// A column that already has its new value counts as expected: the write has then been made before.
std::string update_sql(const RowShape& shape, const std::string& position);
// Result columns: i, position. Where the table has a column for it, the row is marked as deleted and stays.
std::string remove_sql(const RowShape& shape, const std::string& position);
// Result columns: position, document, key parts. Rows that a unique key kept out are not in the result.
std::string insert_sql(const RowShape& shape, const std::string& position);
// Result columns: i, position, document, key parts; the rows stay locked, so the position fits what they hold.
std::string probe_sql(const RowShape& shape, const std::string& position);
// Creates that meet a row marked as deleted, with the same values in `unique` (empty: with the key of the new row): the
// row is taken up again. Result columns as of probe_sql.
std::string revive_sql(const RowShape& shape, const std::vector<std::string>& unique, const std::string& position);
// Whether rows of this shape name all columns of a unique key, by themselves or by the scope.
bool names_unique(const RowShape& shape, const std::vector<std::string>& unique);
// Rows whose columns of one unique key equal the new values. Result columns: i, key parts.
std::string twin_sql(const RowShape& shape, const std::vector<std::string>& unique);

}  // namespace lockstep::postgres
