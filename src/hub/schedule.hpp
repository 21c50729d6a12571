// A job that is ordered by itself, at the times of `cron`. Of times that pass while the program is away one is made up for;
// one that comes while the job of the time before still runs is left out.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "hub/cron.hpp"

namespace lockstep::hub {

struct Schedule {
  Cron cron;
  std::string name;                                          // for people: the function's
  std::string kind;                                          // "mirror" or "pull"
  std::vector<std::pair<EntityName, std::string>> entities;  // and what jobs call them

  // Two of the same are one.
  std::string key() const {
    return "schedule/" + name + "/" + kind + "/" + std::to_string(cron.ahead_of_utc().count()) + "/" + cron.text();
  }
};

struct ScheduleStatus {
  std::string name;
  std::string cron;
  std::string kind;
  std::optional<Time> last;  // when it was due; none: not yet
  std::optional<Time> next;

  friend bool operator==(const ScheduleStatus&, const ScheduleStatus&) = default;
};

}  // namespace lockstep::hub
