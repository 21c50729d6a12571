#include "hub/rework_state.hpp"

#include "base/random.hpp"

namespace lockstep::hub {
namespace {

constexpr std::int64_t kVersion = 1;

std::string row_key(const ReworkState& state) { return std::string(kReworkPrefix) + state.job.id; }

Json stored_time(Time time) { return time.time_since_epoch().count(); }

std::int64_t number(const Json& value, std::string_view key) {
  const Json* member = find_member(value, key);
  boost::system::error_code no_number;
  const auto read = member == nullptr ? 0 : member->to_number<std::int64_t>(no_number);
  return no_number ? 0 : read;
}

std::uint64_t count(const Json& value, std::string_view key) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(number(value, key), 0));
}

std::optional<std::uint64_t> count_or_none(const Json& value, std::string_view key) {
  if (find_member(value, key) == nullptr) return std::nullopt;
  return count(value, key);
}

}  // namespace

sync::StateRow rework_row(const ReworkState& state) {
  const JobProgress& job = state.job;
  JsonObject value{{"v", kVersion},
                   {"kind", job.kind},
                   {"started", stored_time(job.started)},
                   {"done", job.done},
                   {"skipped", job.skipped}};
  if (job.total) value["total"] = *job.total;
  if (state.at) value["at"] = *state.at;
  if (job.kind == "undo") {
    value["job"] = state.undo.job;
    value["overwrite"] = state.undo.changed == sync::ChangedSince::overwrite;
    value["actor"] = state.undo.actor;
    value["passed"] = state.passed;
    value["made"] = state.made;
  } else {
    value["from"] = stored_time(state.range.from);
    value["to"] = stored_time(state.range.to);
  }
  return {job.source, job.system, row_key(state), std::move(value)};
}

sync::StateRow rework_erased(const ReworkState& state) {
  return {state.job.source, state.job.system, row_key(state), nullptr};
}

Result<ReworkState> read_rework(const sync::StateRow& row) {
  const Json& value = row.value;
  ReworkState out;
  out.job.id = row.key.substr(std::min(row.key.size(), kReworkPrefix.size()));
  out.job.source = row.source;
  out.job.system = row.system;
  out.job.kind = string_member(value, "kind");
  out.job.state = "running";
  out.job.started = Time(Duration(number(value, "started")));
  out.job.done = count(value, "done");
  out.job.skipped = count(value, "skipped");
  out.job.total = count_or_none(value, "total");
  out.at = count_or_none(value, "at");
  out.passed = count(value, "passed");
  out.made = count(value, "made");
  const bool undo = out.job.kind == "undo";
  if (number(value, "v") != kVersion || (!undo && out.job.kind != "replay"))
    return fail(ErrorKind::corrupt, "the state of job " + out.job.id + " was written by another version of Lockstep");
  if (undo) {
    out.undo.job = string_member(value, "job");
    out.undo.begun = ulid_time(out.undo.job).value_or(Time());
    const Json* overwrite = find_member(value, "overwrite");
    if (overwrite != nullptr && *overwrite == Json(true)) out.undo.changed = sync::ChangedSince::overwrite;
    out.undo.actor = string_member(value, "actor");
  } else {
    out.range.from = Time(Duration(number(value, "from")));
    out.range.to = Time(Duration(number(value, "to")));
    if (!row.system.empty()) out.range.system = row.system;
  }
  return out;
}

}  // namespace lockstep::hub
