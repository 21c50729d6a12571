// Reads tables of systems for the server itself, and sees to it that what is on its way can end.
#pragma once

#include <functional>
#include <memory>

#include "base/task.hpp"
#include "connector/connector.hpp"
#include "connector/tables.hpp"

namespace lockstep::app {

class TableReader {
 public:
  using Done = std::move_only_function<void(connector::TableResult)>;

  TableReader() = default;
  // What is on its way still calls its `done`, once its connector has stopped and the loop runs on.
  ~TableReader();
  TableReader(const TableReader&) = delete;
  TableReader& operator=(const TableReader&) = delete;

  // Calls `done` once. The connector lives until then.
  void read(std::shared_ptr<connector::Connector> connector, connector::TableRead read, Done done);

 private:
  std::unique_ptr<TaskScope> reads_ = std::make_unique<TaskScope>();
};

}  // namespace lockstep::app
