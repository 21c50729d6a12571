// Two tenants in one process: one's CRM hangs, the other notices nothing; the keys of one open nothing of the other.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/installation.hpp"

namespace lockstep::tests {
namespace {

class Tenants : public testing::Test {
 protected:
  void SetUp() override {
    SourceParts other;
    other.id = "other";
    other.crm = &other_crm_;
    other.db = "{connector: sqlite, path: ./other.db, poll_ms: 50}";
    installation_.server.sources.push_back(other);
    installation_.server.access =
        "access:\n  api_keys:\n"
        "    - {name: main, key: {env: KEY_MAIN}, role: owner, sources: [main]}\n"
        "    - {name: other, key: {env: KEY_OTHER}, role: owner, sources: [other]}\n";
    installation_.server.environment["KEY_MAIN"] = "key-of-main-0123456789";
    installation_.server.environment["KEY_OTHER"] = "key-of-other-0123456789";
    installation_.server.write_config();
    ASSERT_EQ(installation_.server.command({"migrate"}), 0);
    ASSERT_TRUE(installation_.server.start());
    ASSERT_TRUE(eventually(std::chrono::seconds(30), [&] {
      return installation_.server.counts("main", main_key_).idle() &&
             installation_.server.counts("other", other_key_).idle() && installation_.db_people().size() == 20 &&
             other_db().number("SELECT count(*) FROM contacts") == 20;
    }));
  }

  SqliteFile& other_db() {
    if (!other_db_) other_db_ = std::make_unique<SqliteFile>(installation_.folder.path() / "other.db");
    return *other_db_;
  }

  // From an edit in the CRM to the row in the database, milliseconds, sorted.
  std::vector<double> latencies(std::size_t count) {
    std::vector<double> out;
    const auto people = installation_.pairs();
    for (std::size_t i = 0; i < count; ++i) {
      const auto& one = people[i % people.size()];
      const std::string value = fmt::format("Timed {}", ++number_);
      const auto start = std::chrono::steady_clock::now();
      EXPECT_TRUE(installation_.crm.edit(one.crm_id, {{"lastName", value}}));
      while (installation_.db().number("SELECT count(*) FROM contacts WHERE id = ? AND last_name = ?",
                                       {one.db_id, value}) == 0) {
        if (std::chrono::steady_clock::now() - start > std::chrono::seconds(20)) break;
        pause(std::chrono::milliseconds(1));
      }
      out.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    }
    std::ranges::sort(out);
    return out;
  }

  Installation installation_{{.contacts = 20}};
  CrmSandbox other_crm_{installation_.folder.path(), {.contacts = 20, .name = "other"}};
  std::unique_ptr<SqliteFile> other_db_;
  const HttpConnection::Headers main_key_ = {{"Authorization", "Bearer key-of-main-0123456789"}};
  const HttpConnection::Headers other_key_ = {{"Authorization", "Bearer key-of-other-0123456789"}};
  std::size_t number_ = 0;
};

TEST_F(Tenants, AHangingCrmHoldsUpOnlyItsOwnTenant) {
  const std::vector<double> quiet = latencies(100);
  other_crm_.faults(JsonObject{{"latency", JsonObject{{"rate", 1}, {"fixed_ms", 30'000}}}});
  // Work piles up for the hanging one, in both directions.
  for (const Json& contact : other_crm_.contacts())
    other_crm_.edit(std::string(string_member(contact, "id")), {{"city", "Hanging"}});
  other_db().run("UPDATE contacts SET first_name = first_name || ' waits'");
  EXPECT_TRUE(eventually(std::chrono::seconds(10),
                         [&] { return installation_.server.counts("other", other_key_).pending >= 20; }));
  const std::vector<double> beside = latencies(100);

  const auto p99 = [](const std::vector<double>& sorted) { return sorted[sorted.size() * 99 / 100 - 1]; };
  const auto p50 = [](const std::vector<double>& sorted) { return sorted[sorted.size() / 2]; };
  print_numbers(fmt::format(
      "CRM to database: alone p50 {:.0f} ms, p99 {:.0f} ms; beside a CRM that hangs 30 s p50 {:.0f} ms, p99 {:.0f} ms; "
      "{} writes wait there",
      p50(quiet), p99(quiet), p50(beside), p99(beside), installation_.server.counts("other", other_key_).pending));
  EXPECT_LE(p50(beside), 3 * p50(quiet) + 100);
  EXPECT_LE(p99(beside), 3 * p99(quiet) + 500);  // far below the 30 s of the other
  EXPECT_GT(installation_.server.counts("other", other_key_).pending, 0);

  // It recovers by itself once its CRM answers.
  other_crm_.clear_faults();
  EXPECT_TRUE(
      eventually(std::chrono::seconds(60), [&] { return installation_.server.counts("other", other_key_).idle(); }));
}

TEST_F(Tenants, AKeyOpensNothingOfAnotherTenant) {
  HttpConnection api(installation_.server.port());
  const auto page = api.call("GET", "/api/v1/sources/other/records?limit=1", {}, other_key_);
  ASSERT_TRUE(page && page->status == 200);
  const std::string record(string_member(page->json().at("items").at(0), "id"));
  const std::string other = "/api/v1/sources/other";
  const std::string fields = R"({"entity":"contact","fields":{"city":"Stolen"}})";
  const std::vector<std::array<std::string, 3>> doors = {
      {"GET", other + "/status", ""},
      {"GET", other + "/records", ""},
      {"GET", other + "/records/" + record, ""},
      {"POST", other + "/records", fields},
      {"PATCH", other + "/records/" + record, fields},
      {"DELETE", other + "/records/" + record, ""},
      {"GET", other + "/jobs", ""},
      {"GET", other + "/jobs/any", ""},
      {"POST", other + "/jobs", R"({"system":"crm","kind":"mirror"})"},
      {"GET", other + "/deadletters", ""},
      {"POST", other + "/deadletters/retry", R"({"all":true})"},
      {"GET", other + "/inbox", ""},
      {"POST", other + "/inbox/resolve", R"({"seq":1,"as_new":true})"},
      {"GET", other + "/conflicts", ""},
      {"POST", other + "/conflicts/resolve", R"({"record":"a","field":"city","value":"x"})"},
      {"GET", other + "/events", ""},
  };
  for (const auto& [method, target, body] : doors) {
    const auto stranger = api.call(method, target, body, main_key_);
    ASSERT_TRUE(stranger) << method << " " << target;
    EXPECT_EQ(stranger->status, 403U) << method << " " << target << ": " << stranger->body;
    const auto nobody = api.call(method, target, body);
    ASSERT_TRUE(nobody) << method << " " << target;
    EXPECT_EQ(nobody->status, 401U) << method << " " << target << ": " << nobody->body;
  }
  // One's own source does not open the other's record, and the list names only one's own.
  const auto through_own =
      api.call("PATCH", "/api/v1/sources/main/records/" + record, R"({"fields":{"city":"Stolen"}})", main_key_);
  ASSERT_TRUE(through_own);
  EXPECT_EQ(through_own->status, 404U);
  const auto sources = api.call("GET", "/api/v1/sources", {}, main_key_);
  ASSERT_TRUE(sources);
  EXPECT_EQ(sources->json().at("items").get_array().size(), 1U);
  EXPECT_EQ(sources->body.find("other"), std::string::npos);
  EXPECT_EQ(other_db().number("SELECT count(*) FROM contacts WHERE city = 'Stolen'"), 0);
  print_numbers(fmt::format("{} doors, all 403 with another tenant's key and 401 without one", doors.size()));
}

}  // namespace
}  // namespace lockstep::tests
