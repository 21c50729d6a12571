// Capture by triggers: every change of a row leaves its key in _lockstep_changes. This reads the entries in order and
// hands the rows, as they are in the same snapshot, to the link. Lives on the capture's worker; who calls look() waits
// in between, so that it needs no thread that sleeps.
//
// SQLite has one writer at a time, so entries are committed in the order of their numbers and a cursor skips none.
// Entries are erased by the writing connection once they and all before them are durable (B3, sqlite_connector.cpp):
// deliveries are committed in any order while a disk is full.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <optional>

#include "connector/capture_link.hpp"
#include "connectors/sqlite/tables.hpp"

namespace lockstep::sqlite_connector {

class Capture {
 public:
  Capture(Settings settings, std::shared_ptr<connector::CaptureLink> link)
      : settings_(std::move(settings)), link_(std::move(link)) {}

  struct Look {
    std::chrono::milliseconds pause;  // when to look again at the latest
    std::int64_t durable = 0;         // number of the newest entry that is durable with all before it
  };
  // Takes acknowledgements and hands over what is new.
  Look look();
  void close() { connection_.reset(); }

 private:
  struct InFlight {
    std::uint64_t delivery = 0;
    std::int64_t last = 0;  // number of its newest entry
    bool durable = false;
  };

  std::chrono::milliseconds look_and_pause();
  Result<void> open();
  Result<std::chrono::milliseconds> watch();
  // What stands after the cursor, at most one batch. Empty: nothing.
  Result<std::vector<sync::Change>> read();
  Result<std::optional<sync::Change>> read_row(const std::string& object, const std::string& key, std::int64_t number);
  Result<void> take_acks();
  bool replaced() const;

  Settings settings_;
  std::shared_ptr<connector::CaptureLink> link_;
  std::unique_ptr<Connection> connection_;
  Tables tables_;
  std::int64_t schema_version_ = -1;
  std::int64_t seen_version_ = -1;  // of the data, when there was nothing more to read
  std::uint64_t inode_ = 0;
  std::uint64_t last_delivery_ = 0;
  std::uint64_t first_delivery_ = 1;  // since the last opening
  std::int64_t cursor_ = 0;           // number of the newest entry that was read
  std::int64_t durable_ = 0;
  std::deque<InFlight> in_flight_;
};

}  // namespace lockstep::sqlite_connector
