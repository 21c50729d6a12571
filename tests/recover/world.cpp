#include "tests/recover/world.hpp"

#include <fmt/format.h>

#include <fstream>
#include <span>

namespace lockstep::recover {
namespace {

constexpr Milliseconds kFirstMirror{120'000};
constexpr const char* kCallFaults[] = {"error_before_apply", "error_after_apply", "drop_before_apply",
                                       "drop_after_apply", "too_many_requests"};
constexpr const char* kWebhookFaults[] = {"webhook_lost", "webhook_doubled", "webhook_delayed"};
constexpr Milliseconds kStandbyBound{30'000};
// People delete and rewrite more here than the guard would let pass unasked.
constexpr const char* kNoGuard = "guard: {delete_percent: 100, rewrite_percent: 100}";

}  // namespace

World::World(Settings settings)
    : crm(folder.path(), {.contacts = settings.contacts}),
      proxy(crm.port(), settings.seed),
      server(folder.path()),
      settings_(settings) {
  nodes_[0] = std::make_unique<tests::PostgresCluster>();
  nodes_[1] = std::make_unique<tests::PostgresCluster>(tests::PostgresCluster::Empty());
  for (std::size_t i = 0; i < 2; ++i)
    node_proxies_[i] = std::make_unique<tests::FlakyProxy>(nodes_[i]->socket(), settings.seed + i);
  node_proxies_[1]->set(tests::FlakyProxy::Trouble::refuse);
  table = std::make_unique<tests::PostgresContacts>(database_url());
  tests::SourceParts parts;
  parts.crm = &crm;
  parts.crm_origin = proxy.origin();
  parts.crm_settings = std::string(kNoGuard) + "\n        search_settles_seconds: 10";  // the sandbox's index lags less
  parts.poll = settings_.poll;
  parts.db = fmt::format("{{connector: postgres, url: {{env: DATABASE_URL}}, {}}}", kNoGuard);
  server.sources.push_back(parts);
  server.environment["DATABASE_URL"] =
      fmt::format("host=127.0.0.1,127.0.0.1 port={},{} dbname=postgres user=postgres sslmode=disable",
                  node_proxies_[0]->port(), node_proxies_[1]->port());
  if (settings_.own_clock) {
    server.environment["LD_PRELOAD"] = FALSE_CLOCK_LIBRARY;
    server.environment["LOCKSTEP_FALSE_CLOCK"] = clock_file().string();
    set_clock(std::chrono::seconds(0));
  }
}

std::string World::start() {
  if (!database().started()) return "PostgreSQL does not start: " + database().log();
  if (settings_.disk_bytes) {
    disk = std::make_unique<tests::SmallDisk>(folder.path() / "data", *settings_.disk_bytes);
    if (!disk->problem().empty()) return disk->problem();
  }
  server.write_config();
  if (server.command({"migrate"}) != 0) return "migrate fails";
  if (!server.start()) return "the server does not start: " + server.process().log();
  std::string wrong;
  if (!tests::eventually(kFirstMirror, [&] { return (wrong = unsettled()).empty(); })) return wrong;
  crowd = std::make_unique<tests::Crowd>(crm, server, std::make_unique<tests::PostgresContacts>(database_url()),
                                         settings_.seed, settings_.crm_deletes);
  journal = std::make_unique<tests::JournalAudit>(server.store());
  return crowd->learn();
}

std::string World::restart() {
  server.kill();
  journal->note_restart();
  return server.start() ? "" : "the server does not start again: " + server.process().log();
}

std::string World::unsettled() {
  const tests::Server::Counts counts = server.counts();
  if (counts.pending < 0) return "the server does not answer";
  if (!counts.idle()) return fmt::format("pending {}, inbox {}, jobs {}", counts.pending, counts.inbox, counts.jobs);
  return difference(crm.people(), table->people());
}

std::string World::audit() {
  std::string wrong = crowd->audit(crm.people(), table->people());
  for (const std::string& id : journal->lost_webhooks(crm))
    wrong += "webhook " + id + " was answered 2xx and is lost\n";
  if (const auto dead = server.counts().dead; dead != 0) wrong += fmt::format("{} dead letters\n", dead);
  return wrong;
}

std::string World::give_standby() {
  tests::PostgresCluster& standby = *nodes_[1 - primary_];
  if (!standby.follow(database())) return "there is no standby: " + standby.log();
  tests::Sql sql(database().url());
  // Else what was acknowledged may be on the first one only, and gone with it: nobody could bring it back. By name: '*'
  // would fit the connection by which the server reads the log, too.
  const std::string waited =
      "SELECT 1 AS yes FROM pg_stat_replication WHERE application_name = 'walreceiver' AND sync_state = 'sync'";
  sql.query("ALTER SYSTEM SET synchronous_standby_names = 'walreceiver'");
  sql.query("SELECT pg_reload_conf()");
  // That the view says 'sync' does not mean that commits wait: another process lets them. One that is seen waiting does.
  bool copies = tests::eventually(kStandbyBound, [&] {
    return !sql.query(waited).empty() &&
           !sql.query("SELECT 1 AS yes FROM pg_stat_activity WHERE wait_event = 'SyncRep'").empty();
  });
  // What was acknowledged before that is on the standby, too.
  const auto end = sql.query("SELECT pg_current_wal_insert_lsn() AS at");
  copies = copies && tests::eventually(kStandbyBound, [&] {
             return !sql.query(waited + " AND flush_lsn >= '" + end.front().at("at") + "'").empty();
           });
  has_standby_ = copies;
  return copies ? "" : "the standby does not copy: " + standby.log();
}

bool World::promote_standby() {
  if (!has_standby_) return false;
  has_standby_ = false;
  node_proxies_[primary_]->set(tests::FlakyProxy::Trouble::refuse);
  primary_ = 1 - primary_;
  if (!database().promote()) return false;
  node_proxies_[primary_]->set(tests::FlakyProxy::Trouble::none);
  return true;
}

void World::set_fault_share(double share) {
  const double calls = share / std::size(kCallFaults);
  const double hooks = share / std::size(kWebhookFaults);
  JsonObject changes;
  for (const char* name : kCallFaults) changes[name] = JsonObject{{"rate", calls}};
  for (const char* name : kWebhookFaults) changes[name] = JsonObject{{"rate", hooks}, {"jitter_ms", 5'000}};
  crm.faults(changes);
}

std::string World::injected() {
  std::string out;
  const Json all = crm.control("GET", "faults");
  for (const auto& names : {std::span<const char* const>(kCallFaults), std::span<const char* const>(kWebhookFaults)}) {
    for (const char* name : names) {
      const Json* fault = find_member(all, name);
      const Json* hits = fault == nullptr ? nullptr : find_member(*fault, "hits");
      if (hits != nullptr) out += fmt::format("{}{} {}", out.empty() ? "" : ", ", name, to_text(*hits));
    }
  }
  return out.empty() ? "nothing" : out;
}

void World::keep() {
  folder.keep();
  std::error_code ignored;  // what can not be copied is not there to be looked at
  if (disk) std::filesystem::copy(server.store().parent_path(), folder.path() / "kept", ignored);
}

bool World::set_clock(std::chrono::seconds off) {
  // Written in place: the server has the file mapped.
  const std::int64_t value = off.count();
  std::fstream file(clock_file(), std::ios::binary | std::ios::in | std::ios::out);
  if (!file) file.open(clock_file(), std::ios::binary | std::ios::out);
  file.write(reinterpret_cast<const char*>(&value), sizeof value);
  file.flush();
  return file.good();
}

}  // namespace lockstep::recover
