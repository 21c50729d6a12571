// Whose a temporary folder is, so that what a killed program has left can be told from what another one still uses.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace lockstep::tests {

// A process as nobody after it is called: where its number counts, the number, and when it started. "" when there is none.
inline std::string process_mark(pid_t process) {
  const std::string folder = "/proc/" + std::to_string(process);
  std::error_code gone;
  const auto numbers = std::filesystem::read_symlink(folder + "/ns/pid", gone);
  std::ifstream file(folder + "/stat");
  const std::string stat{std::istreambuf_iterator<char>(file), {}};
  std::size_t at = stat.rfind(')');  // of the name, which may hold anything
  if (gone || at == std::string::npos || stat.substr(at, 3) == ") Z") return "";
  for (int field = 2; field < 22 && at != std::string::npos; ++field) at = stat.find(' ', at + 1);
  if (at == std::string::npos) return "";
  return numbers.string() + " " + std::to_string(process) + " " + stat.substr(at + 1, stat.find(' ', at + 1) - at - 1);
}

inline std::filesystem::path owner_file(const std::filesystem::path& folder) { return folder / "owner"; }

inline void note_owner(const std::filesystem::path& folder) {
  std::ofstream(owner_file(folder)) << process_mark(getpid());
}

}  // namespace lockstep::tests
