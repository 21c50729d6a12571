// What happened in a run, line by line. The hash is always made: the same seed must give the same one (determinism).
// The lines are kept only when somebody wants to read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace lockstep::simulation {

class Trace {
 public:
  enum class Keep { hash, lines };
  explicit Trace(Keep keep) : keep_(keep) {}

  void say(Time at, std::string_view who, std::string_view what) {
    add(std::to_string(at.time_since_epoch().count()));
    add(who);
    add(what);
    if (keep_ == Keep::lines) {
      text_ += to_iso8601(at).substr(11, 12);
      text_ += "  ";
      text_ += who;
      text_.append(who.size() < 9 ? 9 - who.size() : 1, ' ');
      text_ += what;
      text_ += '\n';
    }
  }
  std::uint64_t hash() const { return hash_; }
  const std::string& text() const { return text_; }
  bool keeps_lines() const { return keep_ == Keep::lines; }

 private:
  void add(std::string_view bytes) {
    for (const char c : bytes) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  }

  Keep keep_;
  std::uint64_t hash_ = 14695981039346656037ULL;
  std::string text_;
};

}  // namespace lockstep::simulation
