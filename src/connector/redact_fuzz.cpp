// Redaction and rate limit headers from arbitrary bytes: no crash, bounded output, no address in it.
#include "connector/limits.hpp"
#include "connector/quota.hpp"
#include "connector/redact.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lockstep;
  using namespace lockstep::connector;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::string out = redact(text);
  if (out.size() > limits::kRedactedTextBytes + 4) std::abort();
  (void)redact(text, {{"value", "abc"}, {"tags", {"xyz"}}});
  if (redact_target("/p?" + text).find("@example.org") != std::string::npos) std::abort();
  if (redact(text + " a@example.org").find("a@example.org") != std::string::npos) std::abort();

  wire::HttpResponse response;
  for (const char* name :
       {"X-RateLimit-Max", "X-RateLimit-Interval-Milliseconds", "X-RateLimit-Remaining", "X-RateLimit-Limit-Daily",
        "X-RateLimit-Daily-Remaining", "X-RateLimit-Daily-Reset", "Retry-After"}) {
    response.headers.set(name, text);
  }
  const QuotaSigns signs = read_quota_signs(response, Time{});
  if (signs.retry_after && *signs.retry_after > limits::kRetryAfterMax) std::abort();
  Quota quota;
  const Quota::Ticket ticket = quota.send(WorkClass::live, Duration(0));
  quota.answered(ticket, signs, Duration(1));
  (void)quota.wait(WorkClass::backfill, Duration(2));
  return 0;
}
