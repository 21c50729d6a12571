// /api/v1/sources/{source}/deadletters: list, groups, retry, discard; one by one or as many as a filter finds
#include "gateway/context.hpp"
#include "gateway/shapes.hpp"

namespace lockstep::gateway {
namespace {

constexpr std::size_t kItemsLimit = 1000;
constexpr std::size_t kTextLimit = 500;

const std::string kDeadLetters = "/api/v1/sources/{source}/deadletters";

Error invalid(std::string message) { return {ErrorKind::invalid, std::move(message), {}}; }

std::string_view verb(hub::DeadLetterAction action) {
  return action == hub::DeadLetterAction::discard ? "discarded" : "retried";
}

Json done_json(hub::DeadLetterAction action, const hub::DeadLettersDone& done) {
  JsonArray refused;
  for (const auto& one : done.refused)
    refused.push_back(JsonObject{{"record", one.record.str()}, {"detail", one.detail}});
  return JsonObject{{"matched", done.matched},
                    {verb(action), done.done},
                    {"refused", std::move(refused)},
                    {"refused_count", done.refused_count}};
}

// Seconds before now; nothing when the member is not there.
Result<std::optional<Time>> ago(const JsonObject& body, std::string_view name, Time now) {
  const Json* value = find_member(body, name);
  if (value == nullptr) return std::optional<Time>();
  boost::system::error_code not_whole;
  const auto seconds = value->to_number<std::int64_t>(not_whole);
  constexpr std::int64_t kCenturyOfSeconds = 3'155'760'000;
  if (not_whole || seconds < 0 || seconds > kCenturyOfSeconds)
    return fail(invalid("'" + std::string(name) + "' is a number of seconds"));
  return std::optional(now - std::chrono::seconds(seconds));
}

Result<hub::DeadLetterFilter> filter_of(std::string_view system, std::string_view kind, std::string_view error) {
  hub::DeadLetterFilter filter;
  if (!system.empty()) filter.system = SystemName(std::string(system));
  if (!kind.empty()) {
    filter.error_kind = error_kind_from(kind);
    if (!filter.error_kind) return fail(invalid("'error_kind' is no kind of error: " + std::string(kind)));
  }
  if (error.size() > kTextLimit) return fail(invalid("'error' has at most 500 characters"));
  filter.error = error;
  return filter;
}

Result<hub::DeadLetterFilter> filter_of(const JsonObject& body, Time now) {
  LOCKSTEP_TRY(filter, filter_of(string_member(body, "system"), string_member(body, "error_kind"),
                                 string_member(body, "error")));
  LOCKSTEP_TRY(older, ago(body, "older_than_seconds", now));
  LOCKSTEP_TRY(younger, ago(body, "younger_than_seconds", now));
  filter.since_before = older;
  filter.since_after = younger;
  return std::move(filter);
}

Result<std::vector<sync::Input>> items_of(const JsonObject& body, const SourceId& source,
                                          const hub::DeadLetterOrder& order) {
  const Json* items = find_member(body, "items");
  if (items == nullptr || !items->is_array() || items->get_array().size() > kItemsLimit)
    return fail(invalid("the body needs 'all': true or 'items', a list of at most 1000 {record, system}"));
  std::vector<sync::Input> inputs;
  for (const Json& item : items->get_array()) {
    const RecordId record{std::string(string_member(item, "record"))};
    const SystemName system{std::string(string_member(item, "system"))};
    if (record.empty() || system.empty()) return fail(invalid("every item needs 'record' and 'system'"));
    if (order.action == hub::DeadLetterAction::discard) {
      inputs.emplace_back(sync::Discard{source, system, record, order.reason, order.actor});
    } else {
      inputs.emplace_back(sync::Retry{source, system, record, order.actor});
    }
  }
  return inputs;
}

void work_items(Context& context, const std::shared_ptr<Call>& call, hub::DeadLetterAction action,
                std::vector<sync::Input> inputs) {
  if (inputs.empty()) return call->answer(json_response(200, done_json(action, {})));
  std::vector<RecordId> records;
  for (const sync::Input& input : inputs) {
    if (const auto* retry = std::get_if<sync::Retry>(&input)) records.push_back(retry->record);
    if (const auto* discard = std::get_if<sync::Discard>(&input)) records.push_back(discard->record);
  }
  context.hub.submit(std::move(inputs), [call, action, records](Result<std::vector<sync::Applied>> applied) {
    if (!applied) return call->answer(problem(applied.error()));
    hub::DeadLettersDone done;
    done.matched = applied->size();
    for (std::size_t i = 0; i < applied->size(); ++i) {
      const sync::Applied& one = (*applied)[i];
      if (one.error) {
        ++done.refused_count;
        done.refused.push_back({records[i], one.error->message});
      } else {
        ++done.done;
      }
    }
    call->answer(json_response(200, done_json(action, done)));
  });
}

// {"all": true, … a filter …, "dry_run": true} or {"items": [{"record": …, "system": …}]}
void work(Context& context, const std::shared_ptr<Call>& call, hub::DeadLetterAction action) {
  auto body = body_object(*call);
  if (!body) return;
  const auto all = flag(*call, *body, "all");
  if (!all) return;
  const auto dry_run = flag(*call, *body, "dry_run");
  if (!dry_run) return;
  hub::DeadLetterOrder order;
  order.action = action;
  order.actor = call->caller.name;
  order.reason = string_member(*body, "reason");
  if (action == hub::DeadLetterAction::discard && (order.reason.empty() || order.reason.size() > kTextLimit))
    return call->answer(problem(invalid("the body needs 'reason': why these are given up, in at most 500 characters")));
  if (!*all) {
    Result<std::vector<sync::Input>> inputs = items_of(*body, call->source(), order);
    if (!inputs) return call->answer(problem(inputs.error()));
    return work_items(context, call, action, std::move(*inputs));
  }
  Result<hub::DeadLetterFilter> filter = filter_of(*body, context.loop.clock().now());
  if (!filter) return call->answer(problem(filter.error()));
  order.filter = std::move(*filter);
  if (*dry_run) order.action = hub::DeadLetterAction::count;
  context.hub.dead_letters(call->source(), std::move(order), [call, action](Result<hub::DeadLettersDone> done) {
    call->answer(done ? json_response(200, done_json(action, *done)) : problem(done.error()));
  });
}

void groups(Context& context, const std::shared_ptr<Call>& call) {
  const wire::Target& target = call->target;
  Result<hub::DeadLetterFilter> filter =
      filter_of(target.parameter("system"), target.parameter("error_kind"), target.parameter("error"));
  if (!filter) return call->answer(problem(filter.error()));
  context.hub.dead_letter_groups(call->source(), std::move(*filter), [call](Result<hub::DeadLetterGroups> found) {
    call->answer(found ? json_response(200, to_json(*found)) : problem(found.error()));
  });
}

void list(Context& context, const std::shared_ptr<Call>& call) {
  const auto page = page_request(*call);
  if (!page) return;
  const bool discarded = call->target.parameter("discarded") == "true";
  const auto state = discarded ? sync::OutboxState::discarded : sync::OutboxState::dead;
  answer_read<store::Page<sync::OutboxRow>>(
      context, call,
      [source = call->source(), page = *page, state](store::Reader& reader) {
        return reader.outbox(source, {std::nullopt, state}, page);
      },
      page_json<sync::OutboxRow>);
}

}  // namespace

void add_dead_letter_routes(Router& router, Context& context) {
  router.add({"GET", kDeadLetters, Needs::reader, [&context](std::shared_ptr<Call> call) { list(context, call); }});
  router.add({"GET", kDeadLetters + "/groups", Needs::reader,
              [&context](std::shared_ptr<Call> call) { groups(context, call); }});
  router.add({"POST", kDeadLetters + "/retry", Needs::operator_,
              [&context](std::shared_ptr<Call> call) { work(context, call, hub::DeadLetterAction::retry); }});
  router.add({"POST", kDeadLetters + "/discard", Needs::operator_,
              [&context](std::shared_ptr<Call> call) { work(context, call, hub::DeadLetterAction::discard); }});
}

}  // namespace lockstep::gateway
