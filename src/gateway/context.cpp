#include "gateway/context.hpp"

#include <charconv>

#include "gateway/shapes.hpp"

namespace lockstep::gateway {

std::optional<JsonObject> body_object(const Call& call) {
  Result<Json> body = parse_json(call.request.request.body);
  if (!body) {
    call.answer(problem(body.error()));
    return std::nullopt;
  }
  if (!body->is_object()) {
    call.answer(problem({ErrorKind::invalid, "the body must be a JSON object", {}}));
    return std::nullopt;
  }
  return std::move(body->get_object());
}

std::optional<Seq> sequence(const Call& call) {
  Seq seq = 0;
  const std::string_view text = call.parameter("seq");
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seq);
  if (error == std::errc() && end == text.data() + text.size() && seq > 0) return seq;
  call.answer(problem({ErrorKind::invalid, "the number of a journal entry is a whole number from 1", {}}));
  return std::nullopt;
}

std::optional<JsonObject> body_or_nothing(const Call& call) {
  return call.request.request.body.empty() ? JsonObject() : body_object(call);
}

std::optional<bool> flag(const Call& call, const JsonObject& body, std::string_view name) {
  const Json* value = find_member(body, name);
  if (value == nullptr) return false;
  if (value->is_bool()) return value->get_bool();
  call.answer(problem({ErrorKind::invalid, "'" + std::string(name) + "' is true or false", {}}));
  return std::nullopt;
}

std::optional<store::PageRequest> page_request(const Call& call) {
  store::PageRequest page;
  page.after = call.target.parameter("after");
  if (call.target.has("limit")) {
    const std::string_view text = call.target.parameter("limit");
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), page.limit);
    if (error != std::errc() || end != text.data() + text.size() || page.limit < 1 || page.limit > 500) {
      call.answer(problem({ErrorKind::invalid, "limit is a number from 1 to 500", {}}));
      return std::nullopt;
    }
  }
  return page;
}

void answer_applied(const Call& call, unsigned status, const Result<std::vector<sync::Applied>>& applied) {
  if (!applied) return call.answer(problem(applied.error()));
  const sync::Applied& one = applied->front();
  if (one.error) return call.answer(problem_of_caller(*one.error));
  wire::HttpResponse response = json_response(status, to_json(one));
  response.headers.add("ETag", "\"" + std::to_string(one.revision) + "\"");
  call.answer(std::move(response));
}

}  // namespace lockstep::gateway
