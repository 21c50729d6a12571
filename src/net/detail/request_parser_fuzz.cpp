// Bytes from any client. The first byte chooses where the reads are cut; however they are cut, the outcome is
// the same, nothing is consumed that was not offered, and no limit is passed.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/detail/message_parser.hpp"

namespace {

using namespace lockstep::net::detail;

constexpr ParserLimits kLimits{512, 16, 256};

struct Outcome {
  ParseStatus status = ParseStatus::need_more;
  std::size_t left = 0;
  std::string body;
};

void check(bool condition) {
  if (!condition) std::abort();
}

Outcome run(std::string_view bytes, std::size_t piece) {
  RequestParser parser(kLimits);
  std::string buffer;
  Outcome outcome;
  while (!bytes.empty() && outcome.status == ParseStatus::need_more) {
    const std::size_t size = std::min(piece, bytes.size());
    buffer += bytes.substr(0, size);
    bytes.remove_prefix(size);
    const ParseStep step = parser.put(buffer);
    check(step.consumed <= buffer.size());
    buffer.erase(0, step.consumed);
    outcome.status = step.status;
  }
  outcome.left = buffer.size() + bytes.size();
  if (outcome.status == ParseStatus::done) {
    const auto request = parser.take();
    check(!request.method.empty() && !request.target.empty());
    check(request.body.size() <= kLimits.body_bytes_limit);
    check(request.headers.items().size() <= kLimits.header_fields_limit);
    outcome.body = request.body;
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Outcome whole = run(bytes, bytes.size());
  const Outcome cut = run(bytes, data[0] % 32 + 1U);
  // Which of several faults is named may depend on the cut; whether it is accepted may not.
  check((whole.status == ParseStatus::done) == (cut.status == ParseStatus::done));
  if (whole.status == ParseStatus::done) check(whole.left == cut.left && whole.body == cut.body);
  return 0;
}
