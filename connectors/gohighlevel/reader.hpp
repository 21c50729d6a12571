// Reads of single objects: by id, and by natural key after a create whose outcome is unknown.
#pragma once

#include <deque>
#include <unordered_map>

#include "connector/connector.hpp"
#include "connectors/gohighlevel/api.hpp"
#include "connectors/gohighlevel/codec.hpp"
#include "connectors/gohighlevel/field_catalog.hpp"
#include "connectors/gohighlevel/shop_objects.hpp"

namespace lockstep::gohighlevel {

// The newest version of which the whole state has gone to the engine, of the objects seen last. Saves a read by id when
// a search shows that version again.
class SeenVersions {
 public:
  void note(const std::string& id, sync::Version version);
  bool has(const std::string& id, sync::Version version) const;

 private:
  std::unordered_map<std::string, sync::Version> versions_;
  std::deque<std::string> order_;  // bounded by limits::kVersionsRemembered
};

class Reader {
 public:
  Reader(Api& api, FieldCatalog& catalog, const ConnectorSettings& settings, const connector::Ports& ports,
         SeenVersions& seen)
      : api_(api), catalog_(catalog), settings_(settings), ports_(ports), seen_(seen) {}

  using Found = Result<std::optional<sync::Change>>;

  Task<Found> fetch(std::string object, std::string id, sync::WorkClass work);
  // `invalid` when the object has no natural key, or several objects fit: a person must decide.
  Task<Found> find(connector::WriteRequest request);
  // The id of a contact with this e-mail or phone; "" when there is none.
  Task<Result<std::string>> lookup_contact(Json document, sync::WorkClass work);

  Codec contact_codec() const { return {catalog_.contact(), settings_.contact}; }
  Codec opportunity_codec() const { return {catalog_.opportunity(), settings_.opportunity}; }
  // Decodes; when a custom field is unknown, asks for the catalog first.
  Task<Result<Decoded>> decode(std::string object, Json item, Shape shape, sync::WorkClass work);

 private:
  Task<Found> fetch_pipeline(std::string id, sync::WorkClass work);
  Task<Found> fetch_shop_object(std::string object, std::string id, sync::WorkClass work);
  // Reviews have no read by id: the list is read, and serves other ids for a moment.
  Task<Found> fetch_from_list(std::string object, std::string id, sync::WorkClass work);
  Task<Result<void>> scan_list(std::string object, sync::WorkClass work);
  Task<Found> find_contact(connector::WriteRequest request);
  Task<Found> find_opportunity(connector::WriteRequest request);
  Task<Result<std::string>> lookup_by(std::string name, std::string value, sync::WorkClass work);

  Api& api_;
  FieldCatalog& catalog_;
  const ConnectorSettings& settings_;
  connector::Ports ports_;
  SeenVersions& seen_;
  std::unordered_map<std::string, Json> scanned_;  // the list that was read last, by id
  std::optional<Duration> scanned_at_;             // when its reading began
};

sync::Change to_change(std::string_view object, Decoded decoded, sync::Via via);
sync::Change deletion(std::string_view object, std::string id, sync::Via via);

}  // namespace lockstep::gohighlevel
