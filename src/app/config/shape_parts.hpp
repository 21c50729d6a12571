// What the shapes of the configuration share: units, limits, and how names are written.
#pragma once

#include <cstdint>
#include <string>

#include "app/config/limits.hpp"
#include "app/config/shape.hpp"

namespace lockstep::app {

inline constexpr std::int64_t second = 1'000'000;
inline constexpr std::int64_t hour = 3600 * second;
inline constexpr std::int64_t day = 24 * hour;

inline constexpr auto limit = [](std::size_t value) { return static_cast<std::int64_t>(value); };

inline Shape source_id() {
  return shapes::matching("[A-Za-z0-9][A-Za-z0-9_-]{0,63}", "letters, digits, - and _, at most 64");
}
inline std::string name_pattern() { return "[a-z][a-z0-9_]{0,62}"; }
inline std::string name_expects() { return "a name such as crm or order_item: small letters, digits and _"; }
inline Shape name() { return shapes::matching(name_pattern(), name_expects()); }
inline std::string field_pattern() { return "[A-Za-z][A-Za-z0-9_]{0,62}"; }
inline std::string field_expects() { return "a field name such as first_name: letters, digits and _"; }
inline Shape field_name() { return shapes::matching(field_pattern(), field_expects()); }

}  // namespace lockstep::app
