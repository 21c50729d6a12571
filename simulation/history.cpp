#include "simulation/history.hpp"

#include <algorithm>
#include <cmath>

namespace lockstep::simulation {
namespace {

std::string trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\n");
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(" \t\n") - first + 1));
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

std::string join(const Values& values) {
  std::string out;
  for (const auto& [name, value] : values) out += ' ' + name + '=' + value;
  return out;
}

}  // namespace

std::string_view to_string(Side side) {
  constexpr std::string_view names[] = {"crm", "db", "api"};
  return names[static_cast<std::size_t>(side)];
}
std::string_view to_string(Kind kind) { return kind == Kind::contact ? "contact" : "deal"; }
std::string_view to_string(Hand hand) { return hand == Hand::person ? "person" : "lockstep"; }

bool History::note(const ObjectId& object, Time at, Hand by, bool alive, Values values) {
  std::vector<Step>& steps = objects_[object];
  if (!steps.empty() && steps.back().alive == alive && (!alive || steps.back().values == values)) return false;
  if (steps.empty() && !alive) return false;
  if (!alive) values = steps.back().values;
  if (!things_.contains(object)) {
    if (const int thing = known_as(object.kind, thing_of(values)); thing != kNoThing) things_[object] = thing;
  }
  steps.push_back({++order_, at, by, alive, std::move(values), true});
  const auto sent = handed_over_.find(object);
  if (by == Hand::lockstep && sent != handed_over_.end() && at >= handed_over_since_)
    steps.back().handed_over = sent->second;
  ++by_[static_cast<std::size_t>(by)];
  last_[static_cast<std::size_t>(by)] = at;
  if (by == Hand::lockstep && alive && on_written)
    on_written(object, steps.size() > 1 ? steps[steps.size() - 2].values : Values(), steps.back());
  return true;
}

void History::leave_untold(Side side, std::uint64_t after, std::uint64_t until, Time since) {
  for (auto& [object, steps] : objects_) {
    for (auto step = steps.rbegin(); step != steps.rend() && step->order > after && step->at >= since; ++step) {
      if (object.side == side && step->by == Hand::lockstep && step->order <= until) step->told = false;
    }
  }
}

void History::note_heard(const ObjectId& object, std::string_view shown, Time at) {
  const auto known = objects_.find(object);
  if (known == objects_.end()) return;
  Step* state = nullptr;
  for (Step& step : known->second) {
    if (to_iso8601(step.at) != shown) continue;
    if (state != nullptr) return;  // two states of one moment: which of them it shows nobody can say
    state = &step;
  }
  if (state != nullptr && !state->heard) state->heard = {at, order_};
}

void History::forget_heard(std::uint64_t since) {
  for (auto& [object, steps] : objects_) {
    for (Step& step : steps) {
      if (step.heard && step.heard->after >= since) step.heard.reset();
    }
  }
}

void History::lose_handed_over(Time until) {
  handed_over_.clear();
  handed_over_since_ = until;
}

bool History::retyped(Kind kind, int thing, const std::set<std::string>& fields, Time since) const {
  for (const auto& [object, steps] : objects_) {
    if (object.kind != kind || this->thing(object) != known_as(kind, thing)) continue;
    for (std::size_t i = 1; i < steps.size(); ++i) {
      if (steps[i].by != Hand::person || steps[i].at < since) continue;
      const std::set<std::string> replaced = differing(steps[i - 1].values, steps[i].values);
      if (std::ranges::any_of(fields, [&](const std::string& field) { return replaced.contains(field); })) return true;
    }
  }
  return std::ranges::any_of(api_, [&](const ApiEdit& edit) {
    return edit.kind == kind && edit.thing == thing && edit.at >= since &&
           std::ranges::any_of(fields, [&](const std::string& field) { return edit.values.contains(field); });
  });
}

bool History::wrote_between(Side side, Time from, Time until) const {
  return std::ranges::any_of(objects_, [&](const auto& object) {
    return object.first.side == side && std::ranges::any_of(object.second, [&](const Step& step) {
             return step.by == Hand::lockstep && step.at > from && step.at < until;
           });
  });
}

void History::unite(Kind kind, int one, int with) {
  united_[{kind, one}] = with;
  for (auto& [object, thing] : things_) {
    if (object.kind == kind && thing == one) thing = with;
  }
  for (ApiEdit& edit : api_) {
    if (edit.kind == kind && edit.thing == one) edit.thing = with;
  }
}

int History::known_as(Kind kind, int thing) const {
  const auto united = united_.find({kind, thing});
  return united == united_.end() ? thing : known_as(kind, united->second);
}

void History::doubt_acknowledged(std::uint64_t since) {
  for (ApiEdit& edit : api_) {
    if (edit.acknowledged > since) edit.acknowledged = 0;
  }
}

std::size_t History::note_api(ApiEdit edit) {
  edit.order = ++order_;
  api_.push_back(std::move(edit));
  return api_.size() - 1;
}

int History::thing(const ObjectId& object) const {
  const auto at = things_.find(object);
  return at == things_.end() ? kNoThing : at->second;
}

const Step* History::last(const ObjectId& object) const {
  const auto at = objects_.find(object);
  return at == objects_.end() ? nullptr : &at->second.back();
}

std::vector<ObjectId> History::alive(Side side, Kind kind) const {
  std::vector<ObjectId> out;
  for (const auto& [object, steps] : objects_) {
    if (object.side == side && object.kind == kind && steps.back().alive) out.push_back(object);
  }
  return out;
}

std::string History::tell(Kind kind, int wanted) const {
  std::vector<std::pair<std::uint64_t, std::string>> lines;
  for (const auto& [object, steps] : objects_) {
    if (object.kind != kind || thing(object) != wanted) continue;
    for (const Step& step : steps) {
      lines.emplace_back(step.order, clock_text(step.at) + "  " + std::string(to_string(object.side)) + ' ' +
                                         object.id + "  by " + std::string(to_string(step.by)) +
                                         (step.alive ? join(step.values) : std::string("  deleted")) +
                                         (step.told ? "" : " (it was never told so)"));
    }
  }
  for (const ApiEdit& edit : api_) {
    if (edit.kind == kind && edit.thing == wanted)
      lines.emplace_back(edit.order, clock_text(edit.at) + "  api edit" + join(edit.values) +
                                         (edit.removes ? " removes" : "") +
                                         (edit.acknowledged != 0 ? "" : " (not acknowledged)"));
  }
  std::ranges::sort(lines);
  std::string out;
  for (const auto& [order, line] : lines) out += "    " + line + "\n";
  return out;
}

std::string value_in(const Values& values, const std::string& field) {
  const auto at = values.find(field);
  return at == values.end() ? "" : at->second;
}

std::set<std::string> differing(const Values& a, const Values& b) {
  std::set<std::string> out;
  for (const auto& [field, value] : a) {
    if (value_in(b, field) != value) out.insert(field);
  }
  for (const auto& [field, value] : b) {
    if (value_in(a, field) != value) out.insert(field);
  }
  return out;
}

int thing_in(std::string_view text) {
  for (std::size_t at = text.find('t'); at != std::string_view::npos; at = text.find('t', at + 1)) {
    if (at > 0 && text[at - 1] != ' ' && text[at - 1] != '.') continue;
    std::size_t end = at + 1;
    int number = 0;
    while (end < text.size() && text[end] >= '0' && text[end] <= '9') number = number * 10 + (text[end++] - '0');
    if (end > at + 1 && end < text.size() && text[end] == '.') return number;
  }
  return kNoThing;
}

// By the address first: other values may come from a contact that was merged into this one.
int thing_of(const Values& values) {
  if (const auto email = values.find("email"); email != values.end()) {
    if (const int thing = thing_in(email->second); thing != kNoThing) return thing;
  }
  for (const auto& [name, value] : values) {
    const int thing = name == "contact" ? kNoThing : thing_in(value);
    if (thing != kNoThing) return thing;
  }
  return kNoThing;
}

std::string canonical_email(std::string_view text) { return lower(trimmed(text)); }

std::string canonical_phone(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c >= '0' && c <= '9') digits += c;
  }
  if (digits.empty()) return "";
  return (digits.size() == 10 ? "+1" : "+") + digits;
}

std::string canonical_text(std::string_view text) { return trimmed(text); }

std::string canonical_amount(const Json& value) {
  double number = 0;
  if (value.is_number()) {
    number = value.to_number<double>();
  } else if (value.is_string() && !value.get_string().empty()) {
    number = std::strtod(value.get_string().c_str(), nullptr);
  } else {
    return "";
  }
  return std::to_string(std::llround(number * 100));
}

void put_tags(Values& values, const Json* tags) {
  if (tags == nullptr || !tags->is_array()) return;
  for (const Json& tag : tags->get_array()) {
    if (tag.is_string()) values["tag:" + lower(trimmed(tag.get_string()))] = "yes";
  }
}

void put_value(Values& values, const std::string& name, std::string value) {
  if (!value.empty()) values[name] = std::move(value);
}

std::string clock_text(Time time) { return to_iso8601(time).substr(11, 12); }

}  // namespace lockstep::simulation
