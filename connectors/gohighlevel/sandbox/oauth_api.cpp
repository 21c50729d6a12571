#include "connectors/gohighlevel/sandbox/api.hpp"

namespace lockstep::gohighlevel::sandbox {
namespace {

Outcome<Answer> token(Api& api, const Call& call) {
  auto issued = api.tokens.exchange(call.body, api.crm.now(), api.random);
  if (!issued) return std::unexpected(std::move(issued.error()));
  Json* location_id = issued->if_contains("locationId");
  const Location* location = location_id == nullptr ? nullptr : api.crm.location(location_id->get_string());
  if (location != nullptr) (*issued)["companyId"] = location->settings.company_id;
  return Answer{200, std::move(*issued)};
}

Outcome<Answer> reconnect(Api& api, const Call& call) {
  auto code = api.tokens.reconnect(call.body, api.crm.now(), api.random);
  if (!code) return std::unexpected(std::move(code.error()));
  return Answer{200, std::move(*code)};
}

constexpr Route kRoutes[] = {
    {"POST", "/oauth/token", "", Names::nothing, token, &schemas::token},
    // Not in the vendor's OpenAPI files: help.gohighlevel.com, article 155000003717.
    {"POST", "/oauth/reconnect", "", Names::nothing, reconnect, &schemas::reconnect},
};

}  // namespace

std::span<const Route> oauth_routes() { return kRoutes; }

}  // namespace lockstep::gohighlevel::sandbox
