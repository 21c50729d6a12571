#include "sync/normalize_time.hpp"

#include <charconv>
#include <chrono>
#include <cstdio>

#include "base/clock.hpp"

namespace lockstep::sync {
namespace {

constexpr std::size_t datetime_bytes_limit = 64;  // longer texts are no date-times

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool digits_at(std::string_view text, std::size_t at, std::size_t count) {
  for (std::size_t i = at; i < at + count; ++i) {
    if (!is_digit(text[i])) return false;
  }
  return true;
}

int number_at(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) value = value * 10 + (text[i] - '0');
  return value;
}

bool is_day(int year, int month, int day) {
  using namespace std::chrono;
  return month >= 1 && day >= 1 &&
         year_month_day(std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                        std::chrono::day(static_cast<unsigned>(day)))
             .ok();
}

std::optional<std::string> write_day(int year, int month, int day) {
  if (!is_day(year, month, day)) return std::nullopt;
  char out[40];
  std::snprintf(out, sizeof out, "%04d-%02d-%02d", year, month, day);
  return out;
}

std::optional<std::string> write_time(Time time) {
  constexpr std::chrono::sys_days first{std::chrono::year(0) / 1 / 1};
  constexpr std::chrono::sys_days beyond{std::chrono::year(10000) / 1 / 1};
  if (time < first || time >= beyond) return std::nullopt;
  return to_iso8601(time);
}

// The number before the next separator, at most `digits_limit` digits; -1 when there is none.
int take_number(std::string_view& text, std::size_t digits_limit) {
  std::size_t count = 0;
  while (count < text.size() && is_digit(text[count])) ++count;
  if (count == 0 || count > digits_limit) return -1;
  const int value = number_at(text, 0, count);
  text.remove_prefix(count);
  return value;
}

bool take_separator(std::string_view& text, char& separator) {
  if (text.empty()) return false;
  const char c = text[0];
  if (c != '-' && c != '/' && c != '.' && c != '_') return false;
  if (separator != 0 && c != separator) return false;
  separator = c;
  text.remove_prefix(1);
  return true;
}

std::optional<std::string> read_day(std::string_view text) {
  const bool year_first = text.size() > 4 && digits_at(text, 0, 4);
  char separator = 0;
  const int a = take_number(text, year_first ? 4 : 2);
  if (a < 0 || !take_separator(text, separator)) return std::nullopt;
  const int b = take_number(text, 2);
  if (b < 0 || !take_separator(text, separator)) return std::nullopt;
  if (!year_first && (text.size() != 4 || !digits_at(text, 0, 4))) return std::nullopt;
  const int c = take_number(text, year_first ? 2 : 4);
  if (c < 0 || !text.empty()) return std::nullopt;
  return year_first ? write_day(a, b, c) : write_day(c, a, b);
}

std::optional<Time> read_time(std::string_view text, std::string_view zone_offset) {
  std::string spelled(text);
  if (spelled.size() > 10 && spelled[10] == 't') spelled[10] = 'T';
  if (spelled.back() == 'z') spelled.back() = 'Z';
  for (const std::string_view zone : {" UTC", " GMT"}) {
    if (spelled.ends_with(zone)) spelled.replace(spelled.size() - zone.size(), zone.size(), "Z");
  }
  if (const auto time = parse_iso8601(spelled)) return *time;
  if (const auto time = parse_iso8601(spelled.append(zone_offset))) return *time;
  return std::nullopt;
}

}  // namespace

bool is_datetime_form(std::string_view text) {
  if (text.size() != 24 || text[10] != 'T' || text[13] != ':' || text[16] != ':' || text[19] != '.' ||
      text[23] != 'Z') {
    return false;
  }
  return is_date_form(text.substr(0, 10)) && digits_at(text, 11, 2) && digits_at(text, 14, 2) &&
         digits_at(text, 17, 2) && digits_at(text, 20, 3) && number_at(text, 11, 2) < 24 &&
         number_at(text, 14, 2) < 60 && number_at(text, 17, 2) < 60;
}

std::optional<std::string> datetime_form(std::string_view text, std::string_view zone_offset) {
  if (text.empty() || text.size() > datetime_bytes_limit) return std::nullopt;
  if (text.size() >= 12 && text.size() <= 14 && digits_at(text, 0, text.size())) {
    std::int64_t ms = 0;
    std::from_chars(text.data(), text.data() + text.size(), ms);
    return datetime_from_ms(ms);
  }
  std::optional<Time> time = read_time(text, zone_offset);
  if (!time) {
    const auto day = read_day(text);
    if (!day) return std::nullopt;
    time = read_time(*day + "T00:00:00", zone_offset);
  }
  return time ? write_time(*time) : std::nullopt;
}

std::optional<std::string> datetime_from_ms(std::int64_t ms) {
  constexpr std::int64_t ms_limit = 400'000'000'000'000;  // the year 14645: keeps the arithmetic far from overflow
  if (ms > ms_limit || ms < -ms_limit) return std::nullopt;
  return write_time(from_epoch_ms(ms));
}

std::optional<std::int64_t> datetime_to_ms(std::string_view text) {
  if (!is_datetime_form(text)) return std::nullopt;
  const auto time = parse_iso8601(text);
  if (!time) return std::nullopt;
  return to_epoch_ms(*time);
}

bool is_date_form(std::string_view text) {
  return text.size() == 10 && text[4] == '-' && text[7] == '-' && digits_at(text, 0, 4) && digits_at(text, 5, 2) &&
         digits_at(text, 8, 2) && is_day(number_at(text, 0, 4), number_at(text, 5, 2), number_at(text, 8, 2));
}

std::optional<std::string> date_form(std::string_view text) {
  if (text.size() > datetime_bytes_limit) return std::nullopt;
  if (auto day = read_day(text)) return day;
  // The day as it is written, not as it is in UTC: a birthday does not move with its zone.
  if (text.size() <= 10 || !is_date_form(text.substr(0, 10)) || !read_time(text, "Z")) return std::nullopt;
  return std::string(text.substr(0, 10));
}

}  // namespace lockstep::sync
