#include "simulation/life.hpp"

#include "base/assert.hpp"
#include "connectors/gohighlevel/factory.hpp"
#include "connectors/sqlite/sqlite_connector.hpp"
#include "simulation/database.hpp"
#include "simulation/scenario.hpp"
#include "simulation/watched_connector.hpp"

namespace lockstep::simulation {
namespace {

constexpr std::size_t kAfterlifeSteps = 200'000;

class TraceLog final : public Log {
 public:
  TraceLog(const SimLoop& loop, Trace& trace) : loop_(loop), trace_(trace) {}
  void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) override {
    if (loop_.dead() || level == LogLevel::debug) return;
    std::string text(event);
    for (const LogField& field : fields) text += ' ' + std::string(field.key()) + '=' + field.value();
    trace_.say(loop_.true_now(), "log", text);
  }

 private:
  const SimLoop& loop_;
  Trace& trace_;
};

// Runs what was given and then looks at what it did to the database.
class WatchedWorker final : public connector::WorkerPort {
 public:
  WatchedWorker(SimLoop& loop, SimThread::JobTime job_time, const std::function<void()>& after)
      : worker_(loop, std::move(job_time)), after_(after) {}
  void run(Action job) override {
    // A job that nobody waits for may come after its worker was let go, as when a reload replaces the connector.
    worker_.run([job = std::move(job), &after = after_]() mutable {
      job();
      after();
    });
  }

 private:
  SimWorker worker_;
  const std::function<void()>& after_;
};

}  // namespace

class Life::State final : public connector::StatePort {
 public:
  State(SystemName system, std::function<hub::Hub&()> hub) : system_(std::move(system)), hub_(std::move(hub)) {}

  Task<Result<Json>> get(std::string key) override {
    Result<Json> value = co_await completion<Result<Json>>([&](Completion<Result<Json>>::Done done) {
      hub_().get_state(kSource, system_, "connector/" + key, std::move(done));
    });
    co_return value;
  }
  Task<Result<void>> put(std::string key, Json value) override {
    Result<void> stored = co_await completion<Result<void>>([&](Completion<Result<void>>::Done done) {
      hub_().put_state({kSource, system_, "connector/" + key, std::move(value)}, std::move(done));
    });
    co_return stored;
  }

 private:
  SystemName system_;
  std::function<hub::Hub&()> hub_;
};

Life::Life(LifeParts parts)
    : parts_(std::move(parts)),
      loop_random_(parts_.seed ^ 0x1111),
      random_(parts_.seed ^ 0x2222),
      loop_(*parts_.timeline, loop_random_),
      vfs_("lockstep-life", {{kStorePath, parts_.store_disk}, {"", parts_.database_disk}}, parts_.timeline->clock(),
           parts_.seed ^ 0x3333),
      log_(std::make_unique<TraceLog>(loop_, *parts_.trace)),
      link_(*parts_.network, loop_),
      http_(link_, quota_, loop_, *log_),
      writer_(loop_, parts_.disk_time),
      readers_(loop_, [this] { return Duration(static_cast<std::int64_t>(20 + loop_random_.below(200))); }) {
  vfs_.make_default();
}

Life::~Life() {
  kill();
  bury();
}

std::unique_ptr<connector::WorkerPort> Life::make_worker() {
  return std::make_unique<WatchedWorker>(loop_, parts_.disk_time, parts_.after_database);
}

hub::Setup Life::make_setup(std::shared_ptr<const sync::Catalog> catalog) {
  hub::Setup setup;
  setup.catalog = catalog;
  catalogs_.push_back(catalog);
  const auto add = [&](const connector::Factory& factory, const SystemName& name, JsonObject settings) {
    hub::SystemSetup one;
    one.kind = factory.kind;
    one.settings = {kSource, name, std::move(settings), {}};
    std::string fingerprint;
    for (const sync::EntitySchema& entity : catalog->sources().front().entities) {
      one.settings.entities.push_back(&entity);
      for (const sync::FieldBinding& field : entity.binding(name)->fields) fingerprint += field.path + ' ';
    }
    auto& [known, connector] = connectors_[name];
    if (!connector || known != fingerprint) {
      states_.push_back(std::make_unique<State>(name, [this]() -> hub::Hub& { return *hub_; }));
      connector::Ports ports;
      ports.http = &http_;
      ports.state = states_.back().get();
      ports.make_worker = [this] { return make_worker(); };
      ports.loop = &loop_;
      ports.random = &random_;
      ports.log = log_.get();
      auto made = factory.make(one.settings, ports);
      LOCKSTEP_ASSERT(made.has_value(), "the scenario's settings are right");
      WatchedConnector::Watch watch;
      if (name == kCrm) watch = {parts_.handed_over, parts_.wrote_unread};
      connector = std::make_unique<WatchedConnector>(std::move(*made), loop_.clock(), std::move(watch));
      known = fingerprint;
    }
    one.connector = connector;
    one.guard = parts_.guard;
    one.poll_every = name == kCrm ? parts_.poll_every : std::chrono::milliseconds(0);
    setup.systems.push_back(std::move(one));
  };
  add(gohighlevel::factory(), kCrm, parts_.crm_settings);
  add(sqlite_connector::factory(), kDb,
      JsonObject{{"path", kDatabasePath}, {"poll_ms", static_cast<std::int64_t>(parts_.database_poll.count())}});
  return setup;
}

Result<void> Life::begin() {
  LOCKSTEP_TRY(store, store::open_sqlite_store({.path = kStorePath,
                                                .cache_bytes = std::size_t{1} << 20,
                                                .reader_cache_bytes = std::size_t{1} << 18,
                                                .checkpoint_bytes = std::size_t{256} << 10,
                                                .vfs = vfs_.name()}));
  store_ = std::move(store);
  reader_ = store_->open_reader();
  hub_ = std::make_unique<hub::Hub>(hub::Parts{store_.get(), &writer_, &readers_, &loop_, &random_, log_.get()},
                                    make_setup(parts_.catalog));
  hub_->start();
  return {};
}

void Life::reload(std::shared_ptr<const sync::Catalog> catalog, Connectors connectors) {
  if (connectors == Connectors::replaced) {
    for (auto& [name, one] : connectors_) one.first.clear();
  }
  hub_->reload(make_setup(std::move(catalog)));
}

void Life::take_webhook(wire::HttpRequest request, HookAnswer answer) {
  const std::uint64_t id = ++last_waiting_;
  waiting_.emplace(id, [answer] { answer(std::nullopt, {}); });
  connector::WebhookRequest webhook;
  webhook.headers = std::move(request.headers);
  webhook.body = std::move(request.body);
  webhook.received = loop_.clock().now();
  hub_->accept_webhook(kSource, kCrm, webhook, [this, id, answer](Result<std::vector<sync::Applied>> applied) {
    if (dead() || waiting_.erase(id) == 0) return;
    // As gateway/routes_intake answers.
    std::optional<ErrorKind> error;
    if (!applied) error = applied.error().kind;
    for (const sync::Applied& one : applied ? *applied : std::vector<sync::Applied>()) {
      if (one.error) error = one.error->kind;
    }
    if (!error) return answer(200, *applied);
    const bool guilty = *error == ErrorKind::invalid || *error == ErrorKind::unauthorized ||
                        *error == ErrorKind::not_found || *error == ErrorKind::conflict;
    answer(guilty ? 422 : 429, {});
  });
}

void Life::submit(std::vector<sync::Input> inputs, EditAnswer answer) {
  const std::uint64_t id = ++last_waiting_;
  waiting_.emplace(id, [answer] { answer(std::nullopt); });
  hub_->submit(std::move(inputs), [this, id, answer](Result<std::vector<sync::Applied>> applied) {
    if (dead() || waiting_.erase(id) == 0) return;
    answer(std::move(applied));
  });
}

void Life::kill() {
  if (dead()) return;
  vfs_.kill();
  // What comes next may run inside an operation of the dying process: only the world hears of it.
  for (auto& [id, died] : std::exchange(waiting_, {})) parts_.timeline->after(Duration(0), std::move(died));
}

// Its tasks come to their ends where nobody sees it.
void Life::bury() {
  link_.cut();
  loop_.die();
  if (hub_) {
    bool drained = false;
    hub_->drain([&drained] { drained = true; });
    http_.close();
    const bool ended = loop_.run_afterlife([&drained] { return drained; }, kAfterlifeSteps);
    LOCKSTEP_ASSERT(ended, "a hub that is told to drain ends");
    hub_.reset();
  }
  reader_.reset();
  store_.reset();
  connectors_.clear();
}

namespace {

class NoState final : public connector::StatePort {
 public:
  Task<Result<Json>> get(std::string) override { co_return Json(); }
  Task<Result<void>> put(std::string, Json) override { co_return Result<void>(); }
};

Task<void> migrate_with(connector::Connector& connector, bool& done) {
  Result<void> started = co_await connector.start();
  LOCKSTEP_ASSERT(started.has_value(), "a new file opens");
  auto migrated = co_await connector.migrate();
  LOCKSTEP_ASSERT(migrated.has_value(), "a new file takes its tables");
  co_await connector.stop();
  done = true;
}

}  // namespace

void migrate_database(Timeline& timeline, SimDisk& disk, const std::shared_ptr<const sync::Catalog>& catalog) {
  SeededRandom random(1);
  SimLoop loop(timeline, random);
  SimVfs vfs("lockstep-migrate", {{"", &disk}}, timeline.clock(), 1);
  vfs.make_default();
  NoState state;
  SilentLog log;
  connector::Ports ports;
  ports.state = &state;
  ports.make_worker = [&loop] { return std::make_unique<SimWorker>(loop, [] { return Duration(1); }); };
  ports.loop = &loop;
  ports.random = &random;
  ports.log = &log;
  connector::SystemSettings settings{kSource, kDb, JsonObject{{"path", kDatabasePath}}, {}};
  for (const sync::EntitySchema& entity : catalog->sources().front().entities) settings.entities.push_back(&entity);
  auto connector = sqlite_connector::factory().make(settings, ports);
  LOCKSTEP_ASSERT(connector.has_value(), "the scenario's settings are right");
  TaskScope scope;
  bool done = false;
  scope.spawn(migrate_with(**connector, done));
  while (!done && timeline.step()) {
  }
  while (!scope.idle() && timeline.step()) {
  }
  connector->reset();
  LOCKSTEP_ASSERT(done && scope.idle(), "the migration ends");
}

}  // namespace lockstep::simulation
