#include <algorithm>

#include "connectors/gohighlevel/sandbox/crm.hpp"
#include "connectors/gohighlevel/sandbox/limits.hpp"
#include "connectors/gohighlevel/sandbox/render.hpp"

namespace lockstep::gohighlevel::sandbox {
namespace {

Outcome<void> apply(Opportunity& opportunity, const OpportunityEdit& edit, const Location& location) {
  if (edit.contact_id) opportunity.contact_id = *edit.contact_id;
  if (!location.contacts.contains(opportunity.contact_id)) return refuse(400, "Contact not found for the opportunity");
  const std::string pipeline_before = opportunity.pipeline_id;
  if (edit.pipeline_id) opportunity.pipeline_id = *edit.pipeline_id;
  const Pipeline* pipeline = location.pipeline(opportunity.pipeline_id);
  if (pipeline == nullptr) return refuse(400, "The pipeline id is invalid.");
  if (edit.stage_id) {
    opportunity.stage_id = *edit.stage_id;
  } else if (pipeline_before != opportunity.pipeline_id) {
    opportunity.stage_id = pipeline->stages.empty() ? "" : pipeline->stages.front().id;
  }
  const bool known_stage =
      std::ranges::find(pipeline->stages, opportunity.stage_id, &Stage::id) != pipeline->stages.end();
  if (!opportunity.stage_id.empty() && !known_stage) return refuse(400, "The pipeline stage id is invalid.");
  if (edit.name) opportunity.name = *edit.name;
  if (edit.status) opportunity.status = *edit.status;
  if (edit.assigned_to) opportunity.assigned_to = *edit.assigned_to;
  if (edit.source) opportunity.source = *edit.source;
  if (edit.lost_reason_id) opportunity.lost_reason_id = *edit.lost_reason_id;
  if (opportunity.status != "lost") opportunity.lost_reason_id.clear();
  if (edit.monetary_value) opportunity.monetary_value = edit.monetary_value;
  for (const auto& [field_id, value] : edit.custom) {
    if (value.is_null()) {
      opportunity.custom.erase(field_id);
    } else {
      opportunity.custom[field_id] = value;
    }
  }
  return {};
}

}  // namespace

Outcome<OpportunityVersion> Crm::opportunity(const Location& location, std::string_view id) const {
  const std::string key(id);
  if (const auto found = location.opportunities.find(key); found != location.opportunities.end()) return found->second;
  for (const auto& [other_id, other] : locations_) {
    if (other->opportunities.contains(key)) return refuse(403, "The token does not have access to this location.");
  }
  return refuse(400, "Opportunity with id " + key + " not found");
}

OpportunityVersion Crm::store(Location& location, OpportunityVersion before, Opportunity next) {
  next.updated = now();
  next.version = ++version_;
  if (before && before->contact_id != next.contact_id) {
    auto& ids = location.opportunities_by_contact[before->contact_id];
    ids.erase(next.id);
    if (ids.empty()) location.opportunities_by_contact.erase(before->contact_id);
  }
  location.opportunities_by_contact[next.contact_id].insert(next.id);
  auto version = std::make_shared<const Opportunity>(std::move(next));
  location.opportunities[version->id] = version;
  location.opportunity_index.put(version, visible_at(version->updated));
  location.opportunity_index.advance(version->updated);
  return version;
}

Outcome<OpportunityVersion> Crm::create_opportunity(Location& location, const OpportunityEdit& edit, Actor actor,
                                                    Quiet quiet) {
  if (location.opportunities.size() >= limits::records_max)
    return refuse(400, "The sandbox holds no more opportunities");
  Opportunity next;
  if (auto applied = apply(next, edit, location); !applied) return std::unexpected(std::move(applied.error()));
  const auto same_contact = location.opportunities_by_contact.find(next.contact_id);
  if (!location.settings.allow_duplicate_opportunity && same_contact != location.opportunities_by_contact.end()) {
    for (const std::string& id : same_contact->second) {
      if (location.opportunities.at(id)->status != "open") continue;
      Refusal out = refusal(400, "Can not create duplicate opportunity for the contact.");
      out.body["code"] = "OPPORTUNITY_NO_DUPLICATE";
      out.body["meta"] = JsonObject{{"existingId", id}};
      return std::unexpected(std::move(out));
    }
  }
  next.id = make_id();
  next.added = now();
  next.status_changed = next.added;
  next.stage_changed = next.added;
  const OpportunityVersion stored = store(location, nullptr, std::move(next));
  wrote(actor, "opportunity.create");
  if (quiet == Quiet::no) fire_opportunity("OpportunityCreate", location, *stored);
  return stored;
}

Outcome<OpportunityVersion> Crm::update_opportunity(Location& location, OpportunityVersion before,
                                                    const OpportunityEdit& edit, Actor actor, std::string_view kind) {
  Opportunity next = *before;
  if (auto applied = apply(next, edit, location); !applied) return std::unexpected(std::move(applied.error()));
  const bool stage = next.stage_id != before->stage_id || next.pipeline_id != before->pipeline_id;
  const bool status = next.status != before->status;
  if (stage) next.stage_changed = now();
  if (status) next.status_changed = now();
  const OpportunityVersion stored = store(location, before, std::move(next));
  wrote(actor, kind);
  // One edit fires the general event and one for each of the watched members that changed.
  fire_opportunity("OpportunityUpdate", location, *stored);
  if (stage) fire_opportunity("OpportunityStageUpdate", location, *stored);
  if (status) fire_opportunity("OpportunityStatusUpdate", location, *stored);
  if (stored->monetary_value != before->monetary_value)
    fire_opportunity("OpportunityMonetaryValueUpdate", location, *stored);
  if (stored->assigned_to != before->assigned_to) fire_opportunity("OpportunityAssignedToUpdate", location, *stored);
  return stored;
}

void Crm::delete_opportunity(Location& location, OpportunityVersion before, Actor actor, Quiet quiet) {
  const auto found = location.opportunities_by_contact.find(before->contact_id);
  if (found != location.opportunities_by_contact.end()) {
    found->second.erase(before->id);
    if (found->second.empty()) location.opportunities_by_contact.erase(found);
  }
  location.opportunities.erase(before->id);
  const Time at = now();
  location.opportunity_index.remove(before->id, ++version_, visible_at(at));
  location.opportunity_index.advance(at);
  wrote(actor, "opportunity.delete");
  if (quiet == Quiet::no && events_.wants("OpportunityDelete", location.settings.id)) {
    events_.emit("OpportunityDelete", location.settings.id, opportunity_event(*before, location), at);
  }
}

OpportunityVersion Crm::set_followers(Location& location, OpportunityVersion before, std::vector<std::string> followers,
                                      Actor actor) {
  wrote(actor, "opportunity.followers");
  Opportunity next = *before;
  next.followers = std::move(followers);
  return store(location, before, std::move(next));
}

void Crm::fire_opportunity(std::string_view type, const Location& location, const Opportunity& opportunity) {
  if (!events_.wants(type, location.settings.id)) return;
  events_.emit(type, location.settings.id, opportunity_event(opportunity, location), opportunity.updated);
}

}  // namespace lockstep::gohighlevel::sandbox
