// Whatever is thrown at the running server gets a clear answer, costs bounded memory, and harms nothing else
// (A4, O3): a good webhook before and after arrives as always.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/installation.hpp"

namespace lockstep::tests {
namespace {

constexpr std::uint64_t kGrowthKib = 96 << 10;  // sanitizers hold freed memory back for a while

class BadInput : public testing::Test {
 protected:
  void SetUp() override {
    SourceParts open;
    open.id = "open";  // takes unsigned webhooks, so that bad ones reach the decoder
    open.crm = &installation_.crm;
    open.db = "{connector: sqlite, path: ./open.db, poll_ms: 50}";
    open.crm_settings = "signatures: off";
    installation_.server.sources.push_back(open);
    installation_.server.write_config();
    ASSERT_TRUE(installation_.start()) << installation_.unsettled();
    person_ = installation_.pairs().front();
  }

  HttpReply answer(std::string_view method, std::string_view target, std::string_view body,
                   const HttpConnection::Headers& headers = {}) {
    HttpConnection connection(installation_.server.port());
    ++inputs_;
    return connection.call(method, target, body, headers).value_or(HttpReply());
  }

  void expect_problem(const HttpReply& reply, const std::vector<unsigned>& statuses, std::string_view what) {
    const bool expected = std::find(statuses.begin(), statuses.end(), reply.status) != statuses.end();
    EXPECT_TRUE(expected) << what << " got " << reply.status << " " << reply.body.substr(0, 300);
    EXPECT_EQ(reply.header("content-type"), "application/problem+json") << what;
    const Json body = reply.json();
    EXPECT_FALSE(string_member(body, "detail").empty()) << what << ": " << reply.body.substr(0, 300);
    if (const Json* status = find_member(body, "status")) {
      EXPECT_EQ(status->to_number<unsigned>(), reply.status) << what;
    }
  }

  // A person's edit in the CRM reaches the database by a webhook.
  void expect_alive() {
    const std::string value = fmt::format("Alive {}", ++alive_);
    ASSERT_TRUE(installation_.crm.edit(person_.crm_id, {{"firstName", value}}));
    EXPECT_TRUE(eventually(std::chrono::seconds(20), [&] {
      return installation_.db().number("SELECT count(*) FROM contacts WHERE id = ? AND first_name = ?",
                                       {person_.db_id, value}) == 1;
    }));
  }

  static std::string nested(std::size_t depth) {
    return "{\"type\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
  }

  Installation installation_{{.contacts = 5}};
  Installation::Pair person_;
  std::size_t inputs_ = 0;
  int alive_ = 0;
};

const std::string kWebhook =
    R"({"type":"ContactUpdate","locationId":"sandboxLocation00001","id":"abc","webhookId":"w-1","email":"a@example.com"})";

TEST_F(BadInput, WebhooksOfAllBadKindsAreRefusedAndNothingElseSuffers) {
  expect_alive();
  const std::uint64_t before = installation_.server.process().resident_kib();
  const HttpConnection::Headers bad_signature = {{"X-GHL-Signature", "AAAA" + std::string(84, 'A')}};
  std::uint64_t most = before;
  for (int round = 0; round < 20; ++round) {
    expect_problem(answer("POST", "/hooks/main/crm", kWebhook), {401}, "no signature");
    expect_problem(answer("POST", "/hooks/main/crm", kWebhook, bad_signature), {401}, "a bad signature");
    expect_problem(answer("POST", "/hooks/nobody/crm", kWebhook), {404}, "an unknown source");
    expect_problem(answer("POST", "/hooks/main/nothing", kWebhook), {404}, "an unknown system");
    expect_problem(answer("POST", "/hooks/main", kWebhook), {404}, "no system");
    expect_problem(answer("POST", "/hooks/main/crm", "not json", bad_signature), {401},
                   "garbage, unsigned: not even looked at");
    expect_problem(answer("POST", "/hooks/open/crm", "{\"type\":"), {400, 422}, "half a document");
    expect_problem(answer("POST", "/hooks/open/crm", "[]"), {400, 422}, "a list");
    expect_problem(answer("POST", "/hooks/open/crm", R"({"type":"ContactUpdate","locationId":"elsewhere","id":"abc"})"),
                   {400, 403, 404, 422}, "another location");
    expect_problem(answer("POST", "/hooks/open/crm",
                          R"({"type":"ContactUpdate","locationId":"sandboxLocation00001","id":{"a":1}})"),
                   {400, 422}, "an object for an id");
    expect_problem(answer("POST", "/hooks/open/crm", nested(100'000)), {400, 422}, "deep nesting");
    expect_problem(answer("POST", "/hooks/open/crm", "{\"type\":\"\xff\xfe\"}"), {400, 422}, "bytes that are no UTF-8");
    EXPECT_EQ(answer("GET", "/hooks/main/crm", "").status, 405U);
    expect_problem(answer("POST", "/api/v1/sources/main/records", "{\"entity\":"), {400, 422},
                   "half a document, to the API");
    expect_problem(answer("POST", "/api/v1/sources/main/records", R"({"entity":"contact","fields":[1]})"), {400, 422},
                   "fields that are a list");
    expect_problem(answer("POST", "/api/v1/sources/main/records", R"({"entity":"contact","fields":{"email":{"a":1}}})"),
                   {400, 422}, "an object for an e-mail");
    expect_problem(
        answer("POST", "/api/v1/sources/main/records", R"({"entity":"unheard","fields":{"email":"a@example.com"}})"),
        {404, 422}, "an unknown entity");
    expect_problem(answer("POST", "/api/v1/sources/main/records", nested(100'000)), {400, 422},
                   "deep nesting, to the API");
    expect_problem(answer("PATCH", "/api/v1/sources/main/records/nobody", R"({"fields":{"city":"x"}})"), {404},
                   "an unknown record");
    most = std::max(most, installation_.server.process().resident_kib());
  }
  expect_alive();
  print_numbers(fmt::format("{} bad inputs; memory {} MiB before, {} MiB at most", inputs_, before >> 10, most >> 10));
  EXPECT_LE(most, before + kGrowthKib);
}

TEST_F(BadInput, TooMuchAndTooSlowIsCutOff) {
  expect_alive();
  const std::uint64_t before = installation_.server.process().resident_kib();
  HttpConnection slow(installation_.server.port());
  ASSERT_TRUE(slow.send("POST /hooks/main/crm HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"ty"));

  std::uint64_t most = before;
  const std::string huge(10 << 20, 'x');
  for (int round = 0; round < 5; ++round) {
    const HttpReply body = answer("POST", "/hooks/main/crm", huge);
    EXPECT_EQ(body.status, 413U);
    const HttpReply head = answer("POST", "/hooks/main/crm", kWebhook, {{"X-Long", std::string(100'000, 'h')}});
    EXPECT_EQ(head.status, 431U);
    most = std::max(most, installation_.server.process().resident_kib());
  }
  std::vector<std::unique_ptr<HttpConnection>> idle;
  for (int i = 0; i < 500; ++i) {
    idle.push_back(std::make_unique<HttpConnection>(installation_.server.port()));
    EXPECT_TRUE(idle.back()->send("POST /hooks/main/crm HTTP/1.1\r\nX-Half: "));
  }
  expect_alive();
  most = std::max(most, installation_.server.process().resident_kib());
  const auto late = slow.read(std::chrono::seconds(25));
  ASSERT_TRUE(late);
  EXPECT_EQ(late->status, 408U);
  expect_alive();
  print_numbers(fmt::format("10 MB bodies, 100 kB heads, 501 slow senders; memory {} MiB before, {} MiB at most",
                            before >> 10, most >> 10));
  EXPECT_LE(most, before + kGrowthKib);
}

}  // namespace
}  // namespace lockstep::tests
