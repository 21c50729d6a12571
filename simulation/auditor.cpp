#include "simulation/auditor.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace lockstep::simulation {
namespace {

constexpr Duration kHeardWithin = std::chrono::minutes(1);  // an event that is not late

std::string name_of(const std::pair<Kind, int>& key) {
  return std::string(to_string(key.first)) + " " + std::to_string(key.second);
}

std::string quoted(const std::string& value) { return value.empty() ? "(empty)" : "\"" + value + "\""; }

}  // namespace

void Auditor::report(std::string invariant, std::string text, Kind kind, int thing) {
  violations_.push_back({std::move(invariant), std::move(text), kind, thing});
}

// ---- every write ----

void Auditor::check_writes(const AuditRules& rules) {
  for (const auto& [object, steps] : history_.objects()) {
    std::size_t& seen = seen_[object];
    for (; seen < steps.size(); ++seen) {
      if (steps[seen].by == Hand::lockstep) check_write(object, seen, rules);
    }
  }
}

void Auditor::check_write(const ObjectId& object, std::size_t index, const AuditRules& rules) {
  const std::vector<Step>& steps = history_.objects().at(object);
  const Step& step = steps[index];
  const ThingKey key(object.kind, history_.thing(object));
  const std::string where = std::string(to_string(object.side)) + " " + object.id;
  ++checked_;
  if (key.second == kNoThing) {
    return report("L1", "Lockstep made an object that is nothing people know: " + where, object.kind);
  }
  const Thing thing = gather(key);
  if (!step.alive) {
    if (thing.deletes.empty())
      report("L1", "Lockstep deleted " + where + " and nobody had deleted " + name_of(key), key.first, key.second);
    return;
  }
  const bool created = index == 0 || !steps[index - 1].alive;
  if (created) {
    // X1: one object of a thing in a system, unless people made several.
    std::uint64_t others = 0;
    for (const ObjectId& other : thing.objects) {
      if (other.side == object.side && other != object && alive_at(other, step.order)) ++others;
    }
    if (others > 0 && others >= thing.creates_certain && !may_be_made_again(thing, key.first))
      report("X1", "Lockstep made a second object of " + name_of(key) + ": " + where, key.first, key.second);
  }
  if (lost_track(thing) || unsettled_by_restore(thing)) return;
  if (had_twins(thing)) return;  // nobody can say which of the two records an edit was meant for
  const Values before = created ? Values() : translated(object, steps[index - 1].values);
  const Values now = translated(object, step.values);
  const bool hears_first = !rules.authority.empty() && rules.authority.front() == object.side && !rules.clock_jumps;
  for (const std::string& field : differing(before, now)) {
    if (rules.ignored.contains(field)) continue;
    ++checked_;
    const std::string value = value_in(now, field);
    bool typed = false;
    bool fresh = false;
    for (const Typed& one : thing.typed) {
      if (one.field != field || one.value != value || one.order > step.order) continue;
      typed = true;
      fresh = fresh || created || !superseded_at(one, thing, object, step.order);
    }
    const bool tag_left_out = value.empty() && field.starts_with("tag:");
    if (field == "contact" && value.empty() && target_gone(value_in(before, field))) continue;
    if (!typed && !tag_left_out) {
      report("E2",
             "Lockstep wrote " + field + " = " + quoted(value) + " to " + where + ", and nobody had typed that for " +
                 name_of(key),
             key.first, key.second);
    } else if (typed && !fresh) {
      report("C5",
             "Lockstep wrote " + field + " = " + quoted(value) + " back to " + where +
                 ", where a person had replaced it by " + quoted(value_in(before, field)),
             key.first, key.second);
    } else if (!typed && tag_left_out) {
      report("E2", "Lockstep removed " + field + " from " + where + ", and nobody had removed it", key.first,
             key.second);
    } else if (hears_first && !rules.late.contains(field) && covers_heard(object, index, field, thing)) {
      report("C1",
             "Lockstep wrote " + field + " = " + quoted(value) + " to " + where + " over " +
                 quoted(value_in(before, field)) + ", of which it had heard before, and which wins by the policy",
             key.first, key.second);
    }
  }
}

// ---- the end ----

void Auditor::check_end(const AuditRules& rules) {
  check_writes(rules);
  check_equal(rules);
  for (const ThingKey& key : things()) check_thing(key, rules);
}

// C1: what stands in one system stands in the other, record by record.
void Auditor::check_equal(const AuditRules& rules) {
  for (const Kind kind : {Kind::contact, Kind::deal}) {
    std::map<std::pair<int, Values>, int> balance;
    for (const Side side : {Side::crm, Side::db}) {
      for (const ObjectId& object : history_.alive(side, kind)) {
        Values values = translated(object, history_.last(object)->values);
        for (const std::string& field : rules.ignored) values.erase(field);
        balance[{history_.thing(object), std::move(values)}] += side == Side::crm ? 1 : -1;
        ++checked_;
      }
    }
    for (const auto& [state, difference] : balance) {
      if (difference == 0) continue;
      std::string text;
      for (const auto& [field, value] : state.second) text += ' ' + field + '=' + value;
      if (rules.given_up.contains({kind, state.first})) continue;
      report("C1", "only the " + std::string(difference > 0 ? "CRM" : "database") + " holds" + text, kind, state.first);
    }
  }
}

void Auditor::check_thing(const ThingKey& key, const AuditRules& rules) {
  const Thing thing = gather(key);
  if (key.second == kNoThing || rules.given_up.contains(key)) return;
  std::size_t alive[2] = {};
  std::set<std::string> fields;
  for (const Typed& one : thing.typed) fields.insert(one.field);
  for (const ObjectId& object : thing.objects) {
    if (history_.last(object)->alive) ++alive[static_cast<std::size_t>(object.side)];
  }
  // Where a thing was two records for a time, nobody can say which one an edit was meant for.
  const bool twins = had_twins(thing) || lost_track(thing) || unsettled_by_restore(thing) || came_back_late(thing);
  for (const ObjectId& object : thing.objects) {
    const Step& last = *history_.last(object);
    if (!last.alive || twins) continue;
    const Values now = translated(object, last.values);
    for (const std::string& field : fields) {
      if (!rules.ignored.contains(field)) check_field(key, thing, field, value_in(now, field), rules);
    }
  }
  for (const Side side : {Side::crm, Side::db}) {
    ++checked_;
    if (alive[static_cast<std::size_t>(side)] > std::max<std::uint64_t>(1, thing.creates_certain) &&
        !may_be_made_again(thing, key.first))
      report("X1",
             name_of(key) + " is " + std::to_string(alive[static_cast<std::size_t>(side)]) + " times in the " +
                 std::string(to_string(side)),
             key.first, key.second);
  }
  check_life(key, thing, alive[0] + alive[1], rules);
}

void Auditor::check_field(const ThingKey& key, const Thing& thing, const std::string& field, const std::string& value,
                          const AuditRules& rules) {
  ++checked_;
  std::vector<const Typed*> same;
  std::vector<const Typed*> best;  // not superseded, any value
  bool anything_typed = false;
  for (const Typed& one : thing.typed) {
    if (one.field != field) continue;
    // What went with the object when a person deleted it is not missed when another edit brings the record back.
    if (one.certain && !(value.empty() && (next_hand(one) == Hand::person || went_with_removal(one, thing))))
      anything_typed = true;
    if (one.value == value) same.push_back(&one);
    if (!superseded(one, thing)) best.push_back(&one);
  }
  if (field == "contact" && value.empty() &&
      std::ranges::any_of(thing.typed, [&](const Typed& one) { return one.field == field && target_gone(one.value); }))
    return;
  if (same.empty()) {
    if (!anything_typed) return;  // only edits of which nobody knows whether they were taken
    if (value.empty() && rules.late.contains(field)) return;  // it went with an object that was made again without it
    return report("L1", field + " of " + name_of(key) + " is " + quoted(value) + " in the end, which nobody typed",
                  key.first, key.second);
  }
  const bool stands = std::ranges::any_of(same, [&](const Typed* one) { return !superseded(*one, thing); });
  if (!stands)
    return report("L1",
                  field + " of " + name_of(key) + " is " + quoted(value) +
                      " in the end, though people replaced that value knowingly",
                  key.first, key.second);
  check_choice(key, thing, field, value, best, rules);
  for (const Typed* one : best) {
    if (one->value == value || one->value.empty() || !one->certain || field.starts_with("tag:")) continue;
    if (field == "status" || field == "stage" || field == "contact" || field == "amount") continue;  // not unique texts
    ++checked_;
    if (rules.visible.find(one->value) != std::string::npos) continue;
    // What was typed into a field before it was mapped went with its object.
    if (rules.late.contains(field) && one->side != Side::api && died_since(*one)) continue;
    const std::optional<Hand> next = next_hand(*one);
    if (next == Hand::person) continue;  // whoever came next there saw it
    const bool unheard = rules.events_get_lost || one->at + kHeardWithin > rules.stopped;
    if (unheard && one->side == Side::crm && next == Hand::lockstep) {
      ++covered_unseen_;
      continue;
    }
    report("L1", field + " of " + name_of(key) + ": " + quoted(one->value) + " vanished without a trace", key.first,
           key.second);
  }
}

// Of edits that did not know each other the policy's first system wins.
void Auditor::check_choice(const ThingKey& key, const Thing& thing, const std::string& field, const std::string& value,
                           const std::vector<const Typed*>& best, const AuditRules& rules) {
  if (rules.authority.empty() || !thing.deletes.empty() || field.starts_with("tag:") || rules.late.contains(field))
    return;
  if (field == "status" || field == "stage") return;  // the same few values again and again
  const Side first = rules.authority.front();
  for (const Typed* one : best) {
    if (one->side != first || one->value == value || one->value.empty() || !one->certain) continue;
    const bool rivals_only = std::ranges::all_of(best, [&](const Typed* other) {
      if (other->value != value) return true;
      return other->side != first && other->side != Side::api;
    });
    if (!rivals_only || next_hand(*one) != Hand::lockstep) continue;
    // Somebody replaced it elsewhere, having seen it there; who edits through the interface sees what Lockstep knows.
    const bool replaced = std::ranges::any_of(thing.typed, [&](const Typed& other) {
      if (other.field != field) return false;
      if (other.order < one->order) return other.value == one->value;  // typed again: a state that the other side knows
      return other.order > one->order && (other.side == Side::api || had_held(other, one->value));
    });
    if (replaced) continue;
    // What is covered in the CRM before Lockstep has heard of it can not be chosen.
    if (first == Side::crm && (rules.events_get_lost || covered_within(*one, kHeardWithin))) continue;
    ++checked_;
    report("C1",
           field + " of " + name_of(key) + " is " + quoted(value) + " in the end, and by the policy " +
               quoted(one->value) + " of the " + std::string(to_string(first)) + " wins",
           key.first, key.second);
  }
}

void Auditor::check_life(const ThingKey& key, const Thing& thing, std::size_t alive_objects, const AuditRules& rules) {
  ++checked_;
  if (alive_objects == 0) {
    if (thing.creates_certain == 0) return;
    if (thing.deletes.empty())
      return report("L1", name_of(key) + " is gone, and nobody deleted it", key.first, key.second);
    // L3: what somebody typed after the last delete, at an object that was still there, brings the record back. An older
    // edit that the delete did not know may have lost to another one that it did, and so may one that does not stand there
    // any more.
    std::uint64_t last_delete = 0;
    for (const Typed& gone : thing.deletes) last_delete = std::max(last_delete, gone.order);
    for (const Typed& one : thing.typed) {
      if (one.order <= last_delete || one.side != Side::db || rules.late.contains(one.field)) continue;
      if (one.value.empty()) continue;  // what was cleared is not missed
      const bool stood = value_at(one.object, *history_.last(one.object), one.field) == one.value;
      if (stood && !superseded(one, thing) && !same_before_deletes(one, thing) && !taken_back(one) &&
          !typed_since_backup(one) && !has_twin(one, thing) && !may_have_lost(one, thing, rules))
        return report(
            "L3",
            name_of(key) + " is gone, and " + one.field + " = " + quoted(one.value) + " was typed after the delete",
            key.first, key.second);
    }
    return;
  }
  // Each delete must have been answered by an edit or a creation that did not know of it.
  for (const Typed& gone : thing.deletes) {
    if (!gone.certain || forgotten_by_restore(gone)) continue;
    if (key.first == Kind::deal && had_twins(thing))
      continue;  // one of two was deleted: after a restore nothing tells that they are one
    const bool answered = std::ranges::any_of(thing.typed, [&](const Typed& one) {
      if (one.order > gone.order || !one.certain) return true;
      if (gone.side == Side::api) return one.side != Side::api;
      return !knows(gone, one, thing);
    });
    if (!answered && !changed_after(gone, thing) && !refers_anew(gone, thing))
      report("C1", name_of(key) + " was deleted by somebody who knew all of it, and is there again", key.first,
             key.second);
  }
}

void Auditor::count_meetings(Coverage& coverage) const {
  for (const ThingKey& key : things()) {
    const Thing thing = gather(key);
    for (const Typed& a : thing.typed) {
      for (const Typed& b : thing.typed) {
        if (a.order >= b.order || a.field != b.field || a.value == b.value || b.at - a.at > std::chrono::minutes(1))
          continue;
        if (a.side == b.side && a.object == b.object) continue;
        if (knows(b, a, thing)) continue;
        const auto first = std::min(a.side, b.side);
        const auto second = std::max(a.side, b.side);
        coverage.hit("edits that met",
                     std::string(to_string(first)) + " and " + std::string(to_string(second)) +
                         (b.at - a.at > std::chrono::seconds(5) ? ", within a minute" : ", within 5 s"));
      }
    }
  }
}

}  // namespace lockstep::simulation
