// Everything that a fault may strike: the server, its CRM and its database behind proxies, a place for the database's
// standby, its disk, its clock; and people who go on editing.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "tests/support/crowd.hpp"
#include "tests/support/flaky_proxy.hpp"
#include "tests/support/journal_audit.hpp"
#include "tests/support/postgres_cluster.hpp"
#include "tests/support/shortage.hpp"
#include "tests/support/small_disk.hpp"

namespace lockstep::recover {

using Milliseconds = std::chrono::milliseconds;

class World {
 public:
  struct Settings {
    std::size_t contacts = 120;
    std::uint64_t seed = 1;
    std::optional<std::size_t> disk_bytes;  // the data folder gets a disk of its own, of this size
    bool own_clock = false;                 // the server's clock can be set
    std::string poll = "{every: 1s}";
    tests::CrmDeletes crm_deletes = tests::CrmDeletes::none;
  };
  explicit World(Settings settings);

  // "" once the mirror is done and everybody is known; else what is wrong.
  std::string start();
  // SIGKILL and a new start; also after it has ended by itself.
  std::string restart();

  // What everybody has logged, and the store, are left for a look.
  void keep();

  // "" when both sides hold the same and nothing is under way.
  std::string unsettled();
  // "" when nothing acknowledged is lost, doubled or different; to be asked when all is settled.
  std::string audit();

  // The database's server that takes writes, and how the server gets to it.
  tests::PostgresCluster& database() { return *nodes_[primary_]; }
  tests::FlakyProxy& database_proxy() { return *node_proxies_[primary_]; }
  // "" once a standby follows it and each commit waits for that.
  std::string give_standby();
  bool promote_standby();

  // Calls and webhooks of the CRM that go wrong from here on, beside the faults that strike: errors and cut connections
  // before and after the call was carried out, 429, events lost, doubled and late. 0 to 1.
  void set_fault_share(double share);
  std::string injected();  // how often each has

  // What the server's clock is off by. False when it could not be set.
  bool set_clock(std::chrono::seconds off);

  tests::TestFolder folder;
  std::unique_ptr<tests::SmallDisk> disk;
  tests::CrmSandbox crm;
  tests::FlakyProxy proxy;
  tests::Server server;
  std::unique_ptr<tests::PostgresContacts> table;
  std::unique_ptr<tests::Crowd> crowd;
  std::unique_ptr<tests::JournalAudit> journal;
  std::unique_ptr<tests::Shortage> shortage;
  std::size_t knocks = 0;  // contacts made to see whether it serves

 private:
  std::string database_url() const { return nodes_[0]->url_with(*nodes_[1]); }  // of people's programs
  std::filesystem::path clock_file() const { return folder.path() / "clock"; }

  Settings settings_;
  std::unique_ptr<tests::PostgresCluster> nodes_[2];
  std::unique_ptr<tests::FlakyProxy> node_proxies_[2];
  std::size_t primary_ = 0;
  bool has_standby_ = false;
};

}  // namespace lockstep::recover
