// The recipe as its users run it: its own configuration and migrations, the program, a PostgreSQL of its own and the
// simulated CRM with one or more locations.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/support/installation.hpp"
#include "tests/support/postgres_cluster.hpp"
#include "tests/support/row_listener.hpp"
#include "tests/support/sql.hpp"

namespace lockstep::tests {

struct Location {
  std::string source;  // the id in the configuration and of the row in ghl_sources
  std::string id;      // in the CRM
  std::string token;   // the environment variable that holds the location's credential
};

inline const std::string kSourceA = "aaaaaaaa-0000-4000-8000-000000000001";
inline const std::string kSourceB = "bbbbbbbb-0000-4000-8000-000000000002";

class Mirror {
 public:
  struct Settings {
    std::uint64_t burst = 1'000'000;
    std::string poll = "{every: 1h, full_every: 1d}";  // tests say when something is read
    std::string crm = "search_settles_seconds: 10";    // more settings of the CRM's side, comma-separated
    std::size_t locations = 1;
    std::string webhook_key = sandbox_public_key();  // as YAML
  };

  // Throws when a part of it does not come up.
  explicit Mirror(Settings settings);

  // Filters of the first location: the members of `only`.
  void limit(const std::string& filters);
  // `lockstep migrate` and `up`, and the first mirror of all locations to its end.
  bool start(std::chrono::milliseconds deadline = std::chrono::seconds(90));
  // Nothing is under way.
  bool settle(std::chrono::milliseconds deadline = std::chrono::seconds(60));
  // Reads everything again ("mirror") or what has changed ("pull"), to its end; the job's state.
  std::string run(const std::string& kind, const std::string& source = kSourceA);
  // The same of several sources at once; returns when the CRM has been read, not when all is written.
  std::vector<std::string> run_together(const std::string& kind, const std::vector<std::string>& sources);

  // A dashboard that shows rows of the source; null when it may not.
  std::unique_ptr<RowListener> listen(const std::string& source = kSourceA);
  Json api(std::string_view method, const std::string& path, const Json& body = nullptr);
  // The CRM's control API, about one location.
  Json crm(std::string_view method, const std::string& path, const Json& body = nullptr, std::size_t location = 0);
  // What the CRM lists under that name: "contacts", "orders", …
  std::vector<Json> listed(const std::string& many, std::size_t location = 0);
  // {"contacts": …, "orders": …} in the CRM.
  Json in_crm(std::size_t location = 0);

  std::vector<Row> rows(const std::string& sql, const std::vector<std::string>& values = {});
  std::string value(const std::string& sql, const std::vector<std::string>& values = {});
  std::size_t count(const std::string& table, const std::string& source = kSourceA);
  // Of every row of the mirror its version in PostgreSQL: equal when nothing was written between.
  std::string row_versions();

  static constexpr const char* kTables[] = {"ghl_contacts", "ghl_pipelines", "ghl_opportunities",
                                            "ghl_orders",   "ghl_payments",  "ghl_reviews"};

  PostgresCluster cluster;
  TestFolder folder;
  std::unique_ptr<CrmSandbox> sandbox;
  Server server{folder.path()};
  std::vector<Location> locations;

 private:
  std::string configuration(const Settings& settings) const;

  std::unique_ptr<Sql> sql_;
};

}  // namespace lockstep::tests
