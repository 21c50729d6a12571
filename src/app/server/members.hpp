// Rights that stand in a table of somebody's database: which user may see which source, and how much (access.members).
//
// On the loop's thread. Each table is read every 2 seconds. While its database does not answer, what was read last
// holds for a time that the configuration says (1 minute by default); then nobody has a right from it: who was taken
// out of the table meanwhile must not stay in for as long as the database is down.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "access/caller.hpp"
#include "app/config/config.hpp"
#include "base/log.hpp"
#include "base/loop.hpp"
#include "connector/tables.hpp"

namespace lockstep::app {

struct MembersParts {
  Loop* loop = nullptr;
  Log* log = nullptr;
  // Reads from the system that the table names; calls `done` once, on the loop's thread, it may be when these members
  // are gone.
  std::function<void(const MemberTable&, connector::TableRead, std::move_only_function<void(connector::TableResult)>)>
      read;
  // Called when the rights of some users are others now.
  std::function<void(const std::set<std::string>& users)> changed;
};

class Members {
 public:
  static constexpr std::chrono::seconds kReadEvery{2};

  // What `former` has read from the same tables goes on holding: a reload ends nobody's subscriptions.
  Members(MembersParts parts, std::vector<MemberTable> tables, const Members* former);
  ~Members();
  Members(const Members&) = delete;
  Members& operator=(const Members&) = delete;

  // Reads no more; what was read holds on for its time.
  void stop();
  // Without tables rights come from elsewhere.
  bool are_configured() const { return !tables_.empty(); }
  // What this user may. `unavailable` while a table that might name the user can not be read and no other one does.
  Result<access::Rights> of(const std::string& user) const;

 private:
  using Rows = std::map<std::string, access::Rights>;  // by user

  struct Table {
    MemberTable config;
    std::shared_ptr<const Rows> rows;  // null before the first answer
    Duration read_at{};                // when what it holds was asked for
    bool failing = false;
    std::optional<TimerId> timer;
  };

  void read(Table& table);
  void take(Table& table, Duration asked_at, connector::TableResult result);
  void failed(Table& table, const Error& error);
  bool holds(const Table& table) const;

  MembersParts parts_;
  std::vector<std::unique_ptr<Table>> tables_;  // they stay where they are: reads refer to them
  bool stopped_ = false;
  std::shared_ptr<const int> alive_ = std::make_shared<const int>(0);
};

}  // namespace lockstep::app
