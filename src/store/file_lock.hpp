// Holds a file for one process: a second store on the same file is refused instead of damaging it.
#pragma once

#include <filesystem>
#include <memory>

#include "base/result.hpp"

namespace lockstep::store {

class FileLock {
 public:
  // Creates the file when needed. Fails with `unavailable` when another store holds it, in this process or another;
  // the message names the holder's process id. The lock goes with the process, also when it is killed.
  static Result<std::unique_ptr<FileLock>> acquire(const std::filesystem::path& path);
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace lockstep::store
