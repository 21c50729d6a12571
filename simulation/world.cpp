#include "simulation/world.hpp"

#include <algorithm>

#include "connectors/gohighlevel/sandbox/sandbox_factory.hpp"

namespace lockstep::simulation {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const Time kStart = Time(seconds(1'767'225'600));  // 2026-01-01
constexpr Duration kSettleLimit = std::chrono::hours(8);
// How long an answer may be on its way to the journal: a write to the CRM takes several calls.
constexpr Duration kOutcomeWindow[] = {minutes(1), seconds(5)};
constexpr int kRedrives = 3;  // of one dead letter; then a person has seen that it does not help
constexpr Duration kSilence = minutes(20);
constexpr std::uint64_t kEventsLimit = 400'000;  // a run has some ten thousands; more is something going in circles

gohighlevel::SandboxSettings sandbox_settings(const Plan& plan, std::uint64_t seed) {
  gohighlevel::SandboxSettings out = gohighlevel::SandboxSettings::demo();
  out.seed = seed;
  out.locations.front().allow_duplicate_opportunity = true;
  out.quota.burst = static_cast<std::int64_t>(plan.get("crm.burst"));
  for (gohighlevel::OAuthClient& client : out.oauth_clients) client.access_token_life = minutes(4);
  out.webhooks.retry_rule =
      plan.get("crm.retry_any") > 0 ? gohighlevel::RetryRule::any_failure : gohighlevel::RetryRule::only_429;
  out.webhooks.registrations.push_back({"http://lockstep.test/hooks/acme/crm", {}, ""});
  out.index_lag = out.index_lag_jitter =
      std::chrono::milliseconds(static_cast<std::int64_t>(plan.get("crm.index_lag_ms") / 2));
  using gohighlevel::Fault;
  const auto set = [&](Fault fault, std::string_view name, std::int64_t fixed_ms, std::int64_t jitter_ms) {
    gohighlevel::FaultRule& rule = out.faults.rule(fault);
    rule.rate = plan.get(name);
    rule.fixed_ms = fixed_ms;
    rule.jitter_ms = jitter_ms;
  };
  set(Fault::too_many_requests, "crm.too_many_requests", 0, 0);
  set(Fault::error_before_apply, "crm.error_before_apply", 0, 0);
  set(Fault::error_after_apply, "crm.error_after_apply", 0, 0);
  set(Fault::created_but_refused, "crm.created_but_refused", 0, 0);
  set(Fault::stale_search, "crm.stale_search", 1'000, 60'000);
  set(Fault::token_revoked, "crm.token_revoked", 0, 0);
  set(Fault::webhook_lost, "hook.lost", 0, 0);
  set(Fault::webhook_doubled, "hook.doubled", 0, 0);
  set(Fault::webhook_undated, "hook.undated", 0, 0);
  set(Fault::webhook_delayed, "hook.delayed", 0, 600'000);
  return out;
}

constexpr std::pair<const char*, const char*> kSandboxFaults[] = {{"too_many_requests", "crm.too_many_requests"},
                                                                  {"error_before_apply", "crm.error_before_apply"},
                                                                  {"error_after_apply", "crm.error_after_apply"},
                                                                  {"created_but_refused", "crm.created_but_refused"},
                                                                  {"stale_search", "crm.stale_search"},
                                                                  {"token_revoked", "crm.token_revoked"},
                                                                  {"webhook_lost", "hook.lost"},
                                                                  {"webhook_doubled", "hook.doubled"},
                                                                  {"webhook_undated", "hook.undated"},
                                                                  {"webhook_delayed", "hook.delayed"}};

}  // namespace

World::World(std::uint64_t seed, const Plan& plan, Trace::Keep keep)
    : seed_(seed),
      plan_(plan),
      timeline_(kStart),
      random_(seed * 7 + 1),
      disk_random_(seed * 7 + 2),
      trace_(keep),
      auditor_(history_),
      store_disk_(disk_random_),
      database_disk_(disk_random_) {
  sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, static_cast<int>(seed & 0x3fffffff) + 1, nullptr);
  const bool late_city = plan_.get("mapping.late_city") > 0;
  rules_ = first_rules();
  catalog_ = make_catalog(plan_, late_city ? City::left_out : City::mapped);
  migrate_database(timeline_, database_disk_, make_catalog(plan_, City::mapped));
  database_ = std::make_unique<BusinessDatabase>(database_disk_, timeline_.clock(), seed, history_);
  database_->begin_watching();
  crm_ = std::make_unique<Crm>(sandbox_settings(plan_, seed), timeline_.clock(), seed * 7 + 3, history_);
  network_ = std::make_unique<Network>(timeline_, *crm_, history_, plan_, seed * 7 + 4, coverage_, trace_);
  crm_->on_change = [this] { network_->look_for_webhooks(); };
  network_->intake = [this](wire::HttpRequest request, std::function<void(std::optional<unsigned>)> answer) {
    take_webhook(std::move(request), std::move(answer));
  };
  connector::SandboxOptions options;
  options.seed = seed;
  crm_settings_ = gohighlevel::sandbox_factory().connector_settings(options, "http://crm.test");
  if (plan_.get("crm.app") > 0) {
    crm_settings_.erase("token");
    crm_settings_["oauth"] = crm_->install_app();
  }
  PeopleParts parts;
  parts.timeline = &timeline_;
  parts.crm = crm_.get();
  parts.database = database_.get();
  parts.history = &history_;
  parts.coverage = &coverage_;
  parts.trace = &trace_;
  parts.life = [this]() -> Life* { return serving() ? life_.get() : nullptr; };
  parts.on_acknowledged = [this](const sync::Applied& applied) { acknowledged(applied); };
  people_ = std::make_unique<People>(std::move(parts), plan_, seed * 7 + 5);
  network_->on_write = [this](const std::string& object, bool overlaps) {
    auditor_.count_checks(1);
    if (overlaps) auditor_.report("X3", "two writes to " + object + " were on their way at once");
  };
  history_.on_written = [this](const ObjectId& object, const Values& before, const Step& step) {
    people_->react(object, before, step.values);
  };
  store_disk_.judge = [this](DiskOperation operation) { return judge(operation); };
}

World::~World() { life_.reset(); }

// ---- the disk ----

DiskVerdict World::judge(DiskOperation operation) {
  if (!faults_) return DiskVerdict::done;
  if (crash_countdown_ >= 0 && crash_countdown_-- == 0 && life_) {
    coverage_.hit("fault", "crash.mid_write");
    power_lost_ = true;
    life_->kill();
    return DiskVerdict::done;
  }
  if (timeline_.now() < disk_full_until_ && operation == DiskOperation::write) {
    coverage_.hit("fault", "disk.full");
    return DiskVerdict::full;
  }
  if (plan_.get("disk.error") > 0 && random_.fraction() < plan_.get("disk.error")) {
    coverage_.hit("fault", "disk.error");
    forget_outcomes(timeline_.now());  // it could not keep what it was just told
    // A sync that failed leaves a store that refuses everything until the process is started again; somebody does.
    if (operation == DiskOperation::sync) {
      if (!disk_broken_since_) disk_broken_since_ = timeline_.now();
      timeline_.after(seconds(20), [this] { crash(false); });
    }
    return DiskVerdict::broken;
  }
  return DiskVerdict::done;
}

Duration World::disk_time() {
  const double slow = faults_ ? plan_.get("disk.slow") : 0;
  if (slow > 0 && random_.fraction() < slow) {
    coverage_.hit("fault", "disk.slow");
    return Duration(static_cast<std::int64_t>(random_.below(2'000'000)));
  }
  return Duration(static_cast<std::int64_t>(200 + random_.below(4'000)));
}

// ---- lives ----

void World::begin_life() {
  restart_planned_ = false;
  if (life_) return;
  ++lives_;
  LifeParts parts;
  parts.timeline = &timeline_;
  parts.network = network_.get();
  parts.store_disk = &store_disk_;
  parts.database_disk = &database_disk_;
  parts.seed = seed_ * 1'000 + lives_;
  parts.catalog = catalog_;
  parts.crm_settings = crm_settings_;
  if (plan_.get("op.guard") > 0) parts.guard = {minutes(10), 30, 3, 50, 8};
  parts.database_poll = std::chrono::milliseconds(500 + seed_ % 5 * 500);
  parts.disk_time = [this] { return disk_time(); };
  parts.handed_over = [this](const connector::WriteRequest& request) {
    const Kind kind = request.object == "contact" ? Kind::contact : Kind::deal;
    history_.note_handed_over({Side::crm, kind, request.external_id}, timeline_.now());
  };
  // L1: what people did while the program was away is asked for first.
  parts.wrote_unread = [this](const connector::WriteRequest& request) {
    auditor_.report("L1", request.object + " " + request.external_id + " of record " + request.record.str() +
                              " was written before the CRM had been asked what happened while the program was away");
  };
  parts.after_database = [this] { database_->watch(Hand::lockstep); };
  parts.trace = &trace_;
  life_ = std::make_unique<Life>(std::move(parts));
  trace_.say(timeline_.now(), "world", "life " + std::to_string(lives_) + " begins");
  const Result<void> begun = life_->begin();
  if (!begun) {
    trace_.say(timeline_.now(), "world", "it can not: " + begun.error().message);
    if (!faults_) auditor_.report("A1", "the store can not be opened: " + begun.error().message);
    life_->kill();
  }
}

void World::end_life() {
  life_.reset();
  if (power_lost_) store_disk_.lose_power();
  trace_.say(timeline_.now(), "world", power_lost_ ? "the machine lost power" : "the process was killed");
  // What it was told shortly before, it may not have kept; what it had sent, it will never be told.
  // While the disk was full, or after a sync that failed, it could keep nothing.
  const bool was_full = disk_full_until_ > timeline_.now() - kOutcomeWindow[1];
  Time kept_until = was_full ? disk_full_since_ : timeline_.now();
  if (disk_broken_since_) kept_until = std::min(kept_until, *std::exchange(disk_broken_since_, std::nullopt));
  forget_outcomes(kept_until);
  history_.lose_handed_over(timeline_.now() + kOutcomeWindow[0]);
  power_lost_ = false;
  crash_countdown_ = -1;
  if (std::exchange(restoring_, false)) put_back();
  check_store();
  restart_later(Duration(static_cast<std::int64_t>(500'000 + random_.below(30'000'000))));
}

void World::forget_outcomes(Time kept_until) {
  for (const Side side : {Side::crm, Side::db})
    history_.leave_untold(side, 0, history_.steps(), kept_until - kOutcomeWindow[static_cast<std::size_t>(side)]);
}

void World::crash(bool power) {
  if (!life_ || life_->dead()) return;
  power_lost_ = power_lost_ || power;
  life_->kill();
}

void World::restart_later(Duration delay) {
  if (restart_planned_) return;
  restart_planned_ = true;
  timeline_.after(delay, [this] { begin_life(); });
}

void World::take_webhook(wire::HttpRequest request, std::function<void(std::optional<unsigned>)> answer) {
  if (!serving()) return answer(std::nullopt);
  life_->take_webhook(std::move(request),
                      [this, answer](std::optional<unsigned> status, const std::vector<sync::Applied>& applied) {
                        for (const sync::Applied& one : applied) acknowledged(one);
                        answer(status);
                      });
}

void World::acknowledged(const sync::Applied& applied) {
  if (applied.seq != 0) acknowledged_.push_back({applied.seq, applied.reason});
}

// ---- faults in time ----

void World::every(std::string_view fault, Duration length, std::function<void()> action) {
  const double rate = plan_.get(fault);
  if (rate <= 0) return;
  const double expected = rate * std::chrono::duration<double, std::ratio<60>>(length).count();
  auto count = static_cast<std::uint64_t>(expected);
  if (random_.fraction() < expected - static_cast<double>(count)) ++count;
  for (std::uint64_t i = 0; i < count; ++i) {
    const Duration when(static_cast<std::int64_t>(random_.fraction() * static_cast<double>(length.count())));
    timeline_.after(when, [this, name = std::string(fault), action] {
      if (!faults_) return;
      coverage_.hit("fault", name);
      trace_.say(timeline_.now(), "fault", name);
      action();
    });
  }
}

void World::plan_faults(Duration length) {
  const auto up_to = [this](std::int64_t most_seconds) {
    return Duration(static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(most_seconds) * 1'000'000)));
  };
  every("crash.kill", length, [this] { crash(false); });
  every("crash.power", length, [this] { crash(true); });
  every("crash.mid_write", length, [this] { crash_countdown_ = static_cast<int>(random_.below(40)); });
  every("disk.full", length, [this, up_to] {
    if (disk_full_until_ < timeline_.now()) disk_full_since_ = timeline_.now();
    disk_full_until_ = timeline_.now() + up_to(60);
  });
  every("db.held", length, [this, up_to] {
    if (!database_->held() && database_->hold()) timeline_.after(up_to(30), [this] { database_->let_go(); });
  });
  every("crm.revoked", length, [this, up_to] { network_->revoke(timeline_.now() + up_to(180)); });
  every("crm.down", length, [this, up_to] { network_->go_down(timeline_.now() + up_to(300)); });
  every("clock.jump", length, [this, up_to] {
    if (life_) life_->jump_clock(up_to(120) - seconds(60));
  });
  every("clock.ahead", length, [this, up_to] {
    if (life_) life_->jump_clock(up_to(4 * 3600));
    timeline_.after(up_to(60), [this] {
      if (life_) life_->jump_clock(Duration(0));
    });
  });
  if (plan_.get("mapping.late_city") > 0) {
    timeline_.after(length / 2, [this] {
      catalog_ = make_catalog(plan_, City::mapped);
      rules_.ignored.clear();
      coverage_.hit("operator", "mapping changed");
      trace_.say(timeline_.now(), "operator", "the field city is mapped now");
      if (serving()) life_->reload(catalog_);
    });
  }
}

// ---- the run ----

void World::step() {
  timeline_.step();
  if (life_ && life_->dead()) end_life();
  if (history_.steps() != steps_checked_) {
    steps_checked_ = history_.steps();
    auditor_.check_writes(rules_);
  }
}

bool World::run_until(Time when) {
  while (timeline_.next() && *timeline_.next() <= when) {
    step();
    if (timeline_.steps() > kEventsLimit)
      auditor_.report("C3", "something goes in circles: more than " + std::to_string(kEventsLimit) + " events");
    if (!auditor_.violations().empty()) return false;
  }
  timeline_.wait_until(when);
  return true;
}

RunResult World::run() {
  started_ = timeline_.now();
  people_->settle_in();
  const Duration length =
      std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::ratio<60>>(plan_.get("people.minutes")));
  begin_life();
  people_->plan_work(length);
  plan_faults(length);
  plan_operator(length);
  if (!run_until(started_ + length)) return finish();
  calm_down();
  const Time limit = timeline_.now() + kSettleLimit;
  bool quiet = false;
  while (!quiet && timeline_.now() < limit) {
    if (!run_until(timeline_.now() + minutes(5))) return finish();
    check_put_off();
    redrive();
    quiet = settled();
  }
  if (!quiet)
    auditor_.report("C1", "not all is written and silent after " + std::to_string(kSettleLimit / minutes(1)) +
                              " minutes without faults");
  if (life_ && life_->begun()) {
    check_journal();
    check_stamps();
    auditor_.check_end(audit_rules());
  }
  return finish();
}

void World::calm_down() {
  trace_.say(timeline_.now(), "world", "people rest, faults stop");
  faults_ = false;
  stopped_ = timeline_.now();
  network_->end_faults();
  for (const auto& [fault, name] : kSandboxFaults) {
    const Json faults = crm_->control("GET", "faults", nullptr);
    const Json* rule = find_member(faults, fault);
    if (const Json* hits = rule == nullptr ? nullptr : find_member(*rule, "hits"))
      coverage_.hit("fault", name, hits->to_number<std::uint64_t>());
  }
  JsonObject off;
  for (const auto& [fault, name] : kSandboxFaults) off[fault] = JsonObject{{"rate", 0}};
  crm_->control("PUT", "faults", off);
  database_->let_go();
  crash(false);  // a store that was broken by the disk is opened anew
}

bool World::settled() {
  if (!serving()) return false;
  const auto counts = life_->reader().counts(kSource);
  const bool idle = counts && counts->outbox_waiting == behind_dead_letters().size() &&
                    std::ranges::all_of(inbox(), [](const auto& row) { return row.kind == sync::InboxKind::identity; });
  return idle && network_->quiet() && !crm_->sandbox().next_due() &&
         timeline_.now() - history_.last_step_by(Hand::lockstep) > kSilence &&
         timeline_.now() - history_.last_step_by(Hand::person) > kSilence + minutes(20);
}

// The operator: looks through everything again, and tries again what was given up.
void World::redrive() {
  if (!serving()) return;
  const bool early = timeline_.now() - history_.last_step_by(Hand::person) < minutes(40);
  look_after_holds();
  for (const SystemName& system : {kCrm, kDb}) {
    if (early) (void)life_->hub().start_job(kSource, system, "mirror");
  }
  for (const sync::OutboxRow& row : outbox(sync::OutboxState::dead)) {
    if (++redriven_[row.key.record.str() + row.key.system.str()] > kRedrives) continue;
    coverage_.hit("operator", "dead letter tried again");
    life_->submit({sync::Retry{row.key.source, row.key.system, row.key.record, "ann"}},
                  [](std::optional<Result<std::vector<sync::Applied>>>) {});
  }
}

RunResult World::finish() {
  if (!auditor_.violations().empty() && life_ && life_->begun() && !life_->dead()) tell_journal();
  RunResult out;
  out.violations = auditor_.violations();
  std::set<std::pair<Kind, int>> told;
  for (const Violation& one : out.violations) {
    if (one.thing == kNoThing || !told.emplace(one.kind, one.thing).second || told.size() > 3) continue;
    out.histories += "  " + std::string(to_string(one.kind)) + ' ' + std::to_string(one.thing) + ":\n" +
                     history_.tell(one.kind, one.thing);
  }
  auditor_.count_meetings(coverage_);
  coverage_.hit("audit", "covered in the CRM before it was seen", auditor_.covered_unseen());
  coverage_.hit("audit", "calls beyond the CRM's budget", crm_->beyond_budget());
  trace_.say(timeline_.now(), "world", "end");
  out.hash = trace_.hash();
  out.checked = auditor_.checked();
  out.steps = timeline_.steps();
  out.writes = history_.steps_by(Hand::lockstep);
  out.edits = history_.steps_by(Hand::person);
  out.simulated = timeline_.now() - started_;
  out.coverage = coverage_;
  out.trace = trace_.text();
  return out;
}

RunResult run_world(std::uint64_t seed, const Plan& plan, Trace::Keep keep) {
  World world(seed, plan, keep);
  return world.run();
}

}  // namespace lockstep::simulation
