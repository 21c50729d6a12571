// People on all sides who edit the same contacts, and a ledger of what was acknowledged to them.
//
// Each contact's first and last name belongs to one side each, so that what must stand there in the end is known exactly;
// its city is edited by all sides at once, so that conflicts arise. Besides, each side makes, edits and deletes
// contacts of its own. A client of the API repeats a call with its key until it is answered.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "base/random.hpp"
#include "tests/support/contact_table.hpp"
#include "tests/support/installation.hpp"

namespace lockstep::tests {

enum class Side : std::size_t { crm, db, api };

// A deletion in the CRM whose webhook is lost is found by the next full pull only: a minute later at the earliest.
enum class CrmDeletes { none, some };

class Crowd {
 public:
  // `table` is the database side's own.
  Crowd(CrmSandbox& crm, const Server& server, std::unique_ptr<ContactTable> table, std::uint64_t seed,
        CrmDeletes crm_deletes = CrmDeletes::none);
  ~Crowd();
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  // Takes over who is there; both sides must hold the same people. "" or what is wrong.
  std::string learn();

  // One operation; false when it was not acknowledged. One call at a time for each side.
  bool step(Side side);
  // Once the server is back: what it did not acknowledge is sent again. False while there is no answer.
  bool repeat();

  // A client that has no connection yet makes this contact; repeat it until it returns true.
  bool knock(const std::string& email, std::chrono::milliseconds deadline);

  // One thread for each side, with a pause after each operation. After stop() nothing is unanswered, or it says so.
  void start(std::chrono::milliseconds pause_each);
  // So that all together do so many operations a second, as long as they are answered in time.
  void start_at(double per_second);
  std::string stop();

  // "" when what both systems hold is what was acknowledged, with nobody lost and nobody twice; else what is wrong.
  std::string audit(const People& crm, const People& db) const;

  struct Tally {
    std::size_t asked = 0, acknowledged = 0;
    friend Tally operator-(Tally a, Tally b) { return {a.asked - b.asked, a.acknowledged - b.acknowledged}; }
  };
  Tally tally(Side side) const;
  Tally tally() const;  // of all sides
  std::size_t made() const;

 private:
  // A value that was asked for may stand there until a later one is acknowledged.
  struct Expected {
    std::set<std::string> possible;
  };
  enum class Presence { there, maybe, gone };
  struct Contact {
    std::string email, crm_id, record_id;
  };
  struct Choice {
    enum class Kind { edit, make, erase } kind = Kind::edit;
    Contact contact;
    std::string field, value;
  };
  struct ApiCall {
    std::string method, target, body, key;
    Choice choice;
  };
  struct Own {
    std::vector<Contact> made;
    Tally tally;
    std::optional<ApiCall> unanswered;  // of the API's side
  };

  enum class Pace { pause_after, evenly };
  void start(Pace pace, std::chrono::microseconds each);
  Choice choose(Side side);
  bool act_in_crm(const Choice& choice);
  bool act_in_db(const Choice& choice);
  ApiCall api_call(const Choice& choice) const;
  bool send(const ApiCall& call);

  void asked(const Choice& choice);
  void acknowledged(Side side, const Choice& choice);
  void forget_made(Side side, const std::string& email);
  void complain(const std::string& what);

  CrmSandbox& crm_;
  const Server& server_;
  std::unique_ptr<ContactTable> table_;
  std::unique_ptr<HttpConnection> api_;
  CrmDeletes crm_deletes_;

  mutable std::mutex mutex_;  // guards what follows; never held over a call
  SeededRandom random_;
  std::vector<Contact> contacts_;
  std::map<std::string, Presence> presence_;                          // by e-mail
  std::map<std::pair<std::string, std::string>, Expected> expected_;  // by e-mail and field
  Own own_[3];
  std::size_t number_ = 0;
  std::string complaints_;

  std::atomic<bool> stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace lockstep::tests
