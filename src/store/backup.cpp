#include "store/backup.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "store/file_lock.hpp"
#include "store/limits.hpp"
#include "store/sqlite_database.hpp"
#include "store/sqlite_schema.hpp"

namespace lockstep::store {
namespace {

Error system_error(const std::string& what, const std::filesystem::path& path) {
  const int code = errno;
  const bool room = code == ENOSPC || code == EDQUOT;
  return {room ? ErrorKind::exhausted : ErrorKind::unavailable,
          what + " " + path.string() + ": " + std::strerror(code),
          {}};
}

Result<void> sync_path(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return fail(system_error("cannot open", path));
  const int synced = ::fsync(descriptor);
  const Error error = system_error("cannot sync", path);
  ::close(descriptor);
  if (synced != 0) return fail(error);
  return {};
}

Result<void> sync_file(const std::filesystem::path& path) {
  LOCKSTEP_CHECK(sync_path(path));
  const std::filesystem::path folder = path.parent_path();
  return sync_path(folder.empty() ? "." : folder);
}

// Refuses to write over anything; the copy holds personal data, so it is for the owner only.
Result<void> create_new(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0 && errno == EEXIST)
    return fail(ErrorKind::conflict, path.string() + " exists already: name another file, or remove it first");
  if (descriptor < 0) return fail(system_error("cannot create", path));
  ::close(descriptor);
  return {};
}

std::string quoted(const std::filesystem::path& path) {
  std::string out = "'";
  for (const char c : path.string()) {
    out += c;
    if (c == '\'') out += c;
  }
  return out + '\'';
}

Result<BackupSummary> look_at(const std::filesystem::path& path) {
  LOCKSTEP_TRY(database, Database::open(path, Database::Mode::read_only, limits::busy_wait));
  LOCKSTEP_CHECK(check_version(*database));
  LOCKSTEP_TRY(version, database->read_integer("PRAGMA user_version"));
  if (version == 0) return fail(ErrorKind::invalid, path.string() + " is no store of Lockstep");
  bool fine = false;
  LOCKSTEP_CHECK(database->each("PRAGMA quick_check(1)", [&](const Row& row) -> Result<void> {
    fine = row.text(0) == "ok";
    return {};
  }));
  if (!fine) return fail(ErrorKind::corrupt, path.string() + " is damaged");
  BackupSummary out;
  LOCKSTEP_TRY(records, database->read_integer("SELECT count(*) FROM record"));
  LOCKSTEP_TRY(last_seq, database->read_integer("SELECT value FROM meta WHERE key = 'last_seq'"));
  std::error_code error;
  out.bytes = std::filesystem::file_size(path, error);
  out.records = static_cast<std::uint64_t>(records);
  out.last_seq = static_cast<Seq>(last_seq);
  return out;
}

Result<void> distrust_outbox(const std::filesystem::path& copy) {
  LOCKSTEP_TRY(database, Database::open(copy, Database::Mode::read_write, limits::busy_wait));
  LOCKSTEP_CHECK(database->execute("PRAGMA journal_mode = DELETE"));  // one file, nothing beside it
  LOCKSTEP_CHECK(migrate(*database));
  return database->execute(distrust_outbox_sql);
}

}  // namespace

Result<BackupSummary> back_up(const std::filesystem::path& store, const std::filesystem::path& target) {
  if (!std::filesystem::exists(store)) return fail(ErrorKind::not_found, "there is no store at " + store.string());
  LOCKSTEP_CHECK(create_new(target));
  const auto copy = [&]() -> Result<BackupSummary> {
    LOCKSTEP_TRY(database, Database::open(store, Database::Mode::read_only, limits::busy_wait));
    LOCKSTEP_CHECK(check_version(*database));
    LOCKSTEP_CHECK(database->execute("VACUUM INTO " + quoted(target)));  // one read transaction
    LOCKSTEP_CHECK(sync_file(target));
    return look_at(target);
  };
  Result<BackupSummary> done = copy();
  std::error_code ignored;
  if (!done) std::filesystem::remove(target, ignored);  // half a backup is none
  return done;
}

Result<BackupSummary> restore(const std::filesystem::path& backup, const std::filesystem::path& store,
                              const std::filesystem::path& aside) {
  if (!std::filesystem::exists(backup)) return fail(ErrorKind::not_found, "there is no file " + backup.string());
  LOCKSTEP_TRY(lock, FileLock::acquire(store.string() + ".lock"));
  LOCKSTEP_TRY(summary, look_at(backup));
  const std::filesystem::path copy = store.string() + ".restoring";
  std::error_code error;
  std::filesystem::remove(copy, error);
  LOCKSTEP_CHECK(create_new(copy));
  std::filesystem::copy_file(backup, copy, std::filesystem::copy_options::overwrite_existing, error);
  if (error) return fail(ErrorKind::unavailable, "cannot copy " + backup.string() + ": " + error.message());
  std::filesystem::permissions(copy, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write, error);
  LOCKSTEP_CHECK(distrust_outbox(copy));
  LOCKSTEP_CHECK(sync_file(copy));
  // The old file goes with its log: a new file beside an old log would be mixed with it.
  for (const char* suffix : {"", "-wal", "-shm"}) {
    const std::filesystem::path from = store.string() + suffix;
    if (!std::filesystem::exists(from)) continue;
    std::filesystem::rename(from, aside.string() + suffix, error);
    if (error) return fail(ErrorKind::unavailable, "cannot move " + from.string() + " aside: " + error.message());
  }
  std::filesystem::rename(copy, store, error);
  if (error) return fail(ErrorKind::unavailable, "cannot put the store in place: " + error.message());
  LOCKSTEP_CHECK(sync_file(store));
  return summary;
}

}  // namespace lockstep::store
