#include "app/server/system_host.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"

namespace lockstep::app {
namespace {

class CredentialLinesTest : public ::testing::Test {
 protected:
  net::EventLoop loop;
  SeededRandom random{1};
  SilentLog log;
  std::unique_ptr<net::HttpClient> client = std::move(*net::HttpClient::make(loop, {}));
  CredentialLines lines;
  HostParts parts{&loop, client.get(), &lines, &random, &log, {}, {}};

  static SystemConfig system(JsonObject settings, const char* connector = "gohighlevel") {
    SystemConfig out;
    out.connector = connector;
    out.settings.settings = std::move(settings);
    return out;
  }
  std::shared_ptr<CredentialLine> line(const SystemConfig& config, const char* origin = "https://crm.example") {
    return lines.line(config, origin, parts);
  }
};

TEST_F(CredentialLinesTest, OneCredentialIsOneBudget) {
  const auto first = line(system({{"token", "pit-1"}, {"location_id", "a"}, {"full_pull", "search"}}));
  EXPECT_EQ(line(system({{"location_id", "a"}, {"token", "pit-1"}})), first) << "how to work does not matter";
  EXPECT_NE(line(system({{"token", "pit-2"}, {"location_id", "a"}})), first);
  EXPECT_NE(line(system({{"token", "pit-1"}, {"location_id", "b"}})), first);
  EXPECT_NE(line(system({{"token", "pit-1"}, {"location_id", "a"}}, "other")), first);
  EXPECT_NE(line(system({{"token", "pit-1"}, {"location_id", "a"}}), "https://other.example"), first);
}

TEST_F(CredentialLinesTest, AnOAuthClientIsOneBudgetPerLocation) {
  const auto grant = [](const char* app, const char* token, const char* location) {
    return system({{"oauth", JsonObject{{"client_id", app}, {"refresh_token", token}}}, {"location_id", location}});
  };
  const auto first = line(grant("app", "one", "a"));
  EXPECT_EQ(line(grant("app", "two", "a")), first) << "installed again";
  EXPECT_NE(line(grant("app", "one", "b")), first);
  EXPECT_NE(line(grant("other", "one", "a")), first);
}

TEST_F(CredentialLinesTest, ALineLivesAsLongAsASystemUsesIt) {
  auto first = line(system({{"token", "pit-1"}}));
  const std::weak_ptr<CredentialLine> seen = first;
  auto second = line(system({{"token", "pit-1"}}));
  first.reset();
  EXPECT_FALSE(seen.expired()) << "a reload keeps what is known of the budget";
  second.reset();
  EXPECT_TRUE(seen.expired());
  EXPECT_NE(line(system({{"token", "pit-1"}})), nullptr);
}

}  // namespace
}  // namespace lockstep::app
