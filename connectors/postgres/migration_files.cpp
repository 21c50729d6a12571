#include "connectors/postgres/migration_files.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "connectors/postgres/limits.hpp"
#include "wire/signature.hpp"

namespace lockstep::postgres {
namespace {

struct SqlFile {
  std::string name;
  std::string text;
};

Result<std::vector<SqlFile>> read_files(const std::string& folder) {
  std::error_code error;
  std::vector<SqlFile> files;
  std::filesystem::directory_iterator at(folder, error);
  for (; !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
    if (at->path().extension() != ".sql") continue;
    if (files.size() == limits::migration_files)
      return fail(ErrorKind::invalid, "migrations: " + folder + " holds too many files");
    const auto size = at->file_size(error);
    if (!error && size > limits::migration_file_bytes)
      return fail(ErrorKind::invalid, "migrations: " + at->path().string() + " is too large");
    std::ifstream file(at->path(), std::ios::binary);
    SqlFile one{at->path().filename().string(), {std::istreambuf_iterator<char>(file), {}}};
    if (!file) return fail(ErrorKind::invalid, "migrations: " + at->path().string() + " can not be read");
    files.push_back(std::move(one));
  }
  if (error) return fail(ErrorKind::invalid, "migrations: " + folder + " can not be read: " + error.message());
  std::ranges::sort(files, {}, &SqlFile::name);
  return files;
}

// "0003_tables.sql, line 12: SQLSTATE 42601: …"
Error error_of(const SqlFile& file, const SqlFailure& failure) {
  Error error = to_error(failure);
  std::string place = file.name;
  if (failure.position > 0) {
    // PostgreSQL counts characters.
    std::size_t line = 1;
    int left = failure.position - 1;
    for (const char c : file.text) {
      if (left == 0) break;
      if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) --left;
      if (c == '\n') ++line;
    }
    place += ", line " + std::to_string(line);
  }
  error.message = "migrations: " + place + ": " + error.message + "; nothing was changed";
  return error;
}

class Run {
 public:
  Run(Session& session, const Settings& settings, const SourceId& source)
      : session_(session), settings_(settings), source_(source) {}

  Result<std::vector<std::string>> inside(const std::vector<SqlFile>& files) {
    std::vector<std::string> done;
    LOCKSTEP_CHECK(say("SET LOCAL statement_timeout = " + std::to_string(limits::statement_timeout_most.count())));
    LOCKSTEP_CHECK(say("SELECT pg_advisory_xact_lock(hashtext('lockstep.migrations'))"));
    LOCKSTEP_CHECK(
        say("CREATE SCHEMA IF NOT EXISTS lockstep; CREATE TABLE IF NOT EXISTS lockstep.migrations (file text, source "
            "text, checksum text NOT NULL, at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (file, source))"));
    LOCKSTEP_CHECK(set("source", source_.str()));
    std::string variables = source_.str();
    for (const auto& [name, value] : settings_.variables) {
      LOCKSTEP_CHECK(set(name, value));
      variables += '\n' + name + '\0' + value;
    }
    for (const SqlFile& file : files) {
      const bool each = file.name.ends_with(".each.sql");
      LOCKSTEP_TRY(ran, run(file, each ? source_.str() : "", each ? variables : ""));
      if (ran) done.push_back("run " + file.name + (each ? " for " + source_.str() : ""));
    }
    return done;
  }

 private:
  Result<void> say(const std::string& sql) {
    auto said = session_.run(sql);
    if (!said) return fail(to_error(said.error()));
    return {};
  }
  Result<void> set(const std::string& name, const std::string& value) {
    auto set = session_.query("SELECT set_config($1, $2, true)", {"lockstep." + name, value});
    if (!set) return fail(to_error(set.error()));
    return {};
  }

  // False: it has run already, as it is.
  Result<bool> run(const SqlFile& file, const std::string& source, const std::string& variables) {
    const std::string checksum = wire::hex_encode(wire::sha256(file.text + '\0' + variables));
    auto known = session_.query("SELECT 1 FROM lockstep.migrations WHERE file = $1 AND source = $2 AND checksum = $3",
                                {file.name, source, checksum});
    if (!known) return fail(to_error(known.error()));
    if (known->size() > 0) return false;
    auto ran = session_.run(file.text);
    if (!ran) return fail(error_of(file, ran.error()));
    if (PQtransactionStatus(session_.raw()) != PQTRANS_INTRANS)
      return fail(ErrorKind::invalid, "migrations: " + file.name + " ends the transaction: leave BEGIN and COMMIT out");
    auto noted = session_.query(
        "INSERT INTO lockstep.migrations (file, source, checksum) VALUES ($1, $2, $3) ON CONFLICT (file, source) DO "
        "UPDATE SET checksum = $3, at = now()",
        {file.name, source, checksum});
    if (!noted) return fail(to_error(noted.error()));
    return true;
  }

  Session& session_;
  const Settings& settings_;
  const SourceId& source_;
};

}  // namespace

Result<std::vector<std::string>> run_migration_files(Session& session, const Settings& settings,
                                                     const SourceId& source) {
  LOCKSTEP_TRY(files, read_files(settings.migrations));
  if (auto begun = session.run("BEGIN"); !begun) return fail(to_error(begun.error()));
  Result<std::vector<std::string>> done = Run(session, settings, source).inside(files);
  auto ended = session.run(done ? "COMMIT" : "ROLLBACK");
  if (done && !ended) return fail(to_error(ended.error()));
  return done;
}

}  // namespace lockstep::postgres
