// The custom fields of the location, kept in the connector's state so that webhooks can be decoded from the first
// moment, and asked for again when an unknown one appears.
#pragma once

#include "connectors/gohighlevel/api.hpp"
#include "connectors/gohighlevel/custom_fields.hpp"

namespace lockstep::gohighlevel {

class FieldCatalog {
 public:
  FieldCatalog(Api& api, const ConnectorSettings& settings, const connector::Ports& ports)
      : api_(api), settings_(settings), ports_(ports) {}

  const CustomFields& contact() const { return contact_; }
  const CustomFields& opportunity() const { return opportunity_; }

  // From the state; a first start or an unreadable state leaves it empty.
  Task<Result<void>> load();
  // Reads the location's fields and keeps them. Fields are learned even when they can not be kept.
  Task<Result<void>> refresh(sync::WorkClass work);
  // The same, unless it was done within limits::kCatalogAge. Failures are logged: the caller goes on with what is known.
  Task<void> refresh_for_unknown(sync::WorkClass work);

 private:
  Api& api_;
  const ConnectorSettings& settings_;
  connector::Ports ports_;
  CustomFields contact_;
  CustomFields opportunity_;
  std::optional<Duration> refreshed_;
};

}  // namespace lockstep::gohighlevel
