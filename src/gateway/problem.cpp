#include "gateway/problem.hpp"

#include "connector/redact.hpp"

namespace lockstep::gateway {

unsigned http_status(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid: return 422;
    case ErrorKind::unauthorized: return 401;
    case ErrorKind::not_found: return 404;
    case ErrorKind::conflict: return 409;
    case ErrorKind::rate_limited:
    case ErrorKind::exhausted:
    case ErrorKind::unavailable: return 429;
    case ErrorKind::maybe_applied: return 504;
    case ErrorKind::corrupt: return 500;
  }
  return 500;
}

wire::HttpResponse json_response(unsigned status, const Json& body) {
  wire::HttpResponse response;
  response.status = status;
  response.headers.add("Content-Type", "application/json");
  response.body = to_text(body);
  return response;
}

wire::HttpResponse problem(const Error& error) { return problem(error, http_status(error.kind)); }

wire::HttpResponse problem_of_caller(const Error& error) {
  return problem(error, error.kind == ErrorKind::unauthorized ? 403 : http_status(error.kind));
}

wire::HttpResponse problem(const Error& error, unsigned status) {
  wire::HttpResponse response =
      json_response(status, JsonObject{{"type", "urn:lockstep:" + std::string(to_string(error.kind))},
                                       {"title", to_string(error.kind)},
                                       {"status", status},
                                       {"detail", connector::redact_own(error.message)}});
  response.headers.set("Content-Type", "application/problem+json");
  if (status == 429) {
    const auto wait = error.retry_after.value_or(std::chrono::seconds(2));
    response.headers.add("Retry-After", std::to_string((wait.count() + 999) / 1000));
  }
  if (status == 401) response.headers.add("WWW-Authenticate", "Bearer");
  return response;
}

}  // namespace lockstep::gateway
