// Capture by logical replication: reads the slot's stream, hands batches to the link, acknowledges what is durable.
//
// Runs on the capture's thread until the link stops. Connections that break are made again with backoff. A position
// is acknowledged only once everything before it is durable here (B3); a slot that is missing, invalidated or not the
// one that was left is made anew and said to be lost (B4).
#pragma once

#include <deque>
#include <memory>

#include "connector/capture_link.hpp"
#include "connectors/postgres/history.hpp"
#include "connectors/postgres/row_decoder.hpp"

namespace lockstep::postgres {

class Replication {
 public:
  Replication(Settings settings, std::shared_ptr<History> history, std::shared_ptr<connector::CaptureLink> link);

  void run();

 private:
  struct InFlight {
    std::uint64_t delivery = 0;
    wire::pgoutput::Lsn end = 0;  // may be acknowledged when this and all before are durable; 0: nothing
    bool durable = false;
  };
  enum class Next { again, anew };  // anew: the slot cannot be read any more

  Sql<void> connect();
  // Whether it is the one that was read before.
  Sql<void> meet_server();
  Sql<void> read_tables();
  Sql<void> prepare_slot();
  Sql<void> make_slot(const std::string& why);
  // Reads until something fails; nullopt when the link stops.
  std::optional<SqlFailure> stream();
  Sql<void> take_acks();
  Sql<void> handle(std::string_view bytes);
  Sql<void> handle_message(std::string_view payload);
  Sql<void> describe(const wire::pgoutput::Relation& relation);
  Sql<void> add(Result<std::vector<sync::Change>> changes, std::size_t bytes);
  void flush();
  void lost(const std::string& reason);
  Sql<void> send_status();
  void forget_stream();

  Settings settings_;
  std::shared_ptr<History> history_;
  std::string server_;      // that was read last
  sync::Version base_ = 0;  // of its positions
  RowDecoder decoder_;
  std::shared_ptr<connector::CaptureLink> link_;
  SystemClock clock_;
  std::unique_ptr<Session> session_;
  Next next_ = Next::again;

  std::uint64_t last_delivery_ = 0;
  std::uint64_t first_delivery_ = 1;  // of this connection; acknowledgements of older ones say nothing
  std::deque<InFlight> in_flight_;
  std::vector<sync::Change> pending_;
  std::size_t pending_bytes_ = 0;
  sync::Version version_ = 0;  // of the open transaction: the position of its commit record
  bool in_transaction_ = false;
  wire::pgoutput::Lsn read_end_ = 0;  // end of the last transaction that was read whole
  wire::pgoutput::Lsn durable_ = 0;   // everything before is durable here
  wire::pgoutput::Lsn reported_ = 0;
  Duration status_at_{0};
  Duration heard_at_{0};
  bool status_wanted_ = false;
};

}  // namespace lockstep::postgres
