// What Lockstep was told of by events that it acknowledged: it counts from then on, whatever became of answers.
#include <algorithm>

#include "simulation/auditor.hpp"

namespace lockstep::simulation {
namespace {

// Of two things that came in one commit nobody outside can say which was first.
constexpr Duration kOneCommit = std::chrono::milliseconds(1);
// So long a write waits for an object to be read of which an event told something doubtful.
constexpr Duration kAwaited = std::chrono::seconds(50);

}  // namespace

// Lockstep knows that its write to the field was carried out: it was told so, or an event showed the value while it stood
// there. An empty value no event shows; and of a value that stood there before, an event may be an old one.
bool Auditor::learned(const ObjectId& object, std::size_t index, const std::string& field) const {
  const std::vector<Step>& steps = history_.objects().at(object);
  const auto value = [&](const Step& step) { return value_at(object, step, field); };
  if (steps[index].told) return true;
  const std::string written = value(steps[index]);
  if (!steps[index].heard || written.empty()) return false;
  for (std::size_t i = 0; i < index; ++i) {
    if (value(steps[i]) == written) return false;
  }
  const auto next = std::find_if(steps.begin() + static_cast<std::ptrdiff_t>(index), steps.end(),
                                 [&](const Step& step) { return !step.alive || value(step) != written; });
  return next == steps.end() || next->order > steps[index].heard->after;
}

// The step that brought the value about which stands in the field before that step.
std::size_t Auditor::brought_by(const ObjectId& object, std::size_t index, const std::string& field) const {
  const std::vector<Step>& steps = history_.objects().at(object);
  const auto value = [&](const Step& step) { return value_at(object, step, field); };
  std::size_t at = index - 1;
  while (at > 0 && steps[at - 1].alive && value(steps[at - 1]) == value(steps[at])) --at;
  return at;
}

// The value was typed again elsewhere since, or stood there: who typed another one may have seen it.
bool Auditor::seen_elsewhere(const Typed& edit, std::uint64_t until, const Thing& thing) const {
  const bool stood = std::ranges::any_of(thing.objects, [&](const ObjectId& other) {
    if (other == edit.object) return false;
    const std::vector<Step>& steps = history_.objects().at(other);
    for (std::size_t i = 0; i < steps.size() && steps[i].order < until; ++i) {
      const bool over = i + 1 < steps.size() && steps[i + 1].order < edit.order;
      if (!over && value_at(other, steps[i], edit.field) == edit.value) return true;
    }
    return false;
  });
  return stood || std::ranges::any_of(thing.typed, [&](const Typed& one) {
           const bool same = one.field == edit.field && one.value == edit.value && one.order != edit.order;
           return same && (one.side == Side::api || one.order > edit.order);
         });
}

// What stood there before it was typed.
std::string Auditor::value_before(const Typed& one) const {
  std::string out;
  for (const Step& step : history_.objects().at(one.object)) {
    if (step.order < one.order) out = step.alive ? value_at(one.object, step, one.field) : "";
  }
  return out;
}

// A write to the CRM replaces what a person typed there, of which an event had told before the write was decided on, by a
// value of people who did not know that. Where the CRM decides it should not have gone out.
bool Auditor::covers_heard(const ObjectId& object, std::size_t index, const std::string& field,
                           const Thing& thing) const {
  const std::vector<Step>& steps = history_.objects().at(object);
  const auto value = [&](const Step& step) { return value_at(object, step, field); };
  const Step& write = steps[index];
  const bool few_values = field == "status" || field == "stage" || field == "contact" || field.starts_with("tag:");
  if (object.side != Side::crm || index == 0 || !write.handed_over || few_values || !restores_.empty()) return false;
  const std::size_t at = brought_by(object, index, field);
  if (at == 0 || !steps[at - 1].alive || steps[at].by != Hand::person) return false;
  const Typed edit{steps[at].order, steps[at].at, object.side, object, field, value(steps[at]), 0, true};
  const std::string written = value(write);
  if (edit.value.empty() || written.empty()) return false;
  std::optional<Time> heard;  // events show the whole object
  for (std::size_t i = at; i < index; ++i) {
    if (steps[i].heard && (!heard || steps[i].heard->at < *heard)) heard = steps[i].heard->at;
  }
  if (!heard || *heard + kOneCommit > *write.handed_over || *write.handed_over - *heard > kAwaited) return false;
  if (had_held(edit, edit.value)) {  // news only to who knows what has stood there since
    const std::size_t since = brought_by(object, at, field);
    if (steps[since].by == Hand::person || !learned(object, since, field)) return false;
  }
  if (seen_elsewhere(edit, write.order, thing) || has_twin(edit, thing)) return false;
  return std::ranges::none_of(thing.typed, [&](const Typed& one) {
    if (one.field != field || one.order >= write.order) return false;
    // Who edits through the interface replaces what Lockstep knows, and the database's word counts more than theirs.
    const bool replaced = one.side == Side::api && one.order > edit.order;
    if (replaced || (one.value == written && one.side != Side::db)) return true;
    // Who replaced the very same value there knew it, and that it went and came again in between nobody can tell.
    return one.side == Side::db && one.value == written && value_before(one) == edit.value;
  });
}

}  // namespace lockstep::simulation
