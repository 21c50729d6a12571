#include <algorithm>
#include <array>
#include <charconv>

#include "connector/limits.hpp"
#include "connector/quota.hpp"

namespace lockstep::connector {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::optional<std::uint64_t> number(std::string_view text) {
  text = trim(text);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7).
std::optional<Time> http_date(std::string_view text) {
  static constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  text = trim(text);
  if (text.size() != 29 || text.substr(25) != " GMT" || text[19] != ':' || text[22] != ':') return std::nullopt;
  const auto day = number(text.substr(5, 2));
  const auto year = number(text.substr(12, 4));
  const auto hour = number(text.substr(17, 2));
  const auto minute = number(text.substr(20, 2));
  const auto second = number(text.substr(23, 2));
  unsigned month = 0;
  for (unsigned i = 0; i < kMonths.size(); ++i) {
    if (text.substr(8, 3) == kMonths[i]) month = i + 1;
  }
  if (!day || !year || !hour || !minute || !second || month == 0) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)), std::chrono::month(month),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return Time(std::chrono::sys_days(date)) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second);
}

std::optional<Duration> milliseconds(std::optional<std::uint64_t> value, Duration most) {
  const auto limit = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(most).count());
  if (!value || *value > limit) return std::nullopt;
  return std::chrono::milliseconds(*value);
}

}  // namespace

QuotaSigns read_quota_signs(const wire::HttpResponse& response, Time now) {
  const auto header = [&](std::string_view name) { return number(response.headers.get(name)); };
  QuotaSigns out;
  out.refused = response.status == 429;
  out.burst_limit = header("X-RateLimit-Max");
  if (out.burst_limit == 0) out.burst_limit.reset();
  out.burst_window = milliseconds(header("X-RateLimit-Interval-Milliseconds"), limits::kBurstWindowMax);
  if (out.burst_window == Duration(0)) out.burst_window.reset();
  out.burst_remaining = header("X-RateLimit-Remaining");
  out.day_limit = header("X-RateLimit-Limit-Daily");
  if (out.day_limit == 0) out.day_limit.reset();
  out.day_remaining = header("X-RateLimit-Daily-Remaining");
  // Undocumented, taken as milliseconds until the reset (the vendor's SDK calls it dailyResetMs); a value beyond two
  // days means something else and is not believed.
  out.day_reset = milliseconds(header("X-RateLimit-Daily-Reset"), limits::kDayResetMax);

  const std::string_view retry = response.headers.get("Retry-After");
  if (const auto seconds = number(retry)) {
    const auto most =
        static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(limits::kRetryAfterMax).count());
    out.retry_after = std::chrono::seconds(std::min(*seconds, most));
  } else if (const auto date = http_date(retry)) {
    out.retry_after = std::clamp(*date - now, Duration(0), limits::kRetryAfterMax);
  }
  return out;
}

}  // namespace lockstep::connector
