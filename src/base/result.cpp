#include "base/result.hpp"

#include <array>

namespace lockstep {
namespace {

constexpr std::array<std::pair<ErrorKind, std::string_view>, 9> kKinds{{
    {ErrorKind::invalid, "invalid"},
    {ErrorKind::unauthorized, "unauthorized"},
    {ErrorKind::not_found, "not_found"},
    {ErrorKind::conflict, "conflict"},
    {ErrorKind::rate_limited, "rate_limited"},
    {ErrorKind::unavailable, "unavailable"},
    {ErrorKind::maybe_applied, "maybe_applied"},
    {ErrorKind::exhausted, "exhausted"},
    {ErrorKind::corrupt, "corrupt"},
}};

}  // namespace

std::string_view to_string(ErrorKind kind) {
  for (const auto& [k, text] : kKinds) {
    if (k == kind) return text;
  }
  return "corrupt";
}

std::optional<ErrorKind> error_kind_from(std::string_view text) {
  for (const auto& [kind, name] : kKinds) {
    if (name == text) return kind;
  }
  return std::nullopt;
}

}  // namespace lockstep
