#include "connectors/postgres/postgres_connector.hpp"

#include <deque>

#include "connector/capture_link.hpp"
#include "connector/worker_connector.hpp"
#include "connectors/postgres/checks.hpp"
#include "connectors/postgres/limits.hpp"
#include "connectors/postgres/migration.hpp"
#include "connectors/postgres/outbox.hpp"
#include "connectors/postgres/replication.hpp"
#include "connectors/postgres/table_reads.hpp"

namespace lockstep::postgres {
namespace {

connector::Capabilities make_capabilities(const Settings& settings) {
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
  capabilities.table_schema = settings.schema;
  for (const auto& [name, one] : settings.tables) {
    if (!one.key.empty()) capabilities.table_keys[name] = one.key;
    // A row that is marked as deleted is none of this system.
    if (!one.soft_delete.empty()) capabilities.table_constants[name][one.soft_delete] = nullptr;
  }
  for (const std::string& object : settings.objects) {
    for (const auto& [column, value] : settings.scope) capabilities.table_constants[object][column] = value;
  }
  return capabilities;
}

class PostgresConnector final : public connector::WorkerConnector<Database> {
 public:
  PostgresConnector(const connector::SystemSettings& system, Settings settings, const connector::Ports& ports)
      : WorkerConnector(make_capabilities(settings), std::make_shared<Database>(settings), ports),
        system_(system),
        settings_(std::move(settings)),
        reads_(settings_, *ports.loop, ports.make_worker) {}

  Task<Result<void>> start() override {
    Result<Json> known = co_await ports_.state->get(history_state);
    if (!known) co_return fail(known.error());
    std::weak_ptr<TaskScope> tasks = tasks_;
    history_ = std::make_shared<History>(history_from(*known),
                                         [loop = ports_.loop, state = ports_.state, tasks](const History::State& next) {
                                           loop->post([state, tasks, next] {
                                             if (const auto scope = tasks.lock()) scope->spawn(keep(state, next));
                                           });
                                         });
    std::move_only_function<Result<void>()> job = [this]() -> Result<void> {
      database_->use(history_);
      auto open = database_->session();
      if (!open) return fail(to_error(open.error()));
      auto facts = read_facts(**open);
      if (!facts) return fail(to_error(facts.error()));
      plan_ = plan_capture(settings_, *facts);
      database_->set_mode(plan_.mode);
      return database_->refresh();
    };
    co_return co_await on_worker<Result<void>>(std::move(job));
  }

  Task<void> stop() override {
    if (link_) link_->stop();
    if (capture_worker_) {
      // The capture's job is the worker's only one: what runs after it runs when it has ended.
      std::move_only_function<int()> nothing = [] { return 0; };
      co_await connector::run_on<int>(*capture_worker_, *ports_.loop, std::move(nothing));
    }
    co_await reads_.stop();
    co_await close_database();
  }

  connector::Tables* tables() override { return &reads_; }

  Task<std::vector<connector::CheckLine>> check() override {
    return on_worker<std::vector<connector::CheckLine>>([this] { return run_checks(*database_, system_); });
  }

  Task<Result<std::vector<std::string>>> migrate() override {
    return migrate_on_worker([this] { return postgres::migrate(*database_, system_, plan_.mode); });
  }

  void capture(connector::CaptureSink& sink) override {
    link_ = std::make_shared<connector::CaptureLink>(*ports_.loop, sink);
    if (plan_.mode == CaptureMode::off) {
      link_->status("no capture: " + plan_.why);
      return;
    }
    capture_worker_ = ports_.make_worker();
    capture_worker_->run([settings = settings_, plan = plan_, history = history_, link = link_] {
      if (plan.mode == CaptureMode::logical) {
        Replication(settings, history, link).run();
      } else {
        OutboxDrain(settings, plan.why, history, link).run();
      }
    });
  }

 private:
  // B4: the loss is noted first, so that a program that ends here knows of it when it starts again.
  static Task<void> keep(connector::StatePort* state, History::State next) {
    if (next.base != 0) {
      Json reason("another server has taken over the database");
      const Result<void> noted = co_await state->put(connector::missed_state, std::move(reason));
      if (!noted) co_return;  // found again at the next start
    }
    Json kept = to_json(next);
    (void)co_await state->put(history_state, std::move(kept));  // as above
  }

  const connector::SystemSettings system_;
  const Settings settings_;
  TableReads reads_;
  CapturePlan plan_;                  // set by start(), then constant
  std::shared_ptr<History> history_;  // set by start()
  const std::shared_ptr<TaskScope> tasks_ = std::make_shared<TaskScope>();
  std::shared_ptr<connector::CaptureLink> link_;
  std::unique_ptr<connector::WorkerPort> capture_worker_;
};

}  // namespace

connector::Factory factory() {
  return connector::worker_factory<PostgresConnector>(make_capabilities({}), settings_schema(), &read_settings);
}

}  // namespace lockstep::postgres
