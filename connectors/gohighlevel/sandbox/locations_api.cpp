// The location itself, its custom fields, tags and users.
#include <algorithm>

#include "connectors/gohighlevel/sandbox/api.hpp"
#include "connectors/gohighlevel/sandbox/limits.hpp"
#include "connectors/gohighlevel/sandbox/render.hpp"

namespace lockstep::gohighlevel::sandbox {
namespace {

Outcome<Answer> get_location(Api&, const Call& call) {
  return Answer{200, {{"location", location_shape(*call.location)}}};
}

Outcome<Answer> list_custom_fields(Api&, const Call& call) {
  const std::string_view model = call.target.has("model") ? call.target.parameter("model") : "contact";
  if (model != "contact" && model != "opportunity" && model != "all") {
    return std::unexpected(unprocessable("model must be one of the following values: contact, opportunity, all"));
  }
  JsonArray fields;
  for (const CustomField& field : call.location->custom_fields) {
    if (model == "all" || field.model == model) fields.push_back(custom_field_shape(field, *call.location));
  }
  return Answer{200, {{"customFields", std::move(fields)}}};
}

Outcome<Answer> create_custom_field(Api& api, const Call& call) {
  const auto field = api.crm.create_custom_field(*call.location, call.body, Actor::api);
  if (!field) return std::unexpected(field.error());
  return Answer{201, {{"customField", custom_field_shape(*field, *call.location)}}};
}

Outcome<Answer> get_custom_field(Api&, const Call& call) {
  const CustomField* field = call.location->custom_field(call.path[1], "");
  if (field == nullptr) return refuse(400, "Custom field not found");
  return Answer{200, {{"customField", custom_field_shape(*field, *call.location)}}};
}

Outcome<Answer> update_custom_field(Api& api, const Call& call) {
  const auto field = api.crm.update_custom_field(*call.location, call.path[1], call.body, Actor::api);
  if (!field) return std::unexpected(field.error());
  return Answer{200, {{"customField", custom_field_shape(*field, *call.location)}}};
}

Outcome<Answer> delete_custom_field(Api& api, const Call& call) {
  const auto deleted = api.crm.delete_custom_field(*call.location, call.path[1], Actor::api);
  if (!deleted) return std::unexpected(deleted.error());
  return Answer{200, {{"succeded", true}}};
}

Outcome<Answer> list_tags(Api&, const Call& call) {
  JsonArray tags;
  for (const LocationTag& tag : call.location->tags) tags.push_back(tag_shape(tag, *call.location));
  return Answer{200, {{"tags", std::move(tags)}}};
}

Outcome<std::string> tag_name(Api& api, const Call& call) {
  const auto names = normal_tags(JsonArray{call.body.at("name")}, api.crm.rules().edits.tag_case);
  if (names.empty()) return std::unexpected(unprocessable("name should not be empty"));
  if (std::ranges::find(call.location->tags, names[0], &LocationTag::name) != call.location->tags.end()) {
    return refuse(400, "The tag name is already exist.");
  }
  return names[0];
}

Outcome<Answer> create_tag(Api& api, const Call& call) {
  const auto name = tag_name(api, call);
  if (!name) return std::unexpected(name.error());
  if (call.location->tags.size() >= limits::definitions_max) return refuse(400, "Too many tags");
  call.location->tags.push_back({api.crm.make_id(), *name});
  api.crm.wrote(Actor::api, "tag.create");
  return Answer{200, {{"tag", tag_shape(call.location->tags.back(), *call.location)}}};
}

Outcome<std::vector<LocationTag>::iterator> find_tag(const Call& call) {
  const auto found = std::ranges::find(call.location->tags, call.path[1], &LocationTag::id);
  if (found == call.location->tags.end()) return refuse(400, "Tag not found");
  return found;
}

Outcome<Answer> get_tag(Api&, const Call& call) {
  const auto tag = find_tag(call);
  if (!tag) return std::unexpected(tag.error());
  return Answer{200, {{"tag", tag_shape(**tag, *call.location)}}};
}

// Renames the definition; the contacts keep the old text, which the next save brings back as a tag.
Outcome<Answer> update_tag(Api& api, const Call& call) {
  const auto tag = find_tag(call);
  if (!tag) return std::unexpected(tag.error());
  const auto name = tag_name(api, call);
  if (!name) return std::unexpected(name.error());
  (*tag)->name = *name;
  api.crm.wrote(Actor::api, "tag.update");
  return Answer{200, {{"tag", tag_shape(**tag, *call.location)}}};
}

Outcome<Answer> delete_tag(Api& api, const Call& call) {
  const auto tag = find_tag(call);
  if (!tag) return std::unexpected(tag.error());
  call.location->tags.erase(*tag);
  api.crm.wrote(Actor::api, "tag.delete");
  return Answer{200, {{"succeded", true}}};
}

Outcome<Answer> list_users(Api&, const Call& call) {
  JsonArray users;
  for (const User& user : call.location->users) users.push_back(user_shape(user));
  return Answer{200, {{"users", std::move(users)}}};
}

Outcome<Answer> get_user(Api&, const Call& call) {
  const auto found = std::ranges::find(call.location->users, call.path[0], &User::id);
  if (found == call.location->users.end()) return refuse(400, "User not found");
  return Answer{200, user_shape(*found)};
}

constexpr Route kRoutes[] = {
    {"GET", "/locations/{locationId}", "locations.readonly", Names::path, get_location},
    {"GET", "/locations/{locationId}/customFields", "locations/customFields.readonly", Names::path, list_custom_fields,
     nullptr, "model"},
    {"POST", "/locations/{locationId}/customFields", "locations/customFields.write", Names::path, create_custom_field,
     &schemas::custom_field_create},
    {"GET", "/locations/{locationId}/customFields/{id}", "locations/customFields.readonly", Names::path,
     get_custom_field},
    {"PUT", "/locations/{locationId}/customFields/{id}", "locations/customFields.write", Names::path,
     update_custom_field, &schemas::custom_field_update},
    {"DELETE", "/locations/{locationId}/customFields/{id}", "locations/customFields.write", Names::path,
     delete_custom_field},
    {"GET", "/locations/{locationId}/tags", "locations/tags.readonly", Names::path, list_tags},
    {"POST", "/locations/{locationId}/tags", "locations/tags.write", Names::path, create_tag, &schemas::location_tag},
    {"GET", "/locations/{locationId}/tags/{tagId}", "locations/tags.readonly", Names::path, get_tag},
    {"PUT", "/locations/{locationId}/tags/{tagId}", "locations/tags.write", Names::path, update_tag,
     &schemas::location_tag},
    {"DELETE", "/locations/{locationId}/tags/{tagId}", "locations/tags.write", Names::path, delete_tag},
    {"GET", "/users/", "users.readonly", Names::query, list_users, nullptr, "locationId*"},
    {"GET", "/users/{userId}", "users.readonly", Names::nothing, get_user},
};

}  // namespace

std::span<const Route> location_routes() { return kRoutes; }

}  // namespace lockstep::gohighlevel::sandbox
