#include "connectors/postgres/table_reads.hpp"

#include <charconv>
#include <utility>

#include "base/assert.hpp"
#include "connectors/postgres/limits.hpp"
#include "connectors/postgres/read_statement.hpp"

namespace lockstep::postgres {
namespace {

using connector::TableFailure;
using connector::TableResult;
using connector::TableRole;
using connector::TableRows;

TableFailure no_connection(std::string why) { return {{ErrorKind::unavailable, std::move(why), {}}, ""}; }

ErrorKind kind_of(const std::string& state) {
  if (state == BoundedSession::too_large) return ErrorKind::exhausted;
  if (state == "42P01" || state == "3F000") return ErrorKind::not_found;
  if (state == "42501") return ErrorKind::unauthorized;
  if (state == "25006") return ErrorKind::invalid;  // a function of a view that wants to write
  // Credentials of our own that do not work are no fault of the caller's.
  if (is_transient({state, "", "", ""}) || state.starts_with("28") || state == "3D000") return ErrorKind::unavailable;
  return ErrorKind::invalid;
}

TableFailure to_failure(const SqlFailure& failure) {
  if (failure.state == BoundedSession::too_large) {
    return {{ErrorKind::exhausted,
             "the answer is larger than " + std::to_string(limits::read_bytes >> 20U) + " MiB: ask for less of it",
             {}},
            ""};
  }
  if (failure.state == "57014")
    return {{ErrorKind::unavailable, "the database took too long: ask for less, or for what an index finds", {}},
            failure.state};
  return {{kind_of(failure.state), failure.detail.empty() ? describe(failure) : failure.detail, {}}, failure.state};
}

TableFailure to_role_failure(const SqlFailure& failure, const TableRole& role) {
  TableFailure out = to_failure(failure);
  // 22023: there is no such role; 42501: ours may not become it.
  if (failure.state == "22023" || failure.state == "42501") {
    out.kind = ErrorKind::unavailable;
    out.message = "the database does not let this connection read as " + role.name + ": GRANT " + role.name +
                  " TO the role that it signs in as";
  }
  return out;
}

// What a read does on its worker's thread.
class Reading {
 public:
  Reading(BoundedSession& session, Deadline deadline) : session_(session), deadline_(deadline) {}

  TableResult run(const ReadStatement& statement, const TableRole& role) {
    auto begun = query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    if (!begun) return std::unexpected(to_failure(begun.error()));
    TableResult result = inside(statement, role);
    // A connection whose transaction stays open would read an old state ever after.
    if (!session_.broken()) {
      if (auto ended = query("ROLLBACK"); !ended && result) return std::unexpected(to_failure(ended.error()));
    }
    return result;
  }

 private:
  TableResult inside(const ReadStatement& statement, const TableRole& role) {
    for (const auto& [name, held] :
         {std::pair("request.jwt.claims", &role.claims), std::pair("lockstep.sources", &role.sources),
          std::pair("lockstep.businesses", &role.businesses)}) {
      if (held->is_null()) continue;
      auto set = query("SELECT set_config($1, $2, true)", {std::string(name), to_text(*held)});
      if (!set) return std::unexpected(to_failure(set.error()));
    }
    if (!role.name.empty()) {
      auto set = query("SELECT set_config('role', $1, true)", {role.name});
      if (!set) return std::unexpected(to_role_failure(set.error(), role));
    }
    TableRows out;
    if (!statement.count.empty()) {
      auto total = query(statement.count, statement.parameters);
      if (!total) return std::unexpected(to_failure(total.error()));
      std::uint64_t number = 0;
      const std::string& text = total->empty() ? std::string() : total->front();
      std::from_chars(text.data(), text.data() + text.size(), number);
      out.total = number;
    }
    auto rows = query(statement.rows, statement.parameters);
    if (!rows) return std::unexpected(to_failure(rows.error()));
    out.rows = std::move(*rows);
    return out;
  }

  Sql<std::vector<std::string>> query(const std::string& sql, const Parameters& parameters = {}) {
    return session_.query(sql, parameters, limits::read_bytes, deadline_);
  }

  BoundedSession& session_;
  const Deadline deadline_;
};

}  // namespace

struct TableReads::Connection {
  explicit Connection(std::unique_ptr<connector::WorkerPort> port) : worker(std::move(port)) {}

  // On the worker's thread. A connection that stood idle may have been cut since: then once more on a new one.
  TableResult read(const Settings& settings, const Interrupt& interrupt, const ReadStatement& statement,
                   const TableRole& role, Deadline deadline) {
    for (bool fresh = false;;) {
      if (!session || session->broken()) {
        session.reset();
        auto opened = BoundedSession::open(settings, interrupt, deadline);
        if (!opened) return std::unexpected(no_connection(describe(opened.error())));
        session = std::move(*opened);
        fresh = true;
      }
      TableResult result = Reading(*session, deadline).run(statement, role);
      const bool cut = !result && session->broken() && result.error().kind == ErrorKind::unavailable;
      if (!cut || fresh) return result;
    }
  }

  std::unique_ptr<BoundedSession> session;  // the worker's
  std::unique_ptr<connector::WorkerPort> worker;
};

TableReads::TableReads(Settings settings, Loop& loop,
                       std::function<std::unique_ptr<connector::WorkerPort>()> make_worker)
    : settings_(std::move(settings)), loop_(loop), make_worker_(std::move(make_worker)) {}

TableReads::~TableReads() { LOCKSTEP_ASSERT(running_ == 0, "reads end before what they read"); }

// A free connection; null when the connector stops. None is held for longer than a read may take.
Task<TableReads::Connection*> TableReads::connection() {
  if (stopping_) co_return nullptr;
  if (idle_.empty() && connections_.size() < limits::read_connections) {
    connections_.push_back(std::make_unique<Connection>(make_worker_()));
    idle_.push_back(connections_.back().get());
  }
  if (!idle_.empty()) {
    Connection* const one = idle_.back();
    idle_.pop_back();
    co_return one;
  }
  Connection* const one = co_await completion<Connection*>([this](auto done) { waiting_.push_back(std::move(done)); });
  co_return one;
}

void TableReads::give_back(Connection* connection) {
  if (waiting_.empty()) return idle_.push_back(connection);
  auto next = std::move(waiting_.front());
  waiting_.pop_front();
  next(connection);
}

Task<TableResult> TableReads::read(connector::TableRead read) {
  auto statement = read_statement(settings_.schema, read);
  if (!statement) co_return std::unexpected(std::move(statement).error());
  if (waiting_.size() >= limits::read_waiting)
    co_return std::unexpected(TableFailure{{ErrorKind::exhausted, "too many reads at once: try again later", {}}, ""});
  const Deadline deadline = std::chrono::steady_clock::now() + settings_.read_deadline;
  ++running_;
  Connection* const one = co_await connection();
  TableResult result = std::unexpected(no_connection("the connector stops"));
  if (one != nullptr) {
    std::move_only_function<TableResult()> job = [this, one, statement = std::move(*statement),
                                                  role = std::move(read.role), deadline] {
      return one->read(settings_, interrupt_, statement, role, deadline);
    };
    result = co_await connector::run_on<TableResult>(*one->worker, loop_, std::move(job));
    give_back(one);
  }
  if (--running_ == 0 && stopped_) std::exchange(stopped_, nullptr)();
  co_return result;
}

Task<void> TableReads::stop() {
  stopping_ = true;
  interrupt_.raise();
  for (auto& next : std::exchange(waiting_, {})) next(nullptr);
  if (running_ != 0) {
    co_await completion<std::monostate>(
        [this](Completion<std::monostate>::Done done) { stopped_ = [done = std::move(done)]() mutable { done({}); }; });
  }
  idle_.clear();
  connections_.clear();
}

}  // namespace lockstep::postgres
