// Capture by triggers: every change of a row leaves its key in lockstep.changes_<system>, in the same transaction.
//
// Runs on the capture's thread until the link stops. An entry says which row, not what: the row is read when the entry
// is handled, in one snapshot with it, so a delivered row is never older than its version. Entries are erased one by
// one, by number, after they are durable here (B3); one whose transaction commits late is simply found later, so no
// gap can be skipped, and of one row the entries are in order because its lock is held while they are numbered.
#pragma once

#include <memory>
#include <vector>

#include "connector/capture_link.hpp"
#include "connectors/postgres/history.hpp"
#include "connectors/postgres/layout.hpp"

namespace lockstep::postgres {

class OutboxDrain {
 public:
  // `why`: for the status, why replication is not used.
  OutboxDrain(Settings settings, std::string why, std::shared_ptr<History> history,
              std::shared_ptr<connector::CaptureLink> link);

  void run();

 private:
  struct Entry {
    std::string table;
    std::string key;  // a JSON array of texts
    sync::Version version = 0;
  };
  struct Read {
    std::vector<sync::Change> changes;
    std::vector<std::string> truncated;
    std::string numbers;  // of the entries read, as a JSON array
    bool more = false;
  };

  Sql<void> connect();
  // Until something fails; nullopt when the link stops.
  std::optional<SqlFailure> drain();
  Sql<Read> read();
  Sql<void> read_rows(const TableLayout& table, const std::vector<Entry>& entries, std::vector<sync::Change>& changes);
  enum class Settled { durable, refused, stopping };
  Settled wait_until_durable();
  // Why the drain ends after an answer that was not `durable`.
  static std::optional<SqlFailure> after(Settled settled);

  Settings settings_;
  SharedLayout layout_;  // read at each connect
  std::string why_;
  std::shared_ptr<History> history_;
  std::string server_;      // that was read last
  bool moved_ = false;      // to another server, and not said yet
  sync::Version base_ = 0;  // of its numbers
  std::shared_ptr<connector::CaptureLink> link_;
  std::unique_ptr<Session> session_;
  std::uint64_t last_delivery_ = 0;
};

}  // namespace lockstep::postgres
