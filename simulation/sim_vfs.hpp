// What one simulated process sees of the disks: an SQLite VFS. SQLite itself, the store and the sqlite connector run on it
// unchanged.
//
// Everything is on one thread: a lock that is held is answered at once with "busy", sleeping does nothing. When the
// process is killed its locks go, and whatever it still tries ends with an input/output error.
#pragma once

#include <sqlite3.h>

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "simulation/sim_disk.hpp"

namespace lockstep::simulation {

class SimVfs {
 public:
  // Paths that begin with `first` are on that disk.
  using Mount = std::pair<std::string, SimDisk*>;
  // Registers itself under `name`, which must be used once at a time.
  SimVfs(std::string name, std::vector<Mount> mounts, const Clock& clock, std::uint64_t seed);
  ~SimVfs();
  SimVfs(const SimVfs&) = delete;
  SimVfs& operator=(const SimVfs&) = delete;

  const std::string& name() const { return name_; }
  // Connections that name no VFS use this one.
  void make_default();
  void kill();
  bool killed() const { return killed_; }
  std::size_t open_files() const { return handles_.size(); }

  // The rest is for the C functions of the VFS.
  struct Handle {
    SimVfs* vfs = nullptr;
    SimDisk* disk = nullptr;
    std::string path;
    std::shared_ptr<DiskFile> file;
    int lock = SQLITE_LOCK_NONE;
    std::shared_ptr<SharedMemory> memory;
    bool shared_slots[SharedMemory::kSlots] = {};
    bool exclusive_slots[SharedMemory::kSlots] = {};
    bool delete_on_close = false;
  };
  SimDisk* disk_of(const std::string& path) const;
  void add(Handle* handle) { handles_.insert(handle); }
  void remove(Handle* handle) { handles_.erase(handle); }
  const Clock& clock() const { return clock_; }
  Random& random() { return random_; }

 private:
  std::string name_;
  std::vector<Mount> mounts_;
  const Clock& clock_;
  SeededRandom random_;
  sqlite3_vfs vfs_{};
  std::set<Handle*> handles_;
  bool killed_ = false;
};

}  // namespace lockstep::simulation
