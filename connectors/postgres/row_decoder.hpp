// Rows of the replication stream -> changes. Pure: it knows tables from the stream's own Relation messages and from
// the layout, nothing else.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "connectors/postgres/layout.hpp"
#include "sync/input.hpp"
#include "wire/pgoutput.hpp"

namespace lockstep::postgres {

class RowDecoder {
 public:
  RowDecoder(std::string schema, SharedLayout layout) : schema_(std::move(schema)), layout_(std::move(layout)) {}

  void use(SharedLayout layout);

  enum class Known { yes, no };
  // No: it is one of our tables and has columns that the layout does not name. Reading the layout anew may help;
  // columns that stay unknown are left out.
  Result<Known> describe(const wire::pgoutput::Relation& relation);

  // Empty for tables that are not ours, and for rows that are not in the scope. An update that changes the key is a
  // deletion and an upsert; one that marks a row as deleted, or that leaves a row outside the scope, is a deletion: which
  // scope it was in before is only told with REPLICA IDENTITY FULL.
  Result<std::vector<sync::Change>> insert(const wire::pgoutput::Insert& message, sync::Version version) const;
  Result<std::vector<sync::Change>> update(const wire::pgoutput::Update& message, sync::Version version) const;
  // `not_found`: a row of one of our tables is gone, and the stream does not say which: the replica identity lacks the
  // key.
  Result<std::vector<sync::Change>> remove(const wire::pgoutput::Delete& message, sync::Version version) const;
  // The name of our table, or "".
  std::string table_of(std::uint32_t relation) const;

 private:
  struct KnownTable {
    wire::pgoutput::Relation relation;
    const TableLayout* table = nullptr;                      // null: not ours
    std::vector<const ColumnLayout*> columns;                // by position; null: left out
    std::vector<std::size_t> key;                            // positions of the key's columns
    std::vector<std::pair<std::size_t, std::string>> scope;  // positions and what rows of this system hold there
    std::optional<std::size_t> soft_delete;
  };
  // Whether a row exists for this system: it is in the scope, and not marked as deleted.
  enum class Place { outside, deleted, present };
  static Place place_of(const KnownTable& known, const wire::pgoutput::Tuple& row);
  Known bind(KnownTable& known) const;
  Result<const KnownTable*> find(std::uint32_t relation) const;
  Result<sync::Change> upsert(const KnownTable& known, const wire::pgoutput::Tuple& row,
                              const wire::pgoutput::Tuple* before, sync::Version version) const;
  static std::optional<std::string> id_of(const KnownTable& known, const wire::pgoutput::Tuple& row);

  std::string schema_;
  SharedLayout layout_;
  std::map<std::uint32_t, KnownTable> tables_;
};

}  // namespace lockstep::postgres
