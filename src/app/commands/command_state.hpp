// Where `check` and `migrate` keep the state of the systems that they open.
//
// The commands' thread is the store's writer; nothing else uses the store meanwhile.
//
// A system whose settings have `oauth` gets new tokens that end the old ones: they go into the server's store under
// the server's keys, or the server could not log in any more (Q3). While a server holds the store such a system is
// refused. Every other system forgets, so that `check` needs no store, but for one thing: that changes may have been
// missed, which the server must know (B4).
#pragma once

#include <memory>
#include <optional>

#include "app/config/config.hpp"
#include "app/ports/sealed_store.hpp"
#include "connector/ports.hpp"

namespace lockstep::app {

class CommandState {
 public:
  explicit CommandState(ServerConfig server) : server_(std::move(server)) {}
  CommandState(const CommandState&) = delete;
  CommandState& operator=(const CommandState&) = delete;

  // The port must not outlive this. The store is opened when the first system needs it, and held from then on.
  Result<std::unique_ptr<connector::StatePort>> state_of(const SystemConfig& system);

 private:
  class Notes;
  Result<void> open_store();

  ServerConfig server_;
  std::optional<SealedStore> opened_;
};

}  // namespace lockstep::app
