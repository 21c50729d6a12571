// A backup made under load is put back hours of work later: everything that was made since is found again, nothing is
// made twice, and both sides end equal (O1).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/installation.hpp"

namespace lockstep::tests {
namespace {

class Restore : public testing::Test {
 protected:
  static constexpr std::size_t kContacts = 60;
  static constexpr std::size_t kMade = 40;  // on each side, since the backup

  void make_and_edit(int round) {
    for (std::size_t i = 0; i < kMade; ++i) {
      installation.crm.create({{"firstName", "Crm"}, {"email", fmt::format("crm-{}-{}@example.test", round, i)}});
      installation.db().run("INSERT INTO contacts (id, first_name, email) VALUES (?, 'Db', ?)",
                            {fmt::format("db-{}-{}", round, i), fmt::format("db-{}-{}@example.test", round, i)});
    }
    for (const auto& pair : installation.pairs()) {
      installation.crm.edit(pair.crm_id, {{"lastName", fmt::format("Round {}", round)}});
      installation.db().run("UPDATE contacts SET city = ? WHERE id = ?", {fmt::format("City {}", round), pair.db_id});
    }
  }

  Installation installation{{.contacts = kContacts}};
};

TEST_F(Restore, ABackupUnderLoadIsPutBackAndNothingIsMadeTwice) {
  ASSERT_TRUE(installation.start()) << installation.unsettled();
  make_and_edit(1);
  const std::string copy = (installation.folder.path() / "copy.db").string();
  ASSERT_EQ(installation.server.command({"backup", copy}), 0) << "while it runs, with writes on their way";
  EXPECT_NE(installation.server.command({"backup", copy}), 0) << "a backup is not written over";
  EXPECT_NE(installation.server.command({"restore", copy}), 0) << "a running server's store is left alone";
  make_and_edit(2);
  ASSERT_EQ(installation.settle(std::chrono::seconds(60)), "");
  const std::size_t everybody = kContacts + 4 * kMade;
  ASSERT_EQ(installation.crm.people().size(), everybody);

  ASSERT_EQ(installation.server.stop(), 0);
  ASSERT_EQ(installation.server.command({"restore", copy}), 0);
  // While Lockstep is away, and it thinks of yesterday, people go on.
  for (std::size_t i = 0; i < 10; ++i)
    installation.crm.edit(installation.pairs()[i].crm_id, {{"lastName", fmt::format("After {}", i)}});
  const std::uint64_t writes = installation.crm.writes();
  ASSERT_TRUE(installation.server.start());
  EXPECT_EQ(installation.settle(std::chrono::seconds(60)), "");
  const People people = installation.crm.people();
  EXPECT_EQ(people.size(), everybody) << "none lost, none made twice";
  EXPECT_EQ(doubles(people), std::vector<std::string>());
  EXPECT_EQ(installation.db_people().size(), everybody);
  print_numbers(fmt::format("{} contacts, {} of them made since the backup; {} writes to the CRM after the restore",
                            everybody, 2 * kMade, installation.crm.writes() - writes));
}

}  // namespace
}  // namespace lockstep::tests
