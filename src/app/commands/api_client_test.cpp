#include "app/commands/api_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/commands/fake_context.hpp"
#include "app/commands/http_transport.hpp"

namespace lockstep::app {
namespace {

using ::testing::HasSubstr;

class ApiClientTest : public ::testing::Test {
 protected:
  Script script;
  ScriptedTransport transport{script};
  ApiClient api{transport, "/lockstep", "secret-key"};
};

TEST_F(ApiClientTest, GetSendsPathQueryAndKey) {
  script.answer(200, R"({"a":1})");
  const auto answer =
      api.get("/sources/" + path_part("a/b") + "/records", {{"query", "x & y"}, {"entity", ""}, {"limit", "5"}});
  ASSERT_TRUE(answer);
  EXPECT_EQ(*answer, (Json{{"a", 1}}));
  ASSERT_EQ(script.requests.size(), 1u);
  EXPECT_EQ(script.requests[0].method, "GET");
  EXPECT_EQ(script.requests[0].target, "/lockstep/api/v1/sources/a%2Fb/records?query=x%20%26%20y&limit=5");
  EXPECT_EQ(script.requests[0].headers.get("Authorization"), "Bearer secret-key");
}

TEST_F(ApiClientTest, PostSendsJson) {
  script.answer(202, "");
  const auto answer = api.post("/x", JsonObject{{"kind", "mirror"}});
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->is_null());
  EXPECT_EQ(script.requests[0].body, R"({"kind":"mirror"})");
  EXPECT_EQ(script.requests[0].headers.get("Content-Type"), "application/json");
}

TEST_F(ApiClientTest, WithoutAKeyNoneIsSent) {
  script.answer(200, "{}");
  ApiClient anonymous(transport, "", "");
  ASSERT_TRUE(anonymous.get("/sources"));
  EXPECT_FALSE(script.requests[0].headers.has("Authorization"));
}

TEST_F(ApiClientTest, ProblemsBecomeErrorsOfTheirKind) {
  const std::vector<std::pair<unsigned, ErrorKind>> cases = {
      {400, ErrorKind::invalid},      {401, ErrorKind::unauthorized}, {403, ErrorKind::unauthorized},
      {404, ErrorKind::not_found},    {409, ErrorKind::conflict},     {422, ErrorKind::invalid},
      {429, ErrorKind::rate_limited}, {500, ErrorKind::corrupt},      {503, ErrorKind::unavailable},
      {504, ErrorKind::maybe_applied}};
  for (const auto& [status, kind] : cases) {
    script.answer(status, R"({"title":"t","detail":"there is no source 'x'"})");
    const auto answer = api.get("/x");
    ASSERT_FALSE(answer) << status;
    EXPECT_EQ(answer.error().kind, kind) << status;
    EXPECT_THAT(answer.error().message, HasSubstr("there is no source 'x'")) << status;
  }
}

TEST_F(ApiClientTest, AnAnswerThatIsNoJsonIsAnError) {
  script.answer(200, "<html>");
  EXPECT_EQ(api.get("/x").error().kind, ErrorKind::corrupt);
  script.answer(502, "<html>");
  EXPECT_EQ(api.get("/x").error().message, "the server answered 502");
}

TEST(ServerAddress, TakesUrlsApart) {
  EXPECT_EQ(parse_server_address("http://127.0.0.1:8080")->origin, "http://127.0.0.1:8080");
  EXPECT_EQ(parse_server_address("https://a.example/lock/step/")->origin, "https://a.example");
  EXPECT_EQ(parse_server_address("https://a.example/lock/step/")->path, "/lock/step");
  EXPECT_EQ(parse_server_address("https://a.example/")->path, "");
  for (const char* bad : {"", "a.example", "ftp://a.example", "http://", "http:///x"})
    EXPECT_FALSE(parse_server_address(bad)) << bad;
}

TEST(HttpTransport, SaysThatNobodyAnswers) {
  // Port 1 (tcpmux) is reserved and nobody listens there.
  auto transport = HttpTransport::make("http://127.0.0.1:1");
  ASSERT_TRUE(transport);
  const auto answer = (*transport)->send({});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(answer.error().message, HasSubstr("no server at http://127.0.0.1:1"));
  (*transport)->pause(std::chrono::microseconds(1));  // returns
  EXPECT_FALSE((*transport)->send({}));               // and the loop runs again
}

}  // namespace
}  // namespace lockstep::app
