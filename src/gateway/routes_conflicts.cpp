// /api/v1/sources/{source}/conflicts: every field on which two systems differed, and a person's word on it
#include <array>

#include "gateway/context.hpp"
#include "gateway/shapes.hpp"

namespace lockstep::gateway {
namespace {

const std::string kConflicts = "/api/v1/sources/{source}/conflicts";

void list(Context& context, const std::shared_ptr<Call>& call) {
  const auto page = page_request(*call);
  if (!page) return;
  const bool open_only = call->target.parameter("open") == "true";
  answer_read<store::Page<sync::ConflictRow>>(
      context, call,
      [source = call->source(), page = *page, open_only](store::Reader& reader) {
        return reader.conflicts(source, open_only, page);
      },
      page_json<sync::ConflictRow>);
}

void resolve(Context& context, const std::shared_ptr<Call>& call) {
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

// {"take": "mine" | "theirs" | "base"} or {"value": …}
Result<void> read_choice(const JsonObject& body, sync::Override& choice) {
  using Take = sync::Override::Take;
  constexpr std::array<std::pair<std::string_view, Take>, 3> takes{
      {{"mine", Take::mine}, {"theirs", Take::theirs}, {"base", Take::base}}};
  const Json* take = find_member(body, "take");
  const Json* value = find_member(body, "value");
  if ((take == nullptr) == (value == nullptr))
    return fail(ErrorKind::invalid, "the body needs either 'take' ('mine', 'theirs' or 'base') or 'value'");
  if (value != nullptr) {
    choice.take = Take::value;
    choice.value = *value;
    return {};
  }
  for (const auto& [name, which] : takes) {
    if (string_member(body, "take") != name) continue;
    choice.take = which;
    return {};
  }
  return fail(ErrorKind::invalid, "'take' is 'mine', 'theirs' or 'base'");
}

void override_conflict(Context& context, const std::shared_ptr<Call>& call) {
  auto body = body_object(*call);
  if (!body) return;
  sync::Override choice;
  choice.source = call->source();
  choice.field = call->parameter("field");
  choice.actor = call->caller.name;
  const auto seq = sequence(*call);
  if (!seq) return;
  choice.conflict = *seq;
  const auto force = flag(*call, *body, "force");
  if (!force) return;
  if (*force) choice.changed = sync::ChangedSince::overwrite;
  if (const auto read = read_choice(*body, choice); !read) return call->answer(problem(read.error()));
  context.hub.submit({std::move(choice)},
                     [call](Result<std::vector<sync::Applied>> applied) { answer_applied(*call, 200, applied); });
}

}  // namespace

void add_conflict_routes(Router& router, Context& context) {
  router.add({"GET", kConflicts, Needs::reader, [&context](std::shared_ptr<Call> call) { list(context, call); }});
  router.add({"POST", kConflicts + "/resolve", Needs::operator_,
              [&context](std::shared_ptr<Call> call) { resolve(context, call); }});
  router.add({"POST", kConflicts + "/{seq}/{field}/override", Needs::operator_,
              [&context](std::shared_ptr<Call> call) { override_conflict(context, call); }});
}

}  // namespace lockstep::gateway
