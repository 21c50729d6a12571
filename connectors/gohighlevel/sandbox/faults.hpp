// What can be made to go wrong: each fault has a rate and a counter of certain hits.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/random.hpp"

namespace lockstep::gohighlevel {

enum class Fault {
  latency,              // the answer is late: fixed_ms plus a random part of jitter_ms
  too_many_requests,    // 429, not applied
  error_before_apply,   // 5xx, not applied
  error_after_apply,    // 5xx, applied
  drop_before_apply,    // connection cut, not applied
  drop_after_apply,     // connection cut, applied
  created_but_refused,  // 422 on a contact's creation, although it was created
  webhook_lost,         // an event never leaves
  webhook_doubled,      // an event leaves twice
  webhook_delayed,      // an event leaves up to jitter_ms later, and so overtakes and is overtaken
  webhook_undated,      // an event does not say when it happened, like most of the documented examples
  stale_search,         // searches answer from a frozen index for fixed_ms
  token_revoked,        // the presented OAuth access token dies before its time
};
inline constexpr std::size_t kFaultCount = 13;

std::string_view to_string(Fault fault);
std::optional<Fault> fault_from(std::string_view name);

struct FaultRule {
  double rate = 0;         // chance of a hit, 0 to 1
  std::uint64_t once = 0;  // the next `once` opportunities hit for certain, before the rate counts
  std::string only;        // "POST /contacts/", a webhook's type, or "" for all
  std::int64_t fixed_ms = 0;
  std::int64_t jitter_ms = 0;
  unsigned status = 503;  // of the error_* faults

  friend bool operator==(const FaultRule&, const FaultRule&) = default;
};

class Faults {
 public:
  const FaultRule& rule(Fault fault) const { return rules_[index(fault)]; }
  FaultRule& rule(Fault fault) { return rules_[index(fault)]; }

  // Decides one opportunity; `what` is compared with the rule's `only`. Takes randomness only when a
  // rate is set, so that a run without faults is the same with and without this class.
  bool hits(Fault fault, std::string_view what, Random& random);
  // fixed_ms plus a uniform part of jitter_ms.
  Duration duration(Fault fault, Random& random) const;
  std::uint64_t hits_total(Fault fault) const { return hits_[index(fault)]; }

  JsonObject to_json() const;
  // Changes the faults named in `object`; the members not named keep their values. The error names
  // what is wrong and then nothing has changed.
  Result<void> merge(const JsonObject& object);

 private:
  static std::size_t index(Fault fault) { return static_cast<std::size_t>(fault); }

  std::array<FaultRule, kFaultCount> rules_;
  std::array<std::uint64_t, kFaultCount> hits_{};
};

}  // namespace lockstep::gohighlevel
