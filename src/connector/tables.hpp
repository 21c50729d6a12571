// Reads of a system's tables and views as dashboards ask for them: an optional part of a connector whose objects are
// tables. The database decides who may see what: a read is carried out as a role of the database, with the caller's
// claims, so that its row-level security holds here as for direct SQL (P2).
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/task.hpp"

namespace lockstep::connector {

enum class Comparison {
  equal,
  not_equal,
  greater,
  greater_or_equal,
  less,
  less_or_equal,
  like,   // % and _ stand for anything
  ilike,  // the same without case
  is,     // one of: null, not_null, true, false, unknown
  in,     // any of the values; of none nothing is
  contains,
  contained,
  overlaps,
  distinct,  // not equal, where null is a value like others
};

struct TableFilter {
  enum class Kind { compare, all_of, any_of } kind = Kind::compare;
  bool negated = false;
  std::string column;  // compare
  Comparison comparison = Comparison::equal;
  std::vector<std::string> values;  // in the database's own notation; one, except for `in`
  std::vector<TableFilter> parts;   // all_of, any_of
};

struct TableColumn {
  std::string name;  // "*": all of them
  std::string as;    // "": its own name
  std::string cast;  // the name of a type; "": none
};

struct TableOrder {
  enum class Direction { ascending, descending };
  enum class Nulls { standard /* last when ascending */, first, last };
  std::string column;
  Direction direction = Direction::ascending;
  Nulls nulls = Nulls::standard;
};

enum class Count { none, exact };

// As whom the database is asked.
struct TableRole {
  std::string name;      // "authenticated"; "": the connector's own role
  Json claims;           // what request.jwt.claims holds meanwhile; null: nothing
  Json sources;          // what lockstep.sources holds: the roles of a caller that only we know; null: nothing
  Json businesses = {};  // the same for lockstep.businesses: {source: [name]} of who has no role there
};

struct TableRead {
  std::string relation;              // a table or view of the system's schema
  std::vector<TableColumn> columns;  // none: all
  std::vector<TableFilter> filters;  // all of them hold
  std::vector<TableOrder> order;
  std::uint64_t limit = 1'000;  // the connector has a most of its own, and fails where more is asked for
  std::uint64_t offset = 0;
  Count count = Count::none;
  TableRole role;
};

struct TableRows {
  std::vector<std::string> rows;       // each a JSON object, its members in the order of the columns
  std::optional<std::uint64_t> total;  // Count::exact: of all that the filters let through
};

// `not_found`: no such relation. `invalid`: no such column, or a value that does not fit. `unauthorized`: the role may
// not. `unavailable`: no answer in time. `exhausted`: too many at once, or the answer is too large.
struct TableFailure : Error {
  std::string code;  // the database's: SQLSTATE; "" where it was not asked
};

using TableResult = std::expected<TableRows, TableFailure>;

class Tables {
 public:
  virtual ~Tables() = default;
  // Ends within seconds, also when the database hangs. Changes nothing.
  virtual Task<TableResult> read(TableRead read) = 0;
};

}  // namespace lockstep::connector
