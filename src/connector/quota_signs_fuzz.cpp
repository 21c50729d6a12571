// Headers about quota from a remote that says anything: "Name: value" lines.
#include <cstdint>
#include <cstdlib>

#include "connector/limits.hpp"
#include "connector/quota.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lockstep;
  using namespace lockstep::connector;
  static constexpr const char* names[] = {"X-RateLimit-Max",
                                          "X-RateLimit-Interval-Milliseconds",
                                          "X-RateLimit-Remaining",
                                          "X-RateLimit-Limit-Daily",
                                          "X-RateLimit-Daily-Remaining",
                                          "X-RateLimit-Daily-Reset",
                                          "Retry-After"};
  std::string_view text(reinterpret_cast<const char*>(data), size);
  wire::HttpResponse response;
  response.status = size % 2 == 0 ? 429 : 200;
  for (const char* name : names) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    response.headers.add(name, std::string(line));
  }
  const Time now = from_epoch_ms(1'800'000'000'000);
  const QuotaSigns signs = read_quota_signs(response, now);
  if (signs.retry_after && (*signs.retry_after < Duration(0) || *signs.retry_after > limits::kRetryAfterMax))
    std::abort();
  // Whatever they say, calls go on some day.
  Quota quota;
  const Duration start = std::chrono::hours(1);
  const auto ticket = quota.send(sync::WorkClass::live, start);
  quota.answered(ticket, signs, start);
  if (quota.wait(sync::WorkClass::person, start) > std::chrono::hours(24 * 366)) std::abort();
  return 0;
}
