#include "connectors/sqlite/sqlite_connector.hpp"

#include "base/waker.hpp"
#include "connector/missed.hpp"
#include "connectors/sqlite/capture.hpp"
#include "connectors/sqlite/limits.hpp"
#include "connectors/sqlite/migration.hpp"

namespace lockstep::sqlite_connector {
namespace {

using connector::PullPage;
using connector::WriteRequest;
using connector::WriteResult;

connector::Capabilities make_capabilities() {
  connector::Capabilities capabilities;
  capabilities.kind = "sqlite";
  capabilities.summary = "tables of an SQLite file";
  connector::ObjectInfo table;
  table.name = "*";
  capabilities.objects.push_back(table);
  capabilities.captures = true;
  capabilities.compares_and_swaps = true;
  capabilities.write_batch_limit = limits::write_batch;
  capabilities.quirks = {
      "columns that hold blobs are left out", "decimals are texts, so that no digit is lost",
      "a row that INSERT OR REPLACE removes because of another unique key is missed until the next full pull"};
  return capabilities;
}

// Between the link and the hub: what is durable is erased from the file by the connection that writes. Loop's thread.
class ErasingSink final : public connector::CaptureSink {
 public:
  // `acknowledged` is called after each delivery whose fate is known.
  ErasingSink(connector::CaptureSink& inner, std::shared_ptr<Database> database,
              std::shared_ptr<connector::WorkerPort> worker, std::function<void()> acknowledged)
      : inner_(inner),
        database_(std::move(database)),
        worker_(std::move(worker)),
        acknowledged_(std::move(acknowledged)) {}

  void deliver(std::vector<sync::Change> changes, std::move_only_function<void(Result<void>)> durable) override {
    // Versions are numbers of entries plus one, in order; everything lower has been delivered before.
    const auto last = static_cast<std::int64_t>(changes.back().version) - 1;
    inner_.deliver(std::move(changes),
                   [database = database_, worker = std::weak_ptr(worker_), last, acknowledged = acknowledged_,
                    durable = std::move(durable)](Result<void> result) mutable {
                     const auto open = worker.lock();
                     if (result && open) {
                       // When it fails the entries stay, and are erased with the next batch.
                       open->run([database, last] { (void)database->erase_changes(last); });
                     }
                     durable(std::move(result));
                     acknowledged();
                   });
  }
  void lost(std::string reason, std::move_only_function<void(Result<void>)> durable) override {
    inner_.lost(std::move(reason), std::move(durable));
  }
  void status(std::string text) override { inner_.status(std::move(text)); }

 private:
  connector::CaptureSink& inner_;
  std::shared_ptr<Database> database_;
  std::shared_ptr<connector::WorkerPort> worker_;
  std::function<void()> acknowledged_;
};

// `database_` belongs to the worker's thread: the loop touches it only inside jobs.
class SqliteConnector final : public connector::Connector {
 public:
  SqliteConnector(const connector::SystemSettings& system, Settings settings, const connector::Ports& ports)
      : capabilities_(make_capabilities()),
        system_(system),
        settings_(settings),
        ports_(ports),
        database_(std::make_shared<Database>(std::move(settings))),
        worker_(ports.make_worker()) {}

  const connector::Capabilities& capabilities() const override { return capabilities_; }

  Task<Result<void>> start() override {
    return on_worker<Result<void>>([database = database_] { return database->open(); });
  }

  Task<void> stop() override {
    if (link_) {
      link_->stop();
      capture_waker_->wake();
      Completion<int> ended([this](Completion<int>::Done done) { when_capture_ends(std::move(done)); });
      co_await ended;
    }
    std::move_only_function<int()> close = [database = database_] {
      database->close();
      return 0;
    };
    co_await connector::run_on<int>(*worker_, *ports_.loop, std::move(close));
  }

  Task<std::vector<connector::CheckLine>> check() override {
    return on_worker<std::vector<connector::CheckLine>>([this] {
      using enum connector::CheckLine::Level;
      std::vector<connector::CheckLine> lines;
      auto opened = Connection::open(settings_.path, OpenMode::read_only);
      if (!opened) {
        const bool absent = opened.error().kind == ErrorKind::unauthorized;
        lines.push_back({problem, "cannot open the file: " + opened.error().message,
                         absent ? "start creates it when its folder exists and may be written" : ""});
        return lines;
      }
      lines.push_back({ok, "may read the file", ""});
      auto tables = read_tables(**opened, settings_.objects);
      if (!tables) lines.push_back({problem, tables.error().message, ""});
      for (const auto& object : settings_.objects) {
        if (tables && !tables->contains(object))
          lines.push_back({warning, "there is no table " + object, "migrate creates it"});
      }
      return lines;
    });
  }

  Task<Result<std::vector<std::string>>> migrate() override {
    std::move_only_function<Result<Migrated>()> job = [this] { return sqlite_connector::migrate(*database_, system_); };
    Result<Migrated> migrated = co_await connector::run_on<Result<Migrated>>(*worker_, *ports_.loop, std::move(job));
    if (!migrated) co_return fail(migrated.error());
    if (migrated->capture_made) co_await connector::note_missed(ports_.state, migrated->done);
    co_return std::move(migrated->done);
  }

  Result<std::vector<sync::Change>> decode_webhook(const connector::WebhookRequest&) override {
    return fail(ErrorKind::invalid, "a file sends no webhooks; its changes are captured");
  }

  Task<Result<PullPage>> pull(connector::PullRequest request) override {
    return on_worker<Result<PullPage>>(
        [database = database_, request = std::move(request)] { return database->pull(request); });
  }

  Task<Result<std::optional<sync::Change>>> fetch(std::string object, std::string external_id,
                                                  sync::WorkClass) override {
    return on_worker<Result<std::optional<sync::Change>>>(
        [database = database_, object = std::move(object), external_id = std::move(external_id)] {
          return database->fetch(object, external_id);
        });
  }

  Task<std::vector<WriteResult>> write(std::vector<WriteRequest> requests) override {
    return on_worker<std::vector<WriteResult>>(
        [database = database_, requests = std::move(requests)] { return database->write(requests); });
  }

  Task<Result<std::optional<sync::Change>>> find(WriteRequest request) override {
    return on_worker<Result<std::optional<sync::Change>>>(
        [database = database_, request = std::move(request)] { return database->find(request); });
  }

  void capture(connector::CaptureSink& sink) override {
    capture_waker_ = std::make_shared<Waker>(*ports_.loop);
    sink_ = std::make_unique<ErasingSink>(sink, database_, worker_, [waker = capture_waker_] { waker->wake(); });
    link_ = std::make_shared<connector::CaptureLink>(*ports_.loop, *sink_);
    capture_worker_ = ports_.make_worker();
    tasks_.spawn(run_capture(std::make_shared<Capture>(settings_, link_)));
  }

 private:
  // Each look is a job of the capture's worker; the waiting in between is the loop's.
  Task<void> run_capture(std::shared_ptr<Capture> capture) {
    while (!link_->stopping()) {
      std::move_only_function<std::chrono::milliseconds()> look = [capture] { return capture->look(); };
      const std::chrono::milliseconds pause =
          co_await connector::run_on<std::chrono::milliseconds>(*capture_worker_, *ports_.loop, std::move(look));
      if (link_->stopping()) break;
      co_await capture_waker_->sleep(pause);
    }
    std::move_only_function<int()> close = [capture] {
      capture->close();
      return 0;
    };
    co_await connector::run_on<int>(*capture_worker_, *ports_.loop, std::move(close));
  }

  void when_capture_ends(Completion<int>::Done done) {
    if (tasks_.idle()) return done(0);
    // Posted: the task's frame is still on the stack.
    tasks_.on_idle([this, done = std::move(done)]() mutable {
      ports_.loop->post([done = std::move(done)]() mutable { done(0); });
    });
  }

  template <class T>
  Task<T> on_worker(std::move_only_function<T()> job) {
    return connector::run_on<T>(*worker_, *ports_.loop, std::move(job));
  }

  const connector::Capabilities capabilities_;
  const connector::SystemSettings system_;
  const Settings settings_;
  const connector::Ports ports_;
  std::shared_ptr<Database> database_;
  std::shared_ptr<connector::WorkerPort> worker_;
  std::unique_ptr<ErasingSink> sink_;
  std::shared_ptr<connector::CaptureLink> link_;
  std::shared_ptr<Waker> capture_waker_;
  std::unique_ptr<connector::WorkerPort> capture_worker_;
  TaskScope tasks_;
};

std::vector<connector::SettingProblem> check_settings(const connector::SystemSettings& system) {
  std::vector<connector::SettingProblem> problems;
  (void)read_settings(system, problems);
  return problems;
}

Result<std::unique_ptr<connector::Connector>> make(const connector::SystemSettings& system,
                                                   const connector::Ports& ports) {
  std::vector<connector::SettingProblem> problems;
  Settings settings = read_settings(system, problems);
  if (!problems.empty()) return fail(ErrorKind::invalid, problems.front().setting + " " + problems.front().message);
  return std::make_unique<SqliteConnector>(system, std::move(settings), ports);
}

}  // namespace

connector::Factory factory() {
  connector::Factory factory;
  factory.kind = "sqlite";
  factory.summary = "tables of an SQLite file";
  factory.uses_http = false;
  factory.settings_schema = settings_schema();
  factory.origin = [](const JsonObject&) { return std::string(); };
  factory.check_settings = check_settings;
  factory.make = make;
  return factory;
}

}  // namespace lockstep::sqlite_connector
