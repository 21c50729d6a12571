#include "tests/recover/fault.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <stdexcept>

#include "tests/recover/network.hpp"

namespace lockstep::recover {
namespace {

using Trouble = tests::FlakyProxy::Trouble;
using Counted = Fault::Counted;
using Needs = Fault::Needs;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kHour = 3600;
constexpr int kPacketsLost = 20;  // percent
constexpr seconds kFullBound{60};

std::string nothing(World&) { return ""; }

std::string kill_server(World& world) {
  world.server.kill();
  return "";
}

std::string stop_server(World& world) {
  world.server.process().signal(SIGSTOP);
  return "";
}

std::string continue_server(World& world) {
  world.server.process().signal(SIGCONT);
  return "";
}

std::string stop_crm(World& world) {
  world.crm.process().signal(SIGSTOP);
  return "";
}

std::string continue_crm(World& world) {
  world.crm.process().signal(SIGCONT);
  return "";
}

// Returns when the server has noticed: until then it writes where it has written before.
std::string fill_disk(World& world) {
  if (!world.disk->fill()) return "the disk can not be filled";
  const bool noticed = tests::eventually(
      kFullBound, [&] { return !world.crowd->knock(fmt::format("full-{}@example.com", ++world.knocks), seconds(1)); });
  return noticed ? "" : "the server does not notice that the disk is full";
}

std::string free_disk(World& world) {
  world.disk->free();
  return "";
}

std::string use_up_descriptors(World& world) {
  world.shortage = std::make_unique<tests::Shortage>(world.server.process().id(), world.server.port());
  return world.shortage->works() ? "" : "the limit can not be set";
}

std::string give_descriptors_back(World& world) {
  world.shortage.reset();
  return "";
}

std::string slow_crm(World& world) {
  world.crm.faults(JsonObject{{"latency", JsonObject{{"rate", 1}, {"fixed_ms", 400}, {"jitter_ms", 800}}}});
  return "";
}

std::string quick_crm(World& world) {
  world.crm.faults(JsonObject{{"latency", JsonObject{{"rate", 0}}}});
  return "";
}

template <int kSeconds>
std::string set_clock(World& world) {
  return world.set_clock(seconds(kSeconds)) ? "" : "the clock can not be set";
}

std::string stop_database(World& world) { return world.database().stop("fast") ? "" : world.database().log(); }

std::string kill_database(World& world) { return world.database().kill() ? "" : "PostgreSQL can not be killed"; }

std::string start_database(World& world) {
  // What is left of a killed one must have ended first.
  return tests::eventually(seconds(20), [&] { return world.database().start(); }) ? "" : world.database().log();
}

std::string drop_slot(World& world) {
  tests::Sql sql(world.database().url());
  const bool gone = tests::eventually(seconds(10), [&] {
    try {
      sql.query("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active");
      sql.query("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots");
      return true;
    } catch (const std::runtime_error&) {
      return false;  // the server was quick and holds it again
    }
  });
  return gone ? "" : "the slot can not be dropped";
}

template <Trouble trouble>
std::string set_proxy(World& world) {
  world.proxy.set(trouble);
  return "";
}

template <Trouble trouble>
std::string set_database_proxy(World& world) {
  world.database_proxy().set(trouble);
  return "";
}

std::string kill_primary(World& world) {
  if (const std::string wrong = world.give_standby(); !wrong.empty()) return wrong;
  return kill_database(world);
}

std::string promote_standby(World& world) {
  return world.promote_standby() ? "" : "the standby can not be promoted: " + world.database().log();
}

const Fault kFaults[] = {
    {"kill", "SIGKILL to the server, started again at once", milliseconds(0), Counted::from_strike, Needs::nothing,
     kill_server, [](World& world) { return world.restart(); }},
    {"stop", "SIGSTOP to the server for 3 s, then SIGCONT", seconds(3), Counted::from_lift, Needs::nothing, stop_server,
     continue_server},
    {"disk-full",
     "a file takes all room on the disk of the data folder (a tmpfs) until the server refuses, and 3 s more",
     seconds(3), Counted::from_lift, Needs::small_disk, fill_disk, free_disk},
    {"descriptors", "6 more descriptors than it holds (prlimit), and 60 silent connections take them, for 3 s",
     seconds(3), Counted::from_lift, Needs::nothing, use_up_descriptors, give_descriptors_back},
    {"clock-forward", "the server's clock jumps an hour forward, and 3 s later back", seconds(3), Counted::from_lift,
     Needs::own_clock, set_clock<kHour>, set_clock<0>},
    {"clock-back", "the server's clock jumps an hour back, and 3 s later forward", seconds(3), Counted::from_lift,
     Needs::own_clock, set_clock<-kHour>, set_clock<0>},
    {"postgres-restart", "PostgreSQL is stopped in order and started", milliseconds(500), Counted::from_lift,
     Needs::nothing, stop_database, start_database},
    {"postgres-kill", "SIGKILL to PostgreSQL's first process, started 1 s later with crash recovery", seconds(1),
     Counted::from_lift, Needs::nothing, kill_database, start_database},
    {"slot-dropped", "the replication slot is dropped under the server", milliseconds(0), Counted::from_lift,
     Needs::nothing, drop_slot, nothing},
    {"postgres-failover", "PostgreSQL's primary is killed under load, half a second later its standby takes over",
     milliseconds(500), Counted::from_lift, Needs::nothing, kill_primary, promote_standby},
    {"postgres-refuses", "the database refuses connections for 5 s; people go on editing in it", seconds(5),
     Counted::from_lift, Needs::nothing, set_database_proxy<Trouble::refuse>, set_database_proxy<Trouble::none>},
    {"postgres-cut", "every other answer of the database is cut off in its middle for 5 s", seconds(5),
     Counted::from_lift, Needs::nothing, set_database_proxy<Trouble::cut>, set_database_proxy<Trouble::none>},
    {"postgres-delayed", "every packet to and from the database takes 40 to 240 ms longer for 5 s", seconds(5),
     Counted::from_lift, Needs::nothing, set_database_proxy<Trouble::delay>, set_database_proxy<Trouble::none>},
    {"postgres-trickles", "16 KiB a second pass to and from the database for 5 s", seconds(5), Counted::from_lift,
     Needs::nothing, set_database_proxy<Trouble::trickle>, set_database_proxy<Trouble::none>},
    {"postgres-stalls", "connections to the database stay open and nothing passes for 5 s", seconds(5),
     Counted::from_lift, Needs::nothing, set_database_proxy<Trouble::stall>, set_database_proxy<Trouble::none>},
    {"crm-refuses", "the CRM's API refuses connections for 5 s; people go on editing in it", seconds(5),
     Counted::from_lift, Needs::nothing, set_proxy<Trouble::refuse>, set_proxy<Trouble::none>},
    {"crm-hangs", "SIGSTOP to the CRM for 5 s: connections stay open, nothing answers", seconds(5), Counted::from_lift,
     Needs::nothing, stop_crm, continue_crm},
    {"crm-rubbish", "every call to the CRM is answered by rubbish for 5 s: hotel pages, empty and torn JSON, noise",
     seconds(5), Counted::from_lift, Needs::nothing, set_proxy<Trouble::rubbish>, set_proxy<Trouble::none>},
    {"crm-cut", "every other answer of the CRM is cut off in its middle for 5 s, the call was carried out", seconds(5),
     Counted::from_lift, Needs::nothing, set_proxy<Trouble::cut>, set_proxy<Trouble::none>},
    {"crm-slow", "every call to the CRM takes 0.4 to 1.2 s for 5 s", seconds(5), Counted::from_lift, Needs::nothing,
     slow_crm, quick_crm},
    {"crm-delayed", "every packet to and from the CRM takes 40 to 240 ms longer for 5 s", seconds(5),
     Counted::from_lift, Needs::nothing, set_proxy<Trouble::delay>, set_proxy<Trouble::none>},
    {"crm-trickles", "16 KiB a second pass to and from the CRM for 5 s", seconds(5), Counted::from_lift, Needs::nothing,
     set_proxy<Trouble::trickle>, set_proxy<Trouble::none>},
    {"crm-stalls", "connections to the CRM stay open and nothing passes for 5 s", seconds(5), Counted::from_lift,
     Needs::nothing, set_proxy<Trouble::stall>, set_proxy<Trouble::none>},
    {"packets-lost", "20 % of all packets between server, CRM and people are lost for 5 s, in a network namespace",
     seconds(5), Counted::from_lift, Needs::own_network, [](World&) { return lose_packets(kPacketsLost); },
     [](World&) { return lose_no_packets(); }},
};

}  // namespace

std::span<const Fault> all_faults() { return kFaults; }

const Fault* find_fault(std::string_view name) {
  for (const Fault& fault : kFaults) {
    if (fault.name == name) return &fault;
  }
  return nullptr;
}

std::string impossible(const Fault& fault) {
  if (fault.needs == Needs::small_disk) {
    const tests::TestFolder folder;
    return tests::SmallDisk(folder.path() / "disk", std::size_t{1} << 20).problem();
  }
  if (fault.needs == Needs::own_network) return OwnNetwork().problem();
  return "";
}

}  // namespace lockstep::recover
