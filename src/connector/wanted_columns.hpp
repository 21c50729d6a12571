// The columns that a table needs for the fields bound to it: what migrate() creates.
#pragma once

#include <string>
#include <vector>

#include "connector/connector.hpp"

namespace lockstep::connector {

// What a column holds; how the database says that is its connector's.
enum class ColumnHolds {
  field,         // a value of the field's type
  whole_number,  // what a converter makes of it
  text,
  members,  // JSON, of which single members are bound ("address.city")
};

struct WantedColumn {
  std::string name;
  ColumnHolds holds = ColumnHolds::field;
  const sync::FieldSchema* field = nullptr;  // the first one bound to it

  friend bool operator==(const WantedColumn&, const WantedColumn&) = default;
};

ColumnHolds column_holds(const sync::FieldBinding& binding);

// In order of first use, each once. They point into `system`.
std::vector<WantedColumn> wanted_columns(const SystemSettings& system, const std::string& object);

}  // namespace lockstep::connector
