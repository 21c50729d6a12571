#include "app/server/key_fetcher.hpp"

#include <gtest/gtest.h>

#include "net/testing/loopback.hpp"
#include "wire/jwk_set.hpp"

namespace lockstep::app {
namespace {

class KeyFetcherTest : public ::testing::Test {
 protected:
  Result<std::string> fetch(const std::string& address) {
    std::optional<Result<std::string>> out;
    fetcher.fetch(*client, address, NetworkReach::outside, [&](Result<std::string> text) { out = std::move(text); });
    net::testing::run_until(loop, [&] { return out.has_value(); });
    return out.value_or(fail(ErrorKind::corrupt, "no answer"));
  }
  std::string at(const std::string& path) const { return "http://127.0.0.1:" + std::to_string(server->port()) + path; }

  net::EventLoop loop;
  wire::HttpResponse response{200, {}, "the set"};
  std::vector<std::string> asked;
  std::unique_ptr<net::HttpServer> server = net::testing::make_server(
      loop, [this](const net::ServerRequest& request, const std::shared_ptr<net::Exchange>& to) {
        asked.push_back(request.request.method + " " + request.request.target);
        to->respond(response);
      });
  KeyFetcher fetcher;
  std::unique_ptr<net::HttpClient> client = std::move(*net::HttpClient::make(loop, {}));
};

TEST_F(KeyFetcherTest, GetsTheTextAtTheAddress) {
  EXPECT_EQ(fetch(at("/auth/v1/jwks.json?a=b")), "the set");
  EXPECT_EQ(fetch(at("")), "the set");
  EXPECT_EQ(fetch(at("?a=/b")), "the set");
  EXPECT_EQ(asked, (std::vector<std::string>{"GET /auth/v1/jwks.json?a=b", "GET /", "GET /?a=/b"}));
}

TEST_F(KeyFetcherTest, OnlyAWholeSmallAnswerIsOne) {
  response = {302, {{"Location", "/elsewhere"}}, "the set"};
  EXPECT_FALSE(fetch(at("/"))) << "redirects are not followed";
  response = {500, {}, "the set"};
  EXPECT_FALSE(fetch(at("/")));
  response = {200, {}, std::string(wire::kJwkSetBytesLimit, 'x')};
  EXPECT_TRUE(fetch(at("/")));
  response.body += 'x';
  EXPECT_FALSE(fetch(at("/")));
}

TEST_F(KeyFetcherTest, WhatIsOnItsWayEndsWithTheClient) {
  auto leaving = std::make_unique<KeyFetcher>();
  std::optional<Result<std::string>> first;
  std::optional<Result<std::string>> second;
  const auto into = [](auto& out) { return [&out](Result<std::string> text) { out = std::move(text); }; };
  fetcher.fetch(*client, at("/"), NetworkReach::outside, into(first));
  leaving->fetch(*client, at("/"), NetworkReach::outside, into(second));
  leaving.reset();
  client->close();
  net::testing::run_until(loop, [&] { return first && second; });
  EXPECT_FALSE(first.value_or("none"));
  EXPECT_FALSE(second.value_or("none"));
  EXPECT_TRUE(asked.empty());
}

}  // namespace
}  // namespace lockstep::app
