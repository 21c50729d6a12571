#include "connectors/postgres/session.hpp"

#include <charconv>

#include "connectors/postgres/limits.hpp"

namespace lockstep::postgres {
namespace {

std::string field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? "" : text;
}

// Messages of these classes speak of rights, objects and the server; those of classes 22 and 23 quote values of rows.
bool message_is_safe(std::string_view state) {
  return !(state.starts_with("22") || state.starts_with("23")) && state != "P0001";
}

std::string_view meaning(std::string_view state) {
  if (state == "23505") return "a unique key is taken";
  if (state == "23503") return "a foreign key has no target, or rows point here";
  if (state == "23502") return "a column must not be empty";
  if (state == "23514") return "a check constraint refuses the row";
  if (state == "22P02" || state == "22007" || state == "22008") return "a value does not fit the type of its column";
  if (state == "22001") return "a text is too long for its column";
  if (state == "22003") return "a number is too large for its column";
  if (state == "P0001") return "a trigger of the database refuses the row";
  return "";
}

std::string one_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  for (char& c : text) {
    if (c == '\n' || c == '\t') c = ' ';
  }
  return text.substr(0, 400);
}

void ignore_notice(void*, const PGresult*) {}

}  // namespace

std::string describe(const SqlFailure& failure) {
  std::string text = failure.state.empty() ? "connection lost" : "SQLSTATE " + failure.state;
  const std::string_view means = meaning(failure.state);
  if (!means.empty()) text += ": " + std::string(means);
  if (!failure.constraint.empty()) text += ", constraint " + failure.constraint;
  if (!failure.column.empty()) text += ", column " + failure.column;
  if (!failure.detail.empty()) text += ": " + one_line(failure.detail);
  return text;
}

bool is_disconnect(const SqlFailure& failure) {
  // 25006: it takes no writes any more; a new connection finds the server that does, or waits for it.
  return failure.state.empty() || failure.state.starts_with("08") || failure.state.starts_with("57P") ||
         failure.state == "25006";
}

bool is_transient(const SqlFailure& failure) {
  return is_disconnect(failure) || failure.state.starts_with("40") || failure.state.starts_with("53") ||
         failure.state == "55P03" || failure.state == "55006" || failure.state == "57014";
}

Error to_error(const SqlFailure& failure) {
  if (failure.state.starts_with("28") || failure.state == "42501" || failure.state == "3D000") {
    return {ErrorKind::unauthorized, describe(failure), {}};
  }
  return {is_transient(failure) ? ErrorKind::unavailable : ErrorKind::invalid, describe(failure), {}};
}

std::uint64_t Rows::number(int row, int column) const {
  const std::string_view digits = text(row, column);
  std::uint64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

SqlFailure failure_of(const PGresult* result) {
  SqlFailure failure;
  failure.state = field(result, PG_DIAG_SQLSTATE);
  failure.constraint = field(result, PG_DIAG_CONSTRAINT_NAME);
  failure.column = field(result, PG_DIAG_COLUMN_NAME);
  if (message_is_safe(failure.state)) failure.detail = field(result, PG_DIAG_MESSAGE_PRIMARY);
  const std::string position = field(result, PG_DIAG_STATEMENT_POSITION);
  std::from_chars(position.data(), position.data() + position.size(), failure.position);
  return failure;
}

SqlFailure connect_failure(const PGconn* connection) {
  SqlFailure failure;
  failure.detail = one_line(PQerrorMessage(connection));
  // libpq keeps no SQLSTATE of a failed connect; these texts are the server's own.
  if (failure.detail.find("password authentication failed") != std::string::npos ||
      failure.detail.find("no pg_hba.conf entry") != std::string::npos) {
    failure.state = "28000";
  } else if (failure.detail.find("does not exist") != std::string::npos) {
    failure.state = "3D000";
  }
  return failure;
}

// Later keywords win: ours are defaults except for what stands after the settings' own.
// Of several hosts, or behind an address that moves with a failover, only the one that takes writes will do.
ConnectionWords::ConnectionWords(const Settings& settings, SessionKind kind)
    : words_{{"connect_timeout", std::to_string(limits::connect_timeout.count())},
             {"tcp_user_timeout", std::to_string(limits::network_timeout.count())},
             {"keepalives_idle", "30"},
             {"target_session_attrs", "read-write"},
             {"fallback_application_name", "lockstep"},
             {"dbname", settings.url},
             {"client_encoding", "UTF8"}} {
  if (kind == SessionKind::replication) words_.emplace_back("replication", "database");
}

std::vector<const char*> ConnectionWords::names() const {
  std::vector<const char*> out;
  for (const auto& [name, value] : words_) out.push_back(name.c_str());
  out.push_back(nullptr);
  return out;
}

std::vector<const char*> ConnectionWords::values() const {
  std::vector<const char*> out;
  for (const auto& [name, value] : words_) out.push_back(value.c_str());
  out.push_back(nullptr);
  return out;
}

// One statement, so that it can be sent in either of the protocol's ways.
std::string session_setup(std::chrono::milliseconds statement_timeout) {
  const std::pair<const char*, std::string> settings[] = {
      {"TimeZone", "UTC"},
      {"DateStyle", "ISO, YMD"},
      {"IntervalStyle", "postgres"},
      {"extra_float_digits", "1"},
      {"bytea_output", "hex"},
      {"standard_conforming_strings", "on"},
      {"statement_timeout", std::to_string(statement_timeout.count())},
      {"lock_timeout", std::to_string(limits::lock_timeout.count())}};
  std::string sql;
  for (const auto& [name, value] : settings) {
    sql += std::string(sql.empty() ? "SELECT" : ",") + " set_config('" + name + "', '" + value + "', false)";
  }
  return sql;
}

void silence_notices(PGconn* connection) { PQsetNoticeReceiver(connection, ignore_notice, nullptr); }

Sql<std::unique_ptr<Session>> Session::open(const Settings& settings, SessionKind kind) {
  const ConnectionWords words(settings, kind);
  std::unique_ptr<Session> session(new Session(PQconnectdbParams(words.names().data(), words.values().data(), 1)));
  if (session->broken()) return std::unexpected(connect_failure(session->raw()));
  silence_notices(session->raw());
  auto set = session->run(session_setup(settings.statement_timeout));
  if (!set) return std::unexpected(set.error());
  return session;
}

SqlFailure Session::last_failure() const {
  SqlFailure failure;
  failure.detail = one_line(PQerrorMessage(connection_.get()));
  return failure;
}

Sql<Rows> Session::query(const std::string& sql, const Parameters& parameters) {
  std::vector<const char*> values;
  values.reserve(parameters.size());
  for (const auto& parameter : parameters) values.push_back(parameter ? parameter->c_str() : nullptr);
  return checked(PQexecParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(),
                              nullptr, nullptr, 0));
}

Sql<Rows> Session::run(const std::string& sql) { return checked(PQexec(connection_.get(), sql.c_str())); }

Sql<Rows> Session::checked(PGresult* result) {
  Rows rows(result);
  const ExecStatusType status = rows.status();
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_COPY_BOTH) return rows;
  if (result == nullptr || broken()) return std::unexpected(last_failure());
  SqlFailure failure = failure_of(result);
  if (failure.state == "55000" && failure.detail == "recovery is in progress") failure.state = "25006";
  dead_ = is_disconnect(failure);
  return std::unexpected(std::move(failure));
}

std::string quote_name(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '\0') continue;
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string quote_text(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\0') continue;
    if (c == '\'') quoted += '\'';
    quoted += c;
  }
  return quoted + '\'';
}

Sql<void> wait_for_visibility(Session& session) {
  auto waited = session.query("SELECT pg_sleep(0.2)");
  if (!waited) return std::unexpected(std::move(waited).error());
  return {};
}

}  // namespace lockstep::postgres
