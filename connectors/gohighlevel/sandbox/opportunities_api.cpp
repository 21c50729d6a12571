#include <algorithm>

#include "connectors/gohighlevel/sandbox/api.hpp"
#include "connectors/gohighlevel/sandbox/limits.hpp"
#include "connectors/gohighlevel/sandbox/render.hpp"

namespace lockstep::gohighlevel::sandbox {
namespace {

// --- create, read, write

Outcome<Answer> create(Api& api, const Call& call) {
  const auto edit = read_opportunity_edit(call.body, *call.location, api.crm.rules().edits);
  if (!edit) return std::unexpected(edit.error());
  const auto opportunity = api.crm.create_opportunity(*call.location, *edit, Actor::api);
  if (!opportunity) return std::unexpected(opportunity.error());
  return Answer{201, {{"opportunity", opportunity_shape(**opportunity, *call.location)}}};
}

Outcome<Answer> get(Api& api, const Call& call) {
  const auto opportunity = api.crm.opportunity(*call.location, call.path[0]);
  if (!opportunity) return std::unexpected(opportunity.error());
  return Answer{200, {{"opportunity", opportunity_shape(**opportunity, *call.location)}}};
}

Outcome<OpportunityVersion> edited(Api& api, const Call& call, std::string_view kind) {
  const auto before = api.crm.opportunity(*call.location, call.path[0]);
  if (!before) return std::unexpected(before.error());
  const auto edit = read_opportunity_edit(call.body, *call.location, api.crm.rules().edits);
  if (!edit) return std::unexpected(edit.error());
  return api.crm.update_opportunity(*call.location, *before, *edit, Actor::api, kind);
}

Outcome<Answer> update(Api& api, const Call& call) {
  const auto after = edited(api, call, "opportunity.update");
  if (!after) return std::unexpected(after.error());
  return Answer{200, {{"opportunity", opportunity_shape(**after, *call.location)}}};
}

Outcome<Answer> update_status(Api& api, const Call& call) {
  const auto after = edited(api, call, "opportunity.status");
  if (!after) return std::unexpected(after.error());
  return Answer{200, {{"succeded", true}}};
}

Outcome<Answer> remove(Api& api, const Call& call) {
  const auto before = api.crm.opportunity(*call.location, call.path[0]);
  if (!before) return std::unexpected(before.error());
  api.crm.delete_opportunity(*call.location, *before, Actor::api);
  return Answer{200, {{"succeded", true}}};
}

// followers are added, or removed with followersActionType "remove"; isRemoveAllFollowers clears the list first.
std::vector<std::string> followers_after(const JsonObject& body, std::vector<std::string> followers) {
  const Json* clear = body.if_contains("isRemoveAllFollowers");
  if (clear != nullptr && clear->get_bool()) followers.clear();
  const bool removing = text_of(body, "followersActionType") == "remove";
  const Json* given = body.if_contains("followers");
  if (given == nullptr) return followers;
  for (const Json& item : given->get_array()) {
    const std::string id(item.get_string());
    const bool there = std::ranges::find(followers, id) != followers.end();
    if (removing) std::erase(followers, id);
    if (!removing && !there) followers.push_back(id);
  }
  return followers;
}

// By id when one is given, else the contact's newest in the pipeline.
Outcome<Answer> upsert(Api& api, const Call& call) {
  const auto edit = read_opportunity_edit(call.body, *call.location, api.crm.rules().edits);
  if (!edit) return std::unexpected(edit.error());
  OpportunityVersion before;
  if (const std::string_view id = text_of(call.body, "id"); !id.empty()) {
    const auto found = api.crm.opportunity(*call.location, id);
    if (!found) return std::unexpected(found.error());
    before = *found;
  } else if (edit->contact_id) {
    const auto ids = call.location->opportunities_by_contact.find(*edit->contact_id);
    if (ids != call.location->opportunities_by_contact.end()) {
      for (const std::string& other : ids->second) {
        const OpportunityVersion& candidate = call.location->opportunities.at(other);
        if (candidate->pipeline_id == edit->pipeline_id && (!before || candidate->added > before->added))
          before = candidate;
      }
    }
  } else {
    return std::unexpected(unprocessable("contactId should not be empty"));
  }
  auto after = before ? api.crm.update_opportunity(*call.location, before, *edit, Actor::api, "opportunity.update")
                      : api.crm.create_opportunity(*call.location, *edit, Actor::api);
  if (!after) return std::unexpected(after.error());
  OpportunityVersion stored = *after;
  auto followers = followers_after(call.body, stored->followers);
  if (followers.size() > limits::followers_max) followers.resize(limits::followers_max);
  if (followers != stored->followers)
    stored = api.crm.set_followers(*call.location, stored, std::move(followers), Actor::api);
  return Answer{200, {{"opportunity", opportunity_shape(*stored, *call.location)}, {"new", before == nullptr}}};
}

// --- followers

Outcome<Answer> change_followers(Api& api, const Call& call, std::string_view changed_name, unsigned status) {
  const auto before = api.crm.opportunity(*call.location, call.path[0]);
  if (!before) return std::unexpected(before.error());
  std::vector<std::string> followers = (*before)->followers;
  std::vector<std::string> changed;
  const bool adding = changed_name == "followersAdded";
  if (!adding && call.target.parameter("isRemoveAllFollowers") == "true") std::swap(followers, changed);
  for (const Json& item : call.body.at("followers").get_array()) {
    const std::string id(item.get_string());
    const bool there = std::ranges::find(followers, id) != followers.end();
    if (adding == there) continue;
    if (adding) {
      followers.push_back(id);
    } else {
      std::erase(followers, id);
    }
    changed.push_back(id);
  }
  if (followers.size() > limits::followers_max)
    return std::unexpected(unprocessable("followers must contain no more than 10 elements"));
  const auto after = api.crm.set_followers(*call.location, *before, std::move(followers), Actor::api);
  return Answer{status, {{"followers", texts(after->followers)}, {changed_name, texts(changed)}}};
}

Outcome<Answer> add_followers(Api& api, const Call& call) { return change_followers(api, call, "followersAdded", 201); }
Outcome<Answer> remove_followers(Api& api, const Call& call) {
  return change_followers(api, call, "followersRemoved", 200);
}

// --- pipelines

Outcome<Answer> pipelines(Api&, const Call& call) {
  JsonArray out;
  for (const Pipeline& pipeline : call.location->pipelines) out.push_back(pipeline_shape(pipeline, *call.location));
  return Answer{200, {{"pipelines", std::move(out)}}};
}

constexpr Route kRoutes[] = {
    {"GET", "/opportunities/pipelines", "opportunities.readonly", Names::query, pipelines, nullptr, "locationId*"},
    {"POST", "/opportunities/upsert", "opportunities.write", Names::body, upsert, &schemas::opportunity_upsert},
    {"POST", "/opportunities/", "opportunities.write", Names::body, create, &schemas::opportunity_create},
    {"GET", "/opportunities/{id}", "opportunities.readonly", Names::nothing, get},
    {"PUT", "/opportunities/{id}", "opportunities.write", Names::nothing, update, &schemas::opportunity_update},
    {"DELETE", "/opportunities/{id}", "opportunities.write", Names::nothing, remove},
    {"PUT", "/opportunities/{id}/status", "opportunities.write", Names::nothing, update_status,
     &schemas::opportunity_status},
    {"POST", "/opportunities/{id}/followers", "opportunities.write", Names::nothing, add_followers,
     &schemas::followers},
    {"DELETE", "/opportunities/{id}/followers", "opportunities.write", Names::nothing, remove_followers,
     &schemas::followers, "isRemoveAllFollowers"},
};

}  // namespace

std::span<const Route> opportunity_routes() { return kRoutes; }

}  // namespace lockstep::gohighlevel::sandbox
