#include "connectors/gohighlevel/sandbox/faults.hpp"

namespace lockstep::gohighlevel {
namespace {

constexpr std::array<std::string_view, kFaultCount> kNames = {
    "latency",          "too_many_requests",   "error_before_apply", "error_after_apply", "drop_before_apply",
    "drop_after_apply", "created_but_refused", "webhook_lost",       "webhook_doubled",   "webhook_delayed",
    "webhook_undated",  "stale_search",        "token_revoked"};

Result<double> number_between(const Json& value, double low, double high, std::string_view name) {
  boost::system::error_code error;
  const double number = value.to_number<double>(error);
  if (error || !(number >= low && number <= high)) {
    return fail(ErrorKind::invalid,
                std::string(name) + " must be a number from " + std::to_string(low) + " to " + std::to_string(high));
  }
  return number;
}

Result<void> merge_rule(FaultRule& rule, const JsonObject& object) {
  constexpr double kDayMs = 86'400'000;
  for (const auto& item : object) {
    const std::string_view key = item.key();
    const Json& value = item.value();
    if (key == "only") {
      if (!value.is_string()) return fail(ErrorKind::invalid, "only must be a string");
      rule.only = std::string_view(value.get_string());
      continue;
    }
    if (key == "hits") continue;  // part of what GET shows; a GET's answer may be PUT back
    const bool known = key == "rate" || key == "once" || key == "fixed_ms" || key == "jitter_ms" || key == "status";
    if (!known) return fail(ErrorKind::invalid, "unknown member " + std::string(key));
    const double low = key == "status" ? 500 : 0;
    const double high = key == "rate" ? 1 : key == "status" ? 599 : key == "once" ? 1e9 : kDayMs;
    const auto number = number_between(value, low, high, key);
    if (!number) return std::unexpected(number.error());
    if (key == "rate") rule.rate = *number;
    if (key == "once") rule.once = static_cast<std::uint64_t>(*number);
    if (key == "fixed_ms") rule.fixed_ms = static_cast<std::int64_t>(*number);
    if (key == "jitter_ms") rule.jitter_ms = static_cast<std::int64_t>(*number);
    if (key == "status") rule.status = static_cast<unsigned>(*number);
  }
  return {};
}

}  // namespace

std::string_view to_string(Fault fault) { return kNames[static_cast<std::size_t>(fault)]; }

std::optional<Fault> fault_from(std::string_view name) {
  for (std::size_t i = 0; i < kFaultCount; ++i) {
    if (kNames[i] == name) return static_cast<Fault>(i);
  }
  return std::nullopt;
}

bool Faults::hits(Fault fault, std::string_view what, Random& random) {
  FaultRule& found = rule(fault);
  if (!found.only.empty() && found.only != what) return false;
  const bool certain = found.once > 0;
  if (certain) --found.once;
  const bool hit = certain || (found.rate > 0 && random.fraction() < found.rate);
  if (hit) ++hits_[index(fault)];
  return hit;
}

Duration Faults::duration(Fault fault, Random& random) const {
  const FaultRule& found = rule(fault);
  std::int64_t ms = found.fixed_ms;
  if (found.jitter_ms > 0)
    ms += static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(found.jitter_ms) + 1));
  return std::chrono::milliseconds(ms);
}

JsonObject Faults::to_json() const {
  JsonObject out;
  for (std::size_t i = 0; i < kFaultCount; ++i) {
    const FaultRule& found = rules_[i];
    out[kNames[i]] = JsonObject{
        {"rate", found.rate},           {"once", found.once},     {"only", found.only}, {"fixed_ms", found.fixed_ms},
        {"jitter_ms", found.jitter_ms}, {"status", found.status}, {"hits", hits_[i]}};
  }
  return out;
}

Result<void> Faults::merge(const JsonObject& object) {
  auto rules = rules_;
  for (const auto& item : object) {
    const auto fault = fault_from(item.key());
    if (!fault) return fail(ErrorKind::invalid, "unknown fault " + std::string(item.key()));
    if (!item.value().is_object()) return fail(ErrorKind::invalid, std::string(item.key()) + " must be an object");
    const auto merged = merge_rule(rules[index(*fault)], item.value().get_object());
    if (!merged) return fail(ErrorKind::invalid, std::string(item.key()) + ": " + merged.error().message);
  }
  rules_ = std::move(rules);
  return {};
}

}  // namespace lockstep::gohighlevel
