#include "simulation/sim_disk.hpp"

#include <algorithm>
#include <cstring>

namespace lockstep::simulation {

std::size_t DiskFile::read(std::size_t offset, char* out, std::size_t size) const {
  const std::size_t there = offset >= content_.size() ? 0 : std::min(size, content_.size() - offset);
  if (there > 0) std::memcpy(out, content_.data() + offset, there);
  std::memset(out + there, 0, size - there);
  return there;
}

void DiskFile::write(std::size_t offset, std::string_view bytes) {
  Change change;
  change.offset = offset;
  change.size_before = content_.size();
  change.after = bytes;
  if (content_.size() < offset + bytes.size()) content_.resize(offset + bytes.size());
  change.before = content_.substr(offset, bytes.size());
  content_.replace(offset, bytes.size(), bytes);
  pending_.push_back(std::move(change));
}

void DiskFile::truncate(std::size_t size) {
  Change change;
  change.truncates = true;
  change.offset = size;
  change.size_before = content_.size();
  if (size < content_.size()) change.before = content_.substr(size);
  content_.resize(size);
  pending_.push_back(std::move(change));
}

void DiskFile::lose_power(Random& random) {
  if (pending_.empty()) return;
  // Back to what is certain ...
  for (auto change = pending_.rbegin(); change != pending_.rend(); ++change) {
    if (change->truncates) {
      content_.resize(change->size_before);
      content_.replace(change->offset, change->before.size(), change->before);
    } else {
      content_.replace(change->offset, change->before.size(), change->before);
      content_.resize(change->size_before);
    }
  }
  // ... and forward with what happened to reach the disk: in some crashes nearly all, in some nearly nothing.
  const std::uint64_t kept_percent = random.below(101);
  for (const Change& change : pending_) {
    if (change.truncates) {
      if (random.below(100) < kept_percent) content_.resize(change.offset);
      continue;
    }
    std::size_t at = change.offset;
    const std::size_t end = change.offset + change.after.size();
    while (at < end) {
      const std::size_t next = std::min(end, (at / kSectorBytes + 1) * kSectorBytes);
      if (random.below(100) < kept_percent) {
        if (content_.size() < next) content_.resize(next);
        content_.replace(at, next - at, change.after, at - change.offset, next - at);
      }
      at = next;
    }
  }
  pending_.clear();
}

std::shared_ptr<DiskFile> SimDisk::find(const std::string& path) const {
  const auto at = files_.find(path);
  return at == files_.end() ? nullptr : at->second;
}

std::shared_ptr<DiskFile> SimDisk::open(const std::string& path) {
  std::shared_ptr<DiskFile>& file = files_[path];
  if (!file) file = std::make_shared<DiskFile>();
  return file;
}

void SimDisk::lose_power() {
  for (auto& [path, file] : files_) {
    file->lose_power(random_);
    file->locks = {};
    file->memory = nullptr;
  }
}

}  // namespace lockstep::simulation
