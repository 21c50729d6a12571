// What the demo shows: the mirror with its progress, edits that travel in both directions with their latencies, and the
// final comparison of what the systems truly hold.
#pragma once

#include <string>
#include <vector>

#include "app/commands/terminal.hpp"
#include "app/run/demo_stage.hpp"
#include "net/http_client.hpp"

namespace lockstep::app {

class DemoShow {
 public:
  DemoShow(DemoStage& stage, Terminal& out, net::EventLoop& loop, net::HttpClient& client)
      : stage_(stage), out_(out), loop_(loop), client_(client) {}

  // Waits until the first mirror has ended and nothing is left to write.
  Task<Result<void>> mirror();
  // `rounds` edits in each direction.
  Task<Result<void>> edits(std::size_t rounds);
  // Compares the CRM's true state with the database's rows, field by field. Reads both directly, beside Lockstep.
  Task<Result<void>> compare();

 private:
  struct Person {
    std::string record, crm_id, db_id, name;
  };

  Task<Result<Json>> api(std::string method, std::string path, Json body = nullptr);
  Task<void> pause(Duration time);
  Task<Result<std::vector<Person>>> people(std::size_t count);
  // Looks every millisecond until `holds` says yes; how long it took, or an error after ten seconds.
  Task<Result<Duration>> wait_until(std::move_only_function<Result<bool>()> holds);
  Task<Result<void>> quiet();
  Result<std::vector<std::string>> differences(std::size_t& compared);
  void tell(std::string_view direction, const std::string& what, Duration took);
  void summarize(std::string_view direction, std::vector<Duration> times);

  DemoStage& stage_;
  Terminal& out_;
  net::EventLoop& loop_;
  net::HttpClient& client_;
};

}  // namespace lockstep::app
