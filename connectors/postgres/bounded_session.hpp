// One connection for reads that end in time, whatever the server and the network do: libpq's asynchronous calls, waited
// for with a deadline. After a failure of the connection or the time it is closed; the owner opens a new one.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "connectors/postgres/session.hpp"

namespace lockstep::postgres {

using Deadline = std::chrono::steady_clock::time_point;

// Ends waiting, for good, from another thread.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;
  void raise() const;
  int handle() const { return handle_; }

 private:
  int handle_;
};

class BoundedSession {
 public:
  static Sql<std::unique_ptr<BoundedSession>> open(const Settings& settings, const Interrupt& interrupt,
                                                   Deadline deadline);

  // One statement with text parameters; the first column of its rows. A failure of state "" closes the connection; one
  // of state `too_large` means that the answer passed `bytes`, and closes it as well.
  Sql<std::vector<std::string>> query(const std::string& sql, const Parameters& parameters, std::size_t bytes,
                                      Deadline deadline);
  bool broken() const { return !connection_; }

  static constexpr const char* too_large = "too large";

 private:
  BoundedSession(PGconn* connection, const Interrupt& interrupt) : connection_(connection), interrupt_(interrupt) {}
  Sql<void> finish_connecting(Deadline deadline);
  Sql<void> send(Deadline deadline);
  // Until a result can be taken without waiting.
  Sql<void> await_result(Deadline deadline);
  Sql<void> wait(short events, Deadline deadline) const;
  SqlFailure close(SqlFailure why);

  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  std::unique_ptr<PGconn, Finish> connection_;
  const Interrupt& interrupt_;
};

}  // namespace lockstep::postgres
