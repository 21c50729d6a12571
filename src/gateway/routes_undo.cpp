// Undo of one journal entry and of everything a job did; replay of a stretch of time.
#include "gateway/context.hpp"
#include "gateway/shapes.hpp"
#include "gateway/sight.hpp"
#include "hub/event_text.hpp"
#include "sync/undo.hpp"

namespace lockstep::gateway {
namespace {

const std::string kSource = "/api/v1/sources/{source}";

std::optional<sync::ChangedSince> changed_since(const Call& call, sync::ChangedSince usual) {
  const auto body = body_or_nothing(call);
  if (!body) return std::nullopt;
  const auto force = flag(call, *body, "force");
  if (!force) return std::nullopt;
  return *force ? sync::ChangedSince::overwrite : usual;
}

// A business turns back what it has done itself. Entries that it is not shown are not there.
Result<sync::Undo> undo_for(const sync::Catalog& catalog, const Caller& caller, Seq seq,
                            const std::vector<sync::JournalEntry>& found) {
  const bool there = !found.empty() && found.front().seq == seq;
  const auto message = there ? hub::entry_message(found.front()) : nullptr;
  if (!there || shown(catalog, caller, *message) != message.get())
    return fail(ErrorKind::not_found, "the journal has no entry " + std::to_string(seq) + " (any more)");
  const sync::JournalEntry& entry = found.front();
  LOCKSTEP_TRY(undo, sync::undo_of(entry));
  const sync::Businesses* own = caller.businesses_in(entry.source);
  if (own == nullptr) return undo;
  if (string_member(entry.body, "actor") != caller.name)
    return fail(ErrorKind::unauthorized, "a business undoes its own changes only");
  undo.within = *own;
  return undo;
}

void undo_entry(Context& context, const std::shared_ptr<Call>& call) {
  const auto seq = sequence(*call);
  if (!seq) return;
  const auto changed = changed_since(*call, sync::ChangedSince::refuse);
  if (!changed) return;
  auto found = std::make_shared<Result<std::vector<sync::JournalEntry>>>();
  context.hub.read([found, source = call->source(),
                    seq = *seq](store::Reader& reader) { *found = reader.journal(source, seq - 1, 1); },
                   [&context, call, found, seq = *seq, changed = *changed] {
                     if (!*found) return call->answer(problem(found->error()));
                     Result<sync::Undo> undo = undo_for(context.hub.catalog(), call->caller, seq, **found);
                     if (!undo) return call->answer(problem_of_caller(undo.error()));
                     undo->changed = changed;
                     undo->actor = call->caller.name;
                     context.hub.submit({std::move(*undo)}, [call](const Result<std::vector<sync::Applied>>& applied) {
                       answer_applied(*call, 200, applied);
                     });
                   });
}

hub::Hub::JobStarted started(const std::shared_ptr<Call>& call) {
  return [call](const Result<hub::JobProgress>& job) {
    call->answer(job ? json_response(202, to_json(*job)) : problem(job.error()));
  };
}

void undo_job(Context& context, const std::shared_ptr<Call>& call) {
  const auto changed = changed_since(*call, sync::ChangedSince::leave);
  if (!changed) return;
  context.hub.undo_job(call->source(), std::string(call->parameter("id")), *changed, call->caller.name, started(call));
}

// {"from": time, "to": time (now), "system": name (all)}
void replay(Context& context, const std::shared_ptr<Call>& call) {
  const auto body = body_object(*call);
  if (!body) return;
  const Result<Time> from = parse_iso8601(string_member(*body, "from"));
  Result<Time> to = context.loop.clock().now();
  if (find_member(*body, "to") != nullptr) to = parse_iso8601(string_member(*body, "to"));
  if (!from || !to)
    return call->answer(
        problem({ErrorKind::invalid,
                 "'from' and 'to' are times with a zone, such as 2026-11-21T08:00:00Z; 'from' is needed",
                 {}}));
  hub::ReplayRange range{*from, *to, std::nullopt};
  if (const auto system = string_member(*body, "system"); !system.empty())
    range.system = SystemName(std::string(system));
  context.hub.replay(call->source(), range, started(call));
}

}  // namespace

void add_undo_routes(Router& router, Context& context) {
  router.add({"POST", kSource + "/journal/{seq}/undo", Needs::editor_of_some,
              [&context](std::shared_ptr<Call> call) { undo_entry(context, call); }});
  router.add({"POST", kSource + "/jobs/{id}/undo", Needs::operator_,
              [&context](std::shared_ptr<Call> call) { undo_job(context, call); }});
  router.add({"POST", kSource + "/replay", Needs::operator_,
              [&context](std::shared_ptr<Call> call) { replay(context, call); }});
}

}  // namespace lockstep::gateway
