// The guard against mass changes: when more than a share of a source's records would be deleted from a system or
// rewritten in it within a window, nothing more is sent and a person is asked. A TRUNCATE, a script without a WHERE or a
// half-read list must not run through to the other systems.
//
// Records are counted once per window, however often they change. Pure: the time comes with each call.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <unordered_set>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "sync/input.hpp"

namespace lockstep::hub {

// As configured for one system. A share of 100 percent or more guards nothing.
struct GuardSettings {
  std::chrono::milliseconds window{3'600'000};
  std::size_t delete_percent = 20;
  std::size_t delete_least = 25;  // fewer than this never stop anything
  std::size_t rewrite_percent = 50;
  std::size_t rewrite_least = 1'000;

  friend bool operator==(const GuardSettings&, const GuardSettings&) = default;
};

struct GuardedWrite {
  RecordId record;
  sync::WriteKind kind = sync::WriteKind::update;
};

class Guard {
 public:
  explicit Guard(GuardSettings settings) : settings_(settings) {}
  void configure(GuardSettings settings) { settings_ = settings; }

  // May these be sent, where the source has `records`? Counts them when they may; else says why not, for people.
  std::optional<std::string> refuse(Time now, std::span<const GuardedWrite> writes, std::uint64_t records);

  // A person has looked: what comes within one window is not asked about again.
  void approve(Time now);

 private:
  // Two halves of a window, so that old records leave without a time being kept for each.
  class Seen {
   public:
    void rotate();
    std::size_t with(const std::unordered_set<RecordId>& more) const;
    void add(const std::unordered_set<RecordId>& more) { now_.insert(more.begin(), more.end()); }
    void clear();

   private:
    std::unordered_set<RecordId> now_, before_;
  };

  void advance(Time now);

  GuardSettings settings_;
  Time half_began_{};
  Time approved_until_{};
  Seen deleted_, rewritten_;
};

}  // namespace lockstep::hub
