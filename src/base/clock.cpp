#include "base/clock.hpp"

#include <cstdio>

namespace lockstep {
namespace {

// Reads exactly `digits` decimal digits; -1 when they are not there.
int read_number(std::string_view text, std::size_t& at, std::size_t digits) {
  if (at + digits > text.size()) return -1;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    const char c = text[at + i];
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  at += digits;
  return value;
}

bool read_char(std::string_view text, std::size_t& at, char c) {
  if (at >= text.size() || text[at] != c) return false;
  ++at;
  return true;
}

}  // namespace

Time SystemClock::now() const { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }

Duration SystemClock::monotonic() const {
  return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch());
}

std::string to_iso8601(Time time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const auto ms = duration_cast<milliseconds>(time - day).count();
  char out[48];
  std::snprintf(out, sizeof out, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), static_cast<int>(ms / 3600000),
                static_cast<int>(ms / 60000 % 60), static_cast<int>(ms / 1000 % 60), static_cast<int>(ms % 1000));
  return out;
}

Result<Time> parse_iso8601(std::string_view text) {
  using namespace std::chrono;
  const auto bad = [] { return fail(ErrorKind::invalid, "not a date-time with zone, such as 2026-01-31T09:30:00Z"); };
  std::size_t at = 0;
  const int y = read_number(text, at, 4);
  if (y < 0 || !read_char(text, at, '-')) return bad();
  const int mo = read_number(text, at, 2);
  if (mo < 0 || !read_char(text, at, '-')) return bad();
  const int d = read_number(text, at, 2);
  if (d < 0 || !(read_char(text, at, 'T') || read_char(text, at, ' '))) return bad();
  const int h = read_number(text, at, 2);
  if (h < 0 || h > 23 || !read_char(text, at, ':')) return bad();
  const int mi = read_number(text, at, 2);
  if (mi < 0 || mi > 59) return bad();
  int s = 0;
  if (read_char(text, at, ':')) {
    s = read_number(text, at, 2);
    if (s < 0 || s > 60) return bad();
  }
  std::int64_t micros = 0;
  if (read_char(text, at, '.')) {
    std::int64_t scale = 100000;
    std::size_t digits = 0;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, ++digits) {
      micros += (text[at] - '0') * scale;
      scale /= 10;
    }
    if (digits == 0 || digits > 9) return bad();
  }
  minutes offset{0};
  if (!read_char(text, at, 'Z')) {
    if (at >= text.size() || (text[at] != '+' && text[at] != '-')) return bad();
    const int sign = text[at++] == '-' ? -1 : 1;
    const int oh = read_number(text, at, 2);
    if (oh < 0 || oh > 18) return bad();
    int om = 0;
    if (at < text.size()) {
      read_char(text, at, ':');
      om = read_number(text, at, 2);
      if (om < 0 || om > 59) return bad();
    }
    offset = minutes(sign * (oh * 60 + om));
  }
  if (at != text.size()) return bad();
  const year_month_day date{year(y), month(static_cast<unsigned>(mo)), day(static_cast<unsigned>(d))};
  if (!date.ok()) return bad();
  const Time time =
      Time(sys_days(date).time_since_epoch()) + hours(h) + minutes(mi) + seconds(s) + microseconds(micros) - offset;
  // In UTC it may be of a year that four digits cannot say.
  const year in_utc = year_month_day(floor<days>(time)).year();
  if (in_utc < year(0) || in_utc > year(9999)) return bad();
  return time;
}

std::int64_t to_epoch_ms(Time time) {
  return std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

Time from_epoch_ms(std::int64_t ms) { return Time(std::chrono::milliseconds(ms)); }

}  // namespace lockstep
