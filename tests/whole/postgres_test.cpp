// The main path with PostgreSQL as the database: mirror, edits both ways, a crash of the database server.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/random.hpp"
#include "tests/support/contact_table.hpp"
#include "tests/support/installation.hpp"
#include "tests/support/postgres_cluster.hpp"

namespace lockstep::tests {
namespace {

constexpr std::size_t kContacts = 300;

TEST(Postgres, MirrorsEditsBothWaysAndSurvivesACrashOfTheDatabase) {
  if (!PostgresCluster::installed()) GTEST_SKIP() << "no PostgreSQL 15 on this machine";
  PostgresCluster cluster;
  ASSERT_TRUE(cluster.started()) << cluster.log();
  SourceParts parts;
  parts.db = "{connector: postgres, url: {env: DATABASE_URL}}";
  Installation installation({.contacts = kContacts}, parts);
  Server& server = installation.server;
  CrmSandbox& crm = installation.crm;
  server.environment["DATABASE_URL"] = cluster.url();
  ASSERT_EQ(server.command({"migrate"}), 0);
  const auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(server.start()) << server.process().log();
  auto sql = std::make_unique<Sql>(cluster.url());
  PostgresContacts table(cluster.url());
  const auto unsettled = [&] {
    const Server::Counts counts = server.counts();
    if (!counts.idle()) return fmt::format("pending {}, inbox {}, jobs {}", counts.pending, counts.inbox, counts.jobs);
    return difference(crm.people(), table.people());
  };
  ASSERT_TRUE(eventually(std::chrono::seconds(60), [&] { return unsettled().empty(); })) << unsettled();
  const double mirrored = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  EXPECT_EQ(table.people().size(), kContacts);

  crm.control("DELETE", "counts");
  std::vector<std::string> crm_ids;
  for (const Json& contact : crm.contacts()) crm_ids.emplace_back(string_member(contact, "id"));
  std::vector<std::string> emails;
  for (const Row& row : sql->query("SELECT email FROM contacts ORDER BY email")) emails.push_back(row.at("email"));
  SeededRandom random(size_from("LOCKSTEP_TEST_SEED", 1));
  std::size_t crm_edits = 0;
  std::size_t db_edits = 0;
  const auto edit = [&](std::size_t count, bool database) {
    for (std::size_t i = 0; i < count; ++i) {
      crm_edits +=
          crm.edit(crm_ids[random.below(crm_ids.size())], {{"firstName", fmt::format("Crm {}", crm_edits)}}) ? 1 : 0;
      if (!database) continue;
      sql->query("UPDATE contacts SET last_name = $1 WHERE email = $2",
                 {fmt::format("Db {}", db_edits), emails[random.below(emails.size())]});
      ++db_edits;
    }
  };
  edit(200, true);
  ASSERT_TRUE(eventually(std::chrono::seconds(60), [&] { return unsettled().empty(); })) << unsettled();
  EXPECT_LE(crm.writes(), db_edits);

  // The database server crashes while both sides are edited, and comes back.
  edit(50, true);
  ASSERT_TRUE(cluster.stop("immediate")) << cluster.log();
  edit(50, false);
  pause(std::chrono::seconds(1));
  edit(50, false);
  ASSERT_TRUE(cluster.start()) << cluster.log();
  sql = std::make_unique<Sql>(cluster.url());
  edit(50, true);
  sql->query("INSERT INTO contacts (email, first_name) VALUES ('after@example.com', 'After')");
  sql->query("DELETE FROM contacts WHERE email = $1", {emails.front()});
  const auto back = std::chrono::steady_clock::now();
  const bool equal =
      eventually(std::chrono::seconds(90), [&] { return server.counts().records > 0 && unsettled().empty(); });
  const double settled = std::chrono::duration<double>(std::chrono::steady_clock::now() - back).count();
  EXPECT_TRUE(equal) << unsettled() << server.process().log().substr(0, 3000);
  const People people = table.people();
  EXPECT_EQ(people.size(), kContacts);
  EXPECT_EQ(doubles(people), std::vector<std::string>());
  EXPECT_LE(crm.writes(), db_edits + 2);
  EXPECT_EQ(server.counts().dead, 0);
  print_numbers(
      fmt::format("{} contacts mirrored in {:.1f} s; edits: crm {}, db {} and a row made and one deleted; writes to "
                  "the CRM {}; equal {:.1f} s after the database was back",
                  kContacts, mirrored, crm_edits, db_edits, crm.writes(), settled));
  sql.reset();
  EXPECT_EQ(server.stop(), 0);
}

}  // namespace
}  // namespace lockstep::tests
