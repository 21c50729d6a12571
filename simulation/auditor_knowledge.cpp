// What can be known from the histories: who typed what, who had seen it, and what nobody can know.
#include <algorithm>
#include <tuple>
#include <utility>

#include "simulation/auditor.hpp"

namespace lockstep::simulation {
namespace {

constexpr Duration kTwinWindow = std::chrono::minutes(2);
constexpr Duration kReadAnewWithin = std::chrono::minutes(5);
constexpr Duration kUnseenFor = std::chrono::seconds(10);

}  // namespace

// A reference names an object of the same side; here it names the thing.
Values Auditor::translated(const ObjectId& object, const Values& values) const {
  Values out = values;
  if (const auto at = out.find("contact"); at != out.end() && object.kind == Kind::deal) {
    const int thing = history_.thing({object.side, Kind::contact, at->second});
    at->second = thing == kNoThing ? "unknown " + at->second : "contact " + std::to_string(thing);
  }
  return out;
}

std::string Auditor::value_at(const ObjectId& object, const Step& step, const std::string& field) const {
  return value_in(translated(object, step.values), field);
}

std::set<Auditor::ThingKey> Auditor::things() const {
  std::set<ThingKey> out;
  for (const auto& [object, steps] : history_.objects()) out.emplace(object.kind, history_.thing(object));
  for (const ApiEdit& edit : history_.api()) out.emplace(edit.kind, edit.thing);
  return out;
}

Auditor::Thing Auditor::gather(const ThingKey& key) const {
  Thing out;
  for (const auto& [object, steps] : history_.objects()) {
    if (object.kind != key.first || history_.thing(object) != key.second) continue;
    out.objects.push_back(object);
    Values before;
    bool alive_before = false;
    for (const Step& step : steps) {
      const Values now = translated(object, step.values);
      if (step.by == Hand::person && step.alive) {
        if (!alive_before) ++out.creates_certain;
        for (const std::string& field : differing(before, now))
          out.typed.push_back({step.order, step.at, object.side, object, field, value_in(now, field), 0, true});
      }
      if (step.by == Hand::person && !step.alive)
        out.deletes.push_back({step.order, step.at, object.side, object, "", "", 0, true});
      before = step.alive ? now : Values();
      alive_before = step.alive;
    }
  }
  for (const ApiEdit& edit : history_.api()) {
    if (edit.kind != key.first || edit.thing != key.second) continue;
    const bool certain = edit.acknowledged != 0;
    if (edit.removes) out.deletes.push_back({edit.order, edit.at, Side::api, {}, "", "", edit.acknowledged, certain});
    for (const auto& [field, value] : edit.values)
      out.typed.push_back({edit.order, edit.at, Side::api, {}, field, value, edit.acknowledged, certain});
  }
  std::ranges::sort(out.typed, {}, &Typed::order);
  return out;
}

// Whether Lockstep brought the value to the object after `from` and before `until`. That it held an equal one already, or
// that somebody typed an equal one there, says nothing; nor does a write of which Lockstep never heard whether it was
// carried out: to it, what comes next there did not know it.
bool Auditor::took_over(const ObjectId& object, const Typed& typed, std::uint64_t until, const Thing& thing) const {
  const auto at = history_.objects().find(object);
  if (at == history_.objects().end()) return false;
  const auto& [from, field, value] = std::tie(typed.order, typed.field, typed.value);
  // The same value was typed elsewhere shortly before, or earlier at the same object: nobody can say which of the two
  // Lockstep brought.
  const auto ambiguous = [&](const Step& step) {
    return std::ranges::any_of(thing.typed, [&](const Typed& other) {
      const bool elsewhere = other.side != typed.side || other.object != typed.object;
      return (elsewhere || other.order < from) && other.field == field && other.value == value &&
             other.order < step.order && step.at - other.at < kTwinWindow;
    });
  };
  std::string before;
  for (std::size_t i = 0; i < at->second.size() && at->second[i].order < until; ++i) {
    const Step& step = at->second[i];
    const std::string now = step.alive ? value_at(object, step, field) : std::string();
    const bool brought = step.order > from && step.by == Hand::lockstep && step.alive;
    if (brought && now == value && now != before && learned(object, i, field) && !ambiguous(step)) return true;
    before = now;
  }
  return false;
}

bool Auditor::knows(const Typed& later, const Typed& earlier, const Thing& thing) const {
  if (later.order <= earlier.order) return false;
  if (later.side == Side::api)
    return earlier.side == Side::api && earlier.acknowledged != 0 && earlier.acknowledged < later.order;
  if (earlier.side != Side::api && earlier.object == later.object) return true;
  return took_over(later.object, earlier, later.order, thing);
}

// The next that touched the field, or the object, there. nullptr: nobody has.
const Step* Auditor::next_step(const Typed& one) const {
  if (one.side == Side::api) return nullptr;
  const std::vector<Step>& steps = history_.objects().at(one.object);
  for (auto step = std::ranges::find(steps, one.order, &Step::order); step != steps.end(); ++step) {
    if (!step->alive || value_at(one.object, *step, one.field) != one.value) return &*step;
  }
  return nullptr;
}

std::optional<Hand> Auditor::next_hand(const Typed& one) const {
  const Step* next = next_step(one);
  return next == nullptr ? std::nullopt : std::optional(next->by);
}

bool Auditor::died_since(const Typed& one) const {
  return std::ranges::any_of(history_.objects().at(one.object),
                             [&](const Step& step) { return step.order > one.order && !step.alive; });
}

// A person deleted the object before Lockstep touched the field there again: the value, or what people made of it, went
// with it. So does what a person cleared in the CRM when Lockstep removes the object: events leave an empty field out, and
// nothing is left to read.
bool Auditor::died_with_object(const Typed& one) const {
  if (one.side == Side::api) return false;
  const std::vector<Step>& steps = history_.objects().at(one.object);
  std::string value = one.value;
  for (auto step = std::ranges::find(steps, one.order, &Step::order); step != steps.end(); ++step) {
    const bool left_out = one.side == Side::crm && one.value.empty() && !one.field.starts_with("tag:");
    if (!step->alive) return step->by == Hand::person || left_out;
    const std::string now = value_at(one.object, *step, one.field);
    if (now != std::exchange(value, now) && step->by == Hand::lockstep) return false;
  }
  return false;
}

// Lockstep deleted the object with it, for a person who deleted the record through the interface when Lockstep had already
// brought the value to another object: it was part of what was deleted.
bool Auditor::went_with_removal(const Typed& one, const Thing& thing) const {
  if (one.side == Side::db && went_with_row(one, thing)) return true;
  const Step* next = next_step(one);
  if (next == nullptr || next->alive || next->by == Hand::person) return false;
  return std::ranges::any_of(thing.deletes, [&](const Typed& gone) {
    if (gone.side != Side::api || !gone.certain || gone.order > next->order) return false;
    return std::ranges::any_of(thing.objects,
                               [&](const ObjectId& object) { return took_over(object, one, gone.order, thing); });
  });
}

// A row is deleted only in the state that Lockstep knows: what stood in it had been brought to the record.
bool Auditor::went_with_row(const Typed& one, const Thing& thing) const {
  const std::vector<Step>& steps = history_.objects().at(one.object);
  const auto end = std::ranges::find_if(steps, [&](const Step& step) {
    return step.order > one.order && (!step.alive || value_at(one.object, step, one.field) != one.value);
  });
  if (end == steps.end() || end->alive || end->by == Hand::person) return false;
  return std::ranges::any_of(thing.deletes, [&](const Typed& gone) {
    return gone.side == Side::api && gone.certain && gone.order > one.order && gone.order < end->order;
  });
}

bool Auditor::alive_at(const ObjectId& object, std::uint64_t order) const {
  bool alive = false;
  for (const Step& step : history_.objects().at(object)) {
    if (step.order <= order) alive = step.alive;
  }
  return alive;
}

// Two objects of one thing stood in one system at the same time.
bool Auditor::had_twins(const Thing& thing) const {
  for (const Side side : {Side::crm, Side::db}) {
    std::map<std::uint64_t, int> births;  // by order: one more, one less
    for (const ObjectId& object : thing.objects) {
      if (object.side != side) continue;
      bool alive = false;
      for (const Step& step : history_.objects().at(object)) {
        if (step.alive != alive) births[step.order] += step.alive ? 1 : -1;
        alive = step.alive;
      }
    }
    int there = 0;
    for (const auto& [order, change] : births) {
      there += change;
      if (there > 1) return true;
    }
  }
  return false;
}

// When a backup was put back the copies of a thing differed, or somebody edited one before all was read anew. Then nothing
// tells any more which of the two is newer: the policy decides.
bool Auditor::unsettled_by_restore(const Thing& thing) const {
  return std::ranges::any_of(restores_, [&](const Restore& restore) {
    const bool edited = std::ranges::any_of(thing.typed, [&](const Typed& one) {
      return one.order > restore.order && one.at - restore.at < kReadAnewWithin;
    });
    if (edited) return true;
    std::set<Values> states;
    for (const ObjectId& object : thing.objects) {
      const Step* there = nullptr;
      for (const Step& step : history_.objects().at(object)) {
        if (step.order <= restore.order) there = &step;
      }
      if (there != nullptr && there->alive) states.insert(translated(object, there->values));
    }
    return states.size() > 1;
  });
}

// The object came since the backup was made, and went before all had been read anew: who put that back has never known it,
// and not of its deletion.
bool Auditor::forgotten_by_restore(const Typed& gone) const {
  if (gone.side == Side::api) return false;
  const std::uint64_t born = history_.objects().at(gone.object).front().order;
  return std::ranges::any_of(restores_, [&](const Restore& restore) {
    return born > restore.made && (gone.order <= restore.order || gone.at - restore.at < kReadAnewWithin);
  });
}

// Lockstep made an object and never heard that it had, and a person changed it meanwhile: it can not be found again.
bool Auditor::lost_track(const Thing& thing) const {
  return std::ranges::any_of(thing.objects, [&](const ObjectId& object) {
    const std::vector<Step>& steps = history_.objects().at(object);
    return object.side == Side::crm && steps.front().by == Hand::lockstep && !steps.front().told &&
           std::ranges::any_of(steps, [](const Step& step) { return step.by == Hand::person && step.alive; });
  });
}

// A backup forgot which object of one system is which of the other, and somebody changed the key of one before any event
// had shown it since: however late that is, as the CRM can be out of reach for long.
bool Auditor::key_lost_by_restore(const Thing& thing) const {
  return std::ranges::any_of(thing.typed, [&](const Typed& one) {
    if (one.side == Side::api || (one.field != "email" && one.field != "phone")) return false;
    const std::vector<Step>& steps = history_.objects().at(one.object);
    return std::ranges::any_of(restores_, [&](const Restore& restore) {
      const bool forgotten = steps.front().order > restore.made && steps.front().order <= restore.order;
      return forgotten && one.order > restore.order && std::ranges::none_of(steps, [&](const Step& step) {
               return step.heard && step.heard->after >= restore.order && step.heard->after < one.order;
             });
    });
  });
}

// After a restore only keys tell, and of what has none equal content.
bool Auditor::may_be_made_again(const Thing& thing, Kind kind) const {
  return lost_track(thing) || unsettled_by_restore(thing) || (kind == Kind::deal && !restores_.empty()) ||
         key_lost_by_restore(thing);
}

// It is there again though nobody has touched it since it was removed through the interface: an event about an object of it
// that was removed before told late what that removal did not know (L3). Its values are those of that time.
bool Auditor::came_back_late(const Thing& thing) const {
  std::uint64_t removed = 0;
  for (const Typed& gone : thing.deletes) {
    if (gone.side == Side::api) removed = std::max(removed, gone.order);
  }
  if (removed == 0 || std::ranges::any_of(thing.typed, [&](const Typed& one) { return one.order > removed; }))
    return false;
  return std::ranges::all_of(thing.objects, [&](const ObjectId& object) {
    const std::vector<Step>& steps = history_.objects().at(object);
    std::size_t made = steps.size() - 1;
    while (made > 0 && steps[made - 1].alive) --made;
    return !steps.back().alive || (steps[made].order > removed && steps[made].by == Hand::lockstep);
  });
}

// "contact 3" was deleted by somebody: what refers to it loses its reference.
bool Auditor::target_gone(const std::string& reference) const {
  for (const auto& [object, steps] : history_.objects()) {
    if (object.kind != Kind::contact || reference != "contact " + std::to_string(history_.thing(object))) continue;
    if (!steps.back().alive) return true;
  }
  return std::ranges::any_of(history_.api(), [&](const ApiEdit& edit) {
    return edit.removes && edit.kind == Kind::contact && reference == "contact " + std::to_string(edit.thing);
  });
}

// A write of Lockstep's that was on its way covered the value in the CRM, by another one than `older`: what was typed
// before it in the CRM may come to Lockstep first, and the covered value ends in the conflict record.
bool Auditor::covered_on_the_way(const Typed& one, const std::string& older) const {
  const Step* next = next_step(one);
  if (one.side != Side::crm || next == nullptr || next->by != Hand::lockstep || !next->alive) return false;
  return value_at(one.object, *next, one.field) != older;
}

// The field had this value at its object before it was typed there.
bool Auditor::had_held(const Typed& one, const std::string& value) const {
  return std::ranges::any_of(history_.objects().at(one.object), [&](const Step& step) {
    return step.order < one.order && step.alive && value_at(one.object, step, one.field) == value;
  });
}

bool Auditor::covered_within(const Typed& one, Duration time) const {
  return std::ranges::any_of(history_.objects().at(one.object), [&](const Step& step) {
    return step.order > one.order && step.by == Hand::lockstep && step.at - one.at < time &&
           value_at(one.object, step, one.field) != one.value;
  });
}

// Typed back, seconds later, to what had stood at the object: who looks now and then has never seen it different.
bool Auditor::taken_back(const Typed& one) const {
  std::optional<Time> replaced;
  bool held = false;
  for (const Step& step : history_.objects().at(one.object)) {
    if (step.order >= one.order) break;
    const bool holds = step.alive && value_at(one.object, step, one.field) == one.value;
    if (held && !holds) replaced = step.at;
    held = holds;
  }
  return replaced && one.at - *replaced < kUnseenFor;
}

// The same was typed elsewhere shortly before: Lockstep may have been about to write it just there.
bool Auditor::has_twin(const Typed& one, const Thing& thing) const {
  return std::ranges::any_of(thing.typed, [&](const Typed& other) {
    const bool elsewhere = other.side != one.side || other.object != one.object;
    return elsewhere && other.field == one.field && other.value == one.value && other.order < one.order &&
           one.at - other.at < kTwinWindow && !took_over(one.object, other, one.order, thing);
  });
}

// Typed between a backup and the moment in which it was put back: where it is what the backup knew, it is no edit.
bool Auditor::typed_since_backup(const Typed& one) const {
  return std::ranges::any_of(
      restores_, [&](const Restore& restore) { return one.order > restore.made && one.order <= restore.order; });
}

// Somebody changed an object of the thing after that, also only what it refers to.
bool Auditor::changed_after(const Typed& gone, const Thing& thing) const {
  return std::ranges::any_of(thing.objects, [&](const ObjectId& object) {
    return std::ranges::any_of(history_.objects().at(object), [&](const Step& step) {
      return step.order > gone.order && step.by == Hand::person && step.alive;
    });
  });
}

// Contacts that were merged are one here. Where a deal was moved from one to the other on another side, that was an edit,
// and the delete did not know it.
bool Auditor::refers_anew(const Typed& gone, const Thing& thing) const {
  return std::ranges::any_of(thing.objects, [&](const ObjectId& object) {
    if (object.side == gone.side || object.kind != Kind::deal) return false;
    const std::vector<Step>& steps = history_.objects().at(object);
    return std::ranges::adjacent_find(steps, [&](const Step& before, const Step& now) {
             return now.by == Hand::person && now.alive && now.order < gone.order &&
                    value_in(before.values, "contact") != value_in(now.values, "contact");
           }) != steps.end();
  });
}

// The deleted object held the same value: then the edit says nothing that the delete did not know.
bool Auditor::same_before_deletes(const Typed& one, const Thing& thing) const {
  return std::ranges::any_of(thing.deletes, [&](const Typed& gone) {
    if (gone.side == Side::api) return true;
    const Step& last = *history_.last(gone.object);
    return value_at(gone.object, last, one.field) == one.value;
  });
}

bool Auditor::superseded(const Typed& one, const Thing& thing) const {
  return std::ranges::any_of(thing.typed, [&](const Typed& other) {
    return other.field == one.field && other.value != one.value && other.certain && knows(other, one, thing) &&
           !died_with_object(other) && !went_with_removal(other, thing) && !covered_on_the_way(other, one.value);
  });
}

// Another value was typed through the interface later; or into an object that was then deleted, when neither edit knew of
// the other and the policy lets that one win.
bool Auditor::may_have_lost(const Typed& one, const Thing& thing, const AuditRules& rules) const {
  const bool crm_may_win = rules.authority.empty() || rules.authority.front() == Side::crm;
  return std::ranges::any_of(thing.typed, [&](const Typed& other) {
    if (other.field != one.field || other.value == one.value || !other.certain) return false;
    if (other.side == Side::api) return other.order > one.order;
    return crm_may_win && other.side == Side::crm && !knows(one, other, thing) && died_with_object(other);
  });
}

// By an edit at this object before `until`.
bool Auditor::superseded_at(const Typed& one, const Thing& thing, const ObjectId& object, std::uint64_t until) const {
  return std::ranges::any_of(thing.typed, [&](const Typed& other) {
    return other.field == one.field && other.value != one.value && other.side != Side::api && other.object == object &&
           other.order < until && knows(other, one, thing) && !covered_on_the_way(other, one.value);
  });
}

}  // namespace lockstep::simulation
