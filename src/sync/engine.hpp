// The engine: applies a batch of inputs to what a Lookup knows and says what to commit. It decides everything that is
// decided about records: identity, merge, staleness, deletes, what must be written where. Deterministic: the same
// inputs, lookups, time and randomness give the same batch. No I/O, no clock, no threads of its own; one engine is
// used by one writer.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/random.hpp"
#include "sync/batch.hpp"
#include "sync/expression.hpp"
#include "sync/hlc.hpp"
#include "sync/mapping.hpp"
#include "sync/schema.hpp"
#include "sync/workspace.hpp"

namespace lockstep::sync {

// What became of one input.
struct Applied {
  Disposition disposition = Disposition::applied;
  std::string reason;          // why it was suppressed or parked
  RecordId record;             // the record it concerned, may be empty
  std::uint64_t revision = 0;  // of that record after the batch
  Seq seq = 0;                 // its journal entry; 0 when it was refused
  std::optional<Error> error;  // refused: nothing was journalled, the caller must change the request
};

struct EngineSettings {
  std::uint32_t attempts_limit = 12;               // then the write is dead
  std::chrono::milliseconds backoff_first{1'000};  // doubles with each attempt, with full jitter
  std::chrono::milliseconds backoff_limit{15 * 60'000};
};

struct Decision {
  Batch batch;
  std::vector<Applied> applied;  // one per input, in order
};

class Engine {
 public:
  Engine(std::shared_ptr<const Catalog> catalog, EngineSettings settings, Random& random);

  // The batch that applies `inputs` in order. An error is the lookup's; nothing has happened then.
  Result<Decision> apply(std::span<const Input> inputs, Lookup& lookup, Time now);

  // What is committed for one input on which apply() fails as `corrupt`, whatever is in its batch: a change is parked for
  // a person, the write of an outcome becomes a dead letter, anything else is refused with that error.
  Result<Decision> set_aside(const Input& input, const Error& error, Lookup& lookup, Time now);

  // Takes effect with the next batch.
  void replace_catalog(std::shared_ptr<const Catalog> catalog) { catalog_ = std::move(catalog); }
  const Catalog& catalog() const { return *catalog_; }

 private:
  std::shared_ptr<const Catalog> catalog_;
  EngineSettings settings_;
  Random& random_;
  Expressions expressions_;
  HlcClock hlc_;
};

}  // namespace lockstep::sync
