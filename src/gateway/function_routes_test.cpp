// /functions/v1: who may call, what is refused, and the answers.
#include "gateway/gateway_world.hpp"

namespace lockstep::gateway {
namespace {

class FunctionRoutes : public testing::Test {
 protected:
  FunctionRoutes() {
    Function one;
    one.system = SystemName("crm");
    one.entities = {{EntityName("contact"), "contacts"}};
    one.upstream = "the CRM";
    Served served;
    served.functions = {{"pull-contacts", one}};
    one.settings = {{"locationId", "location_id"}};
    served.functions.emplace("checked", one);
    one.settings.clear();
    one.wait = std::chrono::milliseconds(1);
    served.functions.emplace("impatient", one);
    world.gateway->serve(std::move(served));
  }
  Answer post(const std::string& who, const std::string& name, const std::string& body,
              const wire::HttpHeaders& headers = {}) {
    return world.call(who, "POST", "/functions/v1/" + name, body, headers);
  }

  World world;
  const std::string acme = R"({"source_id":"acme"})";
};

TEST_F(FunctionRoutes, OneEntityIsCountedWithItsPages) {
  const Answer answer = post("editor", "pull-contacts", R"({"source_id":"acme","mode":"full","pageSize":200})");
  ASSERT_EQ(answer.status(), 200u) << answer.response->body;
  const Json body = answer.json();
  EXPECT_EQ(body.at("ok"), true);
  EXPECT_EQ(body.at("count"), 0);
  EXPECT_EQ(body.at("pages"), 1);
  EXPECT_EQ(body.at("message"), "Successfully synced 0 contacts");
  EXPECT_EQ(answer.response->headers.get("Access-Control-Allow-Origin"), "*");
  const Json job =
      world.call("viewer", "GET", "/api/v1/sources/acme/jobs/" + std::string(body.at("job").as_string())).json();
  EXPECT_EQ(job.at("actor"), "key editor");
}

TEST_F(FunctionRoutes, RolesAndSources) {
  EXPECT_EQ(post("", "pull-contacts", acme).status(), 401u);
  EXPECT_EQ(post("unknown", "pull-contacts", acme).status(), 401u);
  EXPECT_EQ(post("viewer", "pull-contacts", acme).status(), 403u);
  EXPECT_EQ(post("stranger", "pull-contacts", acme).status(), 403u);
  EXPECT_EQ(post("editor", "pull-contacts", R"({"source_id":"other"})").status(), 403u);
  EXPECT_EQ(post("editor", "pull-contacts", R"({"source_id":"nowhere"})").status(), 403u);
  EXPECT_EQ(post("admin", "pull-contacts", R"({"source_id":"nowhere"})").status(), 404u);
  EXPECT_EQ(post("owner", "pull-contacts", acme).status(), 200u);
}

TEST_F(FunctionRoutes, WhatMakesNoSenseIsRefused) {
  EXPECT_EQ(post("editor", "pull-contacts", "{").json().at("error"), "Invalid JSON payload");
  EXPECT_EQ(post("editor", "pull-contacts", "[]").status(), 400u);
  EXPECT_EQ(post("editor", "pull-contacts", "{}").json().at("error"), "source_id is required");
  EXPECT_EQ(post("editor", "checked", acme).json().at("error"), "source_id and locationId are required");
  EXPECT_EQ(post("editor", "checked", R"({"source_id":"acme","locationId":"elsewhere"})").status(), 400u);
  EXPECT_EQ(post("editor", "pull-contacts", R"({"source_id":"acme","mode":"some"})").status(), 400u);
  EXPECT_EQ(post("editor", "pull-contacts", R"({"source_id":"acme","pageSize":0})").status(), 400u);
  EXPECT_EQ(post("editor", "pull-contacts", R"({"source_id":"acme","pageSize":"x"})").status(), 400u);
  EXPECT_EQ(post("editor", "nothing", acme).status(), 404u);
  const Answer get = world.call("editor", "GET", "/functions/v1/pull-contacts");
  EXPECT_EQ(get.status(), 405u);
  EXPECT_EQ(get.json().at("error"), "Method not allowed");
  EXPECT_EQ(world.call("", "OPTIONS", "/functions/v1/pull-contacts").status(), 200u);
  EXPECT_TRUE(world.call("admin", "GET", "/api/v1/sources/acme/jobs").json().at("items").as_array().empty());
}

TEST_F(FunctionRoutes, ALongJobIsAnsweredWithWhereToLook) {
  const Answer answer = post("editor", "impatient", acme);
  // The fake answers within the same moment or after it: either way the job is named.
  EXPECT_TRUE(answer.status() == 200u || answer.status() == 202u);
  EXPECT_TRUE(answer.json().at("job").is_string());
}

}  // namespace
}  // namespace lockstep::gateway
