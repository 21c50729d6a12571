#include "hub/journal_pages.hpp"

namespace lockstep::hub {

Result<Seq> entry_before(store::Reader& reader, const SourceId& source, Time from) {
  LOCKSTEP_TRY(first, reader.first_seq());
  LOCKSTEP_TRY(last, reader.last_seq());
  Seq low = first == 0 ? 0 : first - 1;  // known to be older
  Seq high = last;
  while (low < high) {
    const Seq middle = low + (high - low) / 2;
    LOCKSTEP_TRY(entries, reader.journal(source, middle, 1));
    if (!entries.empty() && entries.front().at < from - kClockSlack) {
      low = entries.front().seq;
    } else {
      high = middle;
    }
  }
  return low;
}

}  // namespace lockstep::hub
