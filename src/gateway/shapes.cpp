#include "gateway/shapes.hpp"

#include "hub/lane_state.hpp"

namespace lockstep::gateway {
namespace {

Json time_or_null(const std::optional<Time>& time) { return time ? Json(to_iso8601(*time)) : Json(nullptr); }

std::string_view to_string(sync::OutboxState state) {
  switch (state) {
    case sync::OutboxState::waiting: return "waiting";
    case sync::OutboxState::claimed: return "claimed";
    case sync::OutboxState::unknown: return "unknown";
    case sync::OutboxState::blocked: return "blocked";
    case sync::OutboxState::dead: return "dead";
    case sync::OutboxState::discarded: return "discarded";
  }
  return "";
}

std::string_view to_string(sync::InboxKind kind) {
  switch (kind) {
    case sync::InboxKind::waiting: return "waiting";
    case sync::InboxKind::fetch: return "fetch";
    case sync::InboxKind::identity: return "identity";
    case sync::InboxKind::invalid: return "invalid";
  }
  return "";
}

Json values(const sync::Fields& fields) {
  JsonObject out;
  for (const auto& [name, value] : fields) out[name] = value;
  return out;
}

}  // namespace

Json to_json(const hub::RecordView& view, Shown shown) {
  const sync::Record& record = view.record;
  JsonObject fields;
  JsonObject stamps;
  for (const auto& [name, state] : record.fields) {
    fields[name] = state.value;
    JsonObject stamp{
        {"at", to_iso8601(state.stamp.time.time())}, {"origin", state.stamp.origin.str()}, {"seq", state.stamp.seq}};
    if (state.held) stamp["held"] = true;
    stamps[name] = std::move(stamp);
  }
  JsonObject systems;
  const bool with_systems = shown == Shown::with_systems;
  for (const hub::RecordStatus& status : with_systems ? view.systems : std::vector<hub::RecordStatus>()) {
    JsonObject one{{"status", to_string(status.status)},
                   {"external_id", status.external_id.empty() ? Json(nullptr) : Json(status.external_id)}};
    if (!status.detail.empty()) one["detail"] = status.detail;
    if (!status.differing.empty()) {
      JsonArray names;
      for (const std::string& name : status.differing) names.emplace_back(name);
      one["differing"] = std::move(names);
    }
    if (const sync::Link* link = record.link(status.system)) {
      one["base"] = values(link->base);
      one["version"] = link->version;
    }
    systems[status.system.str()] = std::move(one);
  }
  return JsonObject{{"id", record.id.str()},        {"entity", record.entity.str()}, {"revision", record.revision},
                    {"deleted", record.deleted},    {"fields", std::move(fields)},   {"stamps", std::move(stamps)},
                    {"systems", std::move(systems)}};
}

JsonObject to_json(const access::BusinessGrants& businesses) {
  JsonObject out;
  for (const auto& [source, names] : businesses) out[source.str()] = JsonArray(names.begin(), names.end());
  return out;
}

Json to_json(const hub::JobPart& part) {
  return JsonObject{{"entity", part.entity.str()}, {"name", part.name},   {"state", part.state},
                    {"count", part.count},         {"pages", part.pages}, {"unstored", part.unstored},
                    {"error", part.error.message}};
}

Json to_json(const hub::JobProgress& job) {
  JsonArray parts;
  for (const hub::JobPart& part : job.parts) parts.push_back(to_json(part));
  return JsonObject{{"id", job.id},
                    {"system", job.system.str()},
                    {"kind", job.kind},
                    {"state", job.state},
                    {"actor", job.actor},
                    {"parts", std::move(parts)},
                    {"entity", job.entity},
                    {"done", job.done},
                    {"skipped", job.skipped},
                    {"total", job.total ? Json(*job.total) : Json(nullptr)},
                    {"started", to_iso8601(job.started)},
                    {"ended", time_or_null(job.ended)},
                    {"rate_per_second", job.rate_per_second},
                    {"eta_seconds", job.eta ? Json(job.eta->count()) : Json(nullptr)},
                    {"error", job.error},
                    {"note", job.note}};
}

Json to_json(const hub::LaneStatus& lane) {
  Json hold;
  if (lane.hold) {
    hold = JsonObject{{"kind", lane.hold->kind},
                      {"reason", lane.hold->reason},
                      {"actor", lane.hold->actor},
                      {"since", time_or_null(lane.hold->since)}};
  }
  Json silent;
  if (lane.silence) silent = std::chrono::duration_cast<std::chrono::seconds>(*lane.silence).count();
  JsonArray schedules;
  for (const hub::ScheduleStatus& one : lane.schedules) {
    schedules.push_back(JsonObject{{"function", one.name},
                                   {"cron", one.cron},
                                   {"mode", one.kind == "mirror" ? "full" : "incremental"},
                                   {"last", time_or_null(one.last)},
                                   {"next", time_or_null(one.next)}});
  }
  const hub::LaneState worst = hub::worst_of(lane);
  return JsonObject{{"system", lane.system.str()},
                    {"kind", lane.kind},
                    {"state", worst.state},
                    {"note", worst.note},
                    {"connected", lane.connected},
                    {"read_once", lane.read_once},
                    {"hold", std::move(hold)},
                    {"retry_at", time_or_null(lane.retry_at)},
                    {"stalled", lane.stalled},
                    {"silent_seconds", std::move(silent)},
                    {"found_by_polls", lane.found_by_polls},
                    {"problem", lane.problem},
                    {"capture", lane.capture},
                    {"in_flight", lane.in_flight},
                    {"written", lane.written},
                    {"failed", lane.failed},
                    {"last_seen", time_or_null(lane.last_seen)},
                    {"last_written", time_or_null(lane.last_written)},
                    {"schedules", std::move(schedules)}};
}

Json to_json(const sync::OutboxRow& row) {
  return JsonObject{{"record", row.key.record.str()},
                    {"system", row.key.system.str()},
                    {"entity", row.entity.str()},
                    {"state", to_string(row.state)},
                    {"since", to_iso8601(row.since)},
                    {"due", to_iso8601(row.due)},
                    {"attempts", row.attempts},
                    {"error", row.error},
                    {"error_kind", lockstep::to_string(row.error_kind)},
                    {"cause", row.cause}};
}

Json to_json(const sync::InboxRow& row) {
  JsonArray candidates;
  for (const RecordId& id : row.candidates) candidates.emplace_back(id.str());
  return JsonObject{{"seq", row.seq},
                    {"kind", to_string(row.kind)},
                    {"system", row.change.system.str()},
                    {"object", row.change.object},
                    {"external_id", row.change.external_id},
                    {"reason", row.reason},
                    {"since", to_iso8601(row.since)},
                    {"candidates", std::move(candidates)},
                    {"document", row.change.document}};
}

Json to_json(const sync::ConflictRow& row) {
  return JsonObject{{"seq", row.seq},
                    {"entity", row.entity.str()},
                    {"record", row.record.str()},
                    {"field", row.field},
                    {"base", row.base},
                    {"mine", row.mine},
                    {"theirs", row.theirs},
                    {"mine_origin", row.mine_origin.str()},
                    {"theirs_origin", row.theirs_origin.str()},
                    {"rule", row.rule},
                    {"winner", row.winner.str()},
                    {"open", row.open},
                    {"decided_by", row.decided_by.empty() ? Json(nullptr) : Json(row.decided_by)},
                    {"decided_at", row.decided_by.empty() ? Json(nullptr) : Json(to_iso8601(row.decided_at))},
                    {"decision", row.decided_by.empty() ? Json(nullptr) : Json(row.decision)}};
}

Json to_json(const hub::DeadLetterGroups& groups) {
  JsonArray items;
  for (const hub::DeadLetterGroup& group : groups.groups) {
    items.push_back(JsonObject{{"system", group.system.str()},
                               {"error_kind", lockstep::to_string(group.error_kind)},
                               {"error", group.error},
                               {"count", group.count},
                               {"first", to_iso8601(group.first)},
                               {"last", to_iso8601(group.last)},
                               {"example", group.example.str()}});
  }
  return JsonObject{{"items", std::move(items)}, {"others", groups.others}};
}

Json to_json(const store::Counts& counts) {
  return JsonObject{
      {"records", counts.records},  {"tombstones", counts.tombstones}, {"pending", counts.outbox_waiting},
      {"dead", counts.outbox_dead}, {"inbox", counts.inbox},           {"conflicts_open", counts.conflicts_open}};
}

Json to_json(const sync::Applied& applied) {
  return JsonObject{{"record", applied.record.str()},
                    {"revision", applied.revision},
                    {"seq", applied.seq},
                    {"reason", applied.reason}};
}

}  // namespace lockstep::gateway
