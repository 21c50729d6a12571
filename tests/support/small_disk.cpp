#include "tests/support/small_disk.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace lockstep::tests {

SmallDisk::SmallDisk(const std::filesystem::path& folder, std::size_t bytes) : folder_(folder) {
  std::error_code ignored;  // mount says what is wrong
  std::filesystem::create_directories(folder_, ignored);
  const std::string options = "mode=0700,size=" + std::to_string(bytes);
  if (mount("lockstep-test", folder_.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) != 0)
    problem_ = std::string("a tmpfs can not be mounted: ") + std::strerror(errno);
}

SmallDisk::~SmallDisk() {
  if (problem_.empty()) umount2(folder_.c_str(), MNT_DETACH);
}

bool SmallDisk::fill() {
  const int file = open(filler().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return errno == ENOSPC;
  static const std::string block(1 << 16, 'x');
  std::size_t size = block.size();
  lseek(file, 0, SEEK_END);
  while (size > 0) {
    if (write(file, block.data(), size) < 0) {
      if (errno != ENOSPC) break;
      size /= 2;
    }
  }
  close(file);
  return size == 0;
}

void SmallDisk::free() {
  std::error_code ignored;  // it may not be there
  std::filesystem::remove(filler(), ignored);
}

std::uintmax_t SmallDisk::bytes_free() const {
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(folder_, error);
  return error ? 0 : space.free;
}

}  // namespace lockstep::tests
