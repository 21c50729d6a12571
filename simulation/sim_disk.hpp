// A disk in memory: files with what has been written and what of it would survive a loss of power.
//
// A write goes to the cache of the operating system; sync() makes all that was written to the file so far durable.
// lose_power() keeps a random part of what was not synced: writes are kept or lost sector by sector, in any order, as
// a disk with a cache of its own may do it. Creating, growing and removing files is durable at once.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"

namespace lockstep::simulation {

inline constexpr std::size_t kSectorBytes = 512;

enum class DiskOperation { write, truncate, sync, remove };
// What becomes of an operation. `full`: not done, no room. `broken`: not done, an input/output error.
enum class DiskVerdict { done, full, broken };

// The state that processes share about a file: SQLite's locks, and the memory that it maps for its WAL.
struct DiskLocks {
  int shared = 0;
  bool reserved = false;
  bool pending = false;
  bool exclusive = false;
};

struct SharedMemory {
  static constexpr int kSlots = 8;
  std::vector<std::unique_ptr<char[]>> regions;
  int shared[kSlots] = {};
  bool exclusive[kSlots] = {};
  int users = 0;
};

class DiskFile {
 public:
  const std::string& content() const { return content_; }
  std::size_t size() const { return content_.size(); }
  // Bytes beyond the end read as zero; the number of bytes that were there.
  std::size_t read(std::size_t offset, char* out, std::size_t size) const;
  void write(std::size_t offset, std::string_view bytes);
  void truncate(std::size_t size);
  void sync() { pending_.clear(); }
  void lose_power(Random& random);
  std::size_t unsynced() const { return pending_.size(); }

  DiskLocks locks;
  std::shared_ptr<SharedMemory> memory;

 private:
  struct Change {
    std::size_t offset = 0;
    std::string before;  // of the bytes that were there
    std::string after;
    std::size_t size_before = 0;
    bool truncates = false;
  };

  std::string content_;
  std::vector<Change> pending_;  // since the last sync, oldest first
};

class SimDisk {
 public:
  explicit SimDisk(Random& random) : random_(random) {}
  SimDisk(const SimDisk&) = delete;
  SimDisk& operator=(const SimDisk&) = delete;

  std::shared_ptr<DiskFile> find(const std::string& path) const;
  std::shared_ptr<DiskFile> open(const std::string& path);  // creates it
  void remove(const std::string& path) { files_.erase(path); }
  const std::map<std::string, std::shared_ptr<DiskFile>>& files() const { return files_; }

  // The machine goes off: see above. Locks and shared memory are gone.
  void lose_power();

  // Asked before each operation; counts them. Nothing set: everything is done.
  std::function<DiskVerdict(DiskOperation)> judge;
  DiskVerdict ask(DiskOperation operation) {
    ++operations_;
    return judge ? judge(operation) : DiskVerdict::done;
  }
  std::uint64_t operations() const { return operations_; }

 private:
  Random& random_;
  std::map<std::string, std::shared_ptr<DiskFile>> files_;
  std::uint64_t operations_ = 0;
};

}  // namespace lockstep::simulation
