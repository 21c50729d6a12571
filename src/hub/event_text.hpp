// A journal entry as the JSON text of an event, and as a message of the fan-out.
#pragma once

#include <memory>
#include <string>

#include "fanout/message.hpp"
#include "sync/batch.hpp"

namespace lockstep::hub {

// {"seq":1,"at":"…","source":"acme","kind":"change", …}: docs/formats/journal.md.
std::string event_text(const sync::JournalEntry& entry);
Json event_json(const sync::JournalEntry& entry);

// The topics of the hub's events: of one source, or, of entries and changes, of all when `source` is empty. Rows and
// changes are the same, but rows may come gathered (hub/row_batches.hpp).
std::string entry_topic(const SourceId& source);
std::string row_topic(const SourceId& source);
std::string change_topic(const SourceId& source);

std::shared_ptr<const fanout::Message> entry_message(const sync::JournalEntry& entry);
// The same as one server-sent event: "id: 1\ndata: {…}\n\n".
std::string event_frame(const fanout::Message& message);

}  // namespace lockstep::hub
