#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.hpp"
#include "wire/pgoutput.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lockstep;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const wire::pgoutput::Limits tight{.columns = 8, .relations = 8, .value_bytes = 64, .name_bytes = 16};
  if (const auto message = wire::pgoutput::decode_message(bytes, tight)) {
    // What fits tight limits is the same under the usual ones.
    LOCKSTEP_ASSERT(wire::pgoutput::decode_message(bytes).has_value(), "limits only refuse");
    if (const auto* relation = std::get_if<wire::pgoutput::Relation>(&*message)) {
      LOCKSTEP_ASSERT(relation->columns.size() <= 8, "the limit holds");
    }
  }
  if (const auto frame = wire::pgoutput::decode_frame(bytes)) {
    if (const auto* data_frame = std::get_if<wire::pgoutput::XLogData>(&*frame)) {
      LOCKSTEP_ASSERT(data_frame->payload.size() < size, "a payload is part of its frame");
      (void)wire::pgoutput::decode_message(data_frame->payload);
    }
  }
  if (const auto lsn = wire::pgoutput::parse_lsn(bytes)) {
    LOCKSTEP_ASSERT(wire::pgoutput::parse_lsn(wire::pgoutput::lsn_text(*lsn)) == *lsn, "a position survives its text");
  }
  return 0;
}
