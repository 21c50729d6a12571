#include "access/attempts.hpp"

#include <algorithm>

#include "access/limits.hpp"

namespace lockstep::access {
namespace {

std::string pair_key(const std::string& account, const std::string& address) { return address + '\n' + account; }

// 1, 2, 4 … seconds
Duration wait_after(unsigned failures) {
  if (failures < limits::kFreeFailures) return Duration(0);
  const unsigned doubled = std::min(failures - limits::kFreeFailures, 16U);
  return std::min<Duration>(std::chrono::seconds(1U << doubled), limits::kFailureWaitMax);
}

Duration wait_of_address(unsigned failures) {
  return failures < limits::kFreeFailuresOfAddress ? Duration(0) : Duration(limits::kFailureWaitOfAddress);
}

}  // namespace

std::optional<Duration> Attempts::begin(const std::string& account, const std::string& address, Duration now) {
  const std::string pair = pair_key(account, address);
  Duration wait{0};
  for (const std::string& key : {pair, address}) {
    if (const auto at = failures_.find(key); at != failures_.end()) wait = std::max(wait, at->second.until - now);
  }
  if (wait > Duration(0)) return wait;
  fail(pair, now, wait_after);
  fail(address, now, wait_of_address);
  return std::nullopt;
}

void Attempts::succeeded(const std::string& account, const std::string& address) {
  forget(pair_key(account, address));
  // The address keeps what it has done to other accounts: signing in to one's own buys no guesses at others.
  if (const auto at = failures_.find(address); at != failures_.end() && --at->second.count == 0) forget(address);
}

void Attempts::fail(const std::string& key, Duration now, Duration (*wait)(unsigned)) {
  const auto [at, made] = failures_.try_emplace(key);
  Failures& one = at->second;
  if (made) {
    one.age = ages_.insert(ages_.end(), key);
  } else {
    ages_.splice(ages_.end(), ages_, one.age);
    if (now - one.last > limits::kFailuresForgotten) one.count = 0;
  }
  one.last = now;
  one.until = now + wait(++one.count);
  if (failures_.size() > limits::kFailuresKept) forget(std::string(ages_.front()));
}

void Attempts::forget(const std::string& key) {
  const auto at = failures_.find(key);
  if (at == failures_.end()) return;
  ages_.erase(at->second.age);
  failures_.erase(at);
}

}  // namespace lockstep::access
