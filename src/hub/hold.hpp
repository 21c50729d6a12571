// Why nothing is written to a system, and how that is kept: a row of the system's state.
#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "sync/batch.hpp"
#include "sync/schema.hpp"

namespace lockstep::hub {

struct Hold {
  std::string kind;  // "paused": by a person; "guard": a person is asked
  std::string reason;
  std::string actor;  // who paused it; "" for the guard
  Time since;

  friend bool operator==(const Hold&, const Hold&) = default;
};

// The row that keeps it; nullopt erases it.
sync::StateRow hold_row(const SourceId& source, const SystemName& system, const std::optional<Hold>& hold);
std::string hold_key();
// How far the full pull of an object is: {"cursor", "started_ms"} or, at its end, {"complete": true}.
std::string mirror_key(const sync::SystemBinding& binding);
std::optional<Hold> read_hold(const Json& row);
// O1: after a restore nothing is written to a system before it has been read anew, so that what was made since the backup
// is found and not made again. Commit this before the hub starts.
sync::Batch read_everything_anew(const sync::Catalog& catalog);

}  // namespace lockstep::hub
