// What somebody is shown who has only a business in a source, of records and of what is told about them. One answer for lists,
// reads, history, streams and undo (P2). Whoever has a role in the source is shown everything there.
#pragma once

#include <optional>

#include "fanout/message.hpp"
#include "gateway/access.hpp"
#include "store/store.hpp"
#include "sync/schema.hpp"

namespace lockstep::gateway {

bool shows(const sync::Catalog& catalog, const Caller& caller, const sync::Record& record);

// Entries and rows. nullptr: nothing of it. Of what has changed hands it is another message, without the other's content.
const fanout::Message* shown(const sync::Catalog& catalog, const std::optional<Caller>& caller,
                             const fanout::Message& message);

// What a list is narrowed to; nullopt: it is not.
std::optional<store::OwnedBy> owned_by(const sync::Catalog& catalog, const Caller& caller, const SourceId& source);

}  // namespace lockstep::gateway
