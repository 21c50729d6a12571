#include "app/commands/command_state.hpp"

#include <fmt/format.h>

#include "app/commands/live_systems.hpp"
#include "connector/missed.hpp"

namespace lockstep::app {
namespace {

// The command's thread is the store's writer; nothing else uses the store meanwhile.
class StoredState final : public connector::StatePort {
 public:
  StoredState(store::Store& store, const SystemConfig& system)
      : store_(store), source_(system.settings.source), system_(system.settings.system) {}

  Task<Result<Json>> get(std::string key) override {
    Result<Json> value = store_.open_reader()->state(source_, system_, connector::stored_state_key(key));
    co_return value;
  }

  Task<Result<void>> put(std::string key, Json value) override {
    sync::Batch batch;
    batch.state.push_back({source_, system_, connector::stored_state_key(key), std::move(value)});
    Result<void> stored = store_.commit(batch);
    co_return stored;
  }

 private:
  store::Store& store_;
  SourceId source_;
  SystemName system_;
};

}  // namespace

// What a command must leave to the server goes into the store, everything else lasts as long as the command.
class CommandState::Notes final : public connector::StatePort {
 public:
  Notes(CommandState& state, SystemConfig system) : state_(state), system_(std::move(system)) {}

  Task<Result<Json>> get(std::string key) override { return memory_.get(std::move(key)); }

  Task<Result<void>> put(std::string key, Json value) override {
    if (key != connector::missed_state) {
      Result<void> kept = co_await memory_.put(std::move(key), std::move(value));
      co_return kept;
    }
    if (Result<void> opened = state_.open_store(); !opened) co_return fail(opened.error());
    StoredState stored(*state_.opened_->store, system_);
    Result<void> kept = co_await stored.put(std::move(key), std::move(value));
    co_return kept;
  }

 private:
  CommandState& state_;
  SystemConfig system_;
  MemoryState memory_;
};

Result<void> CommandState::open_store() {
  if (opened_) return {};
  LOCKSTEP_TRY(opened, open_sealed_store(server_));
  opened_ = std::move(opened);
  return {};
}

Result<std::unique_ptr<connector::StatePort>> CommandState::state_of(const SystemConfig& system) {
  if (find_member(system.settings.settings, "oauth") == nullptr) return std::make_unique<Notes>(*this, system);
  if (const Result<void> opened = open_store(); !opened) {
    return fail(opened.error().kind,
                fmt::format("{} / {} uses OAuth, and its newest tokens are in the store: {}. While a server runs, "
                            "`lockstep status` shows how the system is; stop the server to use this command.",
                            system.settings.source.str(), system.settings.system.str(), opened.error().message));
  }
  return std::make_unique<SealedState>(std::make_unique<StoredState>(*opened_->store, system), opened_->vault,
                                       system.settings);
}

}  // namespace lockstep::app
