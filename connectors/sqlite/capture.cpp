#include "connectors/sqlite/capture.hpp"

#include <sys/stat.h>

#include <algorithm>

#include "connectors/sqlite/limits.hpp"

namespace lockstep::sqlite_connector {
namespace {

std::uint64_t inode_of(const std::string& path) {
  struct stat status{};
  return stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

}  // namespace

Capture::Look Capture::look() {
  const std::chrono::milliseconds pause = look_and_pause();
  return {pause, durable_};
}

std::chrono::milliseconds Capture::look_and_pause() {
  if (!connection_) {
    if (auto opened = open(); !opened) {
      link_->status("capture is interrupted: " + opened.error().message);
      link_->take_acks();
      return limits::retry_pause;
    }
    link_->status("triggers, looked at every " + std::to_string(settings_.poll.count()) + " ms");
  }
  const Result<std::chrono::milliseconds> watched = watch();
  if (watched) return *watched;
  close();
  link_->status("capture is interrupted: " + watched.error().message);
  return limits::retry_pause;
}

Result<void> Capture::open() {
  auto opened = Connection::open(settings_.path, OpenMode::read_only);
  if (!opened) return fail(opened.error());
  connection_ = std::move(*opened);
  seen_version_ = -1;
  const std::uint64_t inode = inode_of(settings_.path);
  const bool replaced = inode_ != 0 && inode != inode_;
  if (replaced) durable_ = 0;
  inode_ = inode;
  schema_version_ = -1;
  // What was read and is not durable comes again.
  in_flight_.clear();
  first_delivery_ = last_delivery_ + 1;
  cursor_ = durable_;
  if (replaced) {
    // B4: a restored copy knows nothing of what we have seen.
    in_flight_.push_back({++last_delivery_, cursor_, false});
    link_->lost(last_delivery_, "the file was replaced by another one");
  }
  return {};
}

bool Capture::replaced() const { return inode_of(settings_.path) != inode_; }

Result<std::chrono::milliseconds> Capture::watch() {
  if (replaced()) {
    close();
    if (auto opened = open(); !opened) return fail(opened.error());
  }
  if (auto taken = take_acks(); !taken) return fail(taken.error());
  while (in_flight_.size() < limits::capture_in_flight) {
    // Changes when another connection has committed; asking for it costs no read of the file.
    auto version = connection_->number("PRAGMA data_version");
    if (!version) return fail(version.error());
    if (*version == seen_version_) return settings_.poll;
    auto changes = read();
    if (!changes) return fail(changes.error());
    if (changes->empty()) {
      seen_version_ = *version;
      return settings_.poll;
    }
    in_flight_.push_back({++last_delivery_, cursor_, false});
    link_->deliver(last_delivery_, std::move(*changes));
  }
  return limits::retry_pause;  // an acknowledgement cuts it short
}

Result<void> Capture::take_acks() {
  for (const connector::Ack& ack : link_->take_acks()) {
    if (ack.delivery < first_delivery_) continue;
    if (!ack.durable) return fail(ErrorKind::unavailable, "changes could not be committed here and are read again");
    const auto found = std::ranges::find(in_flight_, ack.delivery, &InFlight::delivery);
    if (found != in_flight_.end()) found->durable = true;
  }
  while (!in_flight_.empty() && in_flight_.front().durable) {
    durable_ = in_flight_.front().last;
    in_flight_.pop_front();
  }
  return {};
}

Result<std::vector<sync::Change>> Capture::read() {
  auto transaction = Transaction::begin(*connection_, OpenMode::read_only);
  if (!transaction) return fail(transaction.error());
  auto schema = connection_->number("PRAGMA schema_version");
  if (!schema) return fail(schema.error());
  if (*schema != schema_version_) {
    auto tables = read_tables(*connection_, settings_.objects);
    if (!tables) return fail(tables.error());
    tables_ = std::move(*tables);
    schema_version_ = *schema;
  }
  auto entries = connection_->prepare(
      "SELECT max(seq), tbl, key FROM (SELECT seq, tbl, key FROM _lockstep_changes WHERE seq > ?1 ORDER BY seq LIMIT "
      "?2) "
      "GROUP BY tbl, key ORDER BY 1");
  if (!entries) return fail(entries.error());
  entries->bind(1, cursor_);
  entries->bind(2, static_cast<std::int64_t>(limits::capture_batch));
  std::vector<sync::Change> changes;
  std::int64_t newest = cursor_;
  for (auto row = entries->step();; row = entries->step()) {
    if (!row) return fail(row.error());
    if (!*row) break;
    newest = std::max(newest, entries->number(0));
    auto change = read_row(entries->text(1), entries->text(2), entries->number(0));
    if (!change) return fail(change.error());
    if (*change) changes.push_back(std::move(**change));
  }
  cursor_ = newest;
  connection_->trim();
  return changes;
}

Result<std::optional<sync::Change>> Capture::read_row(const std::string& object, const std::string& key,
                                                      std::int64_t number) {
  const auto table = tables_.find(object);
  if (table == tables_.end()) return std::optional<sync::Change>();  // not ours any more
  auto statement = connection_->kept("SELECT " + table->second.select_list() + " FROM " + quote_name(object) +
                                     " WHERE " + quote_name(table->second.key) + " = ?1");
  if (!statement) return fail(statement.error());
  bind_key(**statement, 1, table->second, key);
  auto found = (*statement)->step();
  if (!found) return fail(found.error());
  sync::Change change;
  change.object = object;
  change.external_id = key;
  change.version = static_cast<sync::Version>(number) + 1;  // as in version_sql
  change.via = sync::Via::capture;
  change.kind = *found ? sync::ChangeKind::upserted : sync::ChangeKind::deleted;
  if (*found) change.document = sqlite_connector::read_row(**statement, table->second, 0);
  (*statement)->reset();
  return std::optional<sync::Change>(std::move(change));
}

}  // namespace lockstep::sqlite_connector
