// One run: a CRM, a database, people, faults and the lives of one Lockstep process, from one seed.
//
// First everything happens at once (safety: each of Lockstep's writes is looked at, each crash is followed by a look at
// what is on the disk). Then people rest and faults stop (liveness): within a bounded time all must be equal and
// silent, and the auditor looks at the whole.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "simulation/auditor.hpp"
#include "simulation/database.hpp"
#include "simulation/life.hpp"
#include "simulation/network.hpp"
#include "simulation/people.hpp"
#include "simulation/scenario.hpp"

namespace lockstep::simulation {

struct RunResult {
  std::vector<Violation> violations;
  std::string histories;  // of the things concerned
  std::uint64_t hash = 0;
  std::uint64_t checked = 0;
  std::uint64_t steps = 0;
  std::uint64_t writes = 0;
  std::uint64_t edits = 0;
  Duration simulated{0};
  Coverage coverage;
  std::string trace;
};

RunResult run_world(std::uint64_t seed, const Plan& plan, Trace::Keep keep);

class World {
 public:
  World(std::uint64_t seed, const Plan& plan, Trace::Keep keep);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  RunResult run();

 private:
  struct Acknowledged {
    Seq seq = 0;
    std::string reason;
  };

  // How often something happens that is planned per minute.
  void plan_faults(Duration length);
  void every(std::string_view fault, Duration length, std::function<void()> action);

  void begin_life();
  void end_life();
  void crash(bool power);
  void forget_outcomes(Time kept_until);
  void restart_later(Duration delay);
  void take_webhook(wire::HttpRequest request, std::function<void(std::optional<unsigned>)> answer);
  void acknowledged(const sync::Applied& applied);
  DiskVerdict judge(DiskOperation operation);
  Duration disk_time();

  // The operator (world_operator.cpp)
  void plan_operator(Duration length);
  void look_after_holds();
  void pause(const SystemName& system, Duration length);
  void reload(int looks);
  void back_up(Duration restored_after);
  void restore();
  void put_back();
  bool serving() const { return life_ && life_->begun() && !life_->dead(); }

  void step();
  bool run_until(Time when);
  void calm_down();
  bool settled();
  void redrive();
  void check_store();
  void check_journal();
  void check_stamps();
  void check_put_off();
  void tell_journal();
  static std::string visible_in(store::Reader& reader);
  AuditRules first_rules() const;
  AuditRules audit_rules();
  std::vector<sync::OutboxRow> outbox(sync::OutboxState state);
  std::vector<sync::OutboxRow> behind_dead_letters();
  std::vector<sync::InboxRow> inbox();
  bool excused(const sync::InboxRow& row, AuditRules& rules);
  bool excused(const sync::OutboxRow& row, const sync::Record& record, AuditRules& rules);
  RunResult finish();

  std::uint64_t seed_;
  Plan plan_;
  Timeline timeline_;
  SeededRandom random_;
  SeededRandom disk_random_;
  Coverage coverage_;
  Trace trace_;
  History history_;
  Auditor auditor_;
  std::shared_ptr<const sync::Catalog> catalog_;
  AuditRules rules_;  // as far as they are known before the end
  SimDisk store_disk_;
  SimDisk database_disk_;
  std::unique_ptr<BusinessDatabase> database_;
  std::unique_ptr<Crm> crm_;
  std::unique_ptr<Network> network_;
  std::unique_ptr<People> people_;
  std::unique_ptr<Life> life_;
  JsonObject crm_settings_;
  std::vector<Acknowledged> acknowledged_;
  struct Pause {
    std::optional<Time> since;  // when it was confirmed
    Time until;
  };
  std::map<SystemName, Pause> pauses_;
  struct Backup {
    std::map<std::string, std::string> files;
    Time at;
    std::uint64_t steps = 0;  // of the history
  };
  std::optional<Backup> backup_;
  std::optional<Time> restored_to_;  // the time of the first backup that was put back
  bool restoring_ = false;
  std::string kept_aside_;  // what stood in stores that a backup replaced
  std::uint64_t lives_ = 0;
  bool power_lost_ = false;
  bool faults_ = true;
  bool restart_planned_ = false;
  int crash_countdown_ = -1;
  std::map<std::string, int> redriven_;
  std::optional<Time> disk_broken_since_;
  Time disk_full_since_{};
  Time disk_full_until_{};
  std::uint64_t steps_checked_ = 0;
  Time started_;
  Time stopped_;
};

}  // namespace lockstep::simulation
