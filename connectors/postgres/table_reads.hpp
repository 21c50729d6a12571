// Reads for dashboards: a few connections of their own, so that no read waits for the synchronisation and none of it for
// reads. Connections are opened when they are needed. All calls come on the loop's thread.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "connector/ports.hpp"
#include "connector/tables.hpp"
#include "connectors/postgres/bounded_session.hpp"

namespace lockstep::postgres {

class TableReads final : public connector::Tables {
 public:
  TableReads(Settings settings, Loop& loop, std::function<std::unique_ptr<connector::WorkerPort>()> make_worker);
  ~TableReads() override;
  TableReads(const TableReads&) = delete;
  TableReads& operator=(const TableReads&) = delete;

  Task<connector::TableResult> read(connector::TableRead read) override;
  // Reads that are on their way end at once, with an error.
  Task<void> stop();

 private:
  struct Connection;
  Task<Connection*> connection();
  void give_back(Connection* connection);

  const Settings settings_;
  Loop& loop_;
  const std::function<std::unique_ptr<connector::WorkerPort>()> make_worker_;
  Interrupt interrupt_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> idle_;
  std::deque<Completion<Connection*>::Done> waiting_;
  std::size_t running_ = 0;
  bool stopping_ = false;
  Action stopped_;
};

}  // namespace lockstep::postgres
