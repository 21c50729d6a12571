// What the database says about the tables in use, and the SQL expressions that follow from it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "connectors/postgres/session.hpp"
#include "connectors/postgres/values.hpp"

namespace lockstep::postgres {

struct ColumnLayout {
  std::string name;
  std::string type;  // as SQL writes it: "numeric(10,2)", "text[]"
  ValueKind kind = ValueKind::text;
  Shape shape = Shape::scalar;
  bool natural = true;     // to_jsonb() keeps it exactly; else it is read as text
  bool comparable = true;  // has an equality operator (json has none)
  bool not_null = false;
  bool generated = false;  // GENERATED ALWAYS AS (…) STORED: never written
  bool identity = false;
  std::string standard;  // the default's expression, "" for none
};

struct ScopeColumn {
  std::string name;
  std::string value;  // as the database writes it
};

struct TableLayout {
  std::string schema;
  std::string name;
  std::uint32_t oid = 0;
  char identity = 'd';  // REPLICA IDENTITY
  bool row_security = false;
  double estimated_rows = -1;
  std::vector<ColumnLayout> columns;              // readable ones
  std::vector<std::string> key;                   // names of the key's columns
  std::vector<std::vector<std::string>> uniques;  // columns of unique indexes, without partial and expression indexes

  std::vector<ScopeColumn> scope;  // what rows of this system hold
  std::string soft_delete;         // set in rows that are deleted; "": rows are deleted as such

  const ColumnLayout* column(std::string_view name) const;
  std::vector<const ColumnLayout*> key_columns() const;
  // "schema"."table"
  std::string quoted() const;
  // Columns as `x."a", x."b"::text AS "b"` for the alias, in the form that to_json() gives too.
  std::string select_list(std::string_view alias) const;
  // One row as jsonb: (SELECT to_jsonb(x) FROM (SELECT …) x)
  std::string document(std::string_view alias) const;
  // ` AND …` for the rows of the scope, and for those of them that are not deleted. Nothing when every row is meant.
  std::string in_scope(std::string_view alias) const;
  std::string present(std::string_view alias) const;
  // A value of the scope in SQL: '…'::uuid
  std::string literal(const ScopeColumn& scope) const;
  // The key's columns as text: alias."id"::text, …
  std::string key_text(std::string_view alias) const;
};

// By table name. Immutable once read; shared between the writer's and the capture's thread.
using Layout = std::map<std::string, TableLayout, std::less<>>;
using SharedLayout = std::shared_ptr<const Layout>;

// The tables of `settings.objects` that exist; those that do not are absent from the result. `invalid` when one lacks a
// column of the scope or the one of its soft deletes: nothing may be read or deleted then.
Result<Layout> read_layout(Session& session, const Settings& settings);

// One key part as it is; several as a JSON array of texts.
std::string external_id_of(const std::vector<std::string>& key);
// As many parts as `parts`, or `invalid`.
Result<std::vector<std::string>> key_of(std::string_view external_id, std::size_t parts);

}  // namespace lockstep::postgres
