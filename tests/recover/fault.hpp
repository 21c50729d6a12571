// What can happen to a running Lockstep, and how it is made to happen.
#pragma once

#include <span>
#include <string>

#include "tests/recover/world.hpp"

namespace lockstep::recover {

struct Fault {
  enum class Counted { from_strike, from_lift };  // where the time until it is well again begins
  enum class Needs { nothing, small_disk, own_clock, own_network };

  const char* name;
  const char* what;  // one line, for people
  Milliseconds lasts;
  Counted counted;
  Needs needs;
  // Both return "" or what went wrong: the fault itself, not its effect on the server.
  std::string (*strike)(World&);
  std::string (*lift)(World&);
};

std::span<const Fault> all_faults();
const Fault* find_fault(std::string_view name);

// "" when this machine lets us make it, else why not.
std::string impossible(const Fault& fault);

}  // namespace lockstep::recover
