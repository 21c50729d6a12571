// From a journal entry to the input that turns it back.
#pragma once

#include "sync/batch.hpp"

namespace lockstep::sync {

// `invalid`: the entry has changed no record. `conflict`: it has made one, which is undone by deleting that.
Result<Undo> undo_of(const JournalEntry& entry);

// The job that brought the entry in, "" when none did.
std::string_view job_of(const JournalEntry& entry);

}  // namespace lockstep::sync
