#include "sync/engine.hpp"

#include <unordered_map>

#include "sync/applier.hpp"

namespace lockstep::sync {

Engine::Engine(std::shared_ptr<const Catalog> catalog, EngineSettings settings, Random& random)
    : catalog_(std::move(catalog)), settings_(settings), random_(random) {}

Result<Decision> Engine::apply(std::span<const Input> inputs, Lookup& lookup, Time now) {
  LOCKSTEP_TRY(last_seq, lookup.last_seq());
  const std::shared_ptr<const Catalog> catalog = catalog_;
  Workspace workspace(*catalog, lookup, now, last_seq);
  Applier applier(workspace, expressions_, hlc_, random_, settings_);
  Decision decision;
  decision.applied.reserve(inputs.size());
  for (const Input& input : inputs) {
    Result<Applied> applied = std::visit([&](const auto& one) { return applier.apply(one); }, input);
    if (!applied) return std::unexpected(std::move(applied).error());
    decision.applied.push_back(std::move(*applied));
  }
  LOCKSTEP_TRY(batch, workspace.finish());
  std::unordered_map<RecordId, std::uint64_t> revisions;
  for (const Record& record : batch.records) revisions.emplace(record.id, record.revision);
  for (Applied& applied : decision.applied) {
    if (const auto at = revisions.find(applied.record); at != revisions.end()) applied.revision = at->second;
  }
  decision.batch = std::move(batch);
  return decision;
}

Result<Decision> Engine::set_aside(const Input& input, const Error& error, Lookup& lookup, Time now) {
  LOCKSTEP_TRY(last_seq, lookup.last_seq());
  const std::shared_ptr<const Catalog> catalog = catalog_;
  Workspace workspace(*catalog, lookup, now, last_seq);
  Applier applier(workspace, expressions_, hlc_, random_, settings_);
  Decision decision;
  LOCKSTEP_TRY(applied, applier.set_aside(input, error));
  decision.applied.push_back(std::move(applied));
  LOCKSTEP_TRY(batch, workspace.finish());
  decision.batch = std::move(batch);
  return decision;
}

}  // namespace lockstep::sync
