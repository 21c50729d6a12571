// Dates and date-times in the spellings that systems use.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lockstep::sync {

// "2026-01-31T09:30:00.000Z", exactly and really a point in time.
bool is_datetime_form(std::string_view text);
// Accepts ISO 8601 with or without seconds, fraction and zone, a bare date (its midnight), and 12 to 14 digits
// (epoch milliseconds). `zone_offset` ("+01:00") is meant where the text names no zone.
std::optional<std::string> datetime_form(std::string_view text, std::string_view zone_offset);
// Nothing outside the years 0 to 9999.
std::optional<std::string> datetime_from_ms(std::int64_t ms);
std::optional<std::int64_t> datetime_to_ms(std::string_view text);  // of a normalized date-time

// "2026-01-31", exactly and really a day.
bool is_date_form(std::string_view text);
// YYYY-MM-DD and MM-DD-YYYY with "-", "/", "." or "_" (the spellings the CRM accepts for a date of birth, FACTS:
// contacts); a date-time is cut to the day it is written with. 31-01-2026 is not guessed at.
std::optional<std::string> date_form(std::string_view text);

}  // namespace lockstep::sync
