#include "app/ports/stored_accounts.hpp"

#include "wire/random_token.hpp"

namespace lockstep::app {
namespace {

// Below the connectors' secrets, so that it is sealed anew with them when the installation's key changes.
sync::StateRow key_row(Json value) {
  return {SourceId(), SystemName("access"), connector::stored_secret_prefix() + "sessions", std::move(value)};
}

Result<std::string> session_key(store::Store& store, const Vault& vault) {
  sync::StateRow row = key_row(nullptr);
  LOCKSTEP_TRY(stored, store.open_reader()->state(row.source, row.system, row.key));
  if (!stored.is_null()) {
    row.value = std::move(stored);
    LOCKSTEP_TRY(key, vault.open(row));
    if (key.is_string()) return std::string(key.get_string());
  }
  std::string made = wire::random_token() + wire::random_token();
  sync::Batch batch;
  batch.state.push_back(vault.seal(key_row(Json(made))));
  LOCKSTEP_CHECK(store.commit(batch));
  return made;
}

}  // namespace

Result<std::unique_ptr<access::Accounts>> open_accounts(store::Store& store, const Vault& vault,
                                                        access::AccountsParts parts) {
  LOCKSTEP_TRY(key, session_key(store, vault));
  LOCKSTEP_TRY(rows, store.open_reader()->states(std::string(access::kAccessRows)));
  return access::Accounts::make(std::move(parts), std::move(key), rows);
}

}  // namespace lockstep::app
