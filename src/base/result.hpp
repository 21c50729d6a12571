// Result<T>: how an expected failure is returned. The kinds are closed, one per reaction of
// the caller (see docs/decisions/0003-error-kinds.md); the message is for people and says
// what to do next.
#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lockstep {

enum class ErrorKind {
  invalid,        // the caller must change the request
  unauthorized,   // a person must act: credentials or rights
  not_found,      // often normal
  conflict,       // read again and merge again
  rate_limited,   // wait as told in retry_after
  unavailable,    // certainly not applied: retry with backoff
  maybe_applied,  // outcome unknown: read back before retrying (X2)
  exhausted,      // a limit of ours was hit: push back to the sender
  corrupt,        // stop and keep the evidence
};

std::string_view to_string(ErrorKind kind);
std::optional<ErrorKind> error_kind_from(std::string_view text);

struct Error {
  ErrorKind kind = ErrorKind::invalid;
  std::string message;  // no secrets, no personal data (O4)
  std::optional<std::chrono::milliseconds> retry_after = {};

  friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorKind kind, std::string message) {
  return std::unexpected(Error{kind, std::move(message), {}});
}

inline std::unexpected<Error> fail(Error error) { return std::unexpected(std::move(error)); }

}  // namespace lockstep

// Declares `name` as a reference to the value of a Result, or returns its error from the current function.
#define LOCKSTEP_TRY(name, expression)                                          \
  auto name##_result = (expression);                                            \
  if (!name##_result) return std::unexpected(std::move(name##_result).error()); \
  [[maybe_unused]] auto& name = *name##_result

// Returns the error of a Result<void> from the current function.
#define LOCKSTEP_CHECK(expression)                             \
  do {                                                         \
    if (auto check_result = (expression); !check_result) {     \
      return std::unexpected(std::move(check_result).error()); \
    }                                                          \
  } while (false)
