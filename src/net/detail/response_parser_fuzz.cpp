// Bytes from any server, cut into reads of the size the first byte says; the second chooses the method.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/detail/message_parser.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lockstep::net::detail;
  if (size < 3) return 0;
  constexpr ParserLimits kLimits{512, 16, 256};
  std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t piece = data[0] % 64 + 1U;
  ResponseParser parser(kLimits);
  parser.reset(data[1] % 2 == 0 ? ResponseBody::as_framed : ResponseBody::never);
  std::string buffer;
  ParseStatus status = ParseStatus::need_more;
  while (!bytes.empty() && status == ParseStatus::need_more) {
    const std::size_t next = std::min(piece, bytes.size());
    buffer += bytes.substr(0, next);
    bytes.remove_prefix(next);
    const ParseStep step = parser.put(buffer);
    if (step.consumed > buffer.size()) std::abort();
    buffer.erase(0, step.consumed);
    status = step.status;
  }
  if (status == ParseStatus::need_more) status = parser.put_eof();
  const auto response = parser.take();
  if (response.body.size() > kLimits.body_bytes_limit) std::abort();
  if (status == ParseStatus::done && (response.status < 100 || response.status > 999)) std::abort();
  return 0;
}
