// Everything that a fault may strike: the server, its CRM behind a proxy, its database, its disk, its clock; and people
// who go on editing.
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

  // What the server's clock is off by. False when it could not be set.
  bool set_clock(std::chrono::seconds off);

  tests::TestFolder folder;
  std::unique_ptr<tests::SmallDisk> disk;
  tests::PostgresCluster cluster;
  tests::CrmSandbox crm;
  tests::FlakyProxy proxy;
  tests::Server server;
  tests::PostgresContacts table;
  std::unique_ptr<tests::Crowd> crowd;
  std::unique_ptr<tests::JournalAudit> journal;
  std::unique_ptr<tests::Shortage> shortage;
  std::size_t knocks = 0;  // contacts made to see whether it serves

 private:
  std::filesystem::path clock_file() const { return folder.path() / "clock"; }

  Settings settings_;
};

}  // namespace lockstep::recover
