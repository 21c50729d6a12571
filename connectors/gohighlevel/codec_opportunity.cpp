#include <algorithm>
#include <array>

#include "connectors/gohighlevel/codec_parts.hpp"
#include "connectors/gohighlevel/limits.hpp"

namespace lockstep::gohighlevel {
namespace {

constexpr auto kTexts = std::to_array<std::string_view>(
    {"name", "status", "pipelineId", "pipelineStageId", "contactId", "assignedTo", "source", "lostReasonId"});
// The CRM takes these in an update; contactId only when the opportunity is created.
constexpr auto kWritable =
    std::to_array<std::string_view>({"name", "status", "pipelineId", "pipelineStageId", "assignedTo"});

}  // namespace

Result<Decoded> decode_opportunity(const Json& item, Shape shape, const Codec& codec) {
  Decoded out;
  out.id = string_member(item, "id");
  if (out.id.empty()) return fail(ErrorKind::invalid, "an opportunity without an id");
  const bool whole = shape != Shape::event;
  JsonObject& document = out.document;
  document["id"] = out.id;
  for (const std::string_view name : kTexts) {
    const Json* value = find_member(item, name);
    if (value != nullptr && (value->is_string() || value->is_null()))
      document[name] = *value;
    else if (whole)
      document[name] = nullptr;
  }
  const Json* amount = find_member(item, "monetaryValue");
  if (amount != nullptr && amount->is_number())
    document["monetaryValue"] = *amount;
  else if (whole || (amount != nullptr && amount->is_null()))
    document["monetaryValue"] = nullptr;
  // Events call the time of creation dateAdded, the API createdAt.
  const Json* created = find_member(item, "createdAt");
  if (created == nullptr) created = find_member(item, "dateAdded");
  if (created != nullptr) document["createdAt"] = read_time(*created);
  const Json* updated = find_member(item, "updatedAt");
  if (updated != nullptr) document["updatedAt"] = read_time(*updated);
  decode_custom_fields(find_member(item, "customFields"), whole, codec, out);

  out.version = read_version(updated);
  out.extent = whole && complete(out, codec) ? sync::Extent::full : sync::Extent::partial;
  return out;
}

Result<Decoded> decode_pipeline(const Json& item) {
  Decoded out;
  out.id = string_member(item, "id");
  if (out.id.empty()) return fail(ErrorKind::invalid, "a pipeline without an id");
  out.document["id"] = out.id;
  out.document["name"] = string_member(item, "name");
  JsonArray stages;
  const Json* list = find_member(item, "stages");
  if (list != nullptr && list->is_array()) {
    for (const Json& stage : list->get_array()) {
      JsonObject one{{"id", string_member(stage, "id")}, {"name", string_member(stage, "name")}};
      if (const Json* position = find_member(stage, "position"); position != nullptr && position->is_number())
        one["position"] = *position;
      stages.push_back(std::move(one));
    }
  }
  out.document["stages"] = std::move(stages);
  out.extent = sync::Extent::full;
  return out;
}

Encoded encode_opportunity(const Json& document, sync::WriteKind kind, const Codec& codec,
                           const ConnectorSettings& settings) {
  const bool create = kind == sync::WriteKind::create;
  Encoded out;
  if (!document.is_object()) return out;
  for (const auto& member : document.get_object()) {
    const std::string_view name = member.key();
    const Json& value = member.value();
    if (name == "customFields") {
      encode_custom_fields(value, kind, codec, settings.v3() ? "fieldValue" : "field_value", out);
    } else if (name == "monetaryValue") {
      if (!value.is_null())
        out.body["monetaryValue"] = value;
      else if (!create)
        out.body["monetaryValue"] = 0;  // the CRM knows no opportunity without a value
    } else if (name == "contactId" && create) {
      if (!is_empty(value)) out.body["contactId"] = value;
    } else if (name == "contactId") {
      out.left_out.push_back({"contactId", "the CRM can not move an opportunity to another contact"});
    } else if (std::ranges::find(kWritable, name) == kWritable.end()) {
      out.left_out.push_back({std::string(name), "read-only in the CRM"});
    } else if (!is_empty(value)) {
      out.body[name] = value;
    } else if (!create) {
      out.body[name] = "";
    }
  }
  if (create && !out.body.contains("status")) out.body["status"] = "open";
  return out;
}

}  // namespace lockstep::gohighlevel
