// The custom fields of one kind of object in one location: mappings name them by key, the API by id.
// A key stays bound to its id for good: when somebody renames a field's key in the CRM, the old key goes on
// naming the same field, so that a mapping never reads an emptiness that is not there.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace lockstep::gohighlevel {

struct CustomField {
  std::string id;
  std::string key;  // fieldKey without "contact." or "opportunity."
  std::string name;
  std::string type;  // dataType: TEXT, NUMERICAL, …

  friend bool operator==(const CustomField&, const CustomField&) = default;
};

class CustomFields {
 public:
  // The fields of `model` in an answer of GET /locations/{id}/customFields. `invalid` when it has another shape.
  static Result<std::vector<CustomField>> parse(const Json& answer, std::string_view model);

  // Takes the location's present fields; former keys of fields that still exist are kept.
  void learn(std::vector<CustomField> present);

  const CustomField* by_id(std::string_view id) const;
  const CustomField* by_key(std::string_view key) const;  // present or former
  // Every key that names this field: the present one first.
  std::vector<std::string> keys_of(std::string_view id) const;
  std::size_t size() const { return fields_.size(); }

  // The form kept in the connector's state.
  Json to_json() const;
  static Result<CustomFields> from_json(const Json& value);

  friend bool operator==(const CustomFields&, const CustomFields&) = default;

 private:
  std::map<std::string, CustomField, std::less<>> fields_;  // by id
  std::map<std::string, std::string, std::less<>> keys_;    // present key -> id
  std::map<std::string, std::string, std::less<>> former_;  // former key -> id; a present key goes before it
};

}  // namespace lockstep::gohighlevel
