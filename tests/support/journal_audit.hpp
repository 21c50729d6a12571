// What the store's file says, against what others saw.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/support/installation.hpp"

namespace lockstep::tests {

class JournalAudit {
 public:
  // The store must exist. It stays open, so that it can be read while no server runs.
  explicit JournalAudit(const std::filesystem::path& store) : store_(store, SqliteFile::Mode::read_only) {}

  // The server's metrics count from its start: call this before each start but the first.
  void note_restart();

  // A1: deliveries of the CRM that were answered 2xx and that the store knows nothing of; each is looked at once.
  std::vector<std::string> lost_webhooks(CrmSandbox& crm);
  std::size_t webhooks_checked() const { return checked_.size(); }

  // A5: every input that was accepted is in the journal once, as one of four things, and the metrics say how often; what
  // had to wait has a second entry that names the first. "" or what does not sum. Polls go on meanwhile: ask again.
  std::string unaccounted(const Server& server);
  // A5, of the whole store: what was accepted and what became of it, in words. What was pending had to wait for another
  // input, or for a look at the object, and is then decided by that.
  std::string sum();
  // Inputs that came by webhook.
  std::uint64_t webhooks_accepted();

  SqliteFile& store() { return store_; }

 private:
  std::map<std::string, std::int64_t> by_disposition();

  SqliteFile store_;
  std::map<std::string, std::int64_t> before_;  // the server's start
  std::set<std::string> checked_;
};

}  // namespace lockstep::tests
