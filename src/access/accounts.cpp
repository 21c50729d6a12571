#include "access/accounts.hpp"

#include <algorithm>
#include <utility>

#include "access/limits.hpp"
#include "access/session_token.hpp"
#include "wire/random_token.hpp"
#include "wire/signature.hpp"

namespace lockstep::access {

Accounts::Accounts(AccountsParts parts, std::string session_key)
    : parts_(std::move(parts)), session_key_(std::move(session_key)) {}

Result<std::unique_ptr<Accounts>> Accounts::make(AccountsParts parts, std::string session_key,
                                                 const std::vector<sync::StateRow>& rows) {
  std::unique_ptr<Accounts> out(new Accounts(std::move(parts), std::move(session_key)));
  LOCKSTEP_TRY(nobodys, wire::hash_password(wire::random_token(), out->parts_.cost));
  out->nobodys_password_ = std::move(nobodys);
  for (const sync::StateRow& row : rows) {
    if (is_account_row(row)) {
      LOCKSTEP_TRY(account, read_account(row));
      out->accounts_.emplace(account.name, std::move(account));
    } else if (is_session_row(row)) {
      LOCKSTEP_TRY(session, read_session(row));
      out->sessions_.emplace(session.id, std::move(session));
    }
  }
  out->prune_later();
  return out;
}

Accounts::~Accounts() {
  if (timer_) parts_.loop->cancel(*timer_);
}

const Account* Accounts::find(const std::string& name) const {
  const auto at = accounts_.find(name);
  return at == accounts_.end() ? nullptr : &at->second;
}

void Accounts::put(sync::StateRow row, Done done) {
  parts_.put(std::move(row), [alive = std::weak_ptr(alive_), done = std::move(done)](Result<void> stored) mutable {
    if (alive.expired()) return;
    done(std::move(stored));
  });
}

void Accounts::change(Account next, Done done) {
  changing_.insert(next.name);
  sync::StateRow row = account_row(next);
  put(std::move(row), [this, next = std::move(next), done = std::move(done)](Result<void> stored) mutable {
    changing_.erase(next.name);
    const std::string name = next.name;
    if (stored) accounts_[name] = std::move(next);
    if (stored) parts_.changed(name);
    done(std::move(stored));
  });
}

Result<Account> Accounts::for_change(const std::string& name) const {
  if (changing_.contains(name)) return fail(ErrorKind::conflict, "this account is being changed: try again");
  const Account* account = find(name);
  if (account == nullptr) return fail(ErrorKind::not_found, "there is no such account");
  return *account;
}

bool Accounts::is_last_administrator(const Account& account) const {
  return account.everywhere == Role::admin && accounts_.size() > 1 &&
         std::ranges::count_if(accounts_, [](const auto& one) { return one.second.everywhere == Role::admin; }) == 1;
}

template <class T>
void Accounts::on_hasher(std::move_only_function<T()> job, std::move_only_function<void(Result<T>)> done) {
  if (hashing_ >= limits::kHashing)
    return done(fail(Error{ErrorKind::exhausted, "too many people sign in at once", std::chrono::seconds(1)}));
  ++hashing_;
  parts_.hasher->post(
      [loop = parts_.loop, weak = std::weak_ptr(alive_), this, job = std::move(job), done = std::move(done)]() mutable {
        loop->post([this, weak = std::move(weak), value = job(), done = std::move(done)]() mutable {
          if (weak.expired()) return;
          --hashing_;
          done(std::move(value));
        });
      });
}

void Accounts::hash(std::string password, Hashed done) {
  on_hasher<Result<std::string>>(
      [password = std::move(password), cost = parts_.cost] { return wire::hash_password(password, cost); },
      [done = std::move(done)](Result<Result<std::string>> made) mutable {
        done(made ? std::move(*made) : Result<std::string>(std::unexpected(made.error())));
      });
}

void Accounts::check(const std::string& hash, std::string password, std::move_only_function<void(Result<bool>)> done) {
  on_hasher<bool>([hash, password = std::move(password)] { return wire::password_matches(hash, password); },
                  std::move(done));
}

void Accounts::add(const std::string& name, std::string password, std::optional<Role> everywhere, Rights rights,
                   Done done) {
  make_account({name, {}, everywhere, std::move(rights), {}, {}, MadeBy::administrator}, std::move(password),
               std::move(done));
}

void Accounts::add_to_source(const std::string& name, std::string password, const SourceId& source, const Grant& grant,
                             Done done) {
  Rights rights;
  rights.add(source, grant);
  make_account({name, {}, {}, std::move(rights), {}, {}, MadeBy::owner}, std::move(password), std::move(done));
}

void Accounts::make_account(Account made, std::string password, Done done) {
  if (changing_.contains(made.name) || accounts_.contains(made.name))
    return done(fail(ErrorKind::conflict, "there is an account of this name"));
  if (accounts_.size() + changing_.size() >= limits::kAccounts)
    return done(fail(ErrorKind::exhausted, "there are too many accounts"));
  if (auto fits = check_password(password, made.name); !fits) return done(std::move(fits));
  changing_.insert(made.name);
  made.generation = wire::random_token();
  made.created = parts_.loop->clock().now();
  hash(std::move(password), [this, made = std::move(made), done = std::move(done)](Result<std::string> hashed) mutable {
    if (!hashed) {
      changing_.erase(made.name);
      return done(fail(std::move(hashed).error()));
    }
    made.password = std::move(*hashed);
    change(std::move(made), std::move(done));
  });
}

void Accounts::remove(const std::string& name, Done done) {
  Result<Account> account = for_change(name);
  if (!account) return done(fail(std::move(account).error()));
  if (is_last_administrator(*account))
    return done(fail(ErrorKind::conflict, "nobody could manage the other accounts: make another administrator first"));
  changing_.insert(name);
  put(account_erased(name), [this, name, done = std::move(done)](Result<void> stored) mutable {
    changing_.erase(name);
    if (stored) {
      accounts_.erase(name);
      for (const Session& one : sessions(name)) forget_session(one.id);
      parts_.changed(name);
    }
    done(std::move(stored));
  });
}

void Accounts::set_password(const std::string& name, std::string password, Done done) {
  Result<Account> account = for_change(name);
  if (!account) return done(fail(std::move(account).error()));
  if (auto fits = check_password(password, name); !fits) return done(std::move(fits));
  changing_.insert(name);
  hash(std::move(password),
       [this, next = std::move(*account), done = std::move(done)](Result<std::string> hashed) mutable {
         if (!hashed) {
           changing_.erase(next.name);
           return done(fail(std::move(hashed).error()));
         }
         next.password = std::move(*hashed);
         next.generation = wire::random_token();
         change(std::move(next), [this, name = next.name, done = std::move(done)](Result<void> stored) mutable {
           if (stored) {
             for (const Session& one : sessions(name)) forget_session(one.id);
           }
           done(std::move(stored));
         });
       });
}

void Accounts::grant(const std::string& name, const SourceId& source, const std::optional<Grant>& grant, Done done) {
  Result<Account> account = for_change(name);
  if (!account) return done(fail(std::move(account).error()));
  const std::size_t held = account->rights.sources.erase(source) + account->rights.businesses.erase(source);
  if (grant) {
    account->rights.add(source, *grant);
  } else if (held == 0) {
    return done(fail(ErrorKind::not_found, "this account has no right in this source"));
  }
  change(std::move(*account), std::move(done));
}

void Accounts::grant_everywhere(const std::string& name, std::optional<Role> role, Done done) {
  Result<Account> account = for_change(name);
  if (!account) return done(fail(std::move(account).error()));
  if (role != Role::admin && is_last_administrator(*account))
    return done(fail(ErrorKind::conflict, "nobody could manage the other accounts: make another administrator first"));
  account->everywhere = role;
  change(std::move(*account), std::move(done));
}

const std::string& Accounts::open_setup() {
  if (setup_token_.empty()) setup_token_ = wire::random_token();
  return setup_token_;
}

void Accounts::set_up(std::string_view token, std::string_view name_given, std::string password, SignInFrom from,
                      SignedInDone done) {
  if (setup_token_.empty() || !accounts_.empty() || !wire::equal_constant_time(token, setup_token_))
    return done(fail(ErrorKind::unauthorized, "this link makes no account: it has been used, or it is not the newest"));
  const Result<std::string> name = account_name(name_given);
  if (!name) return done(fail(name.error()));
  // Taken before anything is waited for: it makes one account, however many ask at once.
  std::string used = std::exchange(setup_token_, "");
  add(*name, std::move(password), Role::admin, {},
      [this, name = *name, used = std::move(used), from = std::move(from),
       done = std::move(done)](Result<void> made) mutable {
        if (!made) {
          setup_token_ = std::move(used);
          return done(fail(std::move(made).error()));
        }
        begin_session(accounts_.at(name), std::move(from), std::move(done));
      });
}

}  // namespace lockstep::access
