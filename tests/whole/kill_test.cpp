// The server is killed at random moments under load and started again: nothing that was acknowledged is lost, nothing
// comes twice, and both sides end equal (A1, A3, X1, X2, C1).
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <set>
#include <thread>

#include "base/random.hpp"
#include "tests/support/installation.hpp"

namespace lockstep::tests {
namespace {

constexpr std::size_t kContacts = 60;

// What was asked of a field, and what of that was acknowledged: the field must end as one of `possible`.
struct Expected {
  std::set<std::string> possible;

  void asked(const std::string& value) { possible.insert(value); }
  void acknowledged(const std::string& value) { possible = {value}; }
};

// An API call that is repeated with its key until it is acknowledged.
struct ApiCall {
  std::string method;
  std::string target;
  std::string body;
  std::string key;
  std::string email;  // of the contact that it is about
  std::string value;
};

class Load {
 public:
  Load(Installation& installation, std::uint64_t seed)
      : installation_(installation), random_(seed), people_(installation.pairs()) {}

  // One operation of a random kind; false when the server did not answer.
  bool step() {
    ++number_;
    const std::size_t third = people_.size() / 3;
    switch (random_.below(4)) {
      case 0: {  // a person in the CRM
        const auto& one = people_[random_.below(third)];
        const std::string value = fmt::format("Crm {}", number_);
        if (installation_.crm.edit(one.crm_id, {{"firstName", value}})) first_names_[one.email].acknowledged(value);
        return true;
      }
      case 1: {  // a program in the database
        const auto& one = people_[third + random_.below(third)];
        const std::string value = fmt::format("Db {}", number_);
        if (installation_.db().run("UPDATE contacts SET first_name = ? WHERE id = ?", {value, one.db_id}) == 1)
          first_names_[one.email].acknowledged(value);
        return true;
      }
      case 2: {  // a client of the API edits
        const auto& one = people_[2 * third + random_.below(third)];
        const std::string value = fmt::format("Api {}", number_);
        return call({"PATCH", "/api/v1/sources/main/records/" + record_ids_.at(one.email),
                     to_text(JsonObject{{"fields", JsonObject{{"first_name", value}}}}), fmt::format("key-{}", number_),
                     one.email, value});
      }
      default: {  // and creates
        const std::string email = fmt::format("made-{}@example.com", number_);
        const std::string value = fmt::format("Made {}", number_);
        return call({"POST", "/api/v1/sources/main/records",
                     to_text(JsonObject{{"entity", "contact"},
                                        {"fields", JsonObject{{"email", email}, {"first_name", value}}}}),
                     fmt::format("key-{}", number_), email, value});
      }
    }
  }

  // Once the server is back: what it did not acknowledge is sent again.
  void repeat() {
    for (int round = 0; round < 3 && !unanswered_.empty(); ++round) {
      for (const ApiCall& one : std::exchange(unanswered_, {})) call(one);
    }
    EXPECT_TRUE(unanswered_.empty()) << unanswered_.size() << " calls get no answer, though the server is back";
  }

  void learn_record_ids() {
    HttpConnection connection(installation_.server.port());
    for (std::string after;;) {
      const auto reply =
          connection.call("GET", "/api/v1/sources/main/records?limit=100" + (after.empty() ? "" : "&after=" + after));
      ASSERT_TRUE(reply && reply->status == 200);
      const Json page = reply->json();
      for (const Json& record : page.at("items").get_array()) {
        record_ids_[std::string(string_member(record.at("fields"), "email"))] = string_member(record, "id");
      }
      after = string_member(page, "next");
      if (after.empty()) break;
    }
    connection_ = installation_.server.connect();
  }

  const std::map<std::string, Expected>& first_names() const { return first_names_; }
  const std::set<std::string>& made() const { return made_; }
  std::size_t acknowledged() const { return acknowledged_; }
  std::size_t steps() const { return number_; }

 private:
  bool call(const ApiCall& one) {
    first_names_[one.email].asked(one.value);
    const auto reply = connection_->call(one.method, one.target, one.body, {{"Idempotency-Key", one.key}});
    if (!reply) {
      unanswered_.push_back(one);
      return false;
    }
    EXPECT_LT(reply->status, 300U) << reply->body;
    if (reply->status >= 300) return true;
    ++acknowledged_;
    first_names_[one.email].acknowledged(one.value);
    if (one.method == "POST") made_.insert(one.email);
    return true;
  }

  Installation& installation_;
  SeededRandom random_;
  std::vector<Installation::Pair> people_;
  std::map<std::string, std::string> record_ids_;  // by e-mail
  std::unique_ptr<HttpConnection> connection_;
  std::map<std::string, Expected> first_names_;
  std::set<std::string> made_;
  std::vector<ApiCall> unanswered_;
  std::size_t number_ = 0;
  std::size_t acknowledged_ = 0;
};

// Webhooks that were answered 2xx and that the store knows nothing of.
std::vector<std::string> lost_webhooks(Installation& installation, SqliteFile& store, std::set<std::string>& checked) {
  std::vector<std::string> lost;
  const Json recent = installation.crm.control("GET", "webhooks/recent");
  for (const Json& hook : recent.at("webhooks").get_array()) {
    if (!string_member(hook, "outcome").starts_with("20")) continue;
    const auto body = parse_json(string_member(hook, "body"));
    if (!body) continue;
    const std::string id(string_member(*body, "webhookId"));
    if (id.empty() || !checked.insert(id).second) continue;
    if (store.number("SELECT count(*) FROM marker WHERE delivery = ?", {id}) == 0) lost.push_back(id);
  }
  return lost;
}

// LOCKSTEP_TEST_KILLS: how many; LOCKSTEP_TEST_SEED: of the choices. `./dev kill-loop N` runs it long.
TEST(KillLoop, WhatWasAcknowledgedSurvivesAndNothingComesTwice) {
  const std::size_t kills = size_from("LOCKSTEP_TEST_KILLS", 10);
  const std::size_t seed = size_from("LOCKSTEP_TEST_SEED", 1);
  Installation installation({.contacts = kContacts});
  ASSERT_TRUE(installation.start()) << installation.unsettled();
  SeededRandom random(seed);
  Load load(installation, seed + 1);
  load.learn_record_ids();
  SqliteFile store(installation.server.store(), SqliteFile::Mode::read_only);
  std::set<std::string> checked;
  std::size_t failed_calls = 0;
  std::chrono::milliseconds back_longest(0);

  for (std::size_t kill = 0; kill < kills; ++kill) {
    std::thread killer(
        [server = installation.server.process().id(), wait = std::chrono::milliseconds(50 + random.below(700))] {
          pause(wait);
          ::kill(server, SIGKILL);
        });
    while (installation.server.process().running()) failed_calls += load.step() ? 0 : 1;
    killer.join();
    for (int i = 0; i < 5; ++i) failed_calls += load.step() ? 0 : 1;  // life goes on while it is down
    const auto lost = lost_webhooks(installation, store, checked);
    EXPECT_TRUE(lost.empty()) << lost.size() << " acknowledged webhooks are lost after kill " << kill
                              << ", the first: " << lost.front();
    const auto start = std::chrono::steady_clock::now();
    ASSERT_TRUE(installation.server.start()) << installation.server.process().log();
    back_longest = std::max(
        back_longest, std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start));
    load.repeat();
  }
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(installation.settle(std::chrono::seconds(60)), "");
  const double settled = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

  const People people = installation.crm.people();
  EXPECT_EQ(doubles(people), std::vector<std::string>());
  EXPECT_EQ(doubles(installation.db_people()), std::vector<std::string>());
  EXPECT_EQ(people.size(), kContacts + load.made().size());
  std::map<std::string, std::string> held;
  for (const Person& person : people) held[person.email] = person.first_name;
  for (const auto& [email, expected] : load.first_names()) {
    EXPECT_TRUE(expected.possible.contains(held[email]))
        << email << " holds '" << held[email] << "', but '" << *expected.possible.begin() << "' was acknowledged";
  }
  EXPECT_EQ(installation.server.counts().dead, 0);
  print_numbers(
      fmt::format("{} kills, {} operations, {} calls acknowledged, {} cut off and repeated, {} webhooks checked; "
                  "{} created, none twice; back within {} ms, settled in {:.1f} s",
                  kills, load.steps(), load.acknowledged(), failed_calls, checked.size(), load.made().size(),
                  back_longest.count(), settled));
  EXPECT_GT(checked.size(), kills);
  EXPECT_GT(load.acknowledged(), kills);
}

}  // namespace
}  // namespace lockstep::tests
