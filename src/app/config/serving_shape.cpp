#include "app/config/serving_shape.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "app/config/limits.hpp"
#include "app/config/suggest.hpp"
#include "app/config/units.hpp"

namespace lockstep::app {
namespace {

using namespace shapes;

constexpr const char* kName = "[A-Za-z_][A-Za-z0-9_]{0,62}";  // of members, fields and settings

Shape system_name() {
  return matching("[a-z][a-z0-9_]{0,62}", "the name of a system such as db: small letters, digits and _");
}

bool has_system(const SourceConfig& source, std::string_view name) {
  return std::ranges::any_of(source.systems,
                             [&](const SystemConfig& one) { return one.settings.system.str() == name; });
}

void read_rest(const Node& node, Problems& problems, Config& config) {
  const Node& system = *node.find("system");
  const Node* source = node.find("source");
  const auto serves = [&](const SourceConfig& one) {
    return (source == nullptr || one.id.str() == source->text) && has_system(one, system.text);
  };
  const auto at = std::ranges::find_if(config.sources, serves);
  if (at != config.sources.end()) {
    config.rest = RestConfig{at->id, SystemName(system.text)};
    return;
  }
  std::vector<std::string> known;
  for (const auto& one : config.sources) {
    for (const auto& each : one.systems) known.push_back(each.settings.system.str());
  }
  problems.add(system.mark, "server.rest",
               source == nullptr ? fmt::format("no source has a system \"{}\"", system.text)
                                 : fmt::format("no source \"{}\" has a system \"{}\"", source->text, system.text),
               suggest(system.text, known));
}

void read_realtime(const Node& node, Config& config) {
  if (const Node* above = node.find("batch_above"))
    config.row_batching.above = to_json(*above).to_number<std::size_t>();
  const Node* every = node.find("batch_every");
  const auto time = every == nullptr ? std::nullopt : parse_duration(every->text);
  if (time) config.row_batching.every = std::chrono::duration_cast<std::chrono::milliseconds>(*time);
}

// Whether some source holds the entity in the system; "" for any system.
bool is_held(const Config& config, const EntityName& entity, const std::string& system) {
  return std::ranges::any_of(config.catalog->sources(), [&](const sync::SourceSchema& source) {
    const sync::EntitySchema* found = source.find(entity);
    return found != nullptr && (system.empty() || found->binding(SystemName(system)) != nullptr);
  });
}

std::vector<std::pair<std::string, std::string>> read_pairs(const Node* node) {
  std::vector<std::pair<std::string, std::string>> out;
  if (node == nullptr) return out;
  for (const Member& member : node->members) out.emplace_back(member.key, member.value.text);
  return out;
}

void read_function(const Member& member, Problems& problems, Config& config) {
  const Node& node = member.value;
  const std::string where = fmt::format("functions.{}", member.key);
  FunctionConfig function;
  function.name = member.key;
  function.system = SystemName(node.find("system")->text);
  function.upstream = function.system.str();
  for (const Member& one : node.find("entities")->members) {
    if (is_held(config, EntityName(one.value.text), function.system.str())) {
      function.entities.emplace_back(EntityName(one.value.text), one.key);
      continue;
    }
    problems.add(
        one.value.mark, where + ".entities",
        fmt::format("no source holds an entity \"{}\" in a system \"{}\"", one.value.text, function.system.str()));
  }
  if (const Node* mode = node.find("mode")) function.mode = mode->text;
  if (const Node* source = node.find("source")) function.source = source->text;
  if (const Node* upstream = node.find("upstream")) function.upstream = upstream->text;
  if (const Node* wait = node.find("wait")) function.wait = parse_duration(wait->text).value_or(function.wait);
  function.settings = read_pairs(node.find("settings"));
  config.functions.push_back(std::move(function));
}

std::chrono::minutes offset_of(const Node* node) {
  if (node == nullptr) return {};
  const std::string& text = node->text;  // "+05:30"
  const std::chrono::minutes ahead(std::stoi(text.substr(1, 2)) * 60 + std::stoi(text.substr(4, 2)));
  return text.front() == '-' ? -ahead : ahead;
}

// One schedule of one source; it belongs to the system that its function reads.
void read_schedule(const Node& node, const std::string& where, SourceConfig& source, Problems& problems,
                   const Config& config) {
  const Node& cron = *node.find("cron");
  const Node& name = *node.find("function");
  const auto function = std::ranges::find(config.functions, name.text, &FunctionConfig::name);
  if (function == config.functions.end()) {
    std::vector<std::string> known;
    for (const FunctionConfig& one : config.functions) known.push_back(one.name);
    problems.add(name.mark, where, fmt::format("there is no function \"{}\"", name.text), suggest(name.text, known));
    return;
  }
  const auto of_function = [&](const SystemConfig& one) { return one.settings.system == function->system; };
  const auto system = std::ranges::find_if(source.systems, of_function);
  const sync::SourceSchema* schema = config.catalog->find(source.id);
  for (const auto& [entity, called] : function->entities) {
    const sync::EntitySchema* held = schema == nullptr ? nullptr : schema->find(entity);
    if (system != source.systems.end() && held != nullptr && held->binding(function->system) != nullptr) continue;
    problems.add(name.mark, where,
                 fmt::format("this source has no entity \"{}\" in a system \"{}\", which \"{}\" reads", entity.str(),
                             function->system.str(), name.text));
    return;
  }
  const Result<hub::Cron> times = hub::Cron::parse(cron.text, offset_of(node.find("zone_offset")));
  if (!times) return problems.add(cron.mark, where, times.error().message, "such as \"0 * * * *\": every hour");
  const Node* given = node.find("mode");
  const std::string& mode = given == nullptr ? function->mode : given->text;
  hub::Schedule schedule{*times, function->name, mode == "full" ? "mirror" : "pull", function->entities};
  const auto same = [&](const hub::Schedule& one) { return one.key() == schedule.key(); };
  if (std::ranges::any_of(system->schedules, same))
    return problems.add(cron.mark, where, "this source has this schedule already");
  system->schedules.push_back(std::move(schedule));
}

void read_schedules(const Node& root, const BadNodes& bad, Problems& problems, Config& config) {
  const Node* sources = root.find("sources");
  if (sources == nullptr) return;
  for (const Node& node : sources->items) {
    const Node* id = node.find("id");
    const Node* schedules = node.find("schedules");
    if (id == nullptr || schedules == nullptr || bad.contains(schedules)) continue;
    const auto source =
        std::ranges::find_if(config.sources, [&](const SourceConfig& one) { return one.id.str() == id->text; });
    if (source == config.sources.end()) continue;  // which has been said
    for (std::size_t i = 0; i < schedules->items.size(); ++i) {
      const Node& one = schedules->items[i];
      if (!bad.contains(&one))
        read_schedule(one, fmt::format("sources[{}].schedules[{}]", id->text, i), *source, problems, config);
    }
  }
}

void read_jobs(const Node& node, Problems& problems, Config& config) {
  const Node& entity = *node.find("entity");
  if (!is_held(config, EntityName(entity.text), "")) {
    problems.add(entity.mark, "jobs.entity", fmt::format("no source has an entity \"{}\"", entity.text));
    return;
  }
  config.jobs = JobsConfig{EntityName(entity.text), read_pairs(node.find("settings"))};
}

}  // namespace

Shape rest_shape() {
  Shape shape = object({
      {.name = "system",
       .shape = system_name(),
       .doc = "The system with the tables; its connector must have tables (postgres).",
       .presence = Presence::required},
      {.name = "source",
       .shape = text(64),
       .doc = "The source whose system it is; default: the first that has one. Sources that share a database show the "
              "same tables: row-level security tells tenants apart, not this."},
  });
  shape.example = "server:\n  rest: {system: db}\n";
  return named(
      "rest",
      "Tables and views for dashboards, in the dialect of supabase-js (docs/rest.md): read as the database's "
      "role `authenticated` with the caller's claims, or, of an API key, an account's session or its cookie, with "
      "what Lockstep says of them (lockstep.sources, lockstep.businesses); whoever is nobody, as `anon`.",
      std::move(shape));
}

Shape realtime_shape() {
  Shape shape = object({
      {.name = "batch_above",
       .shape = integer(1, 10'000),
       .doc = "When more rows of a source than this change within batch_every, the others are gathered, the last state "
              "of each, and told as one message ROWS (docs/realtime.md). Default: every change is told by itself."},
      {.name = "batch_every",
       .shape = duration(50'000, 10'000'000),
       .doc = "How long rows are gathered before they are told.",
       .fallback = "250ms"},
  });
  shape.example = "server:\n  realtime: {batch_above: 100, batch_every: 250ms}\n";
  return named("realtime", "How changed rows are told on rows:{source} and ghl:{source} while many change at once.",
               std::move(shape));
}

Shape functions_shape() {
  const auto member = [] { return matching(kName, "letters, digits and _"); };
  Shape one = object({
      {.name = "action",
       .shape = choice({"sync"}),
       .doc = "sync: reads entities of a system and answers when what was read is written to the others.",
       .presence = Presence::required},
      {.name = "system", .shape = system_name(), .doc = "The system that is read.", .presence = Presence::required},
      {.name = "entities",
       .shape = map(kName, "a name for answers such as contacts", system_name(), 1,
                    static_cast<std::int64_t>(entities_limit)),
       .doc = "What is read: the name that answers and jobs use, and the entity. One entity has an answer of its own "
              "shape.",
       .presence = Presence::required},
      {.name = "mode",
       .shape = choice({"incremental", "full"}),
       .doc = "Where the body names none. incremental: what changed since the last reading; full: everything, with "
              "deletes.",
       .fallback = "incremental"},
      {.name = "source",
       .shape = member(),
       .doc = "The member of the body that names the source.",
       .fallback = "source_id"},
      {.name = "settings",
       .shape = map(kName, "letters, digits and _", member(), 0, 8),
       .doc = "Members of the body that must be equal to settings of the source's system: a wrong pair is refused."},
      {.name = "upstream", .shape = text(64), .doc = "What errors call the system; default: its name."},
      {.name = "wait",
       .shape = duration(1'000'000, 3'600'000'000),
       .doc = "How long the answer waits for the job; then it says where to look, and the job goes on.",
       .fallback = "5m"},
  });
  one.example =
      "functions:\n  pull-contacts: {action: sync, system: crm, entities: {contacts: contact}, settings: {locationId: "
      "location_id}}\n";
  return map("[a-z][a-z0-9-]{0,62}", "a name such as run-all: small letters, digits and -",
             named("function",
                   "Something that dashboards call with POST /functions/v1/NAME (docs/functions.md): for callers who "
                   "may edit the source.",
                   std::move(one)),
             0, static_cast<std::int64_t>(functions_limit));
}

Shape jobs_shape() {
  Shape shape = object({
      {.name = "entity",
       .shape = system_name(),
       .doc = "The entity. Of its fields those are set that it has: job_type, mode, status (running, completed, "
              "failed), progress, error, started_at, completed_at.",
       .presence = Presence::required},
      {.name = "settings",
       .shape = map(kName, "a field's name", matching(kName, "a setting's name"), 0, 8),
       .doc = "Fields that hold a setting of the system that is read."},
  });
  shape.example = "jobs: {entity: sync_job, settings: {location_id: location_id}}\n";
  return named("jobs",
               "Jobs that functions order are shown as records of an entity, one for each entity that is read, from "
               "before the first request on.",
               std::move(shape));
}

Shape schedule_shape() {
  Shape shape = object({
      {.name = "cron",
       .shape = text(256),
       .doc =
           "Minute, hour, day of the month, month, day of the week: *, numbers, ranges (1-5), steps (*/15), lists with "
           "commas, names (jan, mon); @hourly, @daily, @weekly, @monthly, @yearly. Where both days are named, either "
           "is enough.",
       .presence = Presence::required},
      {.name = "function",
       .shape = text(63),
       .doc = "What is called: a function of `functions`. It says which entities.",
       .presence = Presence::required},
      {.name = "mode", .shape = choice({"incremental", "full"}), .doc = "Default: the function's."},
      {.name = "zone_offset",
       .shape = matching("[+-](0[0-9]|1[0-4]):[0-5][0-9]", "an offset such as +05:30"),
       .doc = "Whose clock the times are of. There is no summer time.",
       .fallback = "+00:00"},
  });
  shape.example = "schedules:\n  - {cron: \"0 * * * *\", function: pull-contacts}\n";
  return named(
      "schedule",
      "A function that is called for a source by itself, as a job of its own (docs/functions.md). Of times that "
      "pass while the program is away one is made up for.",
      std::move(shape));
}

void read_serving(const Node& root, const BadNodes& bad, Problems& problems, Config& config) {
  const Node* functions = root.find("functions");
  if (functions != nullptr) {
    for (const Member& member : functions->members) {
      if (!bad.contains(&member.value)) read_function(member, problems, config);
    }
  }
  read_schedules(root, bad, problems, config);
  const Node* jobs = root.find("jobs");
  if (jobs != nullptr && !bad.contains(jobs)) read_jobs(*jobs, problems, config);

  const Node* server = root.find("server");
  const Node* rest = server == nullptr ? nullptr : server->find("rest");
  if (rest != nullptr && !bad.contains(rest)) read_rest(*rest, problems, config);
  const Node* realtime = server == nullptr ? nullptr : server->find("realtime");
  if (realtime != nullptr && !bad.contains(realtime)) read_realtime(*realtime, config);
}

}  // namespace lockstep::app
