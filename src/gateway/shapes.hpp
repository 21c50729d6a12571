// Hub values as the JSON of the API (docs/api/openapi.yaml).
#pragma once

#include "access/caller.hpp"
#include "base/json.hpp"
#include "hub/hub.hpp"

namespace lockstep::gateway {

enum class Shown { with_systems, record_only };
Json to_json(const hub::RecordView& view, Shown shown = Shown::with_systems);
// By source, a list of names.
JsonObject to_json(const access::BusinessGrants& businesses);
Json to_json(const hub::JobPart& part);
Json to_json(const hub::JobProgress& job);
Json to_json(const hub::LaneStatus& lane);
Json to_json(const sync::OutboxRow& row);
Json to_json(const sync::InboxRow& row);
Json to_json(const sync::ConflictRow& row);
Json to_json(const store::Counts& counts);
Json to_json(const sync::Applied& applied);
Json to_json(const hub::DeadLetterGroups& groups);

template <class T>
Json page_json(store::Page<T>& page) {
  JsonArray items;
  for (const T& item : page.items) items.push_back(to_json(item));
  return JsonObject{{"items", std::move(items)}, {"next", page.next.empty() ? Json(nullptr) : Json(page.next)}};
}

}  // namespace lockstep::gateway
