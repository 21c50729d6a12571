// The CRM mirror when things go wrong: quota, errors, a killed program, credentials that change.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

#include "tests/recipes/crm_mirror/mirror.hpp"

namespace lockstep::tests {
namespace {

class CrmMirrorFault : public testing::Test {
 protected:
  void SetUp() override {
    if (!PostgresCluster::installed()) GTEST_SKIP() << "no PostgreSQL 15 on this machine";
  }
  static std::uint64_t answers(Mirror& mirror, const char* status) {
    const Json state = mirror.sandbox->control("GET", "state");
    const Json* count = find_member(state.at("calls").at("byStatus"), status);
    return count == nullptr ? 0 : count->to_number<std::uint64_t>();
  }
};

TEST_F(CrmMirrorFault, CM_037_the_quota_is_kept_and_errors_are_tried_again_at_the_page_that_failed) {
  Mirror mirror({.burst = 100});
  mirror.crm("POST", "seed", JsonObject{{"contacts", 600}, {"orders", 500}, {"transactions", 500}});
  mirror.sandbox->faults(JsonObject{{"too_many_requests", JsonObject{{"once", 3}}},
                                    {"error_before_apply", JsonObject{{"rate", 0.15}}},
                                    {"drop_before_apply", JsonObject{{"rate", 0.05}}}});
  ASSERT_TRUE(mirror.start(std::chrono::seconds(200))) << mirror.server.process().log();
  EXPECT_EQ(mirror.count("ghl_contacts"), 600U);
  EXPECT_EQ(mirror.count("ghl_orders"), 500U);
  EXPECT_EQ(mirror.count("ghl_payments"), 500U);
  EXPECT_EQ(answers(mirror, "429"), 3U) << "only those that were made up: the quota itself was never exceeded";
  EXPECT_GT(answers(mirror, "503"), 0U);
  const std::uint64_t pages = mirror.sandbox->calls("GET /payments/orders");
  const std::uint64_t failed = answers(mirror, "503") + answers(mirror, "dropped") + 3;
  EXPECT_LE(pages, 7 + failed) << "a page that fails is read again, not the pages before";
  print_numbers(
      fmt::format("600 contacts, 500 orders, 500 payments: {} pages of orders, {} failed answers", pages, failed));
}

TEST_F(CrmMirrorFault, CM_070_a_program_killed_between_pages_loses_and_doubles_nothing) {
  Mirror mirror({});
  mirror.crm("POST", "seed", JsonObject{{"contacts", 700}, {"opportunities", 200}, {"orders", 900}});
  mirror.sandbox->faults(JsonObject{{"latency", JsonObject{{"rate", 1}, {"fixed_ms", 100}}}});
  ASSERT_EQ(mirror.server.command({"migrate"}), 0);
  for (int kills = 0; kills < 4; ++kills) {
    ASSERT_TRUE(mirror.server.start()) << mirror.server.process().log();
    pause(std::chrono::milliseconds(900 + 700 * kills));
    mirror.server.kill();
  }
  mirror.sandbox->control("DELETE", "faults");
  ASSERT_TRUE(mirror.start(std::chrono::seconds(180))) << mirror.server.process().log();
  const std::size_t deals = mirror.listed("opportunities").size();
  EXPECT_TRUE(eventually(std::chrono::seconds(60),
                         [&] {
                           return mirror.count("ghl_contacts") == 700 && mirror.count("ghl_orders") == 900 &&
                                  mirror.count("ghl_opportunities") == deals;
                         }))
      << mirror.count("ghl_contacts") << " contacts, " << mirror.count("ghl_orders") << " orders";
  EXPECT_EQ(mirror.value("SELECT count(DISTINCT ghl_contact_id) FROM ghl_contacts"), "700");
  EXPECT_EQ(mirror.value("SELECT count(*) FROM ghl_opportunities WHERE contact_id IS NULL OR pipeline_id IS NULL"),
            "0");
}

TEST_F(CrmMirrorFault, CM_020_each_location_has_its_own_credential_and_a_new_one_needs_no_restart) {
  Mirror mirror({.locations = 2});
  mirror.crm("POST", "seed", JsonObject{{"contacts", 5}}, 0);
  mirror.crm("POST", "seed", JsonObject{{"contacts", 7}}, 1);
  // The second location's credential is a file, so that it can change while the program runs.
  const auto file = mirror.folder.path() / "token-of-b";
  std::ofstream(file) << "pit-of-b\n";
  const std::string by_environment = "token: {env: GHL_TOKEN_B}";
  mirror.server.document.replace(mirror.server.document.find(by_environment), by_environment.size(),
                                 "token: {file: " + file.string() + "}");
  mirror.server.write_config();
  ASSERT_TRUE(mirror.start()) << mirror.server.process().log();
  EXPECT_EQ(mirror.count("ghl_contacts", kSourceA), 5U);
  EXPECT_EQ(mirror.count("ghl_contacts", kSourceB), 7U);

  // The old one opens only its own location; a pull with a wrong one fails and says so.
  std::ofstream(file) << "pit-of-nobody\n";
  mirror.server.process().signal(SIGHUP);
  EXPECT_TRUE(eventually(std::chrono::seconds(20), [&] { return mirror.run("pull", kSourceB).starts_with("failed"); }));
  EXPECT_EQ(mirror.run("pull", kSourceA), "done") << "the other location goes on";
  mirror.crm("POST", "tokens", JsonObject{{"token", "pit-of-b-2"}}, 1);
  std::ofstream(file) << "pit-of-b-2\n";
  mirror.server.process().signal(SIGHUP);
  EXPECT_TRUE(eventually(std::chrono::seconds(20), [&] { return mirror.run("pull", kSourceB) == "done"; }));
  mirror.crm("POST", "contacts", JsonObject{{"email", "new@example.com"}}, 1);
  EXPECT_TRUE(eventually(std::chrono::seconds(20), [&] { return mirror.count("ghl_contacts", kSourceB) == 8; }));
}

TEST_F(CrmMirrorFault, check_says_when_nobody_can_be_let_in) {
  Mirror mirror({});
  ASSERT_EQ(mirror.server.command({"migrate"}), 0);
  EXPECT_EQ(mirror.server.command({"check"}), 0);
  mirror.rows("ALTER TABLE user_sources RENAME COLUMN role TO rank");
  EXPECT_EQ(mirror.server.command({"check"}), 1);
}

}  // namespace
}  // namespace lockstep::tests
