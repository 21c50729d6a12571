// What the connectors on a database share: its driver blocks, so every call is a job for one worker, in order.
//
// `Database` belongs to the worker's thread; the loop touches it only inside jobs. It has pull(), fetch(), write(),
// find() as the connector has them, and close().
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "connector/connector.hpp"
#include "connector/missed.hpp"

namespace lockstep::connector {

struct Migrated {
  std::vector<std::string> done;  // for people
  bool capture_made = false;      // capture, or a table's part of it: changes made before are not in it
};

template <class Database>
class WorkerConnector : public Connector {
 public:
  const Capabilities& capabilities() const final { return capabilities_; }

  Result<std::vector<sync::Change>> decode_webhook(const WebhookRequest&) final {
    return fail(ErrorKind::invalid, "a database sends no webhooks; its changes are captured");
  }

  Task<Result<PullPage>> pull(PullRequest request) final {
    return on_worker<Result<PullPage>>(
        [database = database_, request = std::move(request)] { return database->pull(request); });
  }

  Task<Result<std::optional<sync::Change>>> fetch(std::string object, std::string external_id, sync::WorkClass) final {
    return on_worker<Result<std::optional<sync::Change>>>(
        [database = database_, object = std::move(object), external_id = std::move(external_id)] {
          return database->fetch(object, external_id);
        });
  }

  Task<std::vector<WriteResult>> write(std::vector<WriteRequest> requests) final {
    return on_worker<std::vector<WriteResult>>(
        [database = database_, requests = std::move(requests)] { return database->write(requests); });
  }

  Task<Result<std::optional<Found>>> find(WriteRequest request) final {
    return on_worker<Result<std::optional<Found>>>(
        [database = database_, request = std::move(request)] { return database->find(request); });
  }

 protected:
  WorkerConnector(Capabilities capabilities, std::shared_ptr<Database> database, const Ports& ports)
      : ports_(ports),
        database_(std::move(database)),
        worker_(ports.make_worker()),
        capabilities_(std::move(capabilities)) {}

  template <class T>
  Task<T> on_worker(std::move_only_function<T()> job) {
    return run_on<T>(*worker_, *ports_.loop, std::move(job));
  }

  Task<Result<std::vector<std::string>>> migrate_on_worker(std::move_only_function<Result<Migrated>()> job) {
    Result<Migrated> migrated = co_await on_worker<Result<Migrated>>(std::move(job));
    if (!migrated) co_return fail(migrated.error());
    if (migrated->capture_made) co_await note_missed(ports_.state, migrated->done);  // B4
    co_return std::move(migrated->done);
  }

  // After all that was asked for before.
  Task<void> close_database() {
    std::move_only_function<int()> close = [database = database_] {
      database->close();
      return 0;
    };
    co_await on_worker<int>(std::move(close));
  }

  const Ports ports_;
  const std::shared_ptr<Database> database_;
  const std::shared_ptr<WorkerPort> worker_;  // after what its jobs use

 private:
  const Capabilities capabilities_;
};

// The factory of a connector that is made of its settings and uses no HTTP. `read` gives the settings, and what is wrong
// with them.
template <class Made, class Settings>
Factory worker_factory(const Capabilities& capabilities, Json settings_schema,
                       Settings (*read)(const SystemSettings&, std::vector<SettingProblem>&)) {
  Factory factory;
  factory.kind = capabilities.kind;
  factory.summary = capabilities.summary;
  factory.uses_http = false;
  factory.settings_schema = std::move(settings_schema);
  factory.origin = [](const JsonObject&) { return std::string(); };
  factory.check_settings = [read](const SystemSettings& system) {
    std::vector<SettingProblem> problems;
    (void)read(system, problems);
    return problems;
  };
  factory.make = [read](const SystemSettings& system, const Ports& ports) -> Result<std::unique_ptr<Connector>> {
    std::vector<SettingProblem> problems;
    Settings settings = read(system, problems);
    if (!problems.empty()) return fail(ErrorKind::invalid, problems.front().setting + " " + problems.front().message);
    return std::make_unique<Made>(system, std::move(settings), ports);
  };
  return factory;
}

}  // namespace lockstep::connector
