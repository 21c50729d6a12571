// A history made up for a test, step by step, a second apart, and what the auditor says of it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "simulation/auditor.hpp"

namespace lockstep::simulation {

inline const ObjectId kCrm1{Side::crm, Kind::contact, "c1"};
inline const ObjectId kDb1{Side::db, Kind::contact, "r1"};

class AuditedHistory : public testing::Test {
 protected:
  History history;
  Auditor auditor{history};
  std::int64_t now = 1'000'000;

  void person(const ObjectId& object, Values values) { note(object, Hand::person, true, std::move(values)); }
  void lockstep(const ObjectId& object, Values values) { note(object, Hand::lockstep, true, std::move(values)); }
  void person_deletes(const ObjectId& object) { note(object, Hand::person, false, {}); }
  void lockstep_deletes(const ObjectId& object) { note(object, Hand::lockstep, false, {}); }
  void api(Values values) { history.acknowledge(history.note_api({0, time(), Kind::contact, 1, std::move(values)})); }
  void api_deletes() { history.acknowledge(history.note_api({0, time(), Kind::contact, 1, {}, true})); }
  // An event that shows what stands there now was taken in.
  void heard(const ObjectId& object) {
    history.note_heard(object, to_iso8601(history.last(object)->at), Time(std::chrono::microseconds(now += 1'000)));
  }
  void answer_lost(const ObjectId& object) {
    history.leave_untold(object.side, history.steps() - 1, history.steps(), Time());
  }
  void decided_on(const ObjectId& object) { history.note_handed_over(object, Time(std::chrono::microseconds(now))); }
  // Of the writes so far, where the CRM decides.
  std::string verdict_of_writes() {
    Auditor other(history);
    AuditRules rules;
    rules.authority = {Side::crm, Side::db};
    other.check_writes(rules);
    return other.violations().empty() ? "" : other.violations().front().invariant;
  }
  // The first violation's invariant, "" when there is none.
  std::string verdict(const std::string& visible = "Ann t1.1 Ann t1.2 Ann t1.3") {
    AuditRules rules;
    rules.visible = visible;
    auditor.check_end(rules);
    return auditor.violations().empty() ? "" : auditor.violations().front().invariant;
  }
  std::string text() const { return auditor.violations().empty() ? "" : auditor.violations().front().text; }

 private:
  Time time() { return Time(std::chrono::microseconds(now += 1'000'000)); }
  void note(const ObjectId& object, Hand by, bool alive, Values values) {
    ASSERT_TRUE(history.note(object, time(), by, alive, std::move(values)));
  }
};

}  // namespace lockstep::simulation
