// Changes that a capture has missed, noted where the hub finds it when it runs next.
#pragma once

#include <string>
#include <vector>

#include "connector/ports.hpp"

namespace lockstep::connector {

// In a system's state: why changes may have been missed, a text. Written by migrate() when it had to make capture, and by
// the hub when a capture has lost something. The hub pulls everything again and then erases it (B4).
inline constexpr const char* missed_state = "missed";

// For migrate(), when capture or a part of it had to be made: what changed before is not in it. `done` is what the person
// is told; it says so when the note can not be kept, because a server holds the store.
Task<void> note_missed(StatePort* state, std::vector<std::string>& done);

}  // namespace lockstep::connector
