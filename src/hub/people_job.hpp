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
  Log& log;
  const HubLimits& limits;
  std::function<std::shared_ptr<const sync::Catalog>()> catalog;
  // `not_found`: there is no such system (any more). `unavailable`: its connector has not started yet.
  std::function<Result<std::shared_ptr<connector::Connector>>(const SourceId&, const SystemName&)> connector;
  std::function<bool()> stopping;
};

// Tries again where that may help; an error is final. The rows commit with the inputs.
Task<Result<std::vector<sync::Applied>>> commit_inputs(PeopleContext& context, SourceId source,
                                                       std::vector<sync::Input> inputs,
                                                       std::vector<sync::StateRow> state);
// Once: an error is final.
Task<Result<std::vector<sync::Applied>>> commit_at_once(PeopleContext& context, SourceId source,
                                                        std::vector<sync::Input> inputs,
                                                        std::vector<sync::StateRow> state);
// Returns early when the hub stops.
Task<void> rest(PeopleContext& context, Duration time);

}  // namespace lockstep::hub
