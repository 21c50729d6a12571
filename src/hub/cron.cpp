#include "hub/cron.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <vector>

namespace lockstep::hub {
namespace {

using namespace std::chrono;

constexpr std::size_t kTextLimit = 256;
constexpr int kDaysLooked = 30 * 366;  // 29 February on a Sunday comes every 28 years

constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct Field {
  std::string_view name;
  unsigned least;
  unsigned most;
  std::span<const std::string_view> names;  // of the values from `least` on
};

constexpr std::array<Field, 5> kFields{Field{"minute", 0, 59, {}}, Field{"hour", 0, 23, {}},
                                       Field{"day of the month", 1, 31, {}}, Field{"month", 1, 12, kMonths},
                                       Field{"day of the week", 0, 7, kWeekdays}};

struct Nickname {
  std::string_view name;
  std::string_view text;
};

constexpr std::array<Nickname, 7> kNicknames{Nickname{"@hourly", "0 * * * *"},   Nickname{"@daily", "0 0 * * *"},
                                             Nickname{"@midnight", "0 0 * * *"}, Nickname{"@weekly", "0 0 * * 0"},
                                             Nickname{"@monthly", "0 0 1 * *"},  Nickname{"@yearly", "0 0 1 1 *"},
                                             Nickname{"@annually", "0 0 1 1 *"}};

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> out;
  for (;;) {
    const std::size_t end = text.find(at);
    out.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = text.find_first_not_of(" \t", at);
    if (begin == std::string_view::npos) break;
    at = std::min(text.find_first_of(" \t", begin), text.size());
    out.push_back(text.substr(begin, at - begin));
  }
  return out;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

std::unexpected<Error> wrong(const Field& field, std::string_view text, std::string_view why) {
  return fail(ErrorKind::invalid,
              "\"" + std::string(text) + "\" is no " + std::string(field.name) + ": " + std::string(why));
}

Result<unsigned> parse_value(const Field& field, std::string_view text) {
  const auto named = std::ranges::find(field.names, lower(text));
  if (named != field.names.end()) return field.least + static_cast<unsigned>(named - field.names.begin());
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size())
    return wrong(field, text, "a number, a range, a list or *");
  if (value < field.least || value > field.most)
    return wrong(field, text, "from " + std::to_string(field.least) + " to " + std::to_string(field.most));
  return value;
}

// One part between commas: *, 5, 1-5, each with /step.
Result<void> parse_part(const Field& field, std::string_view text, std::bitset<64>& values) {
  const std::size_t slash = text.find('/');
  const std::string_view range = text.substr(0, slash);
  unsigned step = 1;
  if (slash != std::string_view::npos) {
    const std::string_view number = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), step);
    if (number.empty() || error != std::errc() || end != number.data() + number.size() || step == 0 ||
        step > field.most)
      return wrong(field, text, "the step is a number from 1 to " + std::to_string(field.most));
  }
  unsigned first = field.least;
  unsigned last = field.most;
  if (range != "*") {
    const std::size_t dash = range.find('-');
    LOCKSTEP_TRY(begin, parse_value(field, range.substr(0, dash)));
    first = last = begin;
    if (dash != std::string_view::npos) {
      LOCKSTEP_TRY(end, parse_value(field, range.substr(dash + 1)));
      last = end;
    } else if (slash != std::string_view::npos) {
      last = field.most;  // 5/15 is 5-59/15
    }
    if (last < first) return wrong(field, text, "the range goes backwards");
  }
  for (unsigned value = first; value <= last; value += step) values.set(value);
  return {};
}

Result<std::bitset<64>> parse_field(const Field& field, std::string_view text) {
  std::bitset<64> values;
  for (const std::string_view part : split(text, ',')) LOCKSTEP_CHECK(parse_part(field, part, values));
  return values;
}

template <std::size_t N>
std::bitset<N> narrow(const std::bitset<64>& values) {
  return std::bitset<N>(values.to_ullong() & ((1ULL << N) - 1));
}

}  // namespace

Result<Cron> Cron::parse(std::string_view text, minutes ahead_of_utc) {
  if (text.size() > kTextLimit) return fail(ErrorKind::invalid, "a cron expression has at most 256 characters");
  std::string_view meant = text;
  const std::vector<std::string_view> given = words(text);
  const auto nickname =
      std::ranges::find(kNicknames, given.size() == 1 ? lower(given.front()) : std::string(), &Nickname::name);
  if (nickname != kNicknames.end()) meant = nickname->text;
  const std::vector<std::string_view> fields = words(meant);
  if (fields.size() != kFields.size())
    return fail(ErrorKind::invalid,
                "a cron expression has five fields (minute, hour, day of the month, month, day of the week), not " +
                    std::to_string(fields.size()));
  std::array<std::bitset<64>, 5> values;
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    LOCKSTEP_TRY(parsed, parse_field(kFields[i], fields[i]));
    values[i] = parsed;
  }
  if (values[4].test(7)) values[4].set(0);
  Cron cron;
  cron.text_ = text;
  cron.ahead_ = ahead_of_utc;
  cron.minutes_ = narrow<60>(values[0]);
  cron.hours_ = narrow<24>(values[1]);
  cron.days_ = narrow<32>(values[2]);
  cron.months_ = narrow<13>(values[3]);
  cron.weekdays_ = narrow<7>(values[4]);
  cron.any_day_ = fields[2].starts_with('*');
  cron.any_weekday_ = fields[4].starts_with('*');
  if (!cron.next(Time{})) return fail(ErrorKind::invalid, "there is no such day: it would never be due");
  return cron;
}

// crontab(5): both fields restricted, either is enough; a field that begins with * restricts together with the other.
bool Cron::is_day(sys_days day) const {
  const year_month_day date(day);
  if (!months_.test(static_cast<unsigned>(date.month()))) return false;
  const bool of_month = days_.test(static_cast<unsigned>(date.day()));
  const bool of_week = weekdays_.test(weekday(day).c_encoding());
  return any_day_ || any_weekday_ ? of_month && of_week : of_month || of_week;
}

std::optional<minutes> Cron::minute_of_day(minutes from) const {
  for (minutes at = from; at < days(1);) {
    const auto hour = static_cast<std::size_t>(at.count() / 60);
    if (!hours_.test(hour)) {
      at = minutes(60 * (at.count() / 60 + 1));
      continue;
    }
    if (minutes_.test(static_cast<std::size_t>(at.count() % 60))) return at;
    at += minutes(1);
  }
  return std::nullopt;
}

std::optional<Time> Cron::next(Time after) const {
  const auto there = floor<minutes>(after) + ahead_ + minutes(1);
  sys_days day = floor<days>(there);
  minutes from = there - day;
  for (int looked = 0; looked < kDaysLooked; ++looked, day += days(1), from = minutes(0)) {
    if (!is_day(day)) continue;
    if (const auto at = minute_of_day(from)) return Time(day + *at - ahead_);
  }
  return std::nullopt;
}

}  // namespace lockstep::hub
