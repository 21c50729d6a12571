// /rest/v1: as whom the database is asked, and its answers in PostgREST's shape.
#include "gateway/gateway_world.hpp"

namespace lockstep::gateway {
namespace {

class RestRoutes : public testing::Test {
 protected:
  RestRoutes() {
    world.access.tokens.emplace("ann", Json{{"sub", "u-ann"}, {"role", "authenticated"}, {"more", 1}});
    world.access.tokens.emplace("anonymous", Json{{"role", "anon"}});
    world.access.tokens.emplace("service", Json{{"role", "service_role"}});
    world.access.tokens.emplace("old", fail(ErrorKind::unauthorized, "the token has expired"));
    world.gateway->serve({RestTarget{SourceId("acme"), SystemName("db")}});
  }
  Answer get(const std::string& who, const std::string& target = "/rest/v1/people",
             const wire::HttpHeaders& headers = {}) {
    return world.call(who, "GET", target, "", headers);
  }
  static std::string code(const Answer& answer) { return std::string(string_member(answer.json(), "code")); }

  World world;
  FakeTables& tables = world.connectors["acme/db"]->with_tables();
};

TEST_F(RestRoutes, TheDatabaseIsAskedAsTheCaller) {
  tables.answer = connector::TableRows{{R"({"id":1})", R"({"id":2})"}, {}};
  const Answer answer = get("ann", "/rest/v1/people?select=id&name=eq.x&limit=7");
  EXPECT_EQ(answer.status(), 200u);
  EXPECT_EQ(answer.response->body, "[{\"id\":1},\n {\"id\":2}]");
  EXPECT_EQ(answer.response->headers.get("Content-Range"), "0-1/*");
  EXPECT_EQ(answer.response->headers.get("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(tables.asked.relation, "people");
  EXPECT_EQ(tables.asked.limit, 7u);
  EXPECT_EQ(tables.asked.role.name, "authenticated");
  EXPECT_EQ(tables.asked.role.claims.at("sub"), "u-ann");
  EXPECT_EQ(tables.asked.role.claims.at("more"), 1);
}

TEST_F(RestRoutes, WhoeverSendsNoUsersTokenIsAnonymous) {
  tables.answer = connector::TableRows{};
  for (const std::string who : {"", "anonymous", "sb_publishable_x"}) {
    tables.asked = {};
    EXPECT_EQ(get(who).status(), 200u) << who;
    EXPECT_EQ(tables.asked.role.name, "anon") << who;
    EXPECT_EQ(tables.asked.role.claims.at("role"), "anon") << who;
  }
  // The key alone, as supabase-js sends it before somebody signs in.
  EXPECT_EQ(get("", "/rest/v1/people", {{"apikey", "ann"}}).status(), 200u);
  EXPECT_EQ(tables.asked.role.name, "authenticated");
}

// Whom only Lockstep knows: the database is told what it knows of him.
TEST_F(RestRoutes, KeysAndSessionsReadWithTheirOwnRoles) {
  tables.answer = connector::TableRows{};
  const auto asked_by = [&](const std::string& who, const wire::HttpHeaders& headers = {}) {
    tables.asked = {};
    EXPECT_EQ(get(who, "/rest/v1/people", headers).status(), 200u);
    return tables.asked.role;
  };
  connector::TableRole role = asked_by("owner");
  EXPECT_EQ(role.name, "authenticated");
  EXPECT_EQ(to_text(role.claims), R"({"role":"authenticated"})");
  EXPECT_EQ(to_text(role.sources), R"({"acme":"owner"})");
  EXPECT_EQ(to_text(asked_by("", {{"apikey", "viewer"}}).sources), R"({"acme":"viewer"})");
  EXPECT_EQ(to_text(asked_by("admin").sources), R"({"*":"admin"})");
  // The higher of both counts in a source.
  world.access.callers["both"] = {"key both", Role::viewer, {{SourceId("acme"), Role::owner}}};
  EXPECT_EQ(to_text(asked_by("both").sources), R"({"acme":"owner","*":"viewer"})");
  world.access.callers["lower"] = {"key lower", Role::owner, {{SourceId("acme"), Role::viewer}}};
  EXPECT_EQ(to_text(asked_by("lower").sources), R"({"acme":"owner","*":"owner"})");
  EXPECT_EQ(to_text(asked_by("owner").businesses), "{}");
  // A business is no role: a policy that asks for one lets it see nothing.
  Caller business{"key of a business", {}, {{SourceId("other"), Role::viewer}}};
  business.businesses = {{SourceId("acme"), {"cafe", "salon"}}, {SourceId("other"), {"bar"}}};
  world.access.callers["business"] = business;
  EXPECT_EQ(to_text(asked_by("business").sources), R"({"other":"viewer"})");
  EXPECT_EQ(to_text(asked_by("business").businesses), R"({"acme":["cafe","salon"]})") << "no more where it has a role";
  world.access.callers["nowhere"] = {"key nowhere", {}, {}};
  EXPECT_EQ(to_text(asked_by("nowhere").sources), "{}");
  // A user as databases know them, and one whose name they could not read.
  Caller person{"account ada", {}, {}};
  person.person = "5f3c0000-0000-4000-8000-00000000ab01";
  world.access.callers["person"] = person;
  EXPECT_EQ(string_member(asked_by("person").claims, "sub"), person.person);
  for (const char* name : {"ada", "5f3c0000-0000-4000-8000-00000000ab0", "5f3c0000-0000-4000-8000-00000000ab0g"}) {
    world.access.callers["person"].person = name;
    EXPECT_FALSE(asked_by("person").claims.get_object().contains("sub")) << name;
  }
  // Tokens of issuers are the database's to judge: what they say of roles here is not told.
  EXPECT_TRUE(asked_by("ann").sources.is_null());
  EXPECT_TRUE(asked_by("ann").businesses.is_null());
  EXPECT_TRUE(asked_by("anonymous").sources.is_null());
  EXPECT_TRUE(asked_by("").sources.is_null());
  world.access.callers.erase("owner");
  EXPECT_EQ(asked_by("owner").name, "anon") << "a key that was taken back";
}

TEST_F(RestRoutes, SessionsOfAccounts) {
  tables.answer = connector::TableRows{};
  const std::string password = "correct horse battery";
  EXPECT_EQ(world
                .call("owner", "PUT", "/api/v1/sources/acme/people/ada",
                      R"({"role":"viewer","password":")" + password + "\"}")
                .status(),
            200u);
  const Json made =
      world.call("", "POST", "/api/v1/session", R"({"account":"ada","password":")" + password + R"(","token":true})")
          .json();
  const std::string token(string_member(made, "token"));
  ASSERT_TRUE(token.starts_with("lss_")) << made;
  EXPECT_EQ(get(token).status(), 200u);
  EXPECT_EQ(to_text(tables.asked.role.sources), R"({"acme":"viewer"})");
  // The cookie of a page of this server, also beside the key with which its client was made.
  const std::string cookie = "lockstep_session=" + token;
  for (const std::string key : {"", "sb_publishable_x"}) {
    tables.asked = {};
    EXPECT_EQ(get(key, "/rest/v1/people", {{"Cookie", cookie}}).status(), 200u);
    EXPECT_EQ(to_text(tables.asked.role.sources), R"({"acme":"viewer"})") << key;
  }
  // A page from elsewhere does not borrow it.
  EXPECT_EQ(get("", "/rest/v1/people", {{"Cookie", cookie}, {"Sec-Fetch-Site", "cross-site"}}).status(), 200u);
  EXPECT_EQ(tables.asked.role.name, "anon");
  EXPECT_EQ(world.call(token, "DELETE", "/api/v1/session").status(), 200u);
  tables.asked = {};
  EXPECT_EQ(get(token).status(), 401u);
  EXPECT_EQ(get("", "/rest/v1/people", {{"Cookie", cookie}}).status(), 401u);
  EXPECT_EQ(tables.asked.relation, "");
}

TEST_F(RestRoutes, TokensThatAreNotGoodAndTheServicesOwnReadNothing) {
  const Answer old = get("old");
  EXPECT_EQ(old.status(), 401u);
  EXPECT_EQ(code(old), "PGRST301");
  EXPECT_EQ(get("service").status(), 403u);
  EXPECT_EQ(tables.asked.relation, "");
}

TEST_F(RestRoutes, OneRowOrNone) {
  const wire::HttpHeaders one{{"Accept", "application/vnd.pgrst.object+json"}};
  tables.answer = connector::TableRows{{R"({"id":1})"}, {}};
  EXPECT_EQ(get("ann", "/rest/v1/people", one).response->body, R"({"id":1})");
  for (const std::vector<std::string>& rows : {std::vector<std::string>(), {"{}", "{}"}}) {
    tables.answer = connector::TableRows{rows, {}};
    const Answer answer = get("ann", "/rest/v1/people", one);
    EXPECT_EQ(answer.status(), 406u);
    EXPECT_EQ(code(answer), "PGRST116");
    EXPECT_EQ(string_member(answer.json(), "details"), "The result contains " + std::to_string(rows.size()) + " rows");
  }
}

TEST_F(RestRoutes, PagesSayWhereTheyAre) {
  tables.answer = connector::TableRows{{"{}", "{}"}, 9};
  const Answer part = get("ann", "/rest/v1/people?limit=2&offset=4", {{"Prefer", "count=exact"}});
  EXPECT_EQ(part.status(), 206u);
  EXPECT_EQ(part.response->headers.get("Content-Range"), "4-5/9");
  tables.answer = connector::TableRows{{}, 9};
  EXPECT_EQ(code(get("ann", "/rest/v1/people?offset=12", {{"Prefer", "count=exact"}})), "PGRST103");
  tables.answer = connector::TableRows{{"{}"}, 1};
  const Answer head = world.call("ann", "HEAD", "/rest/v1/people", "", {{"Prefer", "count=exact"}});
  EXPECT_EQ(head.status(), 200u);
  EXPECT_EQ(head.response->headers.get("Content-Range"), "0-0/1");
}

TEST_F(RestRoutes, FailuresInPostgrestsShape) {
  const auto refused = [&](ErrorKind kind, const std::string& sqlstate, const std::string& who = "ann") {
    tables.answer = std::unexpected(connector::TableFailure{{kind, "host=10.0.0.1 is away", {}}, sqlstate});
    return get(who);
  };
  EXPECT_EQ(refused(ErrorKind::not_found, "42P01").status(), 404u);
  EXPECT_EQ(refused(ErrorKind::invalid, "42703").status(), 400u);
  EXPECT_EQ(code(refused(ErrorKind::invalid, "42703")), "42703");
  EXPECT_EQ(refused(ErrorKind::unauthorized, "42501").status(), 403u);
  EXPECT_EQ(refused(ErrorKind::unauthorized, "42501", "").status(), 401u);
  EXPECT_EQ(refused(ErrorKind::unavailable, "57014").status(), 504u);
  EXPECT_EQ(refused(ErrorKind::exhausted, "").status(), 503u);
  const Answer away = refused(ErrorKind::unavailable, "");
  EXPECT_EQ(away.status(), 503u);
  EXPECT_EQ(away.response->body.find("10.0.0.1"), std::string::npos);
  EXPECT_EQ(get("ann", "/rest/v1/people?a=5").status(), 400u);
  EXPECT_EQ(get("ann", "/rest/v1/people", {{"Accept-Profile", "lockstep"}}).status(), 406u);
  EXPECT_EQ(get("ann", "/rest/v1/people", {{"Accept-Profile", "public"}}).status(), 503u);
}

TEST_F(RestRoutes, NothingIsWritten) {
  for (const char* method : {"POST", "PUT", "PATCH", "DELETE"}) {
    const Answer answer = world.call("ann", method, "/rest/v1/people", R"({"id":1})");
    EXPECT_EQ(answer.status(), 405u) << method;
    EXPECT_EQ(code(answer), "25006") << method;
  }
  EXPECT_EQ(tables.asked.relation, "");
}

TEST_F(RestRoutes, WhatIsNotConfiguredIsNotThere) {
  world.gateway->serve({});
  EXPECT_EQ(get("ann").status(), 404u);
  world.gateway->serve({RestTarget{SourceId("acme"), SystemName("crm")}});  // has no tables
  EXPECT_EQ(get("ann").status(), 404u);
  const Answer asked = world.call("", "OPTIONS", "/rest/v1/people", "",
                                  {{"Access-Control-Request-Headers", "apikey, prefer, accept-profile"}});
  EXPECT_EQ(asked.status(), 200u);
  EXPECT_EQ(asked.response->headers.get("Access-Control-Allow-Headers"), "apikey, prefer, accept-profile");
}

}  // namespace
}  // namespace lockstep::gateway
