// Looks into the store's file while no process has it open.
#pragma once

#include <sqlite3.h>

#include <string>

#include "simulation/life.hpp"
#include "simulation/sim_vfs.hpp"

namespace lockstep::simulation {

class Look {
 public:
  Look(SimDisk& disk, const Clock& clock) : vfs_("lockstep-look", {{"", &disk}}, clock, 1) {
    sqlite3_open_v2(kStorePath, &raw_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, vfs_.name().c_str());
  }
  ~Look() { sqlite3_close(raw_); }
  Look(const Look&) = delete;
  Look& operator=(const Look&) = delete;

  // The first value of the first row, or what is wrong.
  std::string text(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(raw_, sql, -1, &statement, nullptr) != SQLITE_OK) return sqlite3_errmsg(raw_);
    std::string out;
    if (sqlite3_step(statement) == SQLITE_ROW) {
      const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
      if (bytes != nullptr) out = bytes;
    } else {
      out = sqlite3_errmsg(raw_);
    }
    sqlite3_finalize(statement);
    return out;
  }

 private:
  SimVfs vfs_;
  sqlite3* raw_ = nullptr;
};

}  // namespace lockstep::simulation
