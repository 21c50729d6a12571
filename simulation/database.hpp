// The business's own database: an SQLite file on a simulated disk, in which people work with plain SQL, and the true
// history of its rows.
#pragma once

#include <sqlite3.h>

#include <memory>
#include <string>
#include <vector>

#include "simulation/history.hpp"
#include "simulation/sim_vfs.hpp"

namespace lockstep::simulation {

inline constexpr const char* kDatabasePath = "business.db";

class BusinessDatabase {
 public:
  BusinessDatabase(SimDisk& disk, const Clock& clock, std::uint64_t seed, History& history);
  ~BusinessDatabase();
  BusinessDatabase(const BusinessDatabase&) = delete;
  BusinessDatabase& operator=(const BusinessDatabase&) = delete;

  // One statement of a person's with ? bound to texts; false when it failed (a constraint, a locked file).
  bool act(const std::string& sql, const std::vector<std::string>& values = {});
  // A person's transaction that stays open holds up every other writer.
  bool hold();
  void let_go();
  bool held() const { return held_; }
  // Notes what has changed since the last look.
  void watch(Hand by);
  // Once the tables are there.
  void begin_watching() { watching_ = true; }

 private:
  sqlite3* open();
  void watch_kind(Kind kind, Hand by);

  const Clock& clock_;
  History& history_;
  SimVfs vfs_;
  sqlite3* people_ = nullptr;
  sqlite3* watcher_ = nullptr;
  std::map<Kind, sqlite3_stmt*> selects_;
  sqlite3_stmt* version_ = nullptr;
  std::int64_t seen_version_ = -1;
  bool watching_ = false;
  bool held_ = false;
};

}  // namespace lockstep::simulation
