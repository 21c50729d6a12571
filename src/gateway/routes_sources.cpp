// GET /api/v1/sources, GET /api/v1/sources/{source}/status
#include "gateway/context.hpp"
#include "gateway/seen.hpp"
#include "gateway/shapes.hpp"

namespace lockstep::gateway {
namespace {

Json describe_entity(const sync::EntitySchema& entity, Shown shown) {
  static constexpr std::string_view kTypes[] = {"text",    "email",   "phone",       "datetime", "date", "decimal",
                                                "integer", "boolean", "enumeration", "set",      "json", "reference"};
  JsonArray fields;
  for (const sync::FieldSchema& field : entity.fields) {
    JsonObject one{{"name", field.name}, {"type", kTypes[static_cast<std::size_t>(field.type)]}};
    if (!field.options.empty()) {
      JsonArray options;
      for (const std::string& option : field.options) options.emplace_back(option);
      one["options"] = std::move(options);
    }
    if (!field.target.empty()) one["target"] = field.target.str();
    fields.push_back(std::move(one));
  }
  JsonArray systems;
  if (shown == Shown::with_systems) {
    for (const sync::SystemBinding& binding : entity.systems) systems.emplace_back(binding.system.str());
  }
  JsonObject out{{"name", entity.name.str()},
                 {"fields", std::move(fields)},
                 {"systems", std::move(systems)},
                 {"edits", entity.edits == sync::Edits::none ? "none" : "people"}};
  if (entity.business) {
    const auto& edits = entity.business->edits;
    out["business"] = JsonObject{{"field", entity.business->field}, {"edits", JsonArray(edits.begin(), edits.end())}};
  }
  return out;
}

// To a business only what may be its own.
Json describe_source(const Context& context, const sync::SourceSchema& source, Shown shown) {
  JsonArray entities;
  for (const sync::EntitySchema& entity : source.entities) {
    if (shown == Shown::with_systems || entity.business) entities.push_back(describe_entity(entity, shown));
  }
  JsonArray systems;
  if (shown == Shown::with_systems) {
    for (const hub::LaneStatus& lane : context.hub.lanes(source.source)) systems.push_back(to_json(lane));
  }
  return JsonObject{{"id", source.source.str()}, {"entities", std::move(entities)}, {"systems", std::move(systems)}};
}

}  // namespace

void add_source_routes(Router& router, Context& context) {
  router.add({"GET", "/api/v1/sources", Needs::caller, [&context](std::shared_ptr<Call> call) {
                JsonArray sources;
                for (const sync::SourceSchema& source : context.hub.catalog().sources()) {
                  if (!call->caller.may_see(source.source)) continue;
                  const bool some = call->caller.businesses_in(source.source) != nullptr;
                  sources.push_back(describe_source(context, source, some ? Shown::record_only : Shown::with_systems));
                }
                call->answer(json_response(200, JsonObject{{"items", std::move(sources)}}));
              }});
  router.add({"GET", "/api/v1/sources/{source}/status", Needs::reader, [&context](std::shared_ptr<Call> call) {
                const SourceId source = call->source();
                answer_read<store::Counts>(
                    context, call, [source](store::Reader& reader) { return reader.counts(source); },
                    [&context, source](store::Counts& counts) -> Json {
                      JsonArray systems;
                      for (const hub::LaneStatus& lane : context.hub.lanes(source)) systems.push_back(to_json(lane));
                      JsonArray jobs;
                      for (const hub::JobProgress& job : context.hub.jobs(source)) {
                        if (job.state == "running") jobs.push_back(to_json(job));
                      }
                      return JsonObject{{"source", source.str()},
                                        {"counts", to_json(counts)},
                                        {"systems", std::move(systems)},
                                        {"jobs", std::move(jobs)},
                                        {"seen", to_json(context.seen->of(source))},
                                        {"last_seq", context.hub.events().last_seq()}};
                    });
              }});
}

}  // namespace lockstep::gateway
