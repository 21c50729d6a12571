// A disk of a few megabytes for one folder, and a file that eats its room. Needs the right to mount.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace lockstep::tests {

class SmallDisk {
 public:
  SmallDisk(const std::filesystem::path& folder, std::size_t bytes);
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  // "" when it is there; else why not.
  const std::string& problem() const { return problem_; }
  bool fill();  // no byte is left
  void free();
  std::uintmax_t bytes_free() const;

 private:
  std::filesystem::path filler() const { return folder_ / "filler"; }

  std::filesystem::path folder_;
  std::string problem_;
};

}  // namespace lockstep::tests
