// The first mirror of a CRM while people work in it: their edits win over the pages that were read before them, nothing is
// clobbered, and a mirror that is killed goes on where it was (B1, B2, L5).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/random.hpp"
#include "tests/support/installation.hpp"

namespace lockstep::tests {
namespace {

constexpr std::size_t kPage = 100;  // contacts in one call of the list
constexpr const char* kList = "GET /contacts/";

class Mirror : public testing::Test {
 protected:
  void SetUp() override {
    // Pages come slowly, so that there is time to work between them.
    installation_.crm.faults(JsonObject{{"latency", JsonObject{{"rate", 1}, {"fixed_ms", 150}, {"only", kList}}}});
    ASSERT_EQ(installation_.server.command({"migrate"}), 0);
    installation_.crm.control("DELETE", "counts");
  }

  std::size_t mirrored() {
    return static_cast<std::size_t>(installation_.db().number("SELECT count(*) FROM contacts"));
  }

  const std::size_t contacts_ = size_from("LOCKSTEP_TEST_CONTACTS", 2'000);
  Installation installation_{{.contacts = contacts_}};
};

TEST_F(Mirror, EditsMadeMeanwhileOnBothSidesWin) {
  ASSERT_TRUE(installation_.server.start());
  SeededRandom random(size_from("LOCKSTEP_TEST_SEED", 1));
  const std::vector<Json> contacts = installation_.crm.contacts();
  std::map<std::string, std::string> first_names;  // typed in the CRM, by e-mail
  std::map<std::string, std::string> cities;       // typed in the database
  const auto start = std::chrono::steady_clock::now();
  std::size_t number = 0;
  while (mirrored() < contacts_ && std::chrono::steady_clock::now() - start < std::chrono::seconds(60)) {
    // Any contact: one that was mirrored already, or one that a page still has to bring.
    const Json& contact = contacts[random.below(contacts.size())];
    const std::string email(string_member(contact, "email"));
    const std::string name = fmt::format("Typed {}", ++number);
    if (installation_.crm.edit(std::string(string_member(contact, "id")), {{"firstName", name}}))
      first_names[email] = name;
    const auto rows = installation_.db().query("SELECT id, email FROM contacts ORDER BY random() LIMIT 1");
    if (!rows.empty()) {
      const std::string city = fmt::format("City {}", number);
      if (installation_.db().run("UPDATE contacts SET city = ? WHERE id = ?", {city, rows.front().at("id")}) == 1)
        cities[rows.front().at("email")] = city;
    }
    pause(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(installation_.settle(std::chrono::seconds(60)), "");
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

  const People people = installation_.crm.people();
  EXPECT_EQ(people.size(), contacts_);
  EXPECT_EQ(doubles(people), std::vector<std::string>());
  std::size_t lost = 0;
  for (const Person& person : people) {
    const auto name = first_names.find(person.email);
    const auto city = cities.find(person.email);
    if (name != first_names.end() && name->second != person.first_name) ++lost;
    if (city != cities.end() && city->second != person.city) ++lost;
  }
  EXPECT_EQ(lost, 0U);
  print_numbers(fmt::format(
      "{} contacts in {:.1f} s; meanwhile {} edits in the CRM and {} in the database, {} lost; {} calls of the list",
      contacts_, seconds, first_names.size(), cities.size(), lost, installation_.crm.calls(kList)));
  EXPECT_GT(first_names.size(), 10U);
  EXPECT_GT(cities.size(), 10U);
}

TEST_F(Mirror, AfterAKillItGoesOnFromItsCheckpoint) {
  std::size_t kills = 0;
  for (const std::size_t part : {4U, 2U}) {
    ASSERT_TRUE(installation_.server.start());
    ASSERT_TRUE(eventually(std::chrono::seconds(60), [&] { return mirrored() >= contacts_ / part; }));
    ASSERT_LT(mirrored(), contacts_) << "the mirror had ended before the kill";
    installation_.server.kill();
    ++kills;
  }
  ASSERT_TRUE(installation_.server.start());
  EXPECT_EQ(installation_.settle(std::chrono::seconds(60)), "");
  const std::uint64_t calls = installation_.crm.calls(kList);
  const std::uint64_t pages = (contacts_ + kPage - 1) / kPage;
  EXPECT_EQ(installation_.db_people().size(), contacts_);
  EXPECT_EQ(doubles(installation_.db_people()), std::vector<std::string>());
  print_numbers(
      fmt::format("{} contacts, {} kills: {} calls of the list for {} pages", contacts_, kills, calls, pages));
  // Of each kill at most the page that was on its way is read again; the end of the list may take one more.
  EXPECT_LE(calls, pages + kills + 1);
}

}  // namespace
}  // namespace lockstep::tests
