// Reads the local accounts from the store, with the key that signs their sessions.
#pragma once

#include "access/accounts.hpp"
#include "app/ports/vault.hpp"
#include "store/store.hpp"

namespace lockstep::app {

// For the start, before anything else writes: makes and seals the key when there is none. When it was lost with the
// key that had sealed it, everybody signs in anew.
Result<std::unique_ptr<access::Accounts>> open_accounts(store::Store& store, const Vault& vault,
                                                        access::AccountsParts parts);

}  // namespace lockstep::app
