// `lockstep check` for one GoHighLevel connection: what the credentials permit, line by line. Writes nothing.
#pragma once

#include "connectors/gohighlevel/field_catalog.hpp"

namespace lockstep::gohighlevel {

class Checker {
 public:
  Checker(Api& api, FieldCatalog& catalog, const ConnectorSettings& settings)
      : api_(api), catalog_(catalog), settings_(settings) {}

  Task<std::vector<connector::CheckLine>> run();

 private:
  Task<void> check_location();
  // One read that needs one scope.
  Task<void> check_read(std::string what, std::string target, std::string scope);
  Task<void> check_custom_fields();
  void check_quota(const Answer& answer);
  void check_webhooks();
  void add(connector::CheckLine::Level level, std::string what, std::string hint = "");

  Api& api_;
  FieldCatalog& catalog_;
  const ConnectorSettings& settings_;
  std::vector<connector::CheckLine> lines_;
  bool quota_seen_ = false;
};

}  // namespace lockstep::gohighlevel
