// First byte: the field's type and whether it folds case. Rest: JSON.
#include <cstddef>
#include <cstdint>

#include "base/assert.hpp"
#include "sync/normalize.hpp"
#include "sync/normalize_text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace lockstep;
  if (size == 0) return 0;
  sync::FieldSchema field;
  field.type = static_cast<sync::FieldType>(bytes[0] % 12);
  field.fold_case = bytes[0] >= 128;
  field.options = {"New", "In Progress", "1"};
  const std::string_view raw(reinterpret_cast<const char*>(bytes), size);
  for (std::size_t at = 0; at < raw.size();) {
    const auto code = sync::decode_code(raw, at);
    LOCKSTEP_ASSERT(code.bytes > 0, "decoding goes on");
    at += code.bytes;
  }
  const auto value = parse_json({reinterpret_cast<const char*>(bytes) + 1, size - 1});
  if (!value) return 0;
  const Json once = sync::normalize(field, *value);
  LOCKSTEP_ASSERT(to_text(sync::normalize(field, once)) == to_text(once), "C4: normalizers are idempotent");
  LOCKSTEP_ASSERT(once.is_null() == value->is_null(), "L4: only null is null");
  sync::validate(field, once);
  return 0;
}
