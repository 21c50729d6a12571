#include "tests/support/journal_audit.hpp"

#include <fmt/format.h>

namespace lockstep::tests {
namespace {

// Entries that stand for an input; one that names another entry was counted there.
constexpr const char* kInputs = "FROM journal WHERE body ->> 'replays' IS NULL AND disposition <> ''";

}  // namespace

std::map<std::string, std::int64_t> JournalAudit::by_disposition() {
  std::map<std::string, std::int64_t> out;
  for (const Row& row :
       store_.query(fmt::format("SELECT disposition, count(*) AS count {} GROUP BY disposition", kInputs)))
    out[row.at("disposition")] = std::stoll(row.at("count"));
  return out;
}

void JournalAudit::note_restart() { before_ = by_disposition(); }

std::vector<std::string> JournalAudit::lost_webhooks(CrmSandbox& crm) {
  std::vector<std::string> lost;
  const Json recent = crm.control("GET", "webhooks/recent");
  for (const Json& hook : recent.at("webhooks").get_array()) {
    if (!string_member(hook, "outcome").starts_with("20")) continue;
    const auto body = parse_json(string_member(hook, "body"));
    if (!body) continue;
    const std::string id(string_member(*body, "webhookId"));
    if (id.empty() || !checked_.insert(id).second) continue;
    if (store_.number("SELECT count(*) FROM marker WHERE delivery = ?", {id}) == 0) lost.push_back(id);
  }
  return lost;
}

std::string JournalAudit::unaccounted(const Server& server) {
  std::string wrong;
  std::map<std::string, std::int64_t> written = by_disposition();
  for (const auto& [disposition, count] : before_) written[disposition] -= count;
  for (const char* disposition : {"applied", "suppressed", "parked", "pending"}) {
    const double counted = server.metric(fmt::format("lockstep_inputs_total{{disposition=\"{}\"}}", disposition));
    if (counted != static_cast<double>(written[disposition]))
      wrong += fmt::format("{}: metrics {}, journal {}\n", disposition, counted, written[disposition]);
    written.erase(disposition);
  }
  for (const auto& [disposition, count] : written) wrong += fmt::format("journal: {} are '{}'\n", count, disposition);
  return wrong;
}

std::string JournalAudit::sum() {
  std::map<std::string, std::int64_t> by = by_disposition();
  std::int64_t all = 0;
  for (const auto& [disposition, count] : by) all += count;
  return fmt::format("accepted {} = applied {} + suppressed {} + parked {} + pending {}, of which {} still wait", all,
                     by["applied"], by["suppressed"], by["parked"], by["pending"],
                     store_.number("SELECT count(*) FROM inbox"));
}

std::uint64_t JournalAudit::webhooks_accepted() {
  return static_cast<std::uint64_t>(
      store_.number(fmt::format("SELECT count(*) {} AND body ->> 'via' = 'webhook'", kInputs)));
}

}  // namespace lockstep::tests
