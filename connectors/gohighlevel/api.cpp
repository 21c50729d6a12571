#include "connectors/gohighlevel/api.hpp"

#include "connectors/gohighlevel/limits.hpp"

namespace lockstep::gohighlevel {

std::string path_with(std::string_view prefix, std::string_view id, std::string_view suffix) {
  return std::string(prefix) + wire::percent_encode(id) + std::string(suffix);
}

Task<Result<Answer>> Api::send(ApiCall call) {
  Task<Result<std::string>> getting = tokens_.get();
  Result<std::string> token = co_await getting;
  if (!token) co_return fail(token.error());
  Task<Result<Answer>> sending = send_with(call, *token);
  Result<Answer> answer = co_await sending;
  if (!answer || answer->status != 401 || !settings_.oauth || is_hopeless_unauthorized(*answer)) co_return answer;
  Task<Result<std::string>> renewing = tokens_.renew(*token);
  Result<std::string> renewed = co_await renewing;
  if (!renewed) co_return fail(renewed.error());
  Task<Result<Answer>> again = send_with(call, *renewed);
  Result<Answer> second = co_await again;
  co_return second;
}

Task<Result<Answer>> Api::send_with(const ApiCall& call, std::string token) {
  connector::HttpCall http;
  http.work = call.work;
  http.request.method = call.method;
  http.request.target = call.target;
  http.request.headers = {
      {"Authorization", "Bearer " + token}, {"Version", settings_.version}, {"Accept", "application/json"}};
  if (call.body) {
    http.request.headers.add("Content-Type", "application/json");
    http.request.body = to_text(*call.body);
  }
  Task<Result<wire::HttpResponse>> sending = ports_.http->send(std::move(http));
  Result<wire::HttpResponse> response = co_await sending;
  if (!response) co_return fail(response.error());
  Answer answer{response->status, std::move(response->headers), {}};
  Result<Json> body = parse_json(response->body, {limits::kResponseBytes, limits::kJsonDepth});
  if (body) {
    answer.body = std::move(*body);
  } else if (answer.ok() && !response->body.empty()) {
    const ErrorKind kind = call.method == "GET" ? ErrorKind::unavailable : ErrorKind::maybe_applied;
    co_return fail(kind, "the CRM's answer is not readable: " + body.error().message);
  }
  co_return answer;
}

}  // namespace lockstep::gohighlevel
