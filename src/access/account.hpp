// Local accounts and their sessions as values, and as rows of the store (docs/formats/store.md).
#pragma once

#include <string>
#include <string_view>

#include "access/caller.hpp"
#include "base/clock.hpp"
#include "sync/batch.hpp"

namespace lockstep::access {

// Tables of members are asked about accounts that an administrator has made, and about no others: an owner of one source
// could name an account after somebody who is in the table, and have his rights.
enum class MadeBy { administrator, owner };

struct Account {
  std::string name;
  std::string password;  // argon2id
  std::optional<Role> everywhere;
  Rights rights;
  std::string generation;  // a new one ends all sessions: another password, or another account of the same name
  Time created;
  MadeBy made_by = MadeBy::administrator;
};

struct Session {
  std::string id;
  std::string account;
  std::string generation;  // of the account, when it began
  Time began;
  Time used;
  std::string agent;    // what the browser calls itself, for the person
  std::string address;  // from where

  bool is_over(Time now) const;
};

inline constexpr std::string_view kAccessRows = "access/";  // the beginning of all keys below

sync::StateRow account_row(const Account& account);
sync::StateRow account_erased(const std::string& name);
sync::StateRow session_row(const Session& session);
sync::StateRow session_erased(const std::string& id);

bool is_account_row(const sync::StateRow& row);
bool is_session_row(const sync::StateRow& row);
// `corrupt`: the row was written by another version of the program.
Result<Account> read_account(const sync::StateRow& row);
Result<Session> read_session(const sync::StateRow& row);

// As people may write it -> as it is kept: small letters. `invalid` says what a name may be.
Result<std::string> account_name(std::string_view text);
Result<void> check_password(std::string_view password, std::string_view name);

}  // namespace lockstep::access
