// What a table came to hold, as clients of the table hear of it: the row before and after, by the names of its columns.
//
// A row is what the link's base says the system holds, so that the event comes when the table has it, whoever wrote it
// (an event that came with the record's change would make a client read the old row). Columns that are not mapped are
// not known here, except those that are the same in all rows of the system.
#pragma once

#include <map>
#include <memory>

#include "connector/connector.hpp"
#include "fanout/message.hpp"
#include "sync/batch.hpp"
#include "sync/mapping.hpp"

namespace lockstep::hub {

// A change as clients of the topic get it: in the vocabulary of the platform's trigger (record, old_record) and in that of
// the original mirror (new, old).
std::string row_text(const fanout::RowChange& change, Time at, Seq seq);

class RowEvents {
 public:
  // `part`: of several rows with one sequence. nullptr: the system's objects are no tables, or nothing that is mapped has changed.
  // Its topics are for who publishes it.
  std::shared_ptr<fanout::Message> message(const sync::Catalog& catalog, const connector::Capabilities& capabilities,
                                           const sync::Holding& holding, Time at, std::uint32_t part);

 private:
  JsonObject row(const sync::EntitySchema& entity, const sync::SystemBinding& binding, const sync::Fields& fields);

  sync::Expressions expressions_;
};

}  // namespace lockstep::hub
