#include "app/commands/api_client.hpp"

#include <fmt/format.h>

#include "app/commands/terminal.hpp"

namespace lockstep::app {
namespace {

constexpr JsonLimits answer_limits{.bytes_limit = 16 << 20, .depth_limit = 64};

ErrorKind kind_of(unsigned status) {
  switch (status) {
    case 401:
    case 403: return ErrorKind::unauthorized;
    case 404: return ErrorKind::not_found;
    case 409:
    case 412: return ErrorKind::conflict;
    case 429: return ErrorKind::rate_limited;
    case 502:
    case 503: return ErrorKind::unavailable;
    case 504: return ErrorKind::maybe_applied;
    default: return status >= 500 ? ErrorKind::corrupt : ErrorKind::invalid;
  }
}

// RFC 9457: `detail` is for this case, `title` for this kind.
Error error_of(const wire::HttpResponse& response) {
  Error error{kind_of(response.status), fmt::format("the server answered {}", response.status), {}};
  const auto problem = parse_json(response.body, answer_limits);
  if (problem) {
    for (const std::string_view member : {"detail", "title"}) {
      const auto text = string_member(*problem, member);
      if (text.empty()) continue;
      error.message = fmt::format("{} ({})", printable(text), response.status);
      break;
    }
  }
  if (error.kind == ErrorKind::unauthorized) error.message += "; is LOCKSTEP_API_KEY the key of this server?";
  return error;
}

}  // namespace

std::string path_part(std::string_view text) { return wire::percent_encode(text); }

Result<Json> ApiClient::get(const std::string& path, const Query& query) {
  wire::HttpRequest request;
  request.target = base_path_ + "/api/v1" + path;
  char separator = '?';
  for (const auto& [name, value] : query) {
    if (value.empty()) continue;
    request.target += fmt::format("{}{}={}", separator, name, wire::percent_encode(value));
    separator = '&';
  }
  return exchange(std::move(request));
}

Result<Json> ApiClient::send(std::string method, const std::string& path, const Json& body) {
  wire::HttpRequest request;
  request.method = std::move(method);
  request.target = base_path_ + "/api/v1" + path;
  if (!body.is_null()) {
    request.headers.set("Content-Type", "application/json");
    request.body = to_text(body);
  }
  return exchange(std::move(request));
}

Result<Json> ApiClient::exchange(wire::HttpRequest request) {
  request.headers.set("Accept", "application/json");
  if (!key_.empty()) request.headers.set("Authorization", "Bearer " + key_);
  auto response = transport_.send(std::move(request));
  if (!response) return fail(response.error());
  if (response->status < 200 || response->status > 299) return fail(error_of(*response));
  if (response->body.empty()) return Json(nullptr);
  auto json = parse_json(response->body, answer_limits);
  if (!json)
    return fail(ErrorKind::corrupt, "the server's answer is no JSON; is this the address of a Lockstep server?");
  return json;
}

}  // namespace lockstep::app
