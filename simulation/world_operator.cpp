// What the operator does in a run: pauses, reloads, approvals, a backup that is put back.
#include <algorithm>

#include "hub/hold.hpp"
#include "simulation/look.hpp"
#include "simulation/world.hpp"
#include "store/backup.hpp"
#include "store/sqlite_store.hpp"

namespace lockstep::simulation {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// What was sent before a pause is carried out later: calls take up to 40 s and wait for the budget before that.
constexpr Duration kUnderWay = minutes(3);

constexpr Duration kLookEach = std::chrono::milliseconds(50);
constexpr int kLooksForWrites = 600;

}  // namespace

void World::plan_operator(Duration length) {
  const auto up_to = [this](std::int64_t most_seconds) {
    return Duration(static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(most_seconds) * 1'000'000)));
  };
  every("op.pause", length, [this, up_to] { pause(random_.below(2) == 0 ? kCrm : kDb, up_to(600)); });
  every("op.reload", length, [this] { reload(random_.below(2) == 0 ? 0 : kLooksForWrites); });
  every("op.restore", length, [this, up_to] { back_up(up_to(600)); });
  for (Duration at = seconds(30); at < length; at += seconds(30)) timeline_.after(at, [this] { look_after_holds(); });
}

// Every other time in the middle of a write, if there is one soon.
void World::reload(int looks) {
  if (!serving()) return;
  const bool writing =
      std::ranges::any_of(life_->hub().lanes(kSource), [](const hub::LaneStatus& lane) { return lane.in_flight > 0; });
  if (!writing && looks > 0) {
    timeline_.after(kLookEach, [this, looks] { reload(looks - 1); });
    return;
  }
  if (writing) coverage_.hit("operator", "configuration loaded while a write was on its way");
  life_->reload(catalog_, Life::Connectors::replaced);
}

void World::pause(const SystemName& system, Duration length) {
  if (!serving() || pauses_.contains(system)) return;
  pauses_[system] = {std::nullopt, timeline_.now() + length};
  life_->hub().pause(kSource, system, "somebody looks at it", "ann", [this, system](Result<void> done) {
    const auto at = pauses_.find(system);
    if (done && at != pauses_.end()) at->second.since = timeline_.now();
  });
}

// Pauses end when their time is over; what the guard asks about is approved.
void World::look_after_holds() {
  if (!serving()) return;
  for (const hub::LaneStatus& lane : life_->hub().lanes(kSource)) {
    const auto paused = pauses_.find(lane.system);
    if (paused != pauses_.end() && paused->second.until > timeline_.now() && faults_) continue;
    if (paused != pauses_.end() && paused->second.since) {
      // X4: nothing is written while paused.
      const Side side = lane.system == kCrm ? Side::crm : Side::db;
      if (history_.wrote_between(side, *paused->second.since + kUnderWay, timeline_.now()))
        auditor_.report("X4", "Lockstep wrote to " + lane.system.str() + " while that was paused");
      auditor_.count_checks(1);
    }
    if (paused != pauses_.end()) pauses_.erase(paused);
    if (!lane.hold) continue;
    coverage_.hit("operator", lane.hold->kind == "guard" ? "what the guard asked about approved" : "pause ended");
    life_->hub().resume(kSource, lane.system, "ann", [](Result<void>) {});
  }
}

void World::back_up(Duration restored_after) {
  if (!serving() || backup_) return;
  Backup made;
  for (const auto& [path, file] : store_disk_.files()) made.files[path] = file->content();
  made.at = timeline_.now();
  made.steps = history_.steps();
  backup_ = std::move(made);
  timeline_.after(restored_after, [this] { restore(); });
}

// The process is stopped first; what stood in its store is kept beside it.
void World::restore() {
  if (!faults_ || !backup_) return;
  if (!serving()) {
    timeline_.after(seconds(10), [this] { restore(); });
    return;
  }
  coverage_.hit("operator", "backup restored");
  kept_aside_ += visible_in(life_->reader());
  restoring_ = true;
  crash(false);
}

void World::put_back() {
  trace_.say(timeline_.now(), "operator", "the backup of " + clock_text(backup_->at) + " is put back");
  const bool had_faults = std::exchange(faults_, false);
  std::vector<std::string> old;
  for (const auto& [path, file] : store_disk_.files()) old.push_back(path);
  for (const std::string& path : old) store_disk_.remove(path);
  for (const auto& [path, content] : backup_->files) {
    if (path.ends_with("-shm")) continue;
    store_disk_.open(path)->write(0, content);
    store_disk_.open(path)->sync();
  }
  {
    Look look(store_disk_, timeline_.clock());
    look.text(store::distrust_outbox_sql);
    const Seq last = std::stoull(look.text("SELECT coalesce(max(seq), 0) FROM journal"));
    std::erase_if(acknowledged_, [&](const Acknowledged& one) { return one.seq > last; });
  }
  {
    SimVfs vfs("lockstep-restore", {{"", &store_disk_}}, timeline_.clock(), 1);
    auto store = store::open_sqlite_store({.path = kStorePath, .vfs = vfs.name()});
    const Result<void> marked = store ? (*store)->commit(hub::read_everything_anew(*catalog_)) : fail(store.error());
    if (!marked) auditor_.report("O1", "the backup can not be put back: " + marked.error().message);
  }
  faults_ = had_faults;
  history_.doubt_acknowledged(backup_->steps);
  forget_outcomes(backup_->at);
  history_.forget_heard(backup_->steps);
  if (!restored_to_) restored_to_ = backup_->at;
  auditor_.note_restore(backup_->steps, history_.steps(), timeline_.now());
  pauses_.clear();  // of a later time than the backup
  backup_.reset();
}

}  // namespace lockstep::simulation
