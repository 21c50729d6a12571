// Full pulls of the CRM mirror: everything arrives, once, with its references; a second pull writes nothing.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <set>

#include "base/clock.hpp"
#include "tests/recipes/crm_mirror/mirror.hpp"

namespace lockstep::tests {
namespace {

class CrmMirrorPull : public testing::Test {
 protected:
  void SetUp() override {
    if (!PostgresCluster::installed()) GTEST_SKIP() << "no PostgreSQL 15 on this machine";
  }
  static Json seed(int contacts, int opportunities, int orders, int transactions, int reviews) {
    return JsonObject{{"contacts", contacts}, {"opportunities", opportunities},
                      {"orders", orders},     {"transactions", transactions},
                      {"reviews", reviews},   {"seed", 7}};
  }
  static void expect_equal(Mirror& mirror, std::size_t location = 0) {
    const Json there = mirror.in_crm(location);
    const std::string& source = mirror.locations[location].source;
    const auto number = [&](const char* name) { return there.at(name).to_number<std::size_t>(); };
    EXPECT_EQ(mirror.count("ghl_contacts", source), number("contacts"));
    EXPECT_EQ(mirror.count("ghl_pipelines", source), 2U);
    EXPECT_EQ(mirror.count("ghl_opportunities", source), number("opportunities"));
    EXPECT_EQ(mirror.count("ghl_orders", source), number("orders"));
    EXPECT_EQ(mirror.count("ghl_payments", source), number("transactions"));
    EXPECT_EQ(mirror.count("ghl_reviews", source), number("reviews"));
  }
};

TEST_F(CrmMirrorPull, CM_032_a_full_pull_of_150_contacts_takes_less_than_10_seconds) {
  Mirror mirror({});
  mirror.crm("POST", "seed", seed(150, 200, 300, 300, 100));
  ASSERT_TRUE(mirror.start()) << mirror.server.process().log();
  expect_equal(mirror);
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(mirror.run("mirror"), "done");
  const double again = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const Json jobs = mirror.api("GET", "/api/v1/sources/" + kSourceA + "/jobs");
  double first = 0;
  for (const Json& job : jobs.at("items").as_array()) {
    if (string_member(job, "system") != "crm") continue;
    const auto begun = parse_iso8601(string_member(job, "started"));
    const auto ended = parse_iso8601(string_member(job, "ended"));
    if (begun && ended) first = std::max(first, std::chrono::duration<double>(*ended - *begun).count());
  }
  print_numbers(fmt::format("1,050 objects: pulled in at most {:.2f} s, again with everything settled in {:.2f} s",
                            first, again));
  EXPECT_LE(again, 10);
  EXPECT_LE(first, 10);
  EXPECT_GT(first, 0);
}

TEST_F(CrmMirrorPull, CM_030_references_resolve_and_those_that_come_later_are_filled_in) {
  Mirror mirror({});
  mirror.crm("POST", "seed", seed(40, 60, 50, 70, 20));
  ASSERT_TRUE(mirror.start()) << mirror.server.process().log();
  expect_equal(mirror);
  // Each row refers to the row of the object that the CRM's record names.
  EXPECT_EQ(mirror.value("SELECT count(*) FROM ghl_opportunities WHERE contact_id IS NULL OR pipeline_id IS NULL"),
            "0");
  for (const Json& deal : mirror.listed("opportunities")) {
    const auto found = mirror.rows(
        "SELECT c.ghl_contact_id, p.ghl_pipeline_id FROM ghl_opportunities o JOIN ghl_contacts c ON c.id = "
        "o.contact_id "
        "JOIN ghl_pipelines p ON p.id = o.pipeline_id WHERE ghl_opportunity_id = $1",
        {std::string(string_member(deal, "id"))});
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].at("ghl_contact_id"), string_member(deal, "contactId"));
    EXPECT_EQ(found[0].at("ghl_pipeline_id"), string_member(deal, "pipelineId"));
  }
  for (const Json& payment : mirror.listed("transactions")) {
    EXPECT_EQ(mirror.value("SELECT o.ghl_order_id FROM ghl_payments p JOIN ghl_orders o ON o.id = p.order_id WHERE "
                           "ghl_payment_id = $1",
                           {std::string(string_member(payment, "id"))}),
              string_member(payment, "entityId"));
  }
  EXPECT_EQ(mirror.value("SELECT count(*) FROM ghl_orders WHERE contact_id IS NULL"), "0");

  // The event about the contact is lost; the one about the opportunity asks for it.
  mirror.sandbox->faults(JsonObject{{"webhook_lost", JsonObject{{"once", 1}, {"only", "ContactCreate"}}}});
  const Json contact = mirror.crm("POST", "contacts", JsonObject{{"firstName", "Late"}, {"email", "late@example.com"}});
  const std::string contact_id(string_member(contact.at("contact"), "id"));
  const Json pipelines = mirror.crm("GET", "pipelines");
  mirror.crm("POST", "opportunities",
             JsonObject{{"name", "Late deal"},
                        {"contactId", contact_id},
                        {"pipelineId", pipelines.at("pipelines").at(0).at("id")},
                        {"status", "open"}});
  EXPECT_TRUE(eventually(std::chrono::seconds(20), [&] {
    return mirror.value(
               "SELECT c.ghl_contact_id FROM ghl_opportunities o JOIN ghl_contacts c ON c.id = o.contact_id "
               "WHERE o.name = 'Late deal'") == contact_id;
  }));
}

TEST_F(CrmMirrorPull, CM_033_1050_contacts_are_1050_rows) {
  Mirror mirror({});
  mirror.crm("POST", "seed", seed(1'050, 0, 0, 0, 0));
  ASSERT_TRUE(mirror.start()) << mirror.server.process().log();
  EXPECT_EQ(mirror.count("ghl_contacts"), 1'050U);
  std::set<std::string> there;
  for (const Json& contact : mirror.sandbox->contacts()) there.emplace(string_member(contact, "id"));
  for (const Row& row : mirror.rows("SELECT ghl_contact_id FROM ghl_contacts")) there.erase(row.at("ghl_contact_id"));
  EXPECT_TRUE(there.empty());
  // Orders are listed ten at a time unless one asks for more, and by an offset.
  mirror.crm("POST", "seed", seed(0, 0, 1'050, 0, 0));
  mirror.sandbox->control("DELETE", "counts");
  EXPECT_EQ(mirror.run("mirror"), "done");
  EXPECT_EQ(mirror.count("ghl_orders"), 1'050U);
  EXPECT_LE(mirror.sandbox->calls("GET /payments/orders"), 13U) << "pages of 100";
}

TEST_F(CrmMirrorPull, CM_034_a_last_page_that_is_exactly_full_ends_the_pull) {
  Mirror mirror({});
  mirror.crm("POST", "seed", seed(200, 100, 100, 200, 100));
  ASSERT_TRUE(mirror.start()) << mirror.server.process().log();
  expect_equal(mirror);
  EXPECT_EQ(mirror.run("mirror"), "done");
  EXPECT_LE(mirror.sandbox->calls("GET /payments/transactions"), 8U);
}

TEST_F(CrmMirrorPull, CM_025_a_pull_without_changes_writes_no_row_and_tells_nobody) {
  Mirror mirror({});
  mirror.crm("POST", "seed", seed(150, 100, 120, 130, 50));
  ASSERT_TRUE(mirror.start()) << mirror.server.process().log();
  expect_equal(mirror);
  const std::string before = mirror.row_versions();
  const auto dashboard = mirror.listen();
  ASSERT_NE(dashboard, nullptr);
  for (const char* kind : {"mirror", "pull", "pull", "mirror"}) EXPECT_EQ(mirror.run(kind), "done") << kind;
  EXPECT_EQ(mirror.row_versions(), before);
  // A change is written and told, and nothing was told before it.
  mirror.crm("PUT", "pipelines/" + mirror.value("SELECT ghl_pipeline_id FROM ghl_pipelines LIMIT 1"),
             JsonObject{{"name", "Renamed"}});
  EXPECT_EQ(mirror.run("pull"), "done");
  EXPECT_NE(mirror.row_versions(), before);
  EXPECT_EQ(mirror.value("SELECT count(*) FROM ghl_pipelines WHERE name = 'Renamed'"), "1");
  const auto told = dashboard->until([](const RowEvent&) { return true; }, std::chrono::seconds(10));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].operation, "UPDATE");
  EXPECT_EQ(string_member(told[0].row, "table"), "ghl_pipelines");
  EXPECT_EQ(string_member(told[0].row.at("record"), "name"), "Renamed");
}

TEST_F(CrmMirrorPull, A_poll_of_1000_new_contacts_takes_calls_by_pages) {
  Mirror mirror({.burst = 100});  // the vendor's, in 10 s
  mirror.crm("POST", "seed", seed(50, 0, 0, 0, 0));
  ASSERT_TRUE(mirror.start()) << mirror.server.process().log();
  Json more = seed(1'000, 0, 0, 0, 0);
  more.as_object()["events"] = false;
  more.as_object()["seed"] = 8;
  mirror.crm("POST", "seed", more);
  pause(std::chrono::seconds(3));  // the search lags
  mirror.sandbox->control("DELETE", "counts");
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(mirror.run("pull"), "done");
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const std::uint64_t by_id = mirror.sandbox->calls("GET /contacts/{contactId}");
  const Json all = mirror.sandbox->control("GET", "state").at("calls").at("total");
  print_numbers(fmt::format("1,000 new contacts: {} calls, {} of them by id, {:.1f} s", to_text(all), by_id, seconds));
  EXPECT_EQ(mirror.count("ghl_contacts"), 1'050U);
  EXPECT_EQ(mirror.value("SELECT count(*) FROM ghl_contacts WHERE first_name <> lower(first_name)"),
            mirror.value("SELECT count(*) FROM ghl_contacts WHERE first_name IS NOT NULL"))
      << "names as they were typed";
  EXPECT_LE(by_id, 100U);
  EXPECT_LE(seconds, 30);
}

// How many calls were on their way at once tells what is pulled side by side, on a slow machine, too.
TEST_F(CrmMirrorPull, CM_069_entities_and_locations_are_pulled_side_by_side_within_the_quota) {
  using std::chrono::duration;
  using std::chrono::steady_clock;
  constexpr double kCallSeconds = 0.4;
  constexpr std::uint64_t kBurst = 40;  // in 10 s, of each location
  Mirror mirror({.burst = kBurst, .locations = 2});
  for (const std::size_t location : {0U, 1U}) mirror.crm("POST", "seed", seed(200, 300, 300, 300, 300), location);
  ASSERT_TRUE(mirror.start(std::chrono::seconds(120))) << mirror.server.process().log();
  expect_equal(mirror, 0);
  expect_equal(mirror, 1);
  mirror.sandbox->faults(JsonObject{{"latency", JsonObject{{"rate", 1}, {"fixed_ms", kCallSeconds * 1000}}}});
  const auto at_once = [&](const std::vector<std::string>& sources) {
    pause(std::chrono::milliseconds(10'500));  // the windows are empty
    mirror.sandbox->control("DELETE", "counts");
    const auto began = steady_clock::now();
    EXPECT_THAT(mirror.run_together("mirror", sources), testing::Each("done"));
    const double seconds = duration<double>(steady_clock::now() - began).count();
    const Json calls = mirror.sandbox->control("GET", "state").at("calls");
    EXPECT_EQ(find_member(calls.at("byStatus"), "429"), nullptr) << "the quota was exceeded: " << calls;
    const auto total = calls.at("total").to_number<double>();
    EXPECT_LE(total, static_cast<double>(kBurst * sources.size())) << "more than a window: it would measure the quota";
    print_numbers(fmt::format("{} location(s): {} calls of {} s in {:.1f} s, {} at once", sources.size(), total,
                              kCallSeconds, seconds, to_text(calls.at("atOnce"))));
    return calls.at("atOnce").to_number<int>();
  };
  const int of_one = at_once({kSourceA});
  const int of_both = at_once({kSourceA, kSourceB});
  EXPECT_GE(of_one, 2) << "entities that do not refer to each other";
  EXPECT_GT(of_both, of_one) << "locations";
  // More than a window allows waits for the next one, and none of it is refused.
  mirror.sandbox->clear_faults();
  for (const std::size_t location : {0U, 1U}) mirror.crm("POST", "seed", seed(1'500, 0, 1'500, 1'500, 0), location);
  mirror.sandbox->control("DELETE", "counts");
  const auto began = steady_clock::now();
  EXPECT_THAT(mirror.run_together("mirror", {kSourceA, kSourceB}), testing::Each("done"));
  const double seconds = duration<double>(steady_clock::now() - began).count();
  EXPECT_TRUE(mirror.settle());
  const Json calls = mirror.sandbox->control("GET", "state").at("calls");
  EXPECT_EQ(find_member(calls.at("byStatus"), "429"), nullptr) << calls;
  EXPECT_GT(calls.at("total").to_number<std::uint64_t>(), 2 * kBurst);
  print_numbers(fmt::format("beyond a window: {} calls of both, {} allowed per window and location, {:.1f} s",
                            calls.at("total").to_number<std::uint64_t>(), kBurst, seconds));
  expect_equal(mirror, 0);
  expect_equal(mirror, 1);
}

TEST_F(CrmMirrorPull, CM_069_locations_that_are_pulled_at_once_stay_apart) {
  Mirror mirror({.locations = 2});
  mirror.crm("POST", "seed", seed(100, 50, 30, 30, 10), 0);
  mirror.crm("POST", "seed", seed(80, 40, 20, 20, 5), 1);
  ASSERT_TRUE(mirror.start()) << mirror.server.process().log();
  expect_equal(mirror, 0);
  expect_equal(mirror, 1);
  EXPECT_EQ(mirror.value("SELECT count(*) FROM ghl_opportunities o JOIN ghl_contacts c ON c.id = o.contact_id WHERE "
                         "o.source_id <> c.source_id"),
            "0");
  // Whole rows of the other source stay as they are when one is pulled.
  const std::string of_b =
      "SELECT md5(string_agg(id || ' ' || xmin, ',' ORDER BY id)) FROM ghl_contacts WHERE "
      "source_id = $1";
  const std::string before = mirror.value(of_b, {kSourceB});
  const std::vector<Json> contacts = mirror.listed("contacts");
  for (std::size_t i = 0; i < 10; ++i)
    mirror.crm("DELETE", "contacts/" + std::string(string_member(contacts[i], "id")), nullptr, 0);
  EXPECT_EQ(mirror.run("mirror", kSourceA), "done");
  EXPECT_EQ(mirror.count("ghl_contacts", kSourceA), 90U);
  EXPECT_EQ(mirror.value(of_b, {kSourceB}), before);
}

}  // namespace
}  // namespace lockstep::tests
