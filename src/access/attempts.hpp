// Wrong passwords slow down whoever sends them, and nobody else: an account that is guessed at from one address can
// still be used from all others, and an address that guesses is slowed down whatever accounts it tries.
#pragma once

#include <list>
#include <map>
#include <optional>
#include <string>

#include "base/clock.hpp"

namespace lockstep::access {

class Attempts {
 public:
  // How long the caller has to wait before it may try; nothing: it may now, and the attempt counts as a failure until
  // succeeded() is called. `now` is monotonic.
  std::optional<Duration> begin(const std::string& account, const std::string& address, Duration now);
  void succeeded(const std::string& account, const std::string& address);
  std::size_t size() const { return failures_.size(); }

 private:
  struct Failures {
    unsigned count = 0;
    Duration last{};
    Duration until{};  // nothing is tried before
    std::list<std::string>::iterator age;
  };
  void fail(const std::string& key, Duration now, Duration (*wait)(unsigned failures));
  void forget(const std::string& key);

  std::map<std::string, Failures> failures_;
  std::list<std::string> ages_;  // keys, the one that failed longest ago first
};

}  // namespace lockstep::access
