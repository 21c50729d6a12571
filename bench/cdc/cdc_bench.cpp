// Changes made by plain SQL in PostgreSQL: how many rows per second come into the journal by logical replication, and
// how long a single one takes to reach a subscriber.
//
//   cdc_bench [--rows N] [--runs N] [--seconds N]
#include <fmt/format.h>
#include <libpq-fe.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <charconv>
#include <thread>

#include "bench/support/events.hpp"
#include "bench/support/rig.hpp"
#include "tests/support/postgres_cluster.hpp"

namespace lockstep::bench {
namespace {

constexpr double kSingleRate = 50;

struct Options {
  std::size_t rows = 50'000;
  int runs = 3;
  int seconds = 10;
};

class Sql {
 public:
  explicit Sql(const std::string& url) : connection_(PQconnectdb(url.c_str()), PQfinish) {}
  void run(const std::string& statement) {
    const std::unique_ptr<PGresult, void (*)(PGresult*)> result(PQexec(connection_.get(), statement.c_str()), PQclear);
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) give_up(PQerrorMessage(connection_.get()));
  }

 private:
  std::unique_ptr<PGconn, void (*)(PGconn*)> connection_;
};

void wait_for_seq(const Lockstep& lockstep, std::uint64_t seq) {
  for (const Nanoseconds start = now_ns(); lockstep.last_seq() < seq;) {
    if (now_ns() - start > 600'000'000'000) give_up(fmt::format("only {} of {} events came", lockstep.last_seq(), seq));
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

// One statement that changes every row. The first figure is what PostgreSQL itself takes for it.
void measure_bulk(const Options& options, Sql& sql, const Lockstep& lockstep) {
  std::vector<double> sql_seconds, rate;
  for (int run = 0; run < options.runs; ++run) {
    const std::uint64_t seq = lockstep.last_seq();
    const Nanoseconds start = now_ns();
    sql.run(fmt::format("UPDATE contacts SET city = 'bulk {}'", run));
    sql_seconds.push_back(static_cast<double>(now_ns() - start) / 1e9);
    wait_for_seq(lockstep, seq + options.rows);
    rate.push_back(static_cast<double>(options.rows) * 1e9 / static_cast<double>(now_ns() - start));
  }
  std::vector<double> sql_rate;
  for (const double seconds : sql_seconds) sql_rate.push_back(static_cast<double>(options.rows) / seconds);
  print_line(fmt::format("\nOne UPDATE of {} rows (median and range of {} runs)", options.rows, options.runs));
  print_table({{"", "rows/s"},
               {"from the statement's start to the last event in the journal", spread(rate)},
               {"the UPDATE itself", spread(sql_rate)}});
}

void measure_single(const Options& options, Sql& sql, const Lockstep& lockstep) {
  const auto count = static_cast<std::size_t>(kSingleRate * options.seconds);
  std::vector<std::atomic<Nanoseconds>> seen(count);
  std::vector<Nanoseconds> sent(count), committed(count);
  {
    const Events events(lockstep.address(), "/api/v1/sources/main/events",
                        [&](std::string_view data, Nanoseconds read_at) {
                          const std::string_view number = member_of(data, "\"to\":\"single ");
                          std::size_t index = count;
                          std::from_chars(number.data(), number.data() + number.size(), index);
                          if (index < count) seen[index] = read_at;
                        });
    const Nanoseconds start = now_ns();
    for (std::size_t i = 0; i < count; ++i) {
      const Nanoseconds due = start + static_cast<Nanoseconds>(static_cast<double>(i) * 1e9 / kSingleRate);
      std::this_thread::sleep_for(std::chrono::nanoseconds(std::max<Nanoseconds>(0, due - now_ns())));
      sent[i] = now_ns();
      sql.run(fmt::format("UPDATE contacts SET city = 'single {}' WHERE email = 'person{}@example.com'", i,
                          i % options.rows));
      committed[i] = now_ns();
    }
    for (int i = 0; i < 100 && seen.back() == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  std::vector<Nanoseconds> from_start, from_commit, statement;
  for (std::size_t i = 0; i < count; ++i) {
    if (seen[i] == 0) continue;
    from_start.push_back(seen[i] - sent[i]);
    from_commit.push_back(std::max<Nanoseconds>(0, seen[i] - committed[i]));
    statement.push_back(committed[i] - sent[i]);
  }
  const auto row = [](const std::string& name, const Percentiles& p) {
    return std::vector<std::string>{name, fmt::format("{:.2f}", p.p50_ms), fmt::format("{:.2f}", p.p99_ms),
                                    fmt::format("{:.2f}", p.max_ms), std::to_string(p.count)};
  };
  print_line(fmt::format("\nSingle rows, {:.0f} UPDATEs per second", kSingleRate));
  print_table({{"", "p50 ms", "p99 ms", "max ms", "rows"},
               row("from the statement's start to the event at a subscriber", percentiles(from_start)),
               row("from the commit's answer to the event at a subscriber", percentiles(from_commit)),
               row("the statement itself", percentiles(statement))});
  if (from_start.size() < count) print_line(fmt::format("{} events were missed", count - from_start.size()));
}

int measure_all(const Options& options) {
  if (!tests::PostgresCluster::installed()) give_up("it needs PostgreSQL 15: apt-get install postgresql-15");
  const Folder folder("cdc_bench");
  print_line(machine_line(folder.path()));
  const tests::PostgresCluster postgres;
  if (!postgres.started()) give_up("PostgreSQL did not start: " + postgres.log());
  Sql sql(postgres.url());
  sql.run(
      "CREATE TABLE contacts (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), email text UNIQUE, phone text, first_name "
      "text, last_name text, city text)");
  sql.run(
      fmt::format("INSERT INTO contacts (email, first_name, last_name, city) SELECT 'person' || i || '@example.com', "
                  "'Ada', 'Lovelace', 'London' FROM generate_series(0, {}) i",
                  options.rows - 1));
  Lockstep lockstep(folder,
                    fmt::format("sources:\n  - id: main\n    systems:\n      db: {{ connector: postgres, url: {{env: "
                                "DATABASE_URL}}, capture: logical, poll: {{every: never, full_every: never}} }}\n{}",
                                contact_entity(Ends::db)),
                    {{"DATABASE_URL", postgres.url()}});
  const Nanoseconds start = now_ns();
  lockstep.wait_until_idle(std::chrono::seconds(600));
  const double seconds = static_cast<double>(now_ns() - start) / 1e9 - rest_seconds;
  if (lockstep.records() < options.rows) give_up(fmt::format("the mirror has {} records", lockstep.records()));
  print_line(fmt::format("\nFirst mirror of {} rows: {:.1f} s, {:.0f} rows/s", options.rows, seconds,
                         static_cast<double>(options.rows) / seconds));
  measure_bulk(options, sql, lockstep);
  measure_single(options, sql, lockstep);
  lockstep.child().stop();
  return 0;
}

}  // namespace
}  // namespace lockstep::bench

int main(int argc, char** argv) {
  lockstep::bench::Options options;
  CLI::App app("Changes captured from PostgreSQL");
  app.add_option("--rows", options.rows, "Rows of the table")->capture_default_str();
  app.add_option("--runs", options.runs, "Bulk updates")->capture_default_str();
  app.add_option("--seconds", options.seconds, "How long single rows are updated")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return lockstep::bench::measure_all(options);
}
