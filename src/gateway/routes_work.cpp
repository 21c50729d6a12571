// Jobs, and the inbox: what waits for a person.
#include <algorithm>

#include "gateway/context.hpp"
#include "gateway/shapes.hpp"

namespace lockstep::gateway {
namespace {

const std::string kSource = "/api/v1/sources/{source}";

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

}  // namespace

void add_work_routes(Router& router, Context& context) {
  router.add(
      {"POST", kSource + "/jobs", Needs::editor, [&context](std::shared_ptr<Call> call) { start_job(context, call); }});
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
  router.add(
      {"GET", kSource + "/inbox", Needs::reader, [&context](std::shared_ptr<Call> call) {
         const auto page = page_request(*call);
         if (!page) return;
         answer_read<store::Page<sync::InboxRow>>(
             context, call,
             [source = call->source(), page = *page](store::Reader& reader) { return reader.inbox(source, page); },
             page_json<sync::InboxRow>);
       }});
  router.add({"POST", kSource + "/inbox/resolve", Needs::operator_,
              [&context](std::shared_ptr<Call> call) { resolve_inbox(context, call); }});
}

}  // namespace lockstep::gateway
