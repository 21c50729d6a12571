#include "app/ports/key_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace lockstep::app {
namespace {

constexpr std::size_t kFileBytesLimit = 256;  // 64 digits and a newline; whatever is larger is no key

class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags) : number_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }
  bool open() const { return number_ >= 0; }

 private:
  int number_;
};

std::unexpected<Error> system_error(ErrorKind kind, const std::string& what, const std::filesystem::path& path) {
  return fail(kind, what + " " + path.string() + ": " + std::strerror(errno));
}

}  // namespace

Result<std::optional<wire::SealingKey>> read_key_file(const std::filesystem::path& path) {
  const Descriptor file(path, O_RDONLY);
  if (!file.open() && errno == ENOENT) return std::nullopt;
  if (!file.open()) return system_error(ErrorKind::unauthorized, "cannot read the key", path);
  struct stat status{};
  if (::fstat(file.number(), &status) != 0) return system_error(ErrorKind::unauthorized, "cannot read the key", path);
  if ((status.st_mode & 0077) != 0) {
    return fail(ErrorKind::unauthorized,
                "others may read the key " + path.string() + ": chmod 600 it, and use a new one if they did");
  }
  std::array<char, kFileBytesLimit> bytes{};
  const ssize_t size = ::read(file.number(), bytes.data(), bytes.size());
  if (size < 0) return system_error(ErrorKind::unauthorized, "cannot read the key", path);
  std::string_view text(bytes.data(), static_cast<std::size_t>(size));
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  Result<wire::SealingKey> key = wire::SealingKey::parse(text);
  ::explicit_bzero(bytes.data(), bytes.size());
  if (!key) return fail(key.error().kind, path.string() + ": " + key.error().message);
  return std::move(*key);
}

Result<wire::SealingKey> make_key_file(const std::filesystem::path& path) {
  LOCKSTEP_TRY(key, wire::SealingKey::random());
  const std::string line = key.text() + "\n";
  // Whole or not at all: written beside it, then linked, which never replaces what is there.
  const std::filesystem::path draft = path.string() + ".new";
  ::unlink(draft.c_str());
  {
    const Descriptor file(draft, O_WRONLY | O_CREAT | O_EXCL);
    if (!file.open()) return system_error(ErrorKind::unavailable, "cannot make the key", draft);
    if (::write(file.number(), line.data(), line.size()) != static_cast<ssize_t>(line.size()) ||
        ::fsync(file.number()) != 0)
      return system_error(ErrorKind::unavailable, "cannot write the key", draft);
  }
  const int linked = ::link(draft.c_str(), path.c_str());
  const int trouble = errno;
  ::unlink(draft.c_str());
  errno = trouble;
  if (linked != 0 && trouble == EEXIST) return fail(ErrorKind::conflict, "there is a key already: " + path.string());
  if (linked != 0) return system_error(ErrorKind::unavailable, "cannot make the key", path);
  const Descriptor folder(path.has_parent_path() ? path.parent_path() : ".", O_RDONLY);
  if (!folder.open() || ::fsync(folder.number()) != 0)
    return system_error(ErrorKind::unavailable, "cannot sync the folder of", path);
  return key;
}

}  // namespace lockstep::app
