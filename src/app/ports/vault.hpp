// Seals the secrets among the state that connectors keep (docs/decisions/0009-secrets-at-rest.md).
//
// A row's value is {"v":1,"key":name of the key,"box":base64}; the box is bound to the row's source, system and key, so
// that it opens in no other row. Values of other rows pass through. Immutable: may be used from any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connector/connector.hpp"
#include "sync/batch.hpp"
#include "wire/sealed_box.hpp"

namespace lockstep::app {

class Vault {
 public:
  // `current` seals; boxes of all of them are opened.
  Vault(wire::SealingKey current, std::vector<wire::SealingKey> older)
      : current_(std::move(current)), older_(std::move(older)) {}

  // The row as it may be written to the disk.
  sync::StateRow seal(sync::StateRow clear) const;
  // What was sealed. `unauthorized` when no key of the vault opens it, or when it is no box of this row.
  Result<Json> open(const sync::StateRow& row) const;
  // Whether it is sealed, and with the current key.
  bool is_current(const Json& value) const;

 private:
  wire::SealingKey current_;
  std::vector<wire::SealingKey> older_;
};

// The name of the key that a stored value was sealed with; "" for one that is not sealed.
std::string sealed_with(const Json& value);

// A connector's state, sealed on its way to `inner`, which holds the row that (source, system, stored key) names.
class SealedState final : public connector::StatePort {
 public:
  SealedState(std::unique_ptr<connector::StatePort> inner, std::shared_ptr<const Vault> vault,
              const connector::SystemSettings& system)
      : inner_(std::move(inner)), vault_(std::move(vault)), source_(system.source), system_(system.system) {}

  Task<Result<Json>> get(std::string key) override;
  Task<Result<void>> put(std::string key, Json value) override;

 private:
  sync::StateRow row(const std::string& key, Json value) const;

  std::unique_ptr<connector::StatePort> inner_;
  std::shared_ptr<const Vault> vault_;
  SourceId source_;
  SystemName system_;
};

}  // namespace lockstep::app
