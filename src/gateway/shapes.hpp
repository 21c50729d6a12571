// Hub values as the JSON of the API (docs/api/openapi.yaml).
#pragma once

#include "base/json.hpp"
#include "hub/hub.hpp"

namespace lockstep::gateway {

Json to_json(const hub::RecordView& view);
Json to_json(const hub::JobProgress& job);
Json to_json(const hub::LaneStatus& lane);
Json to_json(const sync::OutboxRow& row);
Json to_json(const sync::InboxRow& row);
Json to_json(const sync::ConflictRow& row);
Json to_json(const store::Counts& counts);
Json to_json(const sync::Applied& applied);

}  // namespace lockstep::gateway
