// SystemOpener over the network. Owns an event loop that runs while a call is on its way.
#pragma once

#include <functional>
#include <memory>
#include <span>

#include "app/commands/system_opener.hpp"
#include "base/log.hpp"

namespace lockstep::app {

// Where a system keeps its durable state (tokens, cursors). Null: the system cannot be opened now, e.g. because the
// server that owns the state is running.
using StateOf = std::function<Result<std::unique_ptr<connector::StatePort>>(const SystemConfig&)>;

class LiveSystems final : public SystemOpener {
 public:
  // All arguments outlive it.
  static Result<std::unique_ptr<LiveSystems>> make(std::span<const connector::Factory> factories, StateOf state,
                                                   Log& log);
  ~LiveSystems() override;

  Result<std::vector<connector::CheckLine>> check(const SystemConfig& system) override;
  Result<std::vector<std::string>> migrate(const SystemConfig& system) override;
  Result<std::vector<std::string>> read(const SystemConfig& system, const connector::TableRead& read) override;

 private:
  struct Impl;
  explicit LiveSystems(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// State that lasts as long as the object: for systems that need none of an earlier run.
class MemoryState final : public connector::StatePort {
 public:
  Task<Result<Json>> get(std::string key) override;
  Task<Result<void>> put(std::string key, Json value) override;

 private:
  JsonObject values_;
};

}  // namespace lockstep::app
