#include "world.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "hub/event_text.hpp"
#include "sync/merge.hpp"
#include "sync/normalize.hpp"

namespace lockstep::test {
namespace {

constexpr const char* kObject = "contact";

bool percent(Random& random, std::uint64_t chance) { return random.below(100) < chance; }

}  // namespace

sync::EntitySchema contact_schema(sync::PolicyKind policy) {
  sync::EntitySchema entity;
  entity.name = EntityName("contact");
  const std::vector<SystemName> order{SystemName("crm"), SystemName("db"), SystemName("cms")};
  const auto field = [&](std::string name, sync::FieldType type) {
    sync::FieldSchema out;
    out.name = std::move(name);
    out.type = type;
    out.policy = {type == sync::FieldType::set ? sync::PolicyKind::set_union : policy, order};
    return out;
  };
  entity.fields = {field("email", sync::FieldType::email), field("name", sync::FieldType::text),
                   field("city", sync::FieldType::text), field("tags", sync::FieldType::set)};
  entity.match = {{{"email"}}};
  for (const SystemName& name : order) {
    sync::SystemBinding binding;
    binding.system = name;
    binding.object = kObject;
    for (const sync::FieldSchema& one : entity.fields) {
      sync::FieldBinding bound;
      bound.field = one.name;
      bound.path = one.name;
      binding.fields.push_back(bound);
    }
    entity.systems.push_back(std::move(binding));
  }
  return entity;
}

World::World(std::uint64_t seed, sync::EntitySchema entity, Faults faults, sync::OscillationLimits oscillation)
    : random_(seed),
      faults_(faults),
      catalog_(std::make_shared<const sync::Catalog>(
          std::vector<sync::SourceSchema>{{source_, {std::move(entity)}, SystemName("app"), oscillation}})),
      reader_(store_.open_reader()),
      engine_(std::in_place, catalog_, sync::EngineSettings(), random_) {
  for (const sync::SystemBinding& binding : this->entity().systems) {
    auto system = std::make_unique<WorldSystem>();
    system->name = binding.system;
    system->ordered = system->compares = binding.system == SystemName("db");
    systems_.push_back(std::move(system));
  }
}

WorldSystem& World::system(std::string_view name) {
  const auto at = std::ranges::find_if(systems_, [&](const auto& one) { return one->name.str() == name; });
  LOCKSTEP_ASSERT(at != systems_.end(), "the world has this system");
  return **at;
}

sync::Change World::observe(const WorldSystem& system, const std::string& id) const {
  const auto& object = system.objects.at(id);
  sync::Change change;
  change.source = source_;
  change.system = system.name;
  change.object = kObject;
  change.external_id = id;
  change.kind = object.deleted ? sync::ChangeKind::deleted : sync::ChangeKind::upserted;
  change.version = object.version;
  change.via = system.ordered ? sync::Via::capture : sync::Via::webhook;
  change.document = object.document;
  return change;
}

void World::emit(WorldSystem& system, const std::string& id) {
  system.objects[id].version = ++system.clock;
  sync::Change change = observe(system, id);
  change.delivery = system.name.str() + std::to_string(system.clock);
  system.events.push_back(std::move(change));
}

std::string World::human_creates(WorldSystem& system, JsonObject document) {
  const std::string id = system.name.str() + "-" + std::to_string(++system.ids);
  system.objects[id].document = std::move(document);
  ++system.human_edits;
  emit(system, id);
  return id;
}

void World::human_edits(WorldSystem& system, const std::string& id, const std::string& field, Json value) {
  system.objects.at(id).document[field] = std::move(value);
  ++system.human_edits;
  emit(system, id);
}

void World::human_deletes(WorldSystem& system, const std::string& id) {
  system.objects.at(id).deleted = true;
  ++system.human_edits;
  emit(system, id);
}

std::vector<sync::Applied> World::apply(std::vector<sync::Input> inputs) {
  clock_.advance(std::chrono::milliseconds(1));
  Result<sync::Decision> decision = engine_->apply(inputs, store_, clock_.now());
  LOCKSTEP_ASSERT(decision.has_value(), "a memory store does not fail");
  const Result<void> committed = store_.commit(decision->batch);
  LOCKSTEP_ASSERT(committed.has_value(), "one writer never conflicts");
  return std::move(decision->applied);
}

void World::edit_in_app(const RecordId& record, const std::string& field, Json value) {
  sync::Edit edit;
  edit.source = source_;
  edit.entity = entity().name;
  edit.record = record;
  edit.fields.emplace(field, std::move(value));
  apply({edit});
}

void World::deliver_one(WorldSystem& system) {
  if (system.events.empty()) return;
  std::size_t at = 0;
  if (!system.ordered && percent(random_, faults_.reorder_percent)) at = random_.below(system.events.size());
  sync::Change change = system.events[at];
  const bool again = percent(random_, faults_.duplicate_percent);
  if (!again) system.events.erase(system.events.begin() + static_cast<std::ptrdiff_t>(at));
  // A vendor's own redelivery keeps its id; a proxy's repetition may not.
  if (again && percent(random_, 50)) change.delivery.clear();
  apply({change});
}

std::string World::find_by_email(const WorldSystem& system, const Json& document) const {
  const Json* email = find_member(document, "email");
  for (const auto& [id, object] : system.objects) {
    const auto* held = object.document.if_contains("email");
    if (!object.deleted && email != nullptr && held != nullptr && *held == *email) return id;
  }
  return "";
}

sync::WriteOutcome World::write(WorldSystem& system, const hub::Prepared& prepared) {
  const connector::WriteRequest& request = prepared.request;
  sync::WriteOutcome outcome;
  outcome.source = source_;
  outcome.system = system.name;
  outcome.record = request.record;
  outcome.write = request.kind;
  outcome.external_id = request.external_id;
  if (percent(random_, faults_.refused_percent)) {
    outcome.kind = sync::OutcomeKind::retry;
    return outcome;
  }
  if (request.kind == sync::WriteKind::create) {
    std::string& id = system.created_by_key[request.idempotency_key];
    const bool known = system.compares && !id.empty() && !system.objects.at(id).deleted;
    if (!known) {
      if (const std::string other = find_by_email(system, request.document); !other.empty()) {
        outcome.kind = sync::OutcomeKind::duplicate;  // as a CRM that allows no two contacts with one address
        outcome.external_id = other;
        return outcome;
      }
      id = system.name.str() + "-" + std::to_string(++system.ids);
      system.objects[id].document = request.document.get_object();
      ++system.writes;
      emit(system, id);
    }
    outcome.external_id = id;
  } else {
    const auto at = system.objects.find(request.external_id);
    if (at == system.objects.end() || at->second.deleted) {
      outcome.kind =
          request.kind == sync::WriteKind::remove ? sync::OutcomeKind::applied : sync::OutcomeKind::not_found;
      return outcome;
    }
    if (system.compares && request.expected.is_object()) {
      for (const auto& [name, value] : request.expected.get_object()) {
        const auto* held = at->second.document.if_contains(name);
        if ((held == nullptr ? Json() : *held) != value) {
          outcome.kind = sync::OutcomeKind::conflict;
          outcome.state = at->second.document;
          outcome.extent = sync::Extent::full;
          outcome.version = at->second.version;
          return outcome;
        }
      }
    }
    if (request.kind == sync::WriteKind::remove) {
      at->second.deleted = true;
    } else {
      for (const auto& [name, value] : request.document.get_object()) at->second.document[name] = value;
    }
    ++system.writes;
    emit(system, request.external_id);
  }
  if (percent(random_, faults_.lost_answer_percent)) {
    outcome.kind = sync::OutcomeKind::unknown;
    if (request.kind == sync::WriteKind::create) outcome.external_id.clear();
    return outcome;
  }
  const auto& object = system.objects.at(outcome.external_id);
  outcome.written = prepared.written;
  outcome.version = object.version;
  if (!object.deleted) {
    outcome.state = object.document;
    outcome.extent = sync::Extent::full;
  }
  return outcome;
}

sync::WriteOutcome World::read_back(WorldSystem& system, const hub::Prepared& prepared) {
  sync::WriteOutcome outcome;
  outcome.source = source_;
  outcome.system = system.name;
  outcome.record = prepared.request.record;
  outcome.write = prepared.request.kind;
  outcome.external_id = prepared.request.external_id;
  std::string id = outcome.external_id;
  if (id.empty()) {
    id = find_by_email(system, prepared.request.document);  // as a CRM is searched
    if (id.empty()) {
      outcome.kind = sync::OutcomeKind::retry;
      return outcome;
    }
    outcome.kind = sync::OutcomeKind::applied;
  } else {
    outcome.kind = sync::OutcomeKind::conflict;
  }
  const auto& object = system.objects.at(id);
  if (object.deleted) {
    outcome.kind =
        prepared.request.kind == sync::WriteKind::remove ? sync::OutcomeKind::applied : sync::OutcomeKind::not_found;
    return outcome;
  }
  outcome.external_id = id;
  outcome.state = object.document;
  outcome.extent = sync::Extent::full;
  outcome.version = object.version;
  return outcome;
}

void World::dispatch(WorldSystem& system) {
  clock_.advance(std::chrono::minutes(20));  // every retry is due
  Result<hub::Due> due = preparer_.prepare(*reader_, *catalog_, source_, system.name, clock_.now(), 10, {});
  LOCKSTEP_ASSERT(due.has_value(), "a memory store does not fail");
  for (const sync::OutboxKey& key : due->empty) apply({sync::Replan{key.source, key.system, key.record}});
  for (const hub::Prepared& prepared : due->writes) {
    LOCKSTEP_ASSERT(prepared.problem.empty(), "plain mappings do not fail");
    if (prepared.read_back) {
      apply({read_back(system, prepared)});
      continue;
    }
    const std::vector<sync::Input> claim{sync::Claim{source_, system.name, prepared.request.record,
                                                     prepared.request.kind, prepared.request.external_id,
                                                     prepared.written}};
    Result<sync::Decision> claimed = engine_->apply(claim, store_, clock_.now());
    LOCKSTEP_ASSERT(claimed.has_value(), "a memory store does not fail");
    const Result<void> committed = store_.commit(claimed->batch);
    LOCKSTEP_ASSERT(committed.has_value(), "one writer never conflicts");
    if (claimed->applied.front().error) continue;
    sync::WriteOutcome outcome = write(system, prepared);
    if (percent(random_, faults_.crash_percent)) continue;
    // The echo may be faster than the answer.
    if (percent(random_, 30)) deliver_one(system);
    apply({std::move(outcome)});
  }
}

void World::fetch(WorldSystem& system) {
  const auto rows = reader_->inbox_fetches(source_, system.name, 100);
  LOCKSTEP_ASSERT(rows.has_value(), "a memory store does not fail");
  for (const sync::InboxRow& row : *rows) {
    sync::Change change = row.change;
    if (system.objects.contains(row.change.external_id)) {
      change = observe(system, row.change.external_id);
    } else {
      change.kind = sync::ChangeKind::deleted;
    }
    change.via = sync::Via::fetch;
    change.answers = row.seq;
    apply({change});
  }
}

bool World::settle(int rounds_limit) {
  faults_ = {0, 0, 0, 0, 0};
  for (int round = 0; round < rounds_limit; ++round) {
    const std::uint64_t before = writes();
    std::size_t moved = 0;
    for (auto& system : systems_) {
      while (!system->events.empty()) {
        deliver_one(*system);
        ++moved;
      }
      const auto rows = reader_->inbox_fetches(source_, system->name, 1);
      moved += rows->size();
      fetch(*system);
      const auto due = reader_->outbox_due(source_, system->name, Time::max(), 1);
      moved += due->size();
      dispatch(*system);
    }
    if (moved == 0 && writes() == before) return true;
  }
  return false;
}

std::string World::trail(std::size_t entries) {
  const Seq last = *store_.last_seq();
  const auto journal = reader_->journal(source_, last > entries ? last - entries : 0, entries);
  std::string out;
  for (const sync::JournalEntry& entry : *journal) out += hub::event_text(entry) + "\n";
  return out;
}

std::uint64_t World::writes() const {
  std::uint64_t sum = 0;
  for (const auto& system : systems_) sum += system->writes;
  return sum;
}

std::size_t World::outbox_rows(sync::OutboxState state) {
  const auto page = reader_->outbox(source_, {std::nullopt, state}, {"", 1000});
  return page->items.size();
}

std::vector<std::string> World::disagreements() {
  std::vector<std::string> out;
  const auto records = reader_->list(source_, {std::nullopt, "", false}, {"", 1000});
  std::map<std::string, int> alive;
  for (const sync::Record& record : records->items) {
    for (const auto& system : systems_) {
      const sync::Link* link = record.link(system->name);
      if (link == nullptr) {
        out.push_back("record " + record.id.str() + " is missing in " + system->name.str());
        continue;
      }
      if (!link->is_linked()) continue;
      const auto& object = system->objects.at(link->external_id);
      ++alive[system->name.str()];
      if (object.deleted)
        out.push_back(link->external_id + " is deleted in " + system->name.str() + ", which is not known");
      for (const auto& [name, state] : record.fields) {
        if (state.held) continue;
        const auto* held = object.document.if_contains(name);
        const Json value = sync::normalize(*entity().find(name), held == nullptr ? Json() : *held);
        if (value != state.value && !(sync::is_empty(value) && sync::is_empty(state.value))) {
          out.push_back(link->external_id + "." + name + " is " + to_text(value) + ", the record says " +
                        to_text(state.value));
        }
      }
    }
  }
  for (const auto& system : systems_) {
    int objects = 0;
    for (const auto& [id, object] : system->objects) objects += object.deleted ? 0 : 1;
    if (objects != alive[system->name.str()]) {
      out.push_back(system->name.str() + " holds " + std::to_string(objects) + " objects, the records link " +
                    std::to_string(alive[system->name.str()]));
    }
  }
  return out;
}

}  // namespace lockstep::test
