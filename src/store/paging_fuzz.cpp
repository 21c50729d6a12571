// Page keys come back from callers: any text is a key or is refused, and a key that is accepted is spelled one way.
#include "store/paging.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lockstep;
  using namespace lockstep::store;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto key = parse_outbox_page_key(text)) {
    const auto again =
        parse_outbox_page_key(outbox_page_key({SourceId("s"), SystemName(key->system), RecordId(key->record)}));
    if (!text.empty() && (!again || again->record != key->record || again->system != key->system)) std::abort();
  }
  if (const auto seq = parse_inbox_page_key(text)) {
    if (!text.empty() && parse_inbox_page_key(inbox_page_key(*seq)) != seq) std::abort();
  }
  if (const auto key = parse_conflict_page_key(text)) {
    sync::ConflictRow row;
    row.seq = key->seq;
    row.field = key->field;
    const auto again = parse_conflict_page_key(conflict_page_key(row));
    if (!text.empty() && (!again || again->seq != key->seq || again->field != key->field)) std::abort();
  }
  return 0;
}
