// Local accounts: people with a name and a password, for installations that have no issuer of tokens.
//
// Owns all accounts and sessions in memory; the store has the same as rows of state. Loop's thread only. What is done
// to an account or a session is on the disk when its callback says so, and in force from then on; while one change of
// an account is on its way to the disk, another one gets `conflict`. Passwords are hashed on the hasher's thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "access/account.hpp"
#include "access/attempts.hpp"
#include "base/log.hpp"
#include "base/loop.hpp"
#include "wire/password_hash.hpp"

namespace lockstep::access {

struct AccountsParts {
  Loop* loop = nullptr;
  Log* log = nullptr;
  Executor* hasher = nullptr;  // one thread
  std::function<void(sync::StateRow, std::move_only_function<void(Result<void>)>)> put;
  wire::PasswordCost cost = {};
  // Called when the rights or sessions of an account are others now.
  std::function<void(const std::string& account)> changed = [](const std::string&) {};
};

// Where a sign-in comes from.
struct SignInFrom {
  std::string address;
  std::string agent;
  std::string network = {};  // what wrong passwords are counted by; "": the address

  const std::string& counted() const { return network.empty() ? address : network; }
};

struct SignedIn {
  std::string token;  // a secret: for the one who signs in
  Session session;
};

class Accounts {
 public:
  using Done = std::move_only_function<void(Result<void>)>;
  using SignedInDone = std::move_only_function<void(Result<SignedIn>)>;

  // `session_key` signs sessions; `rows` are those whose key begins with kAccessRows. `corrupt`: a row makes no sense.
  static Result<std::unique_ptr<Accounts>> make(AccountsParts parts, std::string session_key,
                                                const std::vector<sync::StateRow>& rows);
  ~Accounts();
  Accounts(const Accounts&) = delete;
  Accounts& operator=(const Accounts&) = delete;

  bool empty() const { return accounts_.empty(); }
  const std::map<std::string, Account>& all() const { return accounts_; }
  const Account* find(const std::string& name) const;

  // `name` as account_name() has made it. `conflict`: there is one of that name.
  void add(const std::string& name, std::string password, std::optional<Role> everywhere, Rights rights, Done done);
  // The same for an owner who lets somebody into one source.
  void add_to_source(const std::string& name, std::string password, const SourceId& source, const Grant& grant,
                     Done done);
  // Ends its sessions. `conflict` for the last administrator while there are other accounts.
  void remove(const std::string& name, Done done);
  void set_password(const std::string& name, std::string password, Done done);  // ends its sessions
  // In place of what it holds in the source; nothing takes that away.
  void grant(const std::string& name, const SourceId& source, const std::optional<Grant>& grant, Done done);
  void grant_everywhere(const std::string& name, std::optional<Role> role, Done done);

  // Who a token of ours belongs to; using it keeps the session alive.
  Result<Caller> identify(std::string_view token);
  // `unauthorized`, after the same time, for a wrong password and for an account that there is not; `rate_limited`
  // after too many of them; `exhausted` when too many people sign in at once.
  void sign_in(std::string_view name, std::string password, SignInFrom from, SignedInDone done);
  // The account's own way to another password: its other sessions end, and this one goes on under a new token.
  void change_password(const std::string& name, std::string old_password, std::string password, SignInFrom from,
                       SignedInDone done);
  std::vector<Session> sessions(const std::string& account) const;
  const Session* session(const std::string& id) const;
  void end_session(const std::string& id, Done done);

  // Lets whoever knows the token that is returned make the first account, an administrator, once.
  const std::string& open_setup();
  void set_up(std::string_view token, std::string_view name, std::string password, SignInFrom from, SignedInDone done);

 private:
  using Hashed = std::move_only_function<void(Result<std::string>)>;

  Accounts(AccountsParts parts, std::string session_key);
  void put(sync::StateRow row, Done done);
  void make_account(Account made, std::string password, Done done);
  // Makes the account what `next` says, once that is on the disk.
  void change(Account next, Done done);
  Result<Account> for_change(const std::string& name) const;
  bool is_last_administrator(const Account& account) const;
  void hash(std::string password, Hashed done);
  // `failed` when the password is not that of the account.
  void check(const std::string& hash, std::string password, std::move_only_function<void(Result<bool>)> done);
  template <class T>
  void on_hasher(std::move_only_function<T()> job, std::move_only_function<void(Result<T>)> done);
  void begin_session(const Account& account, SignInFrom from, SignedInDone done);
  bool is_live(const Session& session, Time now) const;
  void forget_session(const std::string& id);
  void end_sessions_over_limit(const std::string& account);
  void prune_later();

  AccountsParts parts_;
  std::string session_key_;
  std::string nobodys_password_;  // what is compared for accounts that there are not
  std::map<std::string, Account> accounts_;
  std::map<std::string, Session> sessions_;
  std::set<std::string> changing_;  // accounts
  Attempts attempts_;
  std::size_t hashing_ = 0;
  std::string setup_token_;  // "" when there is none
  std::optional<TimerId> timer_;
  std::shared_ptr<const int> alive_ = std::make_shared<const int>(0);
};

}  // namespace lockstep::access
