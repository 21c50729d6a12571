// The auditor: says from the true histories alone what may stand in the systems in the end and which writes were
// justified. It shares nothing with the engine; what it knows of order is what a person at an object could know.
//
// An edit *knows* another one when its object had held the other's value before. An edit whose value stood on the
// object on which somebody then typed another value is *superseded*: its value may not come back, unless it is typed
// again. Edits that did not know each other may go either way, as the field's policy says.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "simulation/coverage.hpp"
#include "simulation/history.hpp"

namespace lockstep::simulation {

struct Violation {
  std::string invariant;  // "C1", "L1", …
  std::string text;
  Kind kind = Kind::contact;
  int thing = kNoThing;  // whose history to show
};

struct AuditRules {
  // Systems whose word counts most first; empty: the latest wins.
  std::vector<Side> authority;
  std::set<std::string> ignored;  // fields that are not mapped
  std::set<std::string> late;     // fields that were mapped in the middle of the run
  // Texts of all conflict records and journal entries: what is in there has not vanished silently.
  std::string visible;
  // What a person typed into the CRM may have been covered by a write of Lockstep's before it heard of it: the CRM can not
  // compare and swap. With all events arriving, the event tells afterwards; else nothing does.
  bool events_get_lost = false;
  bool clock_jumps = false;  // then how long something has waited nobody knows
  Time stopped;  // when faults ended and the process was started anew: what came shortly before may be lost with it
  // Things of which a write was given up for a reason that a person must settle; dead letters show them.
  std::set<std::pair<Kind, int>> given_up;
};

class Auditor {
 public:
  explicit Auditor(const History& history) : history_(history) {}

  // Looks at Lockstep's writes since the last call. Cheap: called after every one.
  void check_writes(const AuditRules& rules);
  // All is quiet and no fault is active any more.
  void check_end(const AuditRules& rules);
  // Values that were covered in the CRM before Lockstep heard of them, see AuditRules.
  std::uint64_t covered_unseen() const { return covered_unseen_; }

  const std::vector<Violation>& violations() const { return violations_; }
  void report(std::string invariant, std::string text, Kind kind = Kind::contact, int thing = kNoThing);
  // A backup that was made after the step `made` of the history was put back after `order`.
  void note_restore(std::uint64_t made, std::uint64_t order, Time at) { restores_.push_back({made, order, at}); }
  // How often people made this thing.
  std::uint64_t creates(Kind kind, int thing) const { return gather({kind, thing}).creates_certain; }
  // Lockstep can not know what became of one of its creates.
  bool lost_track(Kind kind, int thing) const { return lost_track(gather({kind, thing})); }
  std::uint64_t checked() const { return checked_; }
  void count_checks(std::uint64_t more) { checked_ += more; }
  // Pairs of edits that did not know each other, by sides and distance.
  void count_meetings(Coverage& coverage) const;

 private:
  // What somebody typed into one field of one thing; "" cleared it.
  struct Typed {
    std::uint64_t order = 0;
    Time at;
    Side side = Side::crm;
    ObjectId object;  // not of the interface's edits
    std::string field;
    std::string value;
    std::uint64_t acknowledged = 0;  // of the interface's edits
    bool certain = true;
  };
  struct Thing {
    std::vector<ObjectId> objects;
    std::vector<Typed> typed;
    std::vector<Typed> deletes;  // by people
    std::uint64_t creates_certain = 0;
  };
  struct Restore {
    std::uint64_t made = 0;
    std::uint64_t order = 0;
    Time at;
  };
  using ThingKey = std::pair<Kind, int>;

  Thing gather(const ThingKey& key) const;
  std::set<ThingKey> things() const;
  Values translated(const ObjectId& object, const Values& values) const;
  std::string value_at(const ObjectId& object, const Step& step, const std::string& field) const;
  bool took_over(const ObjectId& object, const Typed& typed, std::uint64_t until, const Thing& thing) const;
  bool knows(const Typed& later, const Typed& earlier, const Thing& thing) const;
  const Step* next_step(const Typed& one) const;
  std::string value_before(const Typed& one) const;
  std::optional<Hand> next_hand(const Typed& one) const;
  bool covered_on_the_way(const Typed& one, const std::string& older) const;
  bool had_held(const Typed& one, const std::string& value) const;
  bool covered_within(const Typed& one, Duration time) const;
  bool died_since(const Typed& one) const;
  bool died_with_object(const Typed& one) const;
  bool went_with_removal(const Typed& one, const Thing& thing) const;
  bool went_with_row(const Typed& one, const Thing& thing) const;
  bool had_twins(const Thing& thing) const;
  bool unsettled_by_restore(const Thing& thing) const;
  bool forgotten_by_restore(const Typed& gone) const;
  bool key_lost_by_restore(const Thing& thing) const;
  bool may_be_made_again(const Thing& thing, Kind kind) const;
  bool came_back_late(const Thing& thing) const;
  bool lost_track(const Thing& thing) const;
  bool taken_back(const Typed& one) const;
  bool has_twin(const Typed& one, const Thing& thing) const;
  bool typed_since_backup(const Typed& one) const;
  bool changed_after(const Typed& gone, const Thing& thing) const;
  bool refers_anew(const Typed& gone, const Thing& thing) const;
  bool same_before_deletes(const Typed& one, const Thing& thing) const;
  bool target_gone(const std::string& reference) const;
  bool superseded(const Typed& one, const Thing& thing) const;
  bool may_have_lost(const Typed& one, const Thing& thing, const AuditRules& rules) const;
  bool superseded_at(const Typed& one, const Thing& thing, const ObjectId& object, std::uint64_t until) const;
  bool alive_at(const ObjectId& object, std::uint64_t order) const;

  bool learned(const ObjectId& object, std::size_t step, const std::string& field) const;
  std::size_t brought_by(const ObjectId& object, std::size_t step, const std::string& field) const;
  bool seen_elsewhere(const Typed& edit, std::uint64_t until, const Thing& thing) const;
  bool covers_heard(const ObjectId& object, std::size_t step, const std::string& field, const Thing& thing) const;

  void check_write(const ObjectId& object, std::size_t step, const AuditRules& rules);
  void check_equal(const AuditRules& rules);
  void check_thing(const ThingKey& key, const AuditRules& rules);
  void check_field(const ThingKey& key, const Thing& thing, const std::string& field, const std::string& value,
                   const AuditRules& rules);
  void check_choice(const ThingKey& key, const Thing& thing, const std::string& field, const std::string& value,
                    const std::vector<const Typed*>& best, const AuditRules& rules);
  void check_life(const ThingKey& key, const Thing& thing, std::size_t alive_objects, const AuditRules& rules);

  const History& history_;
  std::vector<Violation> violations_;
  std::vector<Restore> restores_;
  std::map<ObjectId, std::size_t> seen_;  // steps looked at
  std::uint64_t checked_ = 0;
  std::uint64_t covered_unseen_ = 0;
};

}  // namespace lockstep::simulation
