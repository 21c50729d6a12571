// What a table came to hold, as clients of the table hear of it: the row before and after, by the names of its columns.
//
// A row is what the link's base says the system holds, so that the event comes when the table has it, whoever wrote it
// (an event that came with the record's change would make a client read the old row). Columns that are not mapped are
// not known here.
#pragma once

#include <map>
#include <memory>

#include "connector/connector.hpp"
#include "fanout/message.hpp"
#include "sync/batch.hpp"
#include "sync/mapping.hpp"

namespace lockstep::hub {

class RowEvents {
 public:
  // `part`: of several rows with one sequence. nullptr: the system's objects are no tables, or nothing that is mapped has changed.
  std::shared_ptr<const fanout::Message> message(const sync::Catalog& catalog,
                                                 const connector::Capabilities& capabilities,
                                                 const sync::Holding& holding, Time at, std::uint32_t part);

 private:
  JsonObject row(const sync::EntitySchema& entity, const sync::SystemBinding& binding, const sync::Fields& fields);

  sync::Expressions expressions_;
};

}  // namespace lockstep::hub
