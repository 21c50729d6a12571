// What the tasks that people start on much at once stand on: they commit in batches and wait in small steps, so that a
// drain never waits for long.
#pragma once

#include <functional>
#include <memory>

#include "base/random.hpp"
#include "hub/committer.hpp"
#include "hub/reads.hpp"

namespace lockstep::connector {
class Connector;
}

namespace lockstep::hub {

struct PeopleContext {
  Committer& committer;
  Reads& reads;
  Loop& loop;
  Random& random;
  const HubLimits& limits;
  std::function<std::shared_ptr<const sync::Catalog>()> catalog;
  // nullptr: there is no such system (any more).
  std::function<std::shared_ptr<connector::Connector>(const SourceId&, const SystemName&)> connector;
  std::function<bool()> stopping;
};

// Tries again for as long as there is no room (a full disk); any other error is final.
Task<Result<std::vector<sync::Applied>>> commit_inputs(PeopleContext& context, SourceId source,
                                                       std::vector<sync::Input> inputs);
// Returns early when the hub stops.
Task<void> rest(PeopleContext& context, Duration time);

}  // namespace lockstep::hub
