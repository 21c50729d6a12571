#include "gateway/realtime_http.hpp"

#include <utility>

namespace lockstep::gateway {

wire::HttpResponse with_cors(wire::HttpResponse response) {
  response.headers.set("Access-Control-Allow-Origin", "*");
  return response;
}

wire::HttpResponse preflight(const wire::HttpRequest& request) {
  wire::HttpResponse response;
  response.status = 200;
  response.headers.add("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  const std::string_view asked = request.headers.get("Access-Control-Request-Headers");
  response.headers.add("Access-Control-Allow-Headers",
                       asked.empty() ? "authorization, apikey, content-type, x-client-info" : std::string(asked));
  response.headers.add("Access-Control-Max-Age", "86400");
  return with_cors(std::move(response));
}

Credentials credentials_of(const wire::HttpRequest& request) {
  Credentials out = Credentials::of(request.headers);
  std::string_view origin = request.headers.get("Origin");
  if (origin.empty()) return out;
  const std::size_t scheme = origin.find("://");
  out.host = scheme == std::string_view::npos ? std::string(origin) : std::string(origin.substr(scheme + 3));
  return out;
}

Result<std::shared_ptr<const Identity>> identify_or_local(Identities& identities, Credentials credentials) {
  auto identity = identities.identify(credentials);
  if (identity || (credentials.empty())) return identity;
  auto local = identities.identify(Credentials::of_token("", std::move(credentials.host)));
  if (local) return local;
  return identity;
}

}  // namespace lockstep::gateway
