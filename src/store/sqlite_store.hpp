// The embedded store: one SQLite file, nothing else to run (docs/formats/store.md).
//
// Owns the one connection that writes, in WAL mode with a sync at every commit (A1), and a lock file beside the
// database. Checkpoints run on that connection only, inside commit(). Readers have connections of their own.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "store/store.hpp"

namespace lockstep::store {

struct SqliteSettings {
  std::filesystem::path path;
  std::size_t cache_bytes = std::size_t{16} << 20;        // pages that the writer keeps in memory (O3)
  std::size_t reader_cache_bytes = std::size_t{2} << 20;  // the same for each reader
  std::size_t checkpoint_bytes = std::size_t{32} << 20;   // the WAL's size at which a commit also checkpoints
  std::optional<std::size_t> file_bytes_limit = {};       // the database file never grows beyond: `exhausted`
  // An SQLite VFS by name: it keeps the file, and nothing of the operating system's is used, the lock file neither.
  // "": ordinary files.
  std::string vfs = {};
};

// Creates the file when it is not there, brings an older one to this version. Fails with `unavailable` when another
// process has it open or the file cannot be opened, `invalid` when it is newer than this program or not ours,
// `corrupt` when it is damaged.
Result<std::unique_ptr<class SqliteStore>> open_sqlite_store(const SqliteSettings& settings);

class SqliteStore : public Store {
 public:
  // Bytes on the disk: database and WAL.
  virtual Result<std::uint64_t> size_bytes() = 0;
};

}  // namespace lockstep::store
