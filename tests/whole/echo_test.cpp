// Both sides are edited at random, at once and on the same people. Afterwards they are equal, and Lockstep has written to
// each side at most as often as the other was edited: no echo was ever taken for an edit (E1, E2, E3, C1).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/random.hpp"
#include "tests/support/journal_audit.hpp"

namespace lockstep::tests {
namespace {

constexpr std::size_t kContacts = 200;
constexpr const char* kCities[] = {"Austin", "Boston", "Chicago", "Denver"};

// Edits one field; true when that changed something.
bool edit_crm(Installation& installation, const std::string& id, Random& random, std::size_t number) {
  switch (random.below(4)) {
    case 0: return installation.crm.edit(id, {{"firstName", fmt::format("Crm {}", number)}});
    case 1: return installation.crm.edit(id, {{"lastName", fmt::format("Crm {}", number)}});
    case 2: {
      // Values that come again: a hub that only remembers what it wrote would be fooled here.
      const std::string city = kCities[random.below(std::size(kCities))];
      const Json before = installation.crm.control("GET", "contacts/" + id);
      installation.crm.edit(id, {{"city", city}});
      return string_member(before.at("contact"), "city") != city;
    }
    default: {
      const Json before = installation.crm.control("GET", "contacts/" + id);
      JsonArray tags = before.at("contact").at("tags").get_array();
      if (tags.size() > 3) {
        tags.erase(tags.begin());
      } else {
        tags.emplace_back(fmt::format("crm-{}", number));
      }
      return installation.crm.edit(id, {{"tags", std::move(tags)}});
    }
  }
}

bool edit_db(Installation& installation, const std::string& id, Random& random, std::size_t number) {
  SqliteFile& db = installation.db();
  switch (random.below(4)) {
    case 0: return db.run("UPDATE contacts SET first_name = ? WHERE id = ?", {fmt::format("Db {}", number), id}) == 1;
    case 1: return db.run("UPDATE contacts SET last_name = ? WHERE id = ?", {fmt::format("Db {}", number), id}) == 1;
    case 2: {
      const std::string city = kCities[random.below(std::size(kCities))];
      return db.run("UPDATE contacts SET city = ? WHERE id = ? AND city IS NOT ?", {city, id, city}) == 1;
    }
    default:
      return db.run(
                 "UPDATE contacts SET tags = CASE WHEN json_array_length(tags) > 3 THEN json_remove(tags, '$[0]') "
                 "ELSE json_insert(coalesce(tags, '[]'), '$[#]', ?) END WHERE id = ?",
                 {fmt::format("db-{}", number), id}) == 1;
  }
}

// LOCKSTEP_TEST_EDITS: how many; LOCKSTEP_TEST_SEED: of the choices.
TEST(Echo, TenThousandEditsOnBothSidesCauseNoMoreWritesThanEdits) {
  const std::size_t edits = size_from("LOCKSTEP_TEST_EDITS", 10'000);
  const std::size_t seed = size_from("LOCKSTEP_TEST_SEED", 1);
  Installation installation({.contacts = kContacts});
  ASSERT_TRUE(installation.start()) << installation.unsettled();
  const auto people = installation.pairs();
  ASSERT_EQ(people.size(), kContacts);
  installation.crm.control("DELETE", "counts");
  JournalAudit audit(installation.server.store());
  SqliteFile& journal = audit.store();
  const std::string writes_of =
      "SELECT count(*) FROM journal WHERE kind = 'write' AND reason = 'applied' AND system = ?";
  const std::int64_t db_writes_before = journal.number(writes_of, {"db"});

  SeededRandom random(seed);
  std::size_t crm_edits = 0;
  std::size_t db_edits = 0;
  const auto start = std::chrono::steady_clock::now();
  std::size_t at = 0;
  for (std::size_t i = 0; i < edits; ++i) {
    // Four edits in a row stay with one of a few people, and change sides: they meet on their way.
    if (i % 4 == 0) at = random.below(3) == 0 ? random.below(people.size()) : random.below(20);
    if (random.below(2) == 0) {
      crm_edits += edit_crm(installation, people[at].crm_id, random, i) ? 1 : 0;
    } else {
      db_edits += edit_db(installation, people[at].db_id, random, i) ? 1 : 0;
    }
  }
  const auto edited = std::chrono::steady_clock::now();
  EXPECT_EQ(installation.settle(std::chrono::seconds(60)), "");
  const auto settled = std::chrono::steady_clock::now();
  const std::uint64_t crm_writes = installation.crm.writes();
  const std::int64_t db_writes = journal.number(writes_of, {"db"}) - db_writes_before;

  // Quiet: an idle system writes nothing more, and what was equal stays so.
  pause(std::chrono::seconds(3));
  EXPECT_EQ(installation.unsettled(), "");
  EXPECT_EQ(installation.crm.writes(), crm_writes);
  EXPECT_EQ(journal.number(writes_of, {"db"}) - db_writes_before, db_writes);

  const auto seconds = [](auto time) { return std::chrono::duration<double>(time).count(); };
  print_numbers(fmt::format("edits: crm {}, db {}; writes: crm {}, db {}; {:.1f} s of editing, settled {:.1f} s later",
                            crm_edits, db_edits, crm_writes, db_writes, seconds(edited - start),
                            seconds(settled - edited)));
  EXPECT_GT(crm_edits, edits / 4);
  EXPECT_GT(db_edits, edits / 4);
  EXPECT_GT(crm_writes, 0U);
  EXPECT_GT(db_writes, 0);
  EXPECT_LE(crm_writes, db_edits);
  EXPECT_LE(db_writes, static_cast<std::int64_t>(crm_edits));
  EXPECT_EQ(installation.crm.people().size(), kContacts);
  EXPECT_EQ(installation.server.counts().dead, 0);
  std::string wrong = "not looked at";
  eventually(std::chrono::seconds(10), [&] { return (wrong = audit.unaccounted(installation.server)).empty(); });
  EXPECT_EQ(wrong, "");
  // The CRM's own count of the webhooks that were answered 2xx.
  EXPECT_EQ(audit.webhooks_accepted(), installation.crm.webhooks("delivered"));
}

}  // namespace
}  // namespace lockstep::tests
