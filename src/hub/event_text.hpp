// A journal entry as the JSON text of an event.
#pragma once

#include <string>

#include "sync/batch.hpp"

namespace lockstep::hub {

// {"seq":1,"at":"…","source":"acme","kind":"change", …}: docs/formats/journal.md.
std::string event_text(const sync::JournalEntry& entry);
// The same as one server-sent event: "id: 1\ndata: {…}\n\n".
std::string event_frame(const sync::JournalEntry& entry);
Json event_json(const sync::JournalEntry& entry);

}  // namespace lockstep::hub
