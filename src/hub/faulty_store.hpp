// A store in memory whose commits fail as a test says.
#pragma once

#include <functional>

#include "store/memory_store.hpp"

namespace lockstep::hub {

class FaultyStore final : public store::MemoryStore {
 public:
  using Fault = std::function<Result<void>(const sync::Batch&)>;
  Fault before;  // its error is the answer, and nothing is written
  Fault after;   // its error is the answer, and the batch is there all the same

  Result<void> commit(const sync::Batch& batch) override {
    if (before) LOCKSTEP_CHECK(before(batch));
    LOCKSTEP_CHECK(MemoryStore::commit(batch));
    return after ? after(batch) : Result<void>();
  }
};

}  // namespace lockstep::hub
