#include "sync/batch.hpp"

namespace lockstep::sync {

bool Batch::empty() const {
  return markers.empty() && records.empty() && links.empty() && links_erased.empty() && matches.empty() &&
         matches_erased.empty() && journal.empty() && outbox.empty() && outbox_erased.empty() && inbox.empty() &&
         inbox_erased.empty() && conflicts.empty() && state.empty();
}

}  // namespace lockstep::sync
