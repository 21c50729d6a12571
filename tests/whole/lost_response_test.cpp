// Creates whose answer is lost, or is a lie: each contact exists exactly once all the same (X1, X2).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/installation.hpp"

namespace lockstep::tests {
namespace {

constexpr std::size_t kCreates = 100;

struct LostResponse {
  const char* name;
  const char* faults;
  bool hits;  // the fault named first must have hit every create
};

void PrintTo(const LostResponse& one, std::ostream* out) { *out << one.name; }

class LostResponses : public testing::TestWithParam<LostResponse> {};

TEST_P(LostResponses, OneHundredCreatesMakeOneHundredContacts) {
  SourceParts parts;
  parts.crm_settings = "search_settles_seconds: 3";
  Installation installation({}, parts);
  ASSERT_TRUE(installation.start()) << installation.unsettled();
  const auto faults = parse_json(GetParam().faults);
  ASSERT_TRUE(faults);
  installation.crm.faults(*faults);

  const auto start = std::chrono::steady_clock::now();
  HttpConnection api(installation.server.port());
  for (std::size_t i = 0; i < kCreates; ++i) {
    const std::string email = fmt::format("new-{}@example.com", i);
    if (i % 2 == 0) {
      const auto reply = api.call(
          "POST", "/api/v1/sources/main/records",
          to_text(JsonObject{{"entity", "contact"}, {"fields", JsonObject{{"email", email}, {"first_name", "Api"}}}}));
      ASSERT_TRUE(reply);
      ASSERT_EQ(reply->status, 201U) << reply->body;
    } else {
      installation.db().run("INSERT INTO contacts (id, email, first_name) VALUES (?, ?, 'Db')",
                            {fmt::format("row-{}", i), email});
    }
  }
  EXPECT_EQ(installation.settle(std::chrono::seconds(60)), "");
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

  const People people = installation.crm.people();
  EXPECT_EQ(people.size(), kCreates);
  EXPECT_EQ(doubles(people), std::vector<std::string>());
  SqliteFile store(installation.server.store(), SqliteFile::Mode::read_only);
  const auto linked = store.number("SELECT count(DISTINCT record) FROM link WHERE system = 'crm'");
  EXPECT_EQ(linked, static_cast<std::int64_t>(kCreates));
  EXPECT_EQ(installation.server.counts().dead, 0);
  EXPECT_EQ(installation.crm.writes("contact.create"), kCreates);
  const auto unknown = store.number(
      "SELECT count(*) FROM journal WHERE kind = 'write' AND system = 'crm' AND reason IN ('outcome unknown', "
      "'duplicate')");
  if (GetParam().hits) {
    EXPECT_GE(unknown, static_cast<std::int64_t>(kCreates));
  }
  print_numbers(
      fmt::format("{}: {} out of {} in the CRM, {} linked, none twice; {} outcomes unknown or refused; {:.1f} s",
                  GetParam().name, people.size(), kCreates, linked, unknown, seconds));
}

INSTANTIATE_TEST_SUITE_P(
    Faults, LostResponses,
    testing::Values(
        LostResponse{"AnswerLost", R"({"drop_after_apply": {"once": 100, "only": "POST /contacts/"}})", true},
        LostResponse{"CreatedButRefused", R"({"created_but_refused": {"once": 100, "only": "POST /contacts/"}})", true},
        LostResponse{
            "AnswerLostAndSearchStale",
            R"({"drop_after_apply": {"once": 100, "only": "POST /contacts/"}, "stale_search": {"once": 1, "fixed_ms": 2000}})",
            true},
        LostResponse{"ServerErrorAfterwards", R"({"error_after_apply": {"once": 100, "only": "POST /contacts/"}})",
                     true}),
    [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace lockstep::tests
