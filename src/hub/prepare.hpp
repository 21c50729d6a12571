// From outbox rows to write requests: reads the newest state of the records and works out what is to be sent. Runs on
// the readers' thread; pure apart from the reader.
#pragma once

#include <memory>
#include <set>
#include <vector>

#include "connector/connector.hpp"
#include "store/store.hpp"
#include "sync/expression.hpp"
#include "sync/plan.hpp"

namespace lockstep::hub {

struct Prepared {
  sync::OutboxRow row;
  connector::WriteRequest request;
  sync::Fields written;    // canonical values that the request carries
  bool read_back = false;  // an earlier attempt ended unknown (X2)
  bool unseen = false;     // would cover what was never looked at: a field that was mapped since, or, by removing the
                           // object, edits on their way (L1, L3)
  std::string problem;     // could not be mapped: goes to the dead letters
};

struct Due {
  std::vector<Prepared> writes;
  std::vector<sync::OutboxKey> empty;  // rows that turned out to have nothing to write
  std::optional<Time> next;            // when the next row becomes due
  std::uint64_t records = 0;           // that the source has
};

class Preparer {
 public:
  // `skip`: rows whose write is on its way.
  Result<Due> prepare(store::Reader& reader, const sync::Catalog& catalog, const SourceId& source,
                      const SystemName& system, Time now, std::size_t limit, const std::set<RecordId>& skip);

 private:
  std::optional<Prepared> prepare_row(store::Reader& reader, const sync::EntitySchema& entity,
                                      const sync::SystemBinding& binding, const sync::Record& record,
                                      const sync::OutboxRow& row);

  sync::Expressions expressions_;
};

// When the earlier attempt of a row in flight had been sent, at the latest. `started`: the lane, which may have gone on with
// what an earlier run claimed.
Time sent_by(const sync::OutboxRow& row, Time started, Time now);

// Where a referenced record stands in a system, answered by a reader.
sync::TargetLookup target_lookup(store::Reader& reader, const SourceId& source);

}  // namespace lockstep::hub
