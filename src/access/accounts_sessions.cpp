// The sessions of accounts.
#include <algorithm>
#include <utility>

#include "access/accounts.hpp"
#include "access/limits.hpp"
#include "access/session_token.hpp"
#include "wire/random_token.hpp"

namespace lockstep::access {
namespace {

std::unexpected<Error> wrong() {
  return fail(ErrorKind::unauthorized, "this account and password do not belong together");
}

}  // namespace

bool Accounts::is_live(const Session& session, Time now) const {
  const Account* account = find(session.account);
  return account != nullptr && account->generation == session.generation && !session.is_over(now);
}

Result<Caller> Accounts::identify(std::string_view token) {
  const auto id = session_of(session_key_, token);
  const auto at = id ? sessions_.find(std::string(*id)) : sessions_.end();
  const Time now = parts_.loop->clock().now();
  if (at == sessions_.end() || !is_live(at->second, now))
    return fail(ErrorKind::unauthorized, "this session has ended: sign in again");
  Session& session = at->second;
  if (now - session.used >= limits::kSessionUseKept) {
    session.used = now;
    put(session_row(session), [this](Result<void> stored) {
      // Told again with a later use; till then the session would end a little early after a restart.
      if (!stored) parts_.log->warning("access.session_not_kept", {{"error", stored.error().message}});
    });
  }
  const Account& account = accounts_.at(session.account);
  const std::string person = account.made_by == MadeBy::administrator ? account.name : "";
  const Rights& rights = account.rights;
  return Caller{"account " + account.name, account.everywhere, rights.sources, person, account.name, session.id,
                rights.businesses};
}

void Accounts::sign_in(std::string_view name_given, std::string password, SignInFrom from, SignedInDone done) {
  // What can be no name is handled as one that there is not, in the same time.
  const Result<std::string> name = account_name(name_given);
  const std::string who = name ? *name : "";
  if (const auto wait = attempts_.begin(who, from.counted(), parts_.loop->clock().monotonic())) {
    return done(fail(Error{ErrorKind::rate_limited, "too many wrong passwords: wait a moment",
                           std::chrono::ceil<std::chrono::milliseconds>(*wait)}));
  }
  const Account* account = find(who);
  password.resize(std::min(password.size(), limits::kPasswordBytesMax + 1));  // more than any password has
  const std::string against = account == nullptr ? nobodys_password_ : account->password;
  check(against, std::move(password),
        [this, who, against, from = std::move(from), done = std::move(done)](Result<bool> fits) mutable {
          if (!fits) return done(fail(std::move(fits).error()));
          const Account* now = find(who);
          // Removed, or another password, while this one was looked at.
          if (!*fits || now == nullptr || now->password != against) {
            parts_.log->warning("access.sign_in_refused", {{"address", from.address}});
            return done(wrong());
          }
          attempts_.succeeded(who, from.counted());
          begin_session(*now, std::move(from), std::move(done));
        });
}

void Accounts::change_password(const std::string& name, std::string old_password, std::string password, SignInFrom from,
                               SignedInDone done) {
  if (auto fits = check_password(password, name); !fits) return done(fail(std::move(fits).error()));
  // Proves the old one like a sign-in, with its limits; the session that this makes is the one to go on with.
  sign_in(name, std::move(old_password), from,
          [this, name, password = std::move(password), from, done = std::move(done)](Result<SignedIn> proven) mutable {
            if (!proven) return done(std::move(proven));
            set_password(name, std::move(password),
                         [this, name, from = std::move(from), done = std::move(done)](Result<void> set) mutable {
                           if (!set) return done(fail(std::move(set).error()));
                           const Account* account = find(name);
                           if (account == nullptr) return done(wrong());
                           begin_session(*account, std::move(from), std::move(done));
                         });
          });
}

void Accounts::begin_session(const Account& account, SignInFrom from, SignedInDone done) {
  const Time now = parts_.loop->clock().now();
  from.agent.resize(std::min(from.agent.size(), limits::kAgentBytes));
  Session made{wire::random_token(),  account.name,           account.generation, now, now,
               std::move(from.agent), std::move(from.address)};
  sync::StateRow row = session_row(made);
  put(std::move(row), [this, made = std::move(made), done = std::move(done)](Result<void> stored) mutable {
    if (!stored) return done(fail(std::move(stored).error()));
    sessions_.emplace(made.id, made);
    end_sessions_over_limit(made.account);
    std::string token = session_token(session_key_, made.id);
    done(SignedIn{std::move(token), std::move(made)});
  });
}

std::vector<Session> Accounts::sessions(const std::string& account) const {
  std::vector<Session> out;
  for (const auto& [id, session] : sessions_) {
    if (session.account == account) out.push_back(session);
  }
  std::ranges::sort(out, std::greater(), &Session::used);
  return out;
}

const Session* Accounts::session(const std::string& id) const {
  const auto at = sessions_.find(id);
  return at == sessions_.end() ? nullptr : &at->second;
}

void Accounts::end_session(const std::string& id, Done done) {
  auto session = sessions_.extract(id);
  if (session.empty()) return done(fail(ErrorKind::not_found, "there is no such session"));
  parts_.changed(session.mapped().account);
  // Out of the map before it is off the disk: nothing that uses it meanwhile writes it again.
  put(session_erased(id), [this, session = std::move(session), done = std::move(done)](Result<void> stored) mutable {
    if (!stored) sessions_.insert(std::move(session));
    done(std::move(stored));
  });
}

void Accounts::forget_session(const std::string& id) {
  sessions_.erase(id);
  put(session_erased(id), [this](Result<void> stored) {
    // It is good for nothing any more; the row goes when sessions are pruned after the next start.
    if (!stored) parts_.log->warning("access.session_not_erased", {{"error", stored.error().message}});
  });
}

void Accounts::end_sessions_over_limit(const std::string& account) {
  const std::vector<Session> all = sessions(account);
  for (std::size_t i = limits::kSessionsOfAccount; i < all.size(); ++i) forget_session(all[i].id);
}

void Accounts::prune_later() {
  timer_ = parts_.loop->after(limits::kSessionPruneEvery, [this] {
    const Time now = parts_.loop->clock().now();
    std::vector<std::string> over;
    for (const auto& [id, session] : sessions_) {
      if (!is_live(session, now)) over.push_back(id);
    }
    for (const std::string& id : over) forget_session(id);
    prune_later();
  });
}

}  // namespace lockstep::access
