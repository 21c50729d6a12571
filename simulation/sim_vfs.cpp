#include "simulation/sim_vfs.hpp"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/assert.hpp"

namespace lockstep::simulation {
namespace {

using Handle = SimVfs::Handle;

// SQLite gives us room for this; `methods` must come first.
struct OpenFile {
  sqlite3_file base;
  Handle* handle;
};

Handle& handle_of(sqlite3_file* file) { return *reinterpret_cast<OpenFile*>(file)->handle; }
bool dead(const Handle& handle) { return handle.vfs->killed(); }

int code_of(DiskVerdict verdict, int broken) {
  switch (verdict) {
    case DiskVerdict::done: return SQLITE_OK;
    case DiskVerdict::full: return SQLITE_FULL;
    case DiskVerdict::broken: return broken;
  }
  return broken;
}

void drop_locks(Handle& handle) {
  DiskLocks& locks = handle.file->locks;
  if (handle.lock >= SQLITE_LOCK_SHARED) locks.shared = std::max(0, locks.shared - 1);
  if (handle.lock >= SQLITE_LOCK_RESERVED) locks.reserved = false;
  if (handle.lock >= SQLITE_LOCK_PENDING) locks.pending = false;
  if (handle.lock == SQLITE_LOCK_EXCLUSIVE) locks.exclusive = false;
  handle.lock = SQLITE_LOCK_NONE;
}

void drop_memory(Handle& handle) {
  if (!handle.memory) return;
  for (int slot = 0; slot < SharedMemory::kSlots; ++slot) {
    if (handle.shared_slots[slot]) --handle.memory->shared[slot];
    if (handle.exclusive_slots[slot]) handle.memory->exclusive[slot] = false;
    handle.shared_slots[slot] = handle.exclusive_slots[slot] = false;
  }
  if (--handle.memory->users == 0 && handle.file->memory == handle.memory) handle.file->memory = nullptr;
}

int x_close(sqlite3_file* file) {
  Handle* handle = &handle_of(file);
  if (!dead(*handle)) {
    drop_locks(*handle);
    drop_memory(*handle);
    if (handle->delete_on_close) handle->disk->remove(handle->path);
  }
  handle->vfs->remove(handle);
  delete handle;
  return SQLITE_OK;
}

int x_read(sqlite3_file* file, void* out, int size, sqlite3_int64 offset) {
  const Handle& handle = handle_of(file);
  if (dead(handle)) return SQLITE_IOERR_READ;
  const auto wanted = static_cast<std::size_t>(size);
  const std::size_t got = handle.file->read(static_cast<std::size_t>(offset), static_cast<char*>(out), wanted);
  return got == wanted ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

int x_write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
  const Handle& handle = handle_of(file);
  if (dead(handle)) return SQLITE_IOERR_WRITE;
  if (const DiskVerdict verdict = handle.disk->ask(DiskOperation::write); verdict != DiskVerdict::done)
    return code_of(verdict, SQLITE_IOERR_WRITE);
  if (dead(handle)) return SQLITE_IOERR_WRITE;  // the process was killed by this very operation
  handle.file->write(static_cast<std::size_t>(offset),
                     {static_cast<const char*>(bytes), static_cast<std::size_t>(size)});
  return SQLITE_OK;
}

int x_truncate(sqlite3_file* file, sqlite3_int64 size) {
  const Handle& handle = handle_of(file);
  if (dead(handle)) return SQLITE_IOERR_TRUNCATE;
  if (const DiskVerdict verdict = handle.disk->ask(DiskOperation::truncate); verdict != DiskVerdict::done)
    return code_of(verdict, SQLITE_IOERR_TRUNCATE);
  if (dead(handle)) return SQLITE_IOERR_TRUNCATE;
  handle.file->truncate(static_cast<std::size_t>(size));
  return SQLITE_OK;
}

int x_sync(sqlite3_file* file, int) {
  const Handle& handle = handle_of(file);
  if (dead(handle)) return SQLITE_IOERR_FSYNC;
  if (const DiskVerdict verdict = handle.disk->ask(DiskOperation::sync); verdict != DiskVerdict::done)
    return code_of(verdict, SQLITE_IOERR_FSYNC);
  if (dead(handle)) return SQLITE_IOERR_FSYNC;
  handle.file->sync();
  return SQLITE_OK;
}

int x_file_size(sqlite3_file* file, sqlite3_int64* size) {
  const Handle& handle = handle_of(file);
  if (dead(handle)) return SQLITE_IOERR_FSTAT;
  *size = static_cast<sqlite3_int64>(handle.file->size());
  return SQLITE_OK;
}

int x_lock(sqlite3_file* file, int level) {
  Handle& handle = handle_of(file);
  if (dead(handle)) return SQLITE_IOERR_LOCK;
  DiskLocks& locks = handle.file->locks;
  if (handle.lock >= level) return SQLITE_OK;
  switch (level) {
    case SQLITE_LOCK_SHARED:
      if (locks.pending || locks.exclusive) return SQLITE_BUSY;
      ++locks.shared;
      break;
    case SQLITE_LOCK_RESERVED:
      if (locks.reserved) return SQLITE_BUSY;
      locks.reserved = true;
      break;
    default:
      if (handle.lock < SQLITE_LOCK_PENDING) {
        if (locks.pending || (locks.reserved && handle.lock < SQLITE_LOCK_RESERVED)) return SQLITE_BUSY;
        locks.reserved = locks.pending = true;
        handle.lock = SQLITE_LOCK_PENDING;
      }
      if (locks.shared > 1) return SQLITE_BUSY;
      locks.exclusive = true;
  }
  handle.lock = level;
  return SQLITE_OK;
}

int x_unlock(sqlite3_file* file, int level) {
  Handle& handle = handle_of(file);
  if (dead(handle) || handle.lock <= level) return SQLITE_OK;
  DiskLocks& locks = handle.file->locks;
  if (handle.lock >= SQLITE_LOCK_RESERVED) locks.reserved = false;
  if (handle.lock >= SQLITE_LOCK_PENDING) locks.pending = false;
  if (handle.lock == SQLITE_LOCK_EXCLUSIVE) locks.exclusive = false;
  if (level == SQLITE_LOCK_NONE) --locks.shared;
  handle.lock = level;
  return SQLITE_OK;
}

int x_check_reserved(sqlite3_file* file, int* out) {
  *out = handle_of(file).file->locks.reserved ? 1 : 0;
  return SQLITE_OK;
}

int x_file_control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int x_sector_size(sqlite3_file*) { return static_cast<int>(kSectorBytes); }
// As SQLite's own VFS says of the disks of today: bytes beside a write are not harmed by a loss of power.
int x_characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

int x_shm_map(sqlite3_file* file, int region, int bytes, int extend, void volatile** out) {
  Handle& handle = handle_of(file);
  *out = nullptr;
  if (dead(handle)) return SQLITE_IOERR_SHMMAP;
  if (!handle.memory) {
    if (!handle.file->memory) handle.file->memory = std::make_shared<SharedMemory>();
    handle.memory = handle.file->memory;
    ++handle.memory->users;
  }
  auto& regions = handle.memory->regions;
  const auto wanted = static_cast<std::size_t>(region);
  if (regions.size() <= wanted && extend == 0) return SQLITE_OK;
  while (regions.size() <= wanted) regions.push_back(std::make_unique<char[]>(static_cast<std::size_t>(bytes)));
  *out = regions[wanted].get();
  return SQLITE_OK;
}

int x_shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  Handle& handle = handle_of(file);
  const bool unlocks = (flags & SQLITE_SHM_UNLOCK) != 0;
  if (dead(handle)) return unlocks ? SQLITE_OK : SQLITE_IOERR_SHMLOCK;
  SharedMemory& memory = *handle.memory;
  const bool shared = (flags & SQLITE_SHM_SHARED) != 0;
  for (int slot = offset; slot < offset + count && !unlocks; ++slot) {
    const bool others_exclusive = memory.exclusive[slot] && !handle.exclusive_slots[slot];
    const int others_shared = memory.shared[slot] - (handle.shared_slots[slot] ? 1 : 0);
    if (others_exclusive || (!shared && others_shared > 0)) return SQLITE_BUSY;
  }
  for (int slot = offset; slot < offset + count; ++slot) {
    if (unlocks) {
      if (handle.shared_slots[slot]) --memory.shared[slot];
      if (handle.exclusive_slots[slot]) memory.exclusive[slot] = false;
      handle.shared_slots[slot] = handle.exclusive_slots[slot] = false;
    } else if (shared) {
      if (!handle.shared_slots[slot]) ++memory.shared[slot];
      handle.shared_slots[slot] = true;
    } else {
      memory.exclusive[slot] = handle.exclusive_slots[slot] = true;
    }
  }
  return SQLITE_OK;
}

void x_shm_barrier(sqlite3_file*) {}

int x_shm_unmap(sqlite3_file* file, int) {
  Handle& handle = handle_of(file);
  if (!dead(handle)) drop_memory(handle);
  handle.memory = nullptr;
  return SQLITE_OK;
}

const sqlite3_io_methods kMethods = {2,
                                     x_close,
                                     x_read,
                                     x_write,
                                     x_truncate,
                                     x_sync,
                                     x_file_size,
                                     x_lock,
                                     x_unlock,
                                     x_check_reserved,
                                     x_file_control,
                                     x_sector_size,
                                     x_characteristics,
                                     x_shm_map,
                                     x_shm_lock,
                                     x_shm_barrier,
                                     x_shm_unmap,
                                     nullptr,
                                     nullptr};

SimVfs& vfs_of(sqlite3_vfs* vfs) { return *static_cast<SimVfs*>(vfs->pAppData); }

int x_open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  file->pMethods = nullptr;
  SimVfs& ours = vfs_of(vfs);
  if (ours.killed()) return SQLITE_CANTOPEN;
  auto handle = std::make_unique<Handle>();
  handle->vfs = &ours;
  // A file without a name is a temporary one of this connection.
  handle->path = name == nullptr ? "temporary/" + std::to_string(ours.random().next()) : std::string(name);
  handle->disk = ours.disk_of(handle->path);
  handle->delete_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
  handle->file = handle->disk->find(handle->path);
  if (!handle->file && (flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
  if (!handle->file) handle->file = handle->disk->open(handle->path);
  if (out_flags != nullptr) *out_flags = flags;
  ours.add(handle.get());
  reinterpret_cast<OpenFile*>(file)->handle = handle.release();
  file->pMethods = &kMethods;
  return SQLITE_OK;
}

int x_delete(sqlite3_vfs* vfs, const char* name, int) {
  SimVfs& ours = vfs_of(vfs);
  if (ours.killed()) return SQLITE_IOERR_DELETE;
  SimDisk& disk = *ours.disk_of(name);
  if (const DiskVerdict verdict = disk.ask(DiskOperation::remove); verdict != DiskVerdict::done || ours.killed())
    return SQLITE_IOERR_DELETE;
  if (!disk.find(name)) return SQLITE_IOERR_DELETE_NOENT;
  disk.remove(name);
  return SQLITE_OK;
}

int x_access(sqlite3_vfs* vfs, const char* name, int, int* out) {
  SimVfs& ours = vfs_of(vfs);
  if (ours.killed()) return SQLITE_IOERR_ACCESS;
  *out = ours.disk_of(name)->find(name) ? 1 : 0;
  return SQLITE_OK;
}

int x_full_path(sqlite3_vfs*, const char* name, int size, char* out) {
  sqlite3_snprintf(size, out, "%s", name);
  return SQLITE_OK;
}

int x_randomness(sqlite3_vfs* vfs, int size, char* out) {
  for (int i = 0; i < size; ++i) out[i] = static_cast<char>(vfs_of(vfs).random().next());
  return size;
}

int x_sleep(sqlite3_vfs*, int microseconds) { return microseconds; }

int x_time_ms(sqlite3_vfs* vfs, sqlite3_int64* out) {
  constexpr sqlite3_int64 kJulianOf1970 = 210'866'760'000'000;  // milliseconds since noon in Greenwich, 4714 B.C.
  *out = kJulianOf1970 + to_epoch_ms(vfs_of(vfs).clock().now());
  return SQLITE_OK;
}

int x_time(sqlite3_vfs* vfs, double* out) {
  sqlite3_int64 ms = 0;
  x_time_ms(vfs, &ms);
  *out = static_cast<double>(ms) / 86'400'000.0;
  return SQLITE_OK;
}

int x_last_error(sqlite3_vfs*, int, char*) { return 0; }

}  // namespace

SimVfs::SimVfs(std::string name, std::vector<Mount> mounts, const Clock& clock, std::uint64_t seed)
    : name_(std::move(name)), mounts_(std::move(mounts)), clock_(clock), random_(seed) {
  vfs_.iVersion = 2;
  vfs_.szOsFile = sizeof(OpenFile);
  vfs_.mxPathname = 512;
  vfs_.zName = name_.c_str();
  vfs_.pAppData = this;
  vfs_.xOpen = x_open;
  vfs_.xDelete = x_delete;
  vfs_.xAccess = x_access;
  vfs_.xFullPathname = x_full_path;
  vfs_.xRandomness = x_randomness;
  vfs_.xSleep = x_sleep;
  vfs_.xCurrentTime = x_time;
  vfs_.xGetLastError = x_last_error;
  vfs_.xCurrentTimeInt64 = x_time_ms;
  const int code = sqlite3_vfs_register(&vfs_, 0);
  LOCKSTEP_ASSERT(code == SQLITE_OK, "SQLite takes any VFS");
}

SimVfs::~SimVfs() {
  LOCKSTEP_ASSERT(handles_.empty(), "connections are closed before the process's view of the disk goes");
  sqlite3_vfs_unregister(&vfs_);
}

void SimVfs::make_default() { sqlite3_vfs_register(&vfs_, 1); }

SimDisk* SimVfs::disk_of(const std::string& path) const {
  for (const auto& [first, disk] : mounts_) {
    if (path.starts_with(first)) return disk;
  }
  return mounts_.front().second;
}

void SimVfs::kill() {
  if (killed_) return;
  for (Handle* handle : handles_) {
    drop_locks(*handle);
    drop_memory(*handle);
    if (handle->delete_on_close) handle->disk->remove(handle->path);
  }
  killed_ = true;
}

}  // namespace lockstep::simulation
