// An undo or a replay as the store keeps it: what was asked for, and how far it is. The row commits together with the
// work it speaks of (B1), so that a restart goes on where the work stood and nothing is done twice.
#pragma once

#include <optional>
#include <string>

#include "hub/hub.hpp"

namespace lockstep::hub {

struct UndoOrder {
  std::string job;
  Time begun;  // of the job: nothing older is its doing
  sync::ChangedSince changed = sync::ChangedSince::leave;
  std::string actor;
};

struct ReworkState {
  JobProgress job;  // kind "undo" or "replay"
  UndoOrder undo;
  ReplayRange range;
  // The journal entry that was reached: of an undo, which goes backwards, those below it are left, of a replay those
  // after it. None: it has not begun.
  std::optional<Seq> at;
  std::uint64_t passed = 0;  // entries of an undo that were reached
  std::uint64_t made = 0;    // those among them that made a record, which is not undone
};

inline constexpr std::string_view kReworkPrefix = "rework/";

sync::StateRow rework_row(const ReworkState& state);
sync::StateRow rework_erased(const ReworkState& state);
// `corrupt` when the row is of no version that this program knows.
Result<ReworkState> read_rework(const sync::StateRow& row);

}  // namespace lockstep::hub
