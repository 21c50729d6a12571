// Jobs, dead letters, the inbox (what waits for a person), conflicts.
#include <algorithm>

#include "gateway/context.hpp"
#include "gateway/shapes.hpp"

namespace lockstep::gateway {
namespace {

constexpr std::size_t kRetryLimit = 1000;

const std::string kSource = "/api/v1/sources/{source}";

template <class T>
std::move_only_function<Json(store::Page<T>&)> page_shape() {
  return [](store::Page<T>& page) -> Json {
    JsonArray items;
    for (const T& item : page.items) items.push_back(to_json(item));
    return JsonObject{{"items", std::move(items)}, {"next", page.next.empty() ? Json(nullptr) : Json(page.next)}};
  };
}

void start_job(Context& context, const std::shared_ptr<Call>& call) {
  auto body = body_object(*call);
  if (!body) return;
  const SystemName system{std::string(string_member(*body, "system"))};
  const std::string kind(string_member(*body, "kind"));
  if (system.empty())
    return call->answer(problem({ErrorKind::invalid, "the body needs 'system', the name of a system", {}}));
  if (kind.empty()) return call->answer(problem({ErrorKind::invalid, "the body needs 'kind': 'mirror' or 'pull'", {}}));
  Result<hub::JobProgress> job = context.hub.start_job(call->source(), system, kind);
  call->answer(job ? json_response(202, to_json(*job)) : problem(job.error()));
}

void submit_retries(Context& context, const std::shared_ptr<Call>& call, std::vector<sync::Input> inputs) {
  if (inputs.empty()) return call->answer(json_response(200, JsonObject{{"retried", 0}, {"refused", JsonArray()}}));
  context.hub.submit(std::move(inputs), [call](Result<std::vector<sync::Applied>> applied) {
    if (!applied) return call->answer(problem(applied.error()));
    std::uint64_t retried = 0;
    JsonArray refused;
    for (const sync::Applied& one : *applied) {
      if (one.error) {
        refused.push_back(JsonObject{{"record", one.record.str()}, {"detail", one.error->message}});
      } else {
        ++retried;
      }
    }
    call->answer(json_response(200, JsonObject{{"retried", retried}, {"refused", std::move(refused)}}));
  });
}

// {"all": true} or {"items": [{"record": …, "system": …}]}
void retry(Context& context, const std::shared_ptr<Call>& call) {
  auto body = body_object(*call);
  if (!body) return;
  const SourceId source = call->source();
  const std::string actor = call->caller.name;
  if (const Json* all = body->if_contains("all"); all != nullptr && all->is_bool() && all->get_bool()) {
    auto inputs = std::make_shared<Result<std::vector<sync::Input>>>();
    context.hub.read(
        [inputs, source, actor](store::Reader& reader) {
          const auto dead = reader.outbox(source, {std::nullopt, sync::OutboxState::dead}, {"", kRetryLimit});
          if (!dead) {
            *inputs = fail(dead.error());
            return;
          }
          for (const sync::OutboxRow& row : dead->items)
            (*inputs)->emplace_back(sync::Retry{source, row.key.system, row.key.record, actor});
        },
        [&context, call, inputs] {
          if (!*inputs) return call->answer(problem(inputs->error()));
          submit_retries(context, call, std::move(**inputs));
        });
    return;
  }
  const Json* items = body->if_contains("items");
  if (items == nullptr || !items->is_array() || items->get_array().size() > kRetryLimit) {
    return call->answer(problem(
        {ErrorKind::invalid, "the body needs 'all': true or 'items', a list of at most 1000 {record, system}", {}}));
  }
  std::vector<sync::Input> inputs;
  for (const Json& item : items->get_array()) {
    const std::string record(string_member(item, "record"));
    const std::string system(string_member(item, "system"));
    if (record.empty() || system.empty()) {
      return call->answer(problem({ErrorKind::invalid, "every item needs 'record' and 'system'", {}}));
    }
    inputs.emplace_back(sync::Retry{source, SystemName(system), RecordId(record), actor});
  }
  submit_retries(context, call, std::move(inputs));
}

void resolve_inbox(Context& context, const std::shared_ptr<Call>& call) {
  auto body = body_object(*call);
  if (!body) return;
  const Json* seq = body->if_contains("seq");
  const Json* as_new = body->if_contains("as_new");
  boost::system::error_code not_whole;
  const Seq number = seq == nullptr ? 0 : seq->to_number<Seq>(not_whole);
  if (number == 0 || not_whole)
    return call->answer(problem({ErrorKind::invalid, "the body needs 'seq', the number of the entry", {}}));
  const bool fresh = as_new != nullptr && as_new->is_bool() && as_new->get_bool();
  const RecordId record{std::string(string_member(*body, "record"))};
  // The entry must be one of this source: numbers can be guessed.
  auto known = std::make_shared<Result<bool>>(false);
  context.hub.read(
      [known, source = call->source(), number](store::Reader& reader) {
        store::PageRequest page{"", 500};
        do {
          const auto rows = reader.inbox(source, page);
          if (!rows) {
            *known = fail(rows.error());
            return;
          }
          if (std::ranges::find(rows->items, number, &sync::InboxRow::seq) != rows->items.end()) *known = true;
          page.after = rows->next;
        } while (!**known && !page.after.empty());
      },
      [&context, call, known, number, record, fresh] {
        if (!*known) return call->answer(problem(known->error()));
        if (!**known)
          return call->answer(
              problem({ErrorKind::not_found, "nothing waits under number " + std::to_string(number), {}}));
        context.hub.submit({sync::Replay{number, record, fresh, call->caller.name}},
                           [call](Result<std::vector<sync::Applied>> applied) { answer_applied(*call, 200, applied); });
      });
}

void resolve_conflict(Context& context, const std::shared_ptr<Call>& call) {
  auto body = body_object(*call);
  if (!body) return;
  sync::Resolve resolve;
  resolve.source = call->source();
  resolve.record = RecordId(std::string(string_member(*body, "record")));
  resolve.field = string_member(*body, "field");
  const Json* value = body->if_contains("value");
  if (resolve.record.empty() || resolve.field.empty() || value == nullptr) {
    return call->answer(problem({ErrorKind::invalid, "the body needs 'record', 'field' and 'value'", {}}));
  }
  resolve.value = *value;
  resolve.actor = call->caller.name;
  context.hub.submit({std::move(resolve)},
                     [call](Result<std::vector<sync::Applied>> applied) { answer_applied(*call, 200, applied); });
}

}  // namespace

void add_work_routes(Router& router, Context& context) {
  router.add({"POST", kSource + "/jobs", Needs::operator_,
              [&context](std::shared_ptr<Call> call) { start_job(context, call); }});
  router.add({"GET", kSource + "/jobs", Needs::reader, [&context](std::shared_ptr<Call> call) {
                JsonArray items;
                for (const hub::JobProgress& job : context.hub.jobs(call->source())) items.push_back(to_json(job));
                call->answer(json_response(200, JsonObject{{"items", std::move(items)}}));
              }});
  router.add({"GET", kSource + "/jobs/{id}", Needs::reader, [&context](std::shared_ptr<Call> call) {
                const auto job = context.hub.job(call->source(), std::string(call->parameter("id")));
                call->answer(job ? json_response(200, to_json(*job))
                                 : problem({ErrorKind::not_found, "there is no such job (any more)", {}}));
              }});
  router.add({"GET", kSource + "/deadletters", Needs::reader, [&context](std::shared_ptr<Call> call) {
                const auto page = page_request(*call);
                if (!page) return;
                answer_read<store::Page<sync::OutboxRow>>(
                    context, call,
                    [source = call->source(), page = *page](store::Reader& reader) {
                      return reader.outbox(source, {std::nullopt, sync::OutboxState::dead}, page);
                    },
                    page_shape<sync::OutboxRow>());
              }});
  router.add({"POST", kSource + "/deadletters/retry", Needs::operator_,
              [&context](std::shared_ptr<Call> call) { retry(context, call); }});
  router.add(
      {"GET", kSource + "/inbox", Needs::reader, [&context](std::shared_ptr<Call> call) {
         const auto page = page_request(*call);
         if (!page) return;
         answer_read<store::Page<sync::InboxRow>>(
             context, call,
             [source = call->source(), page = *page](store::Reader& reader) { return reader.inbox(source, page); },
             page_shape<sync::InboxRow>());
       }});
  router.add({"POST", kSource + "/inbox/resolve", Needs::operator_,
              [&context](std::shared_ptr<Call> call) { resolve_inbox(context, call); }});
  router.add({"GET", kSource + "/conflicts", Needs::reader, [&context](std::shared_ptr<Call> call) {
                const auto page = page_request(*call);
                if (!page) return;
                const bool open_only = call->target.parameter("open") == "true";
                answer_read<store::Page<sync::ConflictRow>>(
                    context, call,
                    [source = call->source(), page = *page, open_only](store::Reader& reader) {
                      return reader.conflicts(source, open_only, page);
                    },
                    page_shape<sync::ConflictRow>());
              }});
  router.add({"POST", kSource + "/conflicts/resolve", Needs::operator_,
              [&context](std::shared_ptr<Call> call) { resolve_conflict(context, call); }});
}

}  // namespace lockstep::gateway
