// What searches see: versions of records, ordered by time, behind the truth by a lag.
#pragma once

#include <cstdint>
#include <ext/pb_ds/assoc_container.hpp>
#include <ext/pb_ds/tree_policy.hpp>
#include <memory>
#include <queue>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.hpp"

namespace lockstep::gohighlevel::sandbox {

// T has id, added, updated and version. One thread. A version becomes visible when its time comes;
// with different lags a later edit may become visible before an earlier edit of another record, and an
// older version of the same record never replaces a newer one.
template <class T>
class SearchIndex {
 public:
  using Version = std::shared_ptr<const T>;  // shared with the true state and with other waiting versions
  using Position = std::pair<Time, std::string>;
  // Knows the rank of a key and the key of a rank in O(log n).
  using Order = __gnu_pbds::tree<Position, const T*, std::less<Position>, __gnu_pbds::rb_tree_tag,
                                 __gnu_pbds::tree_order_statistics_node_update>;

  void put(Version version, Time visible_at) {
    waiting_.push({visible_at, version->version, version->id, std::move(version)});
  }
  void remove(std::string id, std::uint64_t version, Time visible_at) {
    waiting_.push({visible_at, version, std::move(id), nullptr});
  }

  // From now until then nothing becomes visible: a stale window. One window at a time, and each begins with what is due, so
  // that searches are never behind by more than a window and the lag.
  void freeze(Time now, Time until) {
    if (frozen(now)) return;
    advance(now);
    frozen_until_ = until;
  }
  bool frozen(Time now) const { return now < frozen_until_; }

  // Brings into view what is due.
  void advance(Time now) {
    if (frozen(now)) return;
    while (!waiting_.empty() && waiting_.top().visible_at <= now) {
      apply(waiting_.top());
      waiting_.pop();
    }
    if (waiting_.empty()) forget_removed();
  }

  const Order& by_updated() const { return by_updated_; }
  const Order& by_added() const { return by_added_; }
  std::size_t size() const { return by_added_.size(); }

 private:
  struct Waiting {
    Time visible_at;
    std::uint64_t version;
    std::string id;
    Version record;                               // null: removed
    bool operator<(const Waiting& other) const {  // the queue's top is the earliest
      return std::tie(other.visible_at, other.version) < std::tie(visible_at, version);
    }
  };
  struct Shown {
    std::uint64_t version = 0;
    Version record;
  };

  void apply(const Waiting& due) {
    Shown& shown = shown_[due.id];
    if (due.version < shown.version) return;
    if (shown.record) {
      by_updated_.erase({shown.record->updated, due.id});
      by_added_.erase({shown.record->added, due.id});
    }
    shown = {due.version, due.record};
    if (!due.record) removed_.push_back(due.id);
    if (due.record) {
      by_updated_.insert({{due.record->updated, due.id}, due.record.get()});
      by_added_.insert({{due.record->added, due.id}, due.record.get()});
    }
  }

  // Removed records are remembered only while an older version of theirs may still be waiting.
  void forget_removed() {
    for (const std::string& id : removed_) {
      const auto found = shown_.find(id);
      if (found != shown_.end() && !found->second.record) shown_.erase(found);
    }
    removed_.clear();
  }

  std::priority_queue<Waiting> waiting_;
  std::vector<std::string> removed_;
  std::unordered_map<std::string, Shown> shown_;
  Order by_updated_;
  Order by_added_;
  Time frozen_until_{};
};

}  // namespace lockstep::gohighlevel::sandbox
