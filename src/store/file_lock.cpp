#include "store/file_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

namespace lockstep::store {

namespace {

std::string holder_of(int descriptor) {
  std::array<char, 32> text{};
  const ssize_t size = ::pread(descriptor, text.data(), text.size(), 0);
  return size > 0 ? std::string(text.data(), static_cast<std::size_t>(size)) : std::string("unknown");
}

}  // namespace

Result<std::unique_ptr<FileLock>> FileLock::acquire(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    return fail(ErrorKind::unavailable, "cannot open " + path.string() + ": " + std::strerror(errno));
  }
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    std::string holder = holder_of(descriptor);
    ::close(descriptor);
    return fail(ErrorKind::unavailable, "the store is in use by process " + holder + " (" + path.string() +
                                            "): stop it first, or give this one another data folder");
  }
  // The id only helps people; the lock itself is the kernel's.
  const std::string pid = std::to_string(::getpid());
  if (::ftruncate(descriptor, 0) != 0 || ::pwrite(descriptor, pid.data(), pid.size(), 0) < 0) {
    const int reason = errno;
    if (reason != ENOSPC && reason != EDQUOT) {
      ::close(descriptor);
      return fail(ErrorKind::unavailable, "cannot write " + path.string() + ": " + std::strerror(reason));
    }
  }
  return std::unique_ptr<FileLock>(new FileLock(descriptor));
}

FileLock::~FileLock() { ::close(descriptor_); }

}  // namespace lockstep::store
