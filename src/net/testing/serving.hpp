// What the tests of the server share: a handler that echoes, settings, and counting in what was received.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "net/http_server.hpp"

namespace lockstep::net::testing {

inline void echo(ServerRequest request, const std::shared_ptr<Exchange>& exchange) {
  exchange->respond(
      {200, {{"X-Method", request.request.method}, {"X-Target", request.request.target}}, request.request.body});
}

inline std::shared_ptr<const std::string> shared(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

inline ServerSettings with_limits(ServerLimits limits) {
  ServerSettings settings;
  settings.limits = limits;
  return settings;
}

inline std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace lockstep::net::testing
