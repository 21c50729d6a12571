#include "connectors/sqlite/sqlite_connector.hpp"

#include <filesystem>

#include "base/waker.hpp"
#include "connector/worker_connector.hpp"
#include "connectors/sqlite/capture.hpp"
#include "connectors/sqlite/limits.hpp"
#include "connectors/sqlite/migration.hpp"

namespace lockstep::sqlite_connector {
namespace {

connector::Capabilities make_capabilities() {
  connector::Capabilities capabilities;
  capabilities.kind = "sqlite";
  capabilities.summary = "tables of an SQLite file";
  connector::ObjectInfo table;
  table.name = "*";
  capabilities.objects.push_back(table);
  capabilities.captures = true;
  capabilities.table_schema = "public";  // a file has none; this is what clients of a database ask for
  capabilities.compares_and_swaps = true;
  capabilities.write_batch_limit = limits::write_batch;
  capabilities.quirks = {
      "columns that hold blobs are left out", "decimals are texts, so that no digit is lost",
      "a row that INSERT OR REPLACE removes because of another unique key is missed until the next full pull"};
  return capabilities;
}

// Between the link and the hub: wakes the capture when the fate of a delivery is known. Loop's thread.
class WakingSink final : public connector::CaptureSink {
 public:
  WakingSink(connector::CaptureSink& inner, std::function<void()> acknowledged)
      : inner_(inner), acknowledged_(std::move(acknowledged)) {}

  void deliver(std::vector<sync::Change> changes, std::move_only_function<void(Result<void>)> durable) override {
    inner_.deliver(std::move(changes),
                   [acknowledged = acknowledged_, durable = std::move(durable)](Result<void> result) mutable {
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
  std::function<void()> acknowledged_;
};

class SqliteConnector final : public connector::WorkerConnector<Database> {
 public:
  SqliteConnector(const connector::SystemSettings& system, Settings settings, const connector::Ports& ports)
      : WorkerConnector(make_capabilities(), std::make_shared<Database>(settings), ports),
        system_(system),
        settings_(std::move(settings)) {}

  Task<Result<void>> start() override {
    return on_worker<Result<void>>([database = database_]() -> Result<void> {
      std::error_code error;
      // It is opened when it is first needed; until then nothing is wrong.
      if (!std::filesystem::exists(database->settings().path, error)) return {};
      return database->open(Database::Missing::leave);
    });
  }

  Task<void> stop() override {
    if (link_) {
      link_->stop();
      capture_waker_->wake();
      Completion<int> ended([this](Completion<int>::Done done) { when_capture_ends(std::move(done)); });
      co_await ended;
    }
    co_await close_database();
  }

  Task<std::vector<connector::CheckLine>> check() override {
    return on_worker<std::vector<connector::CheckLine>>([this] {
      using enum connector::CheckLine::Level;
      std::vector<connector::CheckLine> lines;
      std::error_code error;
      if (!std::filesystem::exists(settings_.path, error)) {
        lines.push_back({warning, "the file " + settings_.path + " is not there", "migrate creates it"});
        return lines;
      }
      auto opened = Connection::open(settings_.path, OpenMode::read_only);
      if (!opened) {
        lines.push_back({problem, "cannot open the file: " + opened.error().message, ""});
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
    return migrate_on_worker([this] { return sqlite_connector::migrate(*database_, system_); });
  }

  void capture(connector::CaptureSink& sink) override {
    capture_waker_ = std::make_shared<Waker>(*ports_.loop);
    sink_ = std::make_unique<WakingSink>(sink, [waker = capture_waker_] { waker->wake(); });
    link_ = std::make_shared<connector::CaptureLink>(*ports_.loop, *sink_);
    capture_worker_ = ports_.make_worker();
    tasks_.spawn(run_capture(std::make_shared<Capture>(settings_, link_)));
  }

 private:
  // Each look is a job of the capture's worker; the waiting in between is the loop's.
  Task<void> run_capture(std::shared_ptr<Capture> capture) {
    std::int64_t erased = 0;
    while (!link_->stopping()) {
      std::move_only_function<Capture::Look()> look = [capture] { return capture->look(); };
      const Capture::Look seen =
          co_await connector::run_on<Capture::Look>(*capture_worker_, *ports_.loop, std::move(look));
      if (link_->stopping()) break;
      if (seen.durable > erased) {
        // When it fails the entries stay, and are erased with the next ones.
        worker_->run([database = database_, last = seen.durable] { (void)database->erase_changes(last); });
      }
      erased = seen.durable;
      co_await capture_waker_->sleep(seen.pause);
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

  const connector::SystemSettings system_;
  const Settings settings_;
  std::unique_ptr<WakingSink> sink_;
  std::shared_ptr<connector::CaptureLink> link_;
  std::shared_ptr<Waker> capture_waker_;
  std::unique_ptr<connector::WorkerPort> capture_worker_;
  TaskScope tasks_;
};

}  // namespace

connector::Factory factory() {
  return connector::worker_factory<SqliteConnector>(make_capabilities(), settings_schema(), &read_settings);
}

}  // namespace lockstep::sqlite_connector
