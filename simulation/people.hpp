// The people: they enter, change and delete contacts and deals on all sides, several of them at the same few records and
// in the same moments.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "simulation/crm.hpp"
#include "simulation/database.hpp"
#include "simulation/life.hpp"
#include "simulation/plan.hpp"

namespace lockstep::simulation {

struct PeopleParts {
  Timeline* timeline = nullptr;
  Crm* crm = nullptr;
  BusinessDatabase* database = nullptr;
  History* history = nullptr;
  Coverage* coverage = nullptr;
  Trace* trace = nullptr;
  std::function<Life*()> life;  // null while the process is down
  // An edit was answered: what the journal must hold from now on.
  std::function<void(const sync::Applied&)> on_acknowledged;
};

class People {
 public:
  People(PeopleParts parts, const Plan& plan, std::uint64_t seed)
      : parts_(std::move(parts)), plan_(plan), random_(seed) {}

  // What is there before Lockstep comes.
  void settle_in();
  // Plans everything they will do.
  void plan_work(Duration length);
  // Lockstep has written to an object: perhaps somebody looks at it.
  void react(const ObjectId& object, const Values& before, const Values& now);

 private:
  struct Target {
    Kind kind = Kind::contact;
    int thing = kNoThing;
    std::string field;
  };

  bool chance(std::string_view name) { return random_.fraction() < plan_.get(name); }
  std::size_t pick(std::size_t count) { return static_cast<std::size_t>(random_.below(count)); }
  Side any_side() { return static_cast<Side>(random_.below(3)); }

  void moment();
  // What is typed in one act: fields with their values, "tag" with the one that is given or taken.
  using Form = std::map<std::string, std::string>;
  struct Looked {
    RecordId record;
    ObjectId at;
  };
  void edit(Side side, const Target& target);
  void type(Side side, Kind kind, int thing, const Form& form);
  void edit_crm(const ObjectId& object, const Form& form);
  void edit_database(const ObjectId& object, const Form& form);
  std::optional<Looked> look_up(Kind kind, int thing);
  void edit_api(Kind kind, int thing, const Form& form);
  void remove_api(Kind kind, int thing);
  void submit(const Looked& looked, int thing, sync::Edit edit, ApiEdit note, const std::string& told);
  void type_over(const ObjectId& object, const std::string& field);
  void take_back(const ObjectId& object, const std::string& field, const std::string& value);
  void create(Kind kind);
  Values fresh_contact(int thing);
  void import_contacts();
  void merge_contacts();
  void create_contact(Side side, int thing, const Values& values);
  void create_deal(Side side, int thing);
  void remove(Side side, Kind kind, int thing);

  std::optional<ObjectId> object_of(Side side, Kind kind, int thing);
  std::vector<int> alive_things(Kind kind) const;
  Target choose();
  std::string some_field(Kind kind);
  std::string new_value(const Target& target);
  std::string messy(const std::string& field, std::string value);
  Json tags_with(const ObjectId& object, const std::string& tag);
  void say(Side side, const std::string& what);

  PeopleParts parts_;
  const Plan& plan_;
  SeededRandom random_;
  Time work_ends_;
  int last_thing_[2] = {};
  int last_value_ = 0;
  std::map<std::pair<Kind, int>, std::map<std::string, std::vector<std::string>>> typed_;
};

}  // namespace lockstep::simulation
