#include "connectors/postgres/postgres_connector.hpp"

#include <deque>

#include "connector/capture_link.hpp"
#include "connector/missed.hpp"
#include "connectors/postgres/checks.hpp"
#include "connectors/postgres/limits.hpp"
#include "connectors/postgres/migration.hpp"
#include "connectors/postgres/outbox.hpp"
#include "connectors/postgres/replication.hpp"

namespace lockstep::postgres {
namespace {

using connector::PullPage;
using connector::WriteRequest;
using connector::WriteResult;

connector::Capabilities make_capabilities() {
  connector::Capabilities capabilities;
  capabilities.kind = "postgres";
  capabilities.summary = "tables of a PostgreSQL database, Supabase included";
  connector::ObjectInfo table;
  table.name = "*";
  capabilities.objects.push_back(table);
  capabilities.captures = true;
  capabilities.compares_and_swaps = true;
  capabilities.write_batch_limit = limits::write_batch;
  capabilities.quirks = {"columns of type bytea are left out", "decimals are texts, so that no digit is lost",
                         "an update that leaves a large value alone may be captured without that value"};
  return capabilities;
}

// `database_` belongs to the worker's thread: the loop touches it only inside jobs, and the worker runs them in order.
class PostgresConnector final : public connector::Connector {
 public:
  PostgresConnector(const connector::SystemSettings& system, Settings settings, const connector::Ports& ports)
      : capabilities_(make_capabilities()),
        system_(system),
        settings_(settings),
        ports_(ports),
        database_(std::move(settings)),
        worker_(ports.make_worker()) {}

  const connector::Capabilities& capabilities() const override { return capabilities_; }

  Task<Result<void>> start() override {
    return on_worker<Result<void>>([this]() -> Result<void> {
      auto open = database_.session();
      if (!open) return fail(to_error(open.error()));
      auto facts = read_facts(**open);
      if (!facts) return fail(to_error(facts.error()));
      plan_ = plan_capture(settings_, *facts);
      database_.set_mode(plan_.mode);
      return database_.refresh();
    });
  }

  Task<void> stop() override {
    if (link_) link_->stop();
    if (capture_worker_) {
      // The capture's job is the worker's only one: what runs after it runs when it has ended.
      std::move_only_function<int()> nothing = [] { return 0; };
      co_await connector::run_on<int>(*capture_worker_, *ports_.loop, std::move(nothing));
    }
    std::move_only_function<int()> close = [this] {
      database_.close();
      return 0;
    };
    co_await connector::run_on<int>(*worker_, *ports_.loop, std::move(close));
  }

  Task<std::vector<connector::CheckLine>> check() override {
    return on_worker<std::vector<connector::CheckLine>>([this] { return run_checks(database_, system_); });
  }

  Task<Result<std::vector<std::string>>> migrate() override {
    std::move_only_function<Result<Migrated>()> job = [this] {
      return postgres::migrate(database_, system_, plan_.mode);
    };
    Result<Migrated> migrated = co_await connector::run_on<Result<Migrated>>(*worker_, *ports_.loop, std::move(job));
    if (!migrated) co_return fail(migrated.error());
    if (migrated->capture_made) co_await connector::note_missed(ports_.state, migrated->done);
    co_return std::move(migrated->done);
  }

  Result<std::vector<sync::Change>> decode_webhook(const connector::WebhookRequest&) override {
    return fail(ErrorKind::invalid, "a database sends no webhooks to this connector; it captures changes by itself");
  }

  Task<Result<PullPage>> pull(connector::PullRequest request) override {
    return on_worker<Result<PullPage>>([this, request = std::move(request)] { return database_.pull(request); });
  }

  Task<Result<std::optional<sync::Change>>> fetch(std::string object, std::string external_id,
                                                  sync::WorkClass) override {
    return on_worker<Result<std::optional<sync::Change>>>(
        [this, object = std::move(object), external_id = std::move(external_id)] {
          return database_.fetch(object, external_id);
        });
  }

  Task<std::vector<WriteResult>> write(std::vector<WriteRequest> requests) override {
    return on_worker<std::vector<WriteResult>>(
        [this, requests = std::move(requests)] { return database_.write(requests); });
  }

  Task<Result<std::optional<sync::Change>>> find(WriteRequest request) override {
    return on_worker<Result<std::optional<sync::Change>>>(
        [this, request = std::move(request)] { return database_.find(request); });
  }

  void capture(connector::CaptureSink& sink) override {
    link_ = std::make_shared<connector::CaptureLink>(*ports_.loop, sink);
    if (plan_.mode == CaptureMode::off) {
      link_->status("no capture: " + plan_.why);
      return;
    }
    capture_worker_ = ports_.make_worker();
    capture_worker_->run([settings = settings_, plan = plan_, link = link_] {
      if (plan.mode == CaptureMode::logical) {
        Replication(settings, link).run();
      } else {
        OutboxDrain(settings, plan.why, link).run();
      }
    });
  }

 private:
  template <class T>
  Task<T> on_worker(std::move_only_function<T()> job) {
    return connector::run_on<T>(*worker_, *ports_.loop, std::move(job));
  }

  const connector::Capabilities capabilities_;
  const connector::SystemSettings system_;
  const Settings settings_;
  const connector::Ports ports_;
  CapturePlan plan_;  // set by start(), then constant
  std::shared_ptr<connector::CaptureLink> link_;
  Database database_;
  std::unique_ptr<connector::WorkerPort> worker_;  // after what its jobs use
  std::unique_ptr<connector::WorkerPort> capture_worker_;
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
  return std::make_unique<PostgresConnector>(system, std::move(settings), ports);
}

}  // namespace

connector::Factory factory() {
  connector::Factory factory;
  factory.kind = "postgres";
  factory.summary = "tables of a PostgreSQL database, Supabase included";
  factory.uses_http = false;
  factory.settings_schema = settings_schema();
  factory.origin = [](const JsonObject&) { return std::string(); };
  factory.check_settings = check_settings;
  factory.make = make;
  return factory;
}

}  // namespace lockstep::postgres
