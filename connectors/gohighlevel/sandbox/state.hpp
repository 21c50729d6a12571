// The records of the simulated CRM. A record's version is never changed in place: an edit makes a new
// version, so that the search index can go on showing the older one.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "connectors/gohighlevel/sandbox/search_index.hpp"
#include "connectors/gohighlevel/sandbox/settings.hpp"

namespace lockstep::gohighlevel::sandbox {

using CustomValues = std::map<std::string, Json>;  // by the field's id

struct Contact {
  std::string id;
  // Text members under their API names, only those with a value: firstName, email, phone (E.164), dateOfBirth
  // (ISO midnight), country, companyName, gender, assignedTo …
  JsonObject fields;
  std::vector<std::string> tags;
  CustomValues custom;
  std::vector<std::string> additional_emails;  // only people and merges set them
  std::vector<std::string> followers;
  bool dnd = false;
  JsonObject dnd_settings;
  JsonObject inbound_dnd_settings;
  Time added;
  Time updated;
  std::uint64_t version = 0;  // grows with every edit in the sandbox

  std::string_view text(std::string_view name) const;  // "" when it has no value
  std::string full_name() const;
};

struct Opportunity {
  std::string id;
  std::string name;
  std::string contact_id;
  std::string pipeline_id;
  std::string stage_id;
  std::string status = "open";
  std::string assigned_to;
  std::string source;
  std::string lost_reason_id;
  std::optional<double> monetary_value;
  CustomValues custom;
  std::vector<std::string> followers;
  Time added;
  Time updated;
  Time status_changed;
  Time stage_changed;
  std::uint64_t version = 0;
};

using ContactVersion = std::shared_ptr<const Contact>;
using OpportunityVersion = std::shared_ptr<const Opportunity>;

struct Note {
  std::string id;
  std::string body;
  std::string user_id;
  std::string title;
  std::string color;
  bool pinned = false;
  Time added;
};

enum class TaskState { open, completed };

struct ContactTask {
  std::string id;
  std::string title;
  std::string body;
  std::string assigned_to;
  std::string due_date;
  TaskState state = TaskState::open;
  Time added;
};

struct CustomField {
  std::string id;
  std::string name;
  std::string key;  // "contact.favourite_colour": made once from the first name, a rename keeps it
  std::string placeholder;
  std::string data_type = "TEXT";
  std::string model = "contact";  // or "opportunity"
  double position = 0;
  std::vector<std::string> options;
};

struct LocationTag {
  std::string id;
  std::string name;
};

struct Stage {
  std::string id;
  std::string name;
};

struct Pipeline {
  std::string id;
  std::string name;
  std::vector<Stage> stages;
};

// Something of a shop (shop.hpp), under the API's names of the list's shape.
struct ShopItem {
  std::string id;
  JsonObject fields;
  Time added;
  Time updated;
};
enum class ShopKind { order, transaction, product, review };
inline constexpr std::size_t kShopKinds = 4;
using ShopShelf = std::map<std::string, ShopItem>;  // by id

struct User {
  std::string id;
  std::string first_name;
  std::string last_name;
  std::string email;
};

// One location: everything in it is out of reach of every other location.
struct Location {
  explicit Location(LocationSettings its_settings) : settings(std::move(its_settings)) {}

  LocationSettings settings;
  std::unordered_map<std::string, ContactVersion> contacts;
  std::unordered_map<std::string, std::set<std::string>> contacts_by_email;             // lower-cased, primary
  std::unordered_map<std::string, std::set<std::string>> contacts_by_additional_email;  // lower-cased
  std::unordered_map<std::string, std::set<std::string>> contacts_by_phone;
  SearchIndex<Contact> contact_index;
  std::unordered_map<std::string, OpportunityVersion> opportunities;
  std::unordered_map<std::string, std::set<std::string>> opportunities_by_contact;
  SearchIndex<Opportunity> opportunity_index;
  std::unordered_map<std::string, std::vector<Note>> notes;         // by contact
  std::unordered_map<std::string, std::vector<ContactTask>> tasks;  // by contact
  std::vector<CustomField> custom_fields;
  std::vector<LocationTag> tags;
  std::vector<Pipeline> pipelines;
  std::vector<User> users;
  std::array<ShopShelf, kShopKinds> shop;
  std::map<std::string, ContactVersion> deleted_contacts;  // that a person can restore

  const CustomField* custom_field(std::string_view id_or_key, std::string_view model) const;
  const Pipeline* pipeline(std::string_view id) const;
};

std::string lower_case(std::string_view text);

// The member's text, or "" when it is not there or no string; lives as long as the object.
std::string_view text_of(const JsonObject& object, std::string_view name);

}  // namespace lockstep::gohighlevel::sandbox
