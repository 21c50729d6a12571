#include "connectors/postgres/bounded_session.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/assert.hpp"
#include "connectors/postgres/limits.hpp"

namespace lockstep::postgres {
namespace {

SqlFailure no_answer() { return {"", "", "", "the server does not answer in time"}; }

// 25006, too, says this elsewhere: here it is a function of a view that wants to write.
bool ends_connection(const SqlFailure& failure) { return failure.state != "25006" && is_disconnect(failure); }

}  // namespace

Interrupt::Interrupt() : handle_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  LOCKSTEP_ASSERT(handle_ >= 0, "the system gives an eventfd");
}
Interrupt::~Interrupt() { ::close(handle_); }
void Interrupt::raise() const {
  const std::uint64_t one = 1;
  const ssize_t written = ::write(handle_, &one, sizeof one);
  LOCKSTEP_ASSERT(written == sizeof one || errno == EAGAIN, "an eventfd counts up, or is full and so raised already");
}
Sql<std::unique_ptr<BoundedSession>> BoundedSession::open(const Settings& settings, const Interrupt& interrupt,
                                                          Deadline deadline) {
  const ConnectionWords words(settings, SessionKind::sql);
  std::unique_ptr<BoundedSession> session(
      new BoundedSession(PQconnectStartParams(words.names().data(), words.values().data(), 1), interrupt));
  if (auto connected = session->finish_connecting(deadline); !connected) return std::unexpected(connected.error());
  silence_notices(session->connection_.get());
  if (PQsetnonblocking(session->connection_.get(), 1) != 0)
    return std::unexpected(connect_failure(session->connection_.get()));
  auto set = session->query(session_setup(settings.read_statement_time), {}, limits::read_bytes, deadline);
  if (!set) return std::unexpected(set.error());
  return session;
}

Sql<void> BoundedSession::finish_connecting(Deadline deadline) {
  for (PostgresPollingStatusType next = PGRES_POLLING_WRITING; next != PGRES_POLLING_OK;) {
    if (next == PGRES_POLLING_FAILED || PQstatus(connection_.get()) == CONNECTION_BAD)
      return std::unexpected(connect_failure(connection_.get()));
    if (auto ready = wait(next == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline); !ready) return ready;
    next = PQconnectPoll(connection_.get());
  }
  return {};
}

Sql<void> BoundedSession::wait(short events, Deadline deadline) const {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return std::unexpected(no_answer());
    pollfd handles[] = {{PQsocket(connection_.get()), events, 0}, {interrupt_.handle(), POLLIN, 0}};
    const int ready = poll(handles, 2, static_cast<int>(left.count()));
    if (ready < 0 && errno == EINTR) continue;
    if (handles[1].revents != 0) return std::unexpected(SqlFailure{"", "", "", "the connector stops"});
    if (ready > 0) return {};
  }
}

Sql<void> BoundedSession::send(Deadline deadline) {
  for (;;) {
    const int left = PQflush(connection_.get());
    if (left == 0) return {};
    if (left < 0) return std::unexpected(connect_failure(connection_.get()));
    // The server may want to be read before it reads on.
    if (auto ready = wait(POLLIN | POLLOUT, deadline); !ready) return ready;
    if (PQconsumeInput(connection_.get()) == 0) return std::unexpected(connect_failure(connection_.get()));
  }
}

Sql<void> BoundedSession::await_result(Deadline deadline) {
  while (PQisBusy(connection_.get()) != 0) {
    if (auto ready = wait(POLLIN, deadline); !ready) return ready;
    if (PQconsumeInput(connection_.get()) == 0) return std::unexpected(connect_failure(connection_.get()));
  }
  return {};
}

SqlFailure BoundedSession::close(SqlFailure why) {
  connection_.reset();
  return why;
}

Sql<std::vector<std::string>> BoundedSession::query(const std::string& sql, const Parameters& parameters,
                                                    std::size_t bytes, Deadline deadline) {
  std::vector<const char*> values;
  values.reserve(parameters.size());
  for (const auto& parameter : parameters) values.push_back(parameter ? parameter->c_str() : nullptr);
  const bool sent = PQsendQueryParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()), nullptr,
                                      values.data(), nullptr, nullptr, 0) == 1 &&
                    PQsetSingleRowMode(connection_.get()) == 1;
  if (!sent) return std::unexpected(close(connect_failure(connection_.get())));
  if (auto flushed = send(deadline); !flushed) return std::unexpected(close(flushed.error()));
  std::vector<std::string> out;
  std::size_t size = 0;
  std::optional<SqlFailure> failure;
  for (;;) {
    if (auto ready = await_result(deadline); !ready) return std::unexpected(close(ready.error()));
    PGresult* const next = PQgetResult(connection_.get());
    if (next == nullptr) break;
    const Rows rows(next);
    if (rows.status() == PGRES_FATAL_ERROR || rows.status() == PGRES_BAD_RESPONSE) {
      failure = failure_of(next);
      if (PQstatus(connection_.get()) == CONNECTION_BAD || ends_connection(*failure))
        return std::unexpected(close(std::move(*failure)));
      continue;
    }
    for (int row = 0; row < rows.size(); ++row) {
      size += rows.text(row, 0).size();
      if (size > bytes) return std::unexpected(close({too_large, "", "", ""}));
      out.push_back(rows.str(row, 0));
    }
  }
  if (failure) return std::unexpected(std::move(*failure));
  return out;
}

}  // namespace lockstep::postgres
