// A small world around the engine: systems that hold objects, people who edit them, a network that delays, repeats and
// reorders what they report, and writes whose answers get lost. One thread, no real time; the same seed gives the same
// run. The engine, the store and the planning are the ones the server uses.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "hub/prepare.hpp"
#include "store/memory_store.hpp"
#include "sync/engine.hpp"

namespace lockstep::test {

struct Faults {
  std::uint64_t duplicate_percent = 20;
  std::uint64_t reorder_percent = 30;
  std::uint64_t lost_answer_percent = 10;  // applied, but the answer does not come
  std::uint64_t refused_percent = 10;      // certainly not applied
  std::uint64_t crash_percent = 5;         // the process dies after the write was sent: nobody hears of its outcome
};

// One system: objects by id, a version that grows with every change, and events on their way to the hub.
struct WorldSystem {
  struct Object {
    JsonObject document;
    sync::Version version = 0;
    bool deleted = false;
  };
  SystemName name;
  bool ordered = false;   // events arrive in order (a database's log)
  bool compares = false;  // writes fail when the fields have changed (compare and swap)
  sync::Version clock = 0;
  std::uint64_t ids = 0;
  std::map<std::string, Object> objects;
  std::deque<sync::Change> events;
  std::uint64_t writes = 0;
  std::uint64_t human_edits = 0;
  std::map<std::string, std::string> created_by_key;  // idempotency key -> id
};

class World {
 public:
  World(std::uint64_t seed, sync::EntitySchema entity, Faults faults, sync::OscillationLimits oscillation = {});

  WorldSystem& system(std::string_view name);
  std::vector<std::unique_ptr<WorldSystem>>& systems() { return systems_; }
  Random& random() { return random_; }
  store::MemoryStore& store() { return store_; }
  const sync::EntitySchema& entity() const { return catalog_->sources().front().entities.front(); }

  // A person edits: creates, changes or deletes an object in a system.
  std::string human_creates(WorldSystem& system, JsonObject document);
  void human_edits(WorldSystem& system, const std::string& id, const std::string& field, Json value);
  void human_deletes(WorldSystem& system, const std::string& id);

  // Delivers one pending event (any one where the system does not keep order), perhaps twice.
  void deliver_one(WorldSystem& system);
  // Sends what is due to a system.
  void dispatch(WorldSystem& system);
  // Reads objects whose state is in doubt.
  void fetch(WorldSystem& system);
  std::vector<sync::Applied> apply(std::vector<sync::Input> inputs);
  void edit_in_app(const RecordId& record, const std::string& field, Json value);

  // From now on every write is applied, and nobody hears of its outcome.
  void cut_off_writes() { faults_ = {0, 0, 0, 0, 100}; }
  store::Reader& reader() { return *reader_; }
  Time now() const { return clock_.now(); }
  void pass(Duration time) { clock_.advance(time); }
  // The process starts again, and the wall clock was set to another time meanwhile.
  void restart(Duration clock_jump) {
    clock_.advance(clock_jump);
    engine_.emplace(catalog_, sync::EngineSettings(), random_);
  }

  // No faults and no edits any more: everything is delivered and written until nothing moves. False when it never ends.
  bool settle(int rounds_limit = 200);
  // Differences between the systems, and whatever else must not be after settling; empty when all is well.
  std::vector<std::string> disagreements();
  // The last entries of the journal, for the message of a failing test.
  std::string trail(std::size_t entries);
  std::size_t outbox_rows(sync::OutboxState state);
  std::uint64_t writes() const;

 private:
  void emit(WorldSystem& system, const std::string& id);
  std::string find_by_email(const WorldSystem& system, const Json& document) const;
  sync::WriteOutcome write(WorldSystem& system, const hub::Prepared& prepared);
  sync::WriteOutcome read_back(WorldSystem& system, const hub::Prepared& prepared);
  sync::Change observe(const WorldSystem& system, const std::string& id) const;

  SourceId source_{"acme"};
  SeededRandom random_;
  Faults faults_;
  ManualClock clock_;
  std::shared_ptr<const sync::Catalog> catalog_;
  store::MemoryStore store_;
  std::unique_ptr<store::Reader> reader_;
  std::optional<sync::Engine> engine_;
  hub::Preparer preparer_;
  std::vector<std::unique_ptr<WorldSystem>> systems_;
  std::map<std::string, sync::Input> mailbox_;
};

// contact {email, name, phone, note (manual? no), tags} in "crm" (unordered events), "db" (ordered, compare and swap), "cms".
sync::EntitySchema contact_schema(sync::PolicyKind policy);

}  // namespace lockstep::test
