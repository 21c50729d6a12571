// An entity with `edits: none` is what its systems say, whoever asks for something else.
#include <gtest/gtest.h>

#include "gateway/gateway_world.hpp"

namespace lockstep::gateway {
namespace {

const std::string kSource = "/api/v1/sources/acme";
const std::string kRecords = kSource + "/records";

class MirrorRoutes : public testing::Test {
 protected:
  MirrorRoutes() {
    tell("Ada", "ada@example.com");
    const Json found = world.call("viewer", "GET", kRecords).json();
    record = std::string(string_member(found.at("items").at(0), "id"));
  }
  void tell(const std::string& name, const std::string& email) {
    const Answer told = world.webhook(
        "acme", R"({"id":"c1","document":{"first_name":")" + name + R"(","email":")" + email + R"(","age":30}})");
    EXPECT_EQ(told.status(), 200u) << told.response->body;
  }
  Json now() { return world.call("viewer", "GET", kRecords + "/" + record).json(); }
  void refused(const std::string& method, const std::string& target, const std::string& body, const std::string& word) {
    const Json before = now();
    for (const char* who : {"editor", "owner", "admin"}) {
      const Answer answer = world.call(who, method, target, body);
      if (answer.status() == 403 && std::string(who) == "editor") continue;  // not his to decide anyway
      EXPECT_EQ(answer.status(), 422u) << who << " " << method << " " << target << " -> " << answer.response->body;
      EXPECT_NE(answer.detail().find("edits: none"), std::string::npos) << answer.detail();
      EXPECT_NE(answer.detail().find(word), std::string::npos) << answer.detail();
    }
    EXPECT_EQ(now(), before) << method << " " << target;
  }

  World world{test_catalog(sync::Edits::none)};
  std::string record;
};

TEST_F(MirrorRoutes, NobodyEditsCreatesOrDeletesARecord) {
  refused("PATCH", kRecords + "/" + record, R"({"fields":{"email":"eve@example.com"}})",
          "'email' comes from crm and db");
  refused("DELETE", kRecords + "/" + record, "", "contact");
  refused("POST", kRecords, R"({"entity":"contact","fields":{"email":"eve@example.com"}})", "email");
  EXPECT_EQ(world.call("viewer", "GET", kRecords).json().at("items").as_array().size(), 1u);
}

TEST_F(MirrorRoutes, NothingIsUndone) {
  tell("Eve", "ada@example.com");
  const Json history = now().at("history");
  ASSERT_EQ(string_member(now().at("fields"), "first_name"), "Eve");
  std::size_t tried = 0;
  for (const Json& entry : history.as_array()) {
    const bool renamed = string_member(entry, "kind") == "change" && string_member(entry, "disposition") == "applied" &&
                         string_member(entry, "reason") != "created";
    if (!renamed) continue;
    ++tried;
    refused("POST", kSource + "/journal/" + std::to_string(entry.at("seq").to_number<Seq>()) + "/undo", "{}",
            "first_name");
  }
  EXPECT_EQ(tried, 1u) << history;
}

TEST_F(MirrorRoutes, ADecisionTakesWhatASystemHolds) {
  refused("POST", kSource + "/conflicts/resolve",
          R"({"record":")" + record + R"(","field":"first_name","value":"Eve"})", "first_name");
  EXPECT_EQ(world
                .call("owner", "POST", kSource + "/conflicts/resolve",
                      R"({"record":")" + record + R"(","field":"first_name","value":"Ada"})")
                .status(),
            200u);
}

TEST_F(MirrorRoutes, AnOwnerReplacesACredentialAndSeesItNowhere) {
  const std::string target = kSource + "/systems/crm/credential";
  const std::string body = R"({"credential":"pit-of-the-owner"})";
  for (const char* who : {"viewer", "editor", "stranger"})
    EXPECT_EQ(world.call(who, "PUT", target, body).status(), 403u) << who;
  EXPECT_EQ(world.connectors.at("acme/crm")->credential, "");
  const Answer set = world.call("owner", "PUT", target, body);
  EXPECT_EQ(set.status(), 200u) << set.response->body;
  EXPECT_EQ(set.response->body.find("pit-"), std::string::npos);
  EXPECT_EQ(world.connectors.at("acme/crm")->credential, "pit-of-the-owner");
  EXPECT_EQ(world.connectors.at("other/crm")->credential, "");
  const Answer refused = world.call("owner", "PUT", target, R"({"credential":"refused"})");
  EXPECT_EQ(refused.status(), 422u);
  EXPECT_EQ(refused.detail(), "this can be none");
  EXPECT_EQ(world.connectors.at("acme/crm")->credential, "pit-of-the-owner");
}

TEST_F(MirrorRoutes, ItIsSaidWithTheEntity) {
  const Json sources = world.call("viewer", "GET", "/api/v1/sources").json();
  EXPECT_EQ(string_member(sources.at("items").at(0).at("entities").at(0), "edits"), "none");
  World open;
  const Json others = open.call("viewer", "GET", "/api/v1/sources").json();
  EXPECT_EQ(string_member(others.at("items").at(0).at("entities").at(0), "edits"), "people");
}

}  // namespace
}  // namespace lockstep::gateway
