#include "hub/guard.hpp"

namespace lockstep::hub {
namespace {

bool too_many(std::size_t changed, std::uint64_t records, std::size_t percent, std::size_t least) {
  return percent < 100 && changed >= least && changed * 100 > records * percent;
}

std::string reason(std::size_t changed, std::uint64_t records, std::string_view what) {
  return std::to_string(changed) + " of " + std::to_string(records) + " records would be " + std::string(what) +
         ": nothing is sent until somebody approves it";
}

}  // namespace

void Guard::Seen::rotate() {
  before_ = std::move(now_);
  now_.clear();
}

std::size_t Guard::Seen::with(const std::unordered_set<RecordId>& more) const {
  std::size_t out = now_.size();
  for (const RecordId& id : before_) out += now_.contains(id) ? 0 : 1;
  for (const RecordId& id : more) out += now_.contains(id) || before_.contains(id) ? 0 : 1;
  return out;
}

void Guard::Seen::clear() {
  now_.clear();
  before_.clear();
}

void Guard::advance(Time now) {
  const Duration half = settings_.window / 2;
  if (now - half_began_ < half) return;
  deleted_.rotate();
  rewritten_.rotate();
  if (now - half_began_ >= 2 * half) {
    deleted_.clear();
    rewritten_.clear();
  }
  half_began_ = now;
}

std::optional<std::string> Guard::refuse(Time now, std::span<const GuardedWrite> writes, std::uint64_t records) {
  advance(now);
  std::unordered_set<RecordId> deletes, rewrites;
  for (const GuardedWrite& write : writes) {
    if (write.kind == sync::WriteKind::remove) deletes.insert(write.record);
    if (write.kind == sync::WriteKind::update) rewrites.insert(write.record);
  }
  if (now >= approved_until_) {
    // Records that are deleted no longer count among the source's, but they are what the share is of.
    const std::size_t gone = deletes.empty() ? 0 : deleted_.with(deletes);
    if (too_many(gone, records + gone, settings_.delete_percent, settings_.delete_least))
      return reason(gone, records + gone, "deleted");
    const std::size_t changed = rewrites.empty() ? 0 : rewritten_.with(rewrites);
    if (too_many(changed, records, settings_.rewrite_percent, settings_.rewrite_least))
      return reason(changed, records, "rewritten");
  }
  deleted_.add(deletes);
  rewritten_.add(rewrites);
  return std::nullopt;
}

void Guard::approve(Time now) {
  approved_until_ = now + settings_.window;
  deleted_.clear();
  rewritten_.clear();
}

}  // namespace lockstep::hub
