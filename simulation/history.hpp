// What really happened: each object of each system with all its states, who brought each about, and when. The auditor
// reads this and nothing of the engine's. Values are canonical texts, made by rules of the simulator's own.
//
// A *thing* is what people mean by a record: "customer 3". Whoever creates an object says which thing it is; everything
// people type carries the number of its thing, so that a value can be traced wherever it turns up.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"

namespace lockstep::simulation {

enum class Side { crm, db, api };
enum class Kind { contact, deal };
enum class Hand { person, lockstep };

std::string_view to_string(Side side);
std::string_view to_string(Kind kind);
std::string_view to_string(Hand hand);

struct ObjectId {
  Side side = Side::crm;
  Kind kind = Kind::contact;
  std::string id;
  friend auto operator<=>(const ObjectId&, const ObjectId&) = default;
};

// Fields without a value are not there. Tags are fields of their own: "tag:vip" -> "yes".
using Values = std::map<std::string, std::string>;

// Lockstep has taken in an event that shows a state.
struct Heard {
  Time at;
  std::uint64_t after = 0;  // the last step that had happened then
};

struct Step {
  std::uint64_t order = 0;  // of all steps of a run
  Time at;
  Hand by = Hand::person;
  bool alive = true;
  Values values;                    // after it; those of a dead object are its last ones
  bool told = true;                 // of Lockstep's: it has heard that its write was carried out
  std::optional<Heard> heard = {};  // the first event that shows it
  std::optional<Time> handed_over =
      {};  // of Lockstep's: when the write was past all its decisions, where that is known
};

// An edit through Lockstep's own interface. It has no object of its own to be seen on.
struct ApiEdit {
  std::uint64_t order = 0;
  Time at;
  Kind kind = Kind::contact;
  int thing = 0;
  Values values;  // "" clears
  bool removes = false;
  std::uint64_t acknowledged = 0;  // when, in the order of steps; 0: nobody knows whether it was taken
};

constexpr int kNoThing = -1;

class History {
 public:
  // Notes a state when it differs from the last one; true when it does.
  bool note(const ObjectId& object, Time at, Hand by, bool alive, Values values);
  // Called for each of Lockstep's steps with what was there before it; nothing may be noted meanwhile.
  std::function<void(const ObjectId&, const Values& before, const Step&)> on_written;
  // Lockstep's steps after the first and up to the last one, of that side, whose outcome it will never hear of.
  void leave_untold(Side side, std::uint64_t after, std::uint64_t until, Time since);
  // An event about the object was taken in; `shown` is the moment that it tells of, as its text.
  void note_heard(const ObjectId& object, std::string_view shown, Time at);
  // What was heard after that step is forgotten, and nobody will hear of it again.
  void forget_heard(std::uint64_t since);
  // Lockstep has decided on a write to the object, which is carried out some time later.
  void note_handed_over(const ObjectId& object, Time at) { handed_over_[object] = at; }
  // What is carried out until then may have been handed over before.
  void lose_handed_over(Time until);
  void note_thing(const ObjectId& object, int thing) { things_[object] = thing; }
  // People say that the one is the other, from the beginning.
  void unite(Kind kind, int one, int with);
  int known_as(Kind kind, int thing) const;
  std::size_t note_api(ApiEdit edit);
  void acknowledge(std::size_t api_edit) { api_[api_edit].acknowledged = ++order_; }
  // What was acknowledged since may have been forgotten: nobody knows.
  void doubt_acknowledged(std::uint64_t since);
  // It was refused: it never was.
  void refuse(std::size_t api_edit) { api_[api_edit].values.clear(); }

  const std::map<ObjectId, std::vector<Step>>& objects() const { return objects_; }
  const std::vector<ApiEdit>& api() const { return api_; }
  int thing(const ObjectId& object) const;
  const Step* last(const ObjectId& object) const;
  std::vector<ObjectId> alive(Side side, Kind kind) const;
  bool wrote_between(Side side, Time from, Time until) const;
  // Whether people have replaced one of these values of a thing since.
  bool retyped(Kind kind, int thing, const std::set<std::string>& fields, Time since) const;
  std::uint64_t steps() const { return order_; }
  std::uint64_t steps_by(Hand hand) const { return by_[static_cast<std::size_t>(hand)]; }
  Time last_step_by(Hand hand) const { return last_[static_cast<std::size_t>(hand)]; }

  // For people: all states of one thing, one line each.
  std::string tell(Kind kind, int thing) const;

 private:
  std::map<ObjectId, std::vector<Step>> objects_;
  std::map<ObjectId, int> things_;
  std::map<std::pair<Kind, int>, int> united_;
  std::vector<ApiEdit> api_;
  std::uint64_t order_ = 0;
  std::uint64_t by_[2] = {};
  Time last_[2] = {};
  std::map<ObjectId, Time> handed_over_;
  Time handed_over_since_{};
};

// "" when the field has no value.
std::string value_in(const Values& values, const std::string& field);
// Fields of which one of two states holds something that the other does not.
std::set<std::string> differing(const Values& a, const Values& b);
// The number in "t12.", kNoThing when there is none.
int thing_in(std::string_view text);

// What these values belong to.
int thing_of(const Values& values);

std::string canonical_email(std::string_view text);
std::string canonical_phone(std::string_view text);
std::string canonical_text(std::string_view text);
std::string canonical_amount(const Json& value);
void put_tags(Values& values, const Json* tags);
void put_value(Values& values, const std::string& name, std::string value);

std::string clock_text(Time time);

}  // namespace lockstep::simulation
