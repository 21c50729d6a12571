#include "connectors/gohighlevel/factory.hpp"

#include "connectors/gohighlevel/go_high_level.hpp"

namespace lockstep::gohighlevel {

connector::Factory factory() {
  connector::Factory out;
  out.kind = "gohighlevel";
  out.summary = "GoHighLevel CRM: contacts, opportunities, pipelines, orders, transactions, products, reviews";
  out.uses_http = true;
  out.settings_schema = settings_schema();
  out.origin = [](const JsonObject& settings) {
    std::string origin = ConnectorSettings().base_url;
    if (const Json* given = settings.if_contains("base_url"); given != nullptr && given->is_string()) {
      origin.assign(given->get_string().begin(), given->get_string().end());
    }
    while (origin.ends_with('/')) origin.pop_back();
    return origin;
  };
  out.check_settings = [](const connector::SystemSettings& system) { return read_settings(system).problems; };
  out.make = GoHighLevel::make;
  return out;
}

}  // namespace lockstep::gohighlevel
