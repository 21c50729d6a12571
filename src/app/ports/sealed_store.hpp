// Opens the store with the keys of its secrets. Whoever uses connectors' state opens it this way.
#pragma once

#include <memory>
#include <string>

#include "app/config/config.hpp"
#include "app/ports/vault.hpp"
#include "store/sqlite_store.hpp"

namespace lockstep::app {

struct SealedStore {
  std::unique_ptr<store::SqliteStore> store;
  std::shared_ptr<const Vault> vault;
};

// Makes the data folder, the store and, when the configuration names no key and nothing is sealed yet, the key file.
// When it returns, every secret in the store is sealed with the current key: what an older version wrote in the clear
// and what an old key has sealed was sealed anew. `unauthorized`: a secret's key is not here; nothing was changed.
Result<SealedStore> open_sealed_store(const ServerConfig& server);

// Removes the secrets that no key opens; their systems must be connected again. Returns how many went.
Result<std::size_t> forget_lost_secrets(const ServerConfig& server);

}  // namespace lockstep::app
