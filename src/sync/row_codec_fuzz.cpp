// Stored rows from arbitrary bytes (a damaged or foreign file): an error or a row that is written and read again as the
// same.
#include "sync/row_codec.hpp"

#include <cstdint>
#include <cstdlib>

#include "sync/record.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lockstep::sync;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto record = decode_record(text)) {
    const auto again = decode_record(encode_record(*record));
    if (!again || *again != *record) std::abort();
  }
  if (InboxRow row; decode_inbox_body(text, row)) {
    InboxRow again;
    if (!decode_inbox_body(encode_inbox_body(row), again) || again != row) std::abort();
  }
  if (ConflictRow row; decode_conflict_body(text, row)) {
    ConflictRow again;
    if (!decode_conflict_body(encode_conflict_body(row), again) || again != row) std::abort();
  }
  if (const auto fields = decode_fields(text)) {
    if (decode_fields(encode_fields(*fields)) != fields) std::abort();
  }
  if (const auto value = decode_value(text)) {
    if (decode_value(encode_value(*value)) != value) std::abort();
  }
  for (const std::int64_t number : {std::int64_t{-1}, static_cast<std::int64_t>(size)}) {
    (void)outbox_state_from(number);
    (void)work_class_from(number);
    (void)inbox_kind_from(number);
    (void)error_kind_from_number(number);
  }
  return 0;
}
