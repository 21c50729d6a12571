// What the simulated API answers when it does not do as asked. These are the vendor's bodies, so they
// are values of their own and not Errors of ours.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace lockstep::gohighlevel::sandbox {

struct Refusal {
  unsigned status = 400;
  JsonObject body;
};

template <class T>
using Outcome = std::expected<T, Refusal>;

// {"statusCode":status,"message":message,"error":"Bad Request"}; `error` is the status' name.
Refusal refusal(unsigned status, std::string_view message);
// 422 with one message per broken rule.
Refusal unprocessable(const std::vector<std::string>& problems);
inline Refusal unprocessable(std::string problem) {
  return unprocessable(std::vector<std::string>{std::move(problem)});
}

inline std::unexpected<Refusal> refuse(unsigned status, std::string_view message) {
  return std::unexpected(refusal(status, message));
}

}  // namespace lockstep::gohighlevel::sandbox
