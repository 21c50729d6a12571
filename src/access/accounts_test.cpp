#include "access/accounts.hpp"

#include <gtest/gtest.h>

#include <deque>

#include "access/limits.hpp"
#include "connector/manual_loop.hpp"

namespace lockstep::access {
namespace {

const SourceId kAcme("acme");
const SourceId kOther("other");
const std::string kPassword = "correct horse battery";

class AccountsTest : public ::testing::Test {
 protected:
  AccountsTest() { start(); }

  void start() {
    std::vector<sync::StateRow> rows;
    for (const auto& [key, value] : disk) rows.push_back({SourceId(), SystemName("access"), key, value});
    AccountsParts parts{&loop, &log, &hasher, {}, wire::kCheapestPassword};
    parts.put = [this](sync::StateRow row, Accounts::Done done) {
      loop.post([this, row = std::move(row), done = std::move(done)]() mutable {
        if (disk_full) return done(fail(ErrorKind::exhausted, "the disk is full"));
        row.value.is_null() ? void(disk.erase(row.key)) : void(disk[row.key] = row.value);
        done({});
      });
    };
    auto made = Accounts::make(std::move(parts), "a key of this installation", rows);
    ASSERT_TRUE(made) << made.error().message;
    accounts = std::move(*made);
  }
  void restart() {
    accounts.reset();
    start();
  }

  // What the operation that gets `done` answered.
  template <class T, class Start>
  Result<T> result_of(Start begin) {
    std::optional<Result<T>> out;
    begin([&](Result<T> done) { out.emplace(std::move(done)); });
    loop.run_for(std::chrono::milliseconds(10));
    EXPECT_TRUE(out) << "not answered";
    return out ? std::move(*out) : Result<T>(fail(ErrorKind::corrupt, "not answered"));
  }
  Result<void> add(const std::string& name, std::optional<Role> everywhere = {}, Grants sources = {}) {
    return result_of<void>(
        [&](auto done) { accounts->add(name, kPassword, everywhere, {std::move(sources)}, std::move(done)); });
  }
  Result<SignedIn> sign_in(const std::string& name, const std::string& password = kPassword,
                           const std::string& address = "192.0.2.1") {
    return result_of<SignedIn>(
        [&](auto done) { accounts->sign_in(name, password, {address, "Firefox"}, std::move(done)); });
  }
  std::string token_of(const std::string& name) {
    const Result<SignedIn> in = sign_in(name);
    EXPECT_TRUE(in) << in.error().message;
    return in ? in->token : "";
  }
  bool is_good(const std::string& token) { return accounts->identify(token).has_value(); }

  connector::ManualLoop loop;
  connector::ManualLoop& hasher = loop;
  SilentLog log;
  std::map<std::string, Json> disk;
  bool disk_full = false;
  std::unique_ptr<Accounts> accounts;
};

TEST_F(AccountsTest, SignsInAndKnowsTheRights) {
  ASSERT_TRUE(add("ada@example.com", std::nullopt, {{kAcme, Role::editor}}));
  const Result<SignedIn> in = sign_in("Ada@Example.com");
  ASSERT_TRUE(in);
  const Result<Caller> caller = accounts->identify(in->token);
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->name, "account ada@example.com");
  EXPECT_TRUE(caller->may_edit(kAcme));
  EXPECT_FALSE(caller->may_operate(kAcme));
  EXPECT_FALSE(caller->may_read(kOther));
  EXPECT_FALSE(caller->sees_all());
  EXPECT_EQ(caller->session, in->session.id);
}

TEST_F(AccountsTest, NeitherNameNorPasswordIsGivenAway) {
  ASSERT_TRUE(add("ada"));
  const Result<SignedIn> wrong = sign_in("ada", "correct horse batterz");
  const Result<SignedIn> nobody = sign_in("nobody");
  const Result<SignedIn> nonsense = sign_in("no name at all!");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().kind, ErrorKind::unauthorized);
  ASSERT_FALSE(nobody);
  ASSERT_FALSE(nonsense);
  EXPECT_EQ(wrong.error(), nobody.error());
  EXPECT_EQ(wrong.error(), nonsense.error());
  EXPECT_EQ(to_text(disk.begin()->second).find(kPassword), std::string::npos);
}

// A password is hashed for an account that there is not, too: the answers take the same time.
TEST_F(AccountsTest, UnknownAccountsCostTheSame) {
  std::size_t jobs = 0;
  struct Counting final : Executor {
    explicit Counting(std::size_t& into) : count(into) {}
    void post(Action action) override {
      ++count;
      action();
    }
    std::size_t& count;
  } counting(jobs);
  AccountsParts parts{&loop, &log, &counting, {}, wire::kCheapestPassword};
  const auto empty = Accounts::make(std::move(parts), "key", {});
  ASSERT_TRUE(empty);
  bool answered = false;
  (*empty)->sign_in("nobody", kPassword, {"1.1.1.1", ""}, [&](const Result<SignedIn>& in) { answered = !in; });
  loop.run_for(std::chrono::milliseconds(1));
  EXPECT_TRUE(answered);
  EXPECT_EQ(jobs, 1U);
}

TEST_F(AccountsTest, SurvivesARestart) {
  ASSERT_TRUE(add("ada", Role::admin));
  const std::string token = token_of("ada");
  restart();
  ASSERT_TRUE(is_good(token));
  EXPECT_TRUE(accounts->identify(token)->may_administer());
  EXPECT_TRUE(sign_in("ada"));
}

TEST_F(AccountsTest, ForgedAndForeignTokensAreNone) {
  ASSERT_TRUE(add("ada"));
  const std::string token = token_of("ada");
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string forged = token;
    forged[i] = forged[i] == '0' ? '1' : '0';
    EXPECT_FALSE(is_good(forged)) << i;
  }
  EXPECT_FALSE(is_good(""));
  EXPECT_FALSE(is_good("lss_"));
  EXPECT_FALSE(is_good(token + "0"));
  EXPECT_FALSE(is_good(token.substr(0, token.size() - 1)));
}

TEST_F(AccountsTest, WhatEndsASession) {
  ASSERT_TRUE(add("boss", Role::admin));
  ASSERT_TRUE(add("ada"));
  const std::string signed_out = token_of("ada");
  const std::string other = token_of("ada");
  const std::string id = accounts->identify(signed_out)->session;
  ASSERT_TRUE(result_of<void>([&](auto done) { accounts->end_session(id, std::move(done)); }));
  EXPECT_FALSE(is_good(signed_out));
  EXPECT_TRUE(is_good(other)) << "the others go on";

  ASSERT_TRUE(
      result_of<void>([&](auto done) { accounts->set_password("ada", "another good password", std::move(done)); }));
  EXPECT_FALSE(is_good(other));
  EXPECT_FALSE(sign_in("ada")) << "the old password";
  const Result<SignedIn> anew = sign_in("ada", "another good password");
  ASSERT_TRUE(anew);

  ASSERT_TRUE(result_of<void>([&](auto done) { accounts->remove("ada", std::move(done)); }));
  EXPECT_FALSE(is_good(anew->token));
  ASSERT_TRUE(add("ada"));
  EXPECT_FALSE(is_good(anew->token)) << "another account of the same name";
  restart();
  for (const std::string& token : {signed_out, other, anew->token}) EXPECT_FALSE(is_good(token));
}

TEST_F(AccountsTest, EndsUnusedAndOldSessions) {
  ASSERT_TRUE(add("ada"));
  const std::string idle = token_of("ada");
  const std::string used = token_of("ada");
  for (Duration passed{0}; passed < limits::kSessionIdle; passed += std::chrono::hours(24)) {
    EXPECT_TRUE(is_good(used)) << passed;
    loop.run_for(std::chrono::hours(24));
  }
  loop.run_for(std::chrono::minutes(1));
  EXPECT_FALSE(is_good(idle)) << "not used for so long";
  for (int day = 7; day < 30; ++day) {
    EXPECT_TRUE(is_good(used)) << day;
    loop.run_for(std::chrono::hours(24));
  }
  loop.run_for(std::chrono::hours(2));
  EXPECT_FALSE(is_good(used)) << "older than a session gets";
  EXPECT_TRUE(accounts->sessions("ada").empty());
  for (const auto& [key, value] : disk) EXPECT_FALSE(key.starts_with("access/session/")) << key;
}

TEST_F(AccountsTest, UseKeepsASessionAcrossRestarts) {
  ASSERT_TRUE(add("ada"));
  const std::string token = token_of("ada");
  for (int day = 0; day < 14; ++day) {
    loop.run_for(std::chrono::hours(24));
    ASSERT_TRUE(is_good(token)) << day;
    loop.run_for(std::chrono::milliseconds(1));
    restart();
  }
}

TEST_F(AccountsTest, AnEndedSessionIsNotWrittenAgain) {
  ASSERT_TRUE(add("ada"));
  const std::string token = token_of("ada");
  const std::string id = accounts->identify(token)->session;
  loop.run_for(std::chrono::hours(1));
  bool ended = false;
  accounts->end_session(id, [&](Result<void> done) { ended = done.has_value(); });
  EXPECT_FALSE(is_good(token)) << "at once";
  loop.run_for(std::chrono::milliseconds(1));
  EXPECT_TRUE(ended);
  restart();
  EXPECT_FALSE(is_good(token));
}

TEST_F(AccountsTest, AFullDiskChangesNothing) {
  ASSERT_TRUE(add("ada", std::nullopt, {{kAcme, Role::viewer}}));
  const std::string token = token_of("ada");
  const std::string id = accounts->identify(token)->session;
  disk_full = true;
  EXPECT_FALSE(add("bob"));
  EXPECT_FALSE(sign_in("ada"));
  EXPECT_FALSE(result_of<void>([&](auto done) { accounts->grant("ada", kAcme, Role::owner, std::move(done)); }));
  EXPECT_FALSE(result_of<void>([&](auto done) { accounts->remove("ada", std::move(done)); }));
  EXPECT_FALSE(result_of<void>([&](auto done) { accounts->end_session(id, std::move(done)); }));
  disk_full = false;
  EXPECT_EQ(accounts->find("bob"), nullptr);
  ASSERT_TRUE(is_good(token));
  EXPECT_FALSE(accounts->identify(token)->may_edit(kAcme));
  EXPECT_TRUE(add("bob")) << "nothing is in its way";
}

TEST_F(AccountsTest, OneChangeAtATime) {
  ASSERT_TRUE(add("ada"));
  std::vector<bool> granted;
  for (const SourceId& source : {kAcme, kOther}) {
    accounts->grant("ada", source, Role::viewer, [&](Result<void> done) { granted.push_back(done.has_value()); });
  }
  loop.run_for(std::chrono::milliseconds(1));
  EXPECT_EQ(granted, (std::vector{false, true})) << "the second is told at once, the first when it is durable";
  EXPECT_EQ(accounts->find("ada")->rights.sources.size(), 1U);
  EXPECT_FALSE(add("ada"));
}

TEST_F(AccountsTest, WhatAnOwnerMadeIsNotLookedUpInTables) {
  ASSERT_TRUE(add("ada"));
  ASSERT_TRUE(result_of<void>(
      [&](auto done) { accounts->add_to_source("bob", kPassword, kAcme, Role::viewer, std::move(done)); }));
  restart();
  EXPECT_EQ(accounts->identify(token_of("ada"))->person, "ada");
  const Result<Caller> bob = accounts->identify(token_of("bob"));
  EXPECT_EQ(bob->person, "");
  EXPECT_TRUE(bob->may_read(kAcme));
}

TEST_F(AccountsTest, GrantsAndRevokes) {
  ASSERT_TRUE(add("ada"));
  const std::string token = token_of("ada");
  const auto grant = [&](std::optional<Role> role) {
    return result_of<void>([&](auto done) { accounts->grant("ada", kAcme, role, std::move(done)); });
  };
  EXPECT_EQ(grant(std::nullopt).error().kind, ErrorKind::not_found);
  ASSERT_TRUE(grant(Role::owner));
  EXPECT_TRUE(accounts->identify(token)->may_operate(kAcme));
  ASSERT_TRUE(grant(std::nullopt));
  EXPECT_FALSE(accounts->identify(token)->may_read(kAcme));
  EXPECT_TRUE(is_good(token)) << "still somebody";
}

TEST_F(AccountsTest, TheLastAdministratorStays) {
  ASSERT_TRUE(add("boss", Role::admin));
  ASSERT_TRUE(add("ada"));
  const auto remove = [&](const std::string& name) {
    return result_of<void>([&](auto done) { accounts->remove(name, std::move(done)); });
  };
  EXPECT_EQ(remove("boss").error().kind, ErrorKind::conflict);
  EXPECT_FALSE(result_of<void>([&](auto done) { accounts->grant_everywhere("boss", Role::viewer, std::move(done)); }));
  ASSERT_TRUE(result_of<void>([&](auto done) { accounts->grant_everywhere("ada", Role::admin, std::move(done)); }));
  EXPECT_TRUE(remove("boss"));
  EXPECT_TRUE(remove("ada")) << "the last account of all";
  EXPECT_TRUE(accounts->empty());
}

TEST_F(AccountsTest, GuessingIsSlowedDown) {
  ASSERT_TRUE(add("ada"));
  for (unsigned i = 0; i < limits::kFreeFailures; ++i)
    EXPECT_FALSE(sign_in("ada", "guess number " + std::to_string(i)));
  const Result<SignedIn> refused = sign_in("ada");
  ASSERT_FALSE(refused) << "even with the right one";
  EXPECT_EQ(refused.error().kind, ErrorKind::rate_limited);
  EXPECT_TRUE(refused.error().retry_after);
  EXPECT_TRUE(sign_in("ada", kPassword, "192.0.2.2")) << "from where nobody guesses";
  loop.run_for(std::chrono::seconds(1));
  EXPECT_TRUE(sign_in("ada"));
}

TEST_F(AccountsTest, GuessesAreCountedByNetwork) {
  ASSERT_TRUE(add("ada"));
  const auto guess = [&](const std::string& address) {
    return result_of<SignedIn>(
        [&](auto done) { accounts->sign_in("ada", "not the password", {address, "", "2001:db8::"}, std::move(done)); });
  };
  for (unsigned i = 0; i < limits::kFreeFailures; ++i)
    EXPECT_EQ(guess("2001:db8::" + std::to_string(i)).error().kind, ErrorKind::unauthorized);
  EXPECT_EQ(guess("2001:db8::ffff").error().kind, ErrorKind::rate_limited);
}

TEST_F(AccountsTest, HashingIsBounded) {
  ASSERT_TRUE(add("ada"));
  std::size_t refused = 0;
  for (std::size_t i = 0; i < limits::kHashing + 3; ++i) {
    accounts->sign_in("ada", kPassword, {"10.0.0." + std::to_string(i), ""}, [&](const Result<SignedIn>& in) {
      if (!in && in.error().kind == ErrorKind::exhausted) ++refused;
    });
  }
  loop.run_for(std::chrono::milliseconds(1));
  EXPECT_EQ(refused, 3U);
  EXPECT_TRUE(sign_in("ada"));
}

TEST_F(AccountsTest, TooManySessionsEndTheOldest) {
  ASSERT_TRUE(add("ada"));
  const std::string first = token_of("ada");
  for (std::size_t i = 0; i < limits::kSessionsOfAccount; ++i) {
    loop.run_for(std::chrono::seconds(1));
    (void)token_of("ada");
  }
  EXPECT_EQ(accounts->sessions("ada").size(), limits::kSessionsOfAccount);
  EXPECT_FALSE(is_good(first));
}

TEST_F(AccountsTest, RulesOfNamesAndPasswords) {
  EXPECT_EQ(*account_name("Ada.L+x@Example.com"), "ada.l+x@example.com");
  for (const char* bad : {"", "a b", "a/b", "a\nb", "ä"}) EXPECT_FALSE(account_name(bad)) << bad;
  EXPECT_FALSE(account_name(std::string(limits::kNameBytes + 1, 'a')));
  for (const std::string& bad :
       {std::string(), std::string("short"), std::string(11, 'x'), std::string(40, 'x'), std::string(300, 'x')})
    EXPECT_FALSE(check_password(bad, "ada")) << bad;
  EXPECT_FALSE(check_password("ada@example.com", "ada@example.com"));
  EXPECT_TRUE(check_password(kPassword, "ada"));
}

TEST_F(AccountsTest, TheFirstAccountIsMadeOnce) {
  const std::string token = accounts->open_setup();
  const auto set_up = [&](const std::string& by, const std::string& name) {
    return result_of<SignedIn>(
        [&](auto done) { accounts->set_up(by, name, kPassword, {"1.1.1.1", ""}, std::move(done)); });
  };
  EXPECT_FALSE(set_up("", "eve"));
  EXPECT_FALSE(set_up(std::string(token.size(), '0'), "eve"));
  std::vector<bool> both;
  for (const char* name : {"ada", "eve"}) {
    accounts->set_up(token, name, kPassword, {"1.1.1.1", ""}, [&](auto in) { both.push_back(in.has_value()); });
  }
  loop.run_for(std::chrono::milliseconds(1));
  EXPECT_EQ(both, (std::vector{false, true})) << "two at once: one";
  EXPECT_TRUE(accounts->find("ada")->everywhere == Role::admin);
  EXPECT_FALSE(set_up(token, "eve"));
}

TEST_F(AccountsTest, AFailedFirstAccountCanBeMadeAgain) {
  const std::string token = accounts->open_setup();
  disk_full = true;
  const auto set_up = [&] {
    return result_of<SignedIn>(
        [&](auto done) { accounts->set_up(token, "ada", kPassword, {"1", ""}, std::move(done)); });
  };
  EXPECT_FALSE(set_up());
  disk_full = false;
  EXPECT_TRUE(set_up());
}

TEST_F(AccountsTest, ChangesTheOwnPassword) {
  ASSERT_TRUE(add("ada"));
  const std::string before = token_of("ada");
  const auto change = [&](const std::string& old_password, const std::string& password) {
    return result_of<SignedIn>([&](auto done) {
      accounts->change_password("ada", old_password, password, {"192.0.2.1", ""}, std::move(done));
    });
  };
  EXPECT_FALSE(change("not the old password", "another good password"));
  EXPECT_FALSE(change(kPassword, "short"));
  const Result<SignedIn> in = change(kPassword, "another good password");
  ASSERT_TRUE(in);
  EXPECT_TRUE(is_good(in->token));
  EXPECT_FALSE(is_good(before));
  EXPECT_EQ(accounts->sessions("ada").size(), 1U);
}

TEST_F(AccountsTest, WhatAnotherVersionWroteIsNotGuessedAt) {
  AccountsParts parts{&loop, &log, &hasher, {}, wire::kCheapestPassword};
  const auto made = Accounts::make(std::move(parts), "key",
                                   {{SourceId(), SystemName("access"), "access/account/ada", JsonObject{{"v", 2}}}});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind, ErrorKind::corrupt);
}

}  // namespace
}  // namespace lockstep::access
