#include "app/config/load.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config/example_files.hpp"
#include "app/config/fake_factories.hpp"

namespace lockstep::app {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::string testdata = example_folder().string() + "/";

ConfigResult read_text(const std::string& text) {
  return read_config(text, "lockstep.yaml", fake_factories(), example_environment());
}

std::vector<std::string> problems_of(const std::string& text) {
  auto result = read_text(text);
  std::vector<std::string> texts;
  if (!result) {
    for (const auto& problem : result.error()) texts.push_back(to_text(problem));
  }
  return texts;
}

std::string joined(const std::vector<Problem>& problems) {
  std::string text;
  for (const auto& problem : problems) text += to_text(problem) + "\n";
  return text;
}

// A whole configuration around the entities of one source.
std::string with_entities(const std::string& entities) {
  return "version: 1\nsources:\n  - id: acme\n    systems:\n      crm: {connector: fakecrm, location_id: abcd, token: "
         "{env: GHL_TOKEN}}\n"
         "      db: {connector: fakedb, url: {env: DATABASE_URL}}\n    entities:\n" +
         entities;
}

TEST(LoadConfig, ReadsEverything) {
  auto result = read_text(read_example(testdata + "good/full.yaml"));
  ASSERT_TRUE(result) << joined(result.error());
  const Config& config = *result;
  EXPECT_EQ(config.server.host, "::1");
  EXPECT_EQ(config.server.port, 9090);
  EXPECT_EQ(config.server.data_folder, "/var/lib/lockstep");
  EXPECT_EQ(config.server.public_url, "https://sync.example.com");
  EXPECT_EQ(config.server.log_level, LogLevel::debug);
  EXPECT_EQ(config.server.log_format, LogFormat::json);
  EXPECT_EQ(config.server.body_bytes_limit, 2u << 20);
  EXPECT_EQ(config.server.connections_limit, 500u);
  EXPECT_EQ(config.server.connections_per_address_limit, 50u);

  ASSERT_THAT(config.api_keys, SizeIs(3));
  EXPECT_EQ(config.api_keys[0].role, Role::admin);
  EXPECT_THAT(config.api_keys[0].sources, IsEmpty());
  EXPECT_EQ(config.api_keys[1].key, "0123456789abcdef-acme");  // one newline cut off
  EXPECT_THAT(config.api_keys[1].sources, ElementsAre(SourceId("acme")));
  EXPECT_EQ(config.api_keys[1].business, "");
  EXPECT_EQ(config.api_keys[2].business, "cafe-7");
  const sync::EntitySchema* contact = config.catalog->find(SourceId("acme"))->find(EntityName("contact"));
  EXPECT_EQ(contact->business, (sync::BusinessRule{"owner", {"phone", "seen"}}));
  EXPECT_EQ(config.catalog->find(SourceId("acme"))->find(EntityName("user"))->business, std::nullopt);
  ASSERT_THAT(config.jwt_issuers, SizeIs(2));
  EXPECT_EQ(config.jwt_issuers[0].audience, "authenticated");
  EXPECT_EQ(config.jwt_issuers[1].public_key, "-----BEGIN PUBLIC KEY-----\nabc");
  EXPECT_THAT(config.secrets, Contains("pit-token"));
  EXPECT_THAT(config.warnings, IsEmpty());
}

TEST(LoadConfig, TablesOfMembersNameASystem) {
  const auto with = [](const std::string& members) {
    return with_entities("      deal: {fields: {name: text}, systems: {crm: {object: deal, fields: \"*\"}}}\n") +
           "access:\n  members: [" + members + "]\n";
  };
  auto result =
      read_text(with("{system: db, table: t, user: u, source: s, role: r, hold: 90s}, "
                     "{system: crm, from_source: acme, table: t, user: u, source: s}"));
  ASSERT_TRUE(result) << joined(result.error());
  ASSERT_THAT(result->members, SizeIs(2));
  EXPECT_EQ(result->members[0].source, SourceId("acme"));
  EXPECT_EQ(result->members[0].system, SystemName("db"));
  EXPECT_EQ(result->members[0].role, "r");
  EXPECT_EQ(result->members[0].hold, Duration(std::chrono::seconds(90)));
  EXPECT_EQ(result->members[0].business, "");
  EXPECT_EQ(result->members[1].role, "");
  EXPECT_EQ(result->members[1].hold, Duration(std::chrono::minutes(1)));
  EXPECT_THAT(problems_of(with("{system: mars, table: t, user: u, source: s}")),
              Contains(HasSubstr("no source has a system \"mars\"")));
  EXPECT_THAT(problems_of(with("{system: db, from_source: other, table: t, user: u, source: s}")),
              Contains(HasSubstr("in a source \"other\"")));
  EXPECT_THAT(problems_of(with("{system: db, table: t, user: u}")), Contains(HasSubstr("source")));
  EXPECT_THAT(problems_of(with("{system: db, table: t, user: u, source: s, hold: 1s}")), ::testing::Not(IsEmpty()));
}

std::string with_jwt(const std::string& jwt) {
  return read_example(testdata + "good/minimal.yaml") + "access:\n  jwt: [" + jwt + "]\n";
}

TEST(LoadConfig, KeySetsAreGivenOrPublished) {
  const std::string set = R"({"keys":[{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",)"
                          R"("y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","kid":"1"}]})";
  const std::string url = "https://p.supabase.co/auth/v1/.well-known/jwks.json";
  auto environment = example_environment();
  environment.variables["JWKS"] = set;
  environment.variables["JWKS_URL"] = url;
  environment.files["jwks.json"] = set + "\n";
  const auto issuer = [&](const std::string& jwt) {
    const auto result = read_config(with_jwt(jwt), "lockstep.yaml", fake_factories(), environment);
    EXPECT_TRUE(result) << jwt << joined(result.error());
    return result ? result->jwt_issuers.at(0) : JwtIssuer();
  };
  for (const std::string& given : {"'" + set + "'", std::string("{file: jwks.json}"), std::string("{env: JWKS}")}) {
    EXPECT_EQ(issuer("{jwks: " + given + "}").jwks, set);
    EXPECT_EQ(issuer("{jwks: " + given + "}").jwks_url, "");
  }
  for (const std::string& given : {url, std::string("{env: JWKS_URL}")}) {
    EXPECT_EQ(issuer("{jwks: " + given + "}").jwks_url, url);
    EXPECT_EQ(issuer("{jwks: " + given + "}").jwks, "");
    EXPECT_EQ(issuer("{jwks: " + given + "}").reach, NetworkReach::outside);
  }
  for (const std::string here : {"http://127.0.0.1:9999/k", "http://localhost/k?a=b", "http://[::1]:80"})
    EXPECT_EQ(issuer("{jwks: \"" + here + "\"}").jwks_url, here);
  EXPECT_EQ(issuer("{jwks: \"http://kong:8000/k\", reach: any}").reach, NetworkReach::any);
}

TEST(LoadConfig, RefusesKeySetsThatAreNone) {
  const auto refused = [](const std::string& jwks, const std::string& word) {
    EXPECT_THAT(problems_of(with_jwt("{jwks: " + jwks + "}")), Contains(HasSubstr(word))) << jwks;
  };
  refused("\"http://id.example.com/k\"", "without TLS");
  refused("\"http://127.0.0.1.example.com/k\"", "without TLS");
  refused("\"http://localhost@example.com/k\"", "no URL");
  refused("\"https://user@example.com/k\"", "no URL");
  refused("\"https://user:word@example.com/k\"", "password");
  refused("\"https:///k\"", "no URL");
  refused("\"https://id.example.com/a b\"", "no URL");
  refused("\"https://id.example.com/#k\"", "no URL");
  refused("\"ftp://id.example.com/k\"", "no JSON");
  refused("'{\"keys\":[]}'", "no key");
  refused("'{\"keys\":[{\"d\":\"AQAB\"}]}'", "private key");
}

TEST(LoadConfig, GivesSystemsTheirSettingsAndEntities) {
  auto result = read_text(read_example(testdata + "good/full.yaml"));
  ASSERT_TRUE(result) << joined(result.error());
  ASSERT_THAT(result->sources, SizeIs(2));
  const SourceConfig& acme = result->sources[0];
  EXPECT_EQ(acme.title, "Acme Inc.");
  ASSERT_THAT(acme.systems, SizeIs(2));
  const SystemConfig& crm = acme.systems[0];
  EXPECT_EQ(crm.connector, "fakecrm");
  EXPECT_EQ(
      lockstep::to_text(crm.settings.settings),
      R"({"location_id":"abcd1234","token":"pit-token","webhooks":{"keys":["one","two"],"verify":false},"timeout":"5s"})");
  EXPECT_EQ(crm.pull.every, std::chrono::minutes(5));
  EXPECT_EQ(crm.pull.full_every, std::nullopt);
  EXPECT_EQ(acme.systems[1].pull.every, std::chrono::seconds(60));
  EXPECT_EQ(acme.systems[1].pull.full_every, std::chrono::hours(24));
  hub::GuardSettings guard;
  guard.window = std::chrono::hours(2);
  guard.delete_percent = 5;
  guard.rewrite_least = 10;
  EXPECT_EQ(crm.guard, guard);
  EXPECT_EQ(acme.systems[1].guard, hub::GuardSettings());
  std::vector<std::string> names;
  for (const auto* entity : crm.settings.entities) names.push_back(entity->name.str());
  EXPECT_THAT(names, ElementsAre("user", "contact", "deal"));
  EXPECT_EQ(result->sources[1].title, "other");
  EXPECT_EQ(result->sources[1].systems[0].settings.settings.at("location_id"), Json("wxyz9876"));
}

TEST(LoadConfig, BuildsTheCatalog) {
  auto result = read_text(read_example(testdata + "good/full.yaml"));
  ASSERT_TRUE(result) << joined(result.error());
  const auto* source = result->catalog->find(SourceId("acme"));
  ASSERT_NE(source, nullptr);
  EXPECT_EQ(source->oscillation, (sync::OscillationLimits{4, std::chrono::hours(1)}));
  EXPECT_EQ(result->catalog->find(SourceId("other"))->oscillation, sync::OscillationLimits());
  const sync::SystemBinding& filtered =
      *result->catalog->find(SourceId("other"))->find(EntityName("deal"))->binding(SystemName("crm"));
  EXPECT_EQ(filtered.only, "doc.status == 'won'");
  EXPECT_EQ(filtered.leaving, sync::Leaving::keep);
  EXPECT_EQ(source->find(EntityName("deal"))->binding(SystemName("crm"))->only, "") << "of this source all";
  const auto* contact = source->find(EntityName("contact"));
  ASSERT_NE(contact, nullptr);
  EXPECT_EQ(contact->deletes, sync::DeletePolicy::archive);
  EXPECT_EQ(contact->edits, sync::Edits::people);
  EXPECT_EQ(source->find(EntityName("user"))->edits, sync::Edits::none);
  EXPECT_THAT(contact->match, ElementsAre(sync::MatchRule{{"email"}}, sync::MatchRule{{"phone", "status"}}));
  EXPECT_EQ(contact->find("phone")->region, "GB");
  EXPECT_EQ(contact->find("email")->policy.kind, sync::PolicyKind::authority);
  EXPECT_THAT(contact->find("email")->policy.order, ElementsAre(SystemName("crm"), SystemName("db")));
  EXPECT_EQ(contact->find("tags")->policy.kind, sync::PolicyKind::set_union);  // sets do not take the entity's policy
  EXPECT_EQ(contact->find("seen")->policy.kind, sync::PolicyKind::latest);
  EXPECT_EQ(contact->find("seen")->zone_offset, "+05:30");
  EXPECT_EQ(contact->find("owner")->target, EntityName("user"));
  EXPECT_THAT(contact->find("status")->options, ElementsAre("open", "won"));
  const auto* crm = contact->binding(SystemName("crm"));
  ASSERT_NE(crm, nullptr);
  EXPECT_THAT(crm->fields, SizeIs(6));  // "*" took owner and seen
  EXPECT_EQ(crm->find("status")->path, "customFields.status");
  EXPECT_EQ(crm->find("status")->direction, sync::Direction::read);
  EXPECT_EQ(crm->find("owner")->path, "owner");
  const auto* user = source->find(EntityName("user"));
  EXPECT_FALSE(user->binding(SystemName("crm"))->creates);
  EXPECT_FALSE(user->binding(SystemName("crm"))->deletes);
  EXPECT_TRUE(user->binding(SystemName("db"))->creates);
  EXPECT_EQ(result->catalog->find(SourceId("other"))->by_object(SystemName("db"), "deals")->name, EntityName("deal"));
}

TEST(LoadConfig, SettingsPointIntoTheCatalogAfterAMove) {
  auto result = read_text(read_example(testdata + "good/full.yaml"));
  ASSERT_TRUE(result);
  const Config moved = std::move(*result);
  const auto* entity = moved.sources[0].systems[0].settings.entities[0];
  EXPECT_EQ(entity, moved.catalog->find(SourceId("acme"))->find(EntityName("user")));
}

TEST(LoadConfig, ReportsEveryMistakeAtOnceInTheOrderOfTheFile) {
  EXPECT_THAT(
      problems_of("version: 2\nserver: {listne: x, log: {level: loud}}\nsources: []\n"),
      ElementsAre(
          "lockstep.yaml:1:10: version: 2 is out of range; only 1 is allowed",
          "lockstep.yaml:2:10: server: unknown key \"listne\"; did you mean \"listen\"?",
          "lockstep.yaml:2:34: server.log.level: \"loud\" is not known; known here: debug, info, warning, error",
          "lockstep.yaml:3:10: sources: at least 1 must be here, there are 0"));
}

TEST(LoadConfig, ATemplateUsedByManySourcesHasItsMistakeOnce) {
  std::string text = read_example(testdata + "good/full.yaml");
  const auto at = text.find("fields: {title: name,");
  text.replace(at, 15, "fields: {titel:");
  EXPECT_THAT(problems_of(text), ElementsAre(HasSubstr("sources[acme].entities.deal.systems.crm.fields: there is no "
                                                       "field \"titel\" in this entity; did you mean \"title\"?")));
}

TEST(LoadConfig, MissingSecretsAreProblemsOfTheEnvironment) {
  std::string text = read_example(testdata + "good/full.yaml");
  auto env = example_environment();
  env.variables.erase("GHL_TOKEN");
  env.variables["DATABASE_URL"] = "";
  env.files.clear();
  auto result = read_config(text, "lockstep.yaml", fake_factories(), env);
  ASSERT_FALSE(result);
  EXPECT_THAT(joined(result.error()), HasSubstr("the environment variable GHL_TOKEN is not set"));
  EXPECT_THAT(joined(result.error()), HasSubstr("the environment variable DATABASE_URL is empty"));
  EXPECT_THAT(joined(result.error()), HasSubstr("there is no file secrets/acme"));
  for (const auto& problem : result.error()) EXPECT_EQ(problem.kind, ProblemKind::environment) << to_text(problem);
}

TEST(LoadConfig, PathsAreRelativeToTheFolderOfTheFile) {
  auto env = example_environment();
  env.files = {{"/etc/lockstep/secrets/acme", "0123456789abcdef-acme"},
               {"/etc/lockstep/secrets/key.pem", "-----BEGIN PUBLIC KEY-----"},
               {"/etc/lockstep/lockstep.yaml", read_example(testdata + "good/full.yaml")}};
  auto result = load_config("/etc/lockstep/lockstep.yaml", fake_factories(), env);
  ASSERT_TRUE(result) << joined(result.error());
  env.files["/etc/lockstep/lockstep.yaml"] = with_entities(
      "      a: {fields: {x: text}, systems: {crm: {object: a, fields: \"*\"}, db: {object: a, fields: \"*\"}}}\n");
  result = load_config("/etc/lockstep/lockstep.yaml", fake_factories(), env);
  ASSERT_TRUE(result) << joined(result.error());
  EXPECT_EQ(result->server.data_folder, "/etc/lockstep/data");
}

TEST(LoadConfig, SaysWhenTheFileIsMissing) {
  auto result = load_config("nowhere.yaml", fake_factories(), FixedEnvironment());
  ASSERT_FALSE(result);
  EXPECT_EQ(joined(result.error()),
            "nowhere.yaml: there is no file nowhere.yaml; `lockstep init` writes one; --config names another\n");
}

TEST(LoadConfig, ProblemsNeverContainSecrets) {
  for (const std::string url :
       {"postgres://u:hunter2@h/d", "host=h password=hunter2", "postgres://h/d?password=hunter2"}) {
    auto problems =
        problems_of("version: 1\nsources:\n  - id: acme\n    systems:\n      db: {connector: fakedb, url: \"" + url +
                    "\"}\n    entities: {}\n");
    ASSERT_THAT(problems, Contains(HasSubstr("a password does not belong in this file"))) << url;
    for (const auto& problem : problems) EXPECT_THAT(problem, ::testing::Not(HasSubstr("hunter2")));
  }
}

TEST(LoadConfig, APasswordInsideASecretIsASecretToo) {
  auto result = read_text(with_entities(
      "      a: {fields: {x: text}, systems: {db: {object: a, fields: [x]}, crm: {object: a, fields: [x]}}}\n"));
  ASSERT_TRUE(result) << joined(result.error());
  EXPECT_THAT(result->secrets, Contains("postgres://u:pw@db/app"));
  EXPECT_THAT(result->secrets, Contains("pw"));
}

TEST(LoadConfig, ReadsTheKeysThatSealSecrets) {
  const auto config = [](const std::string& sealing) {
    auto environment = example_environment();
    environment.variables["KEY"] = std::string(64, 'a');
    environment.files["old.key"] = std::string(64, 'B') + "\n";
    return read_config(
        "version: 1\nserver: {sealing: " + sealing +
            "}\nsources:\n  - id: acme\n    systems: {db: {connector: fakedb, url: {env: DATABASE_URL}}}\n"
            "    entities: {a: {fields: {x: text}, systems: {db: {object: a, fields: [x]}}}}\n",
        "lockstep.yaml", fake_factories(), environment);
  };
  const auto result = config("{key: {env: KEY}, old_keys: [{file: old.key}]}");
  ASSERT_TRUE(result) << joined(result.error());
  EXPECT_EQ(result->server.sealing.key, std::string(64, 'a'));
  EXPECT_THAT(result->server.sealing.old_keys, ElementsAre(std::string(64, 'B')));
  EXPECT_THAT(result->secrets, Contains(std::string(64, 'a')));
  EXPECT_EQ(config("{}")->server.sealing.key, "");
  EXPECT_THAT(joined(config("{key: {env: GHL_TOKEN}}").error()),
              HasSubstr("server.sealing.key: a key is 64 hex digits; openssl rand -hex 32 makes one"));
  EXPECT_THAT(joined(config("{old_keys: [{env: GHL_TOKEN}]}").error()),
              HasSubstr("server.sealing.old_keys[0]: a key is"));
  EXPECT_THAT(joined(config("{key: " + std::string(64, 'a') + "}").error()),
              HasSubstr("a secret does not belong in this file"));
}

TEST(LoadConfig, WarnsAboutWhatIsNotUsed) {
  auto result =
      read_text(with_entities("      a: {fields: {x: text, y: text}, systems: {crm: {object: a, fields: [x]}}}\n") +
                "entities:\n  unused: {fields: {x: text}, systems: {crm: {object: b, fields: \"*\"}}}\n");
  ASSERT_TRUE(result) << joined(result.error());
  EXPECT_THAT(result->warnings,
              ElementsAre("sources[acme].entities.a.fields.y: no system holds this field",
                          "entities.unused: no source uses it", "sources[acme].systems.db: no entity uses it"));
}

TEST(LoadConfig, KnowsWhereItsServerAnswers) {
  FixedEnvironment env;
  const auto url = [&](const std::string& listen) {
    env.files["f"] = "server: {listen: \"" + listen + "\"}\n";
    return read_server_url("f", env);
  };
  EXPECT_EQ(url("0.0.0.0:81"), "http://127.0.0.1:81");
  EXPECT_EQ(url("[::]:81"), "http://[::1]:81");
  EXPECT_EQ(url("sync.example.com:80"), "http://sync.example.com:80");
  EXPECT_EQ(url("127.0.0.1:0").error().kind, ErrorKind::invalid);
  EXPECT_EQ(read_server_url("missing", env).error().kind, ErrorKind::invalid);
  env.files["f"] = "version: 1\n";
  EXPECT_EQ(read_server_url("f", env), "http://127.0.0.1:8080");
}

}  // namespace
}  // namespace lockstep::app
