// Two systems that each rewrite the other's value (one wants capitals, the other small letters) would make a field go
// x, y, x, y for ever, each time with a write (C5). Pure; the engine holds such a field and asks a person.
#pragma once

#include <chrono>

#include "base/clock.hpp"
#include "sync/record.hpp"

namespace lockstep::sync {

// What is known of the field after `system` has replaced its value by `value`. A flip goes back to the value before the
// current one, and comes from another system than that one: a person who toggles a value in one place makes none, and a
// value that is really new begins anew. Flips count from the first one within `window`.
Flips flips_after(const FieldState& current, const Json& value, const SystemName& system, Time now,
                  std::chrono::milliseconds window);

}  // namespace lockstep::sync
