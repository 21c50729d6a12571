// A full run at debug level, with failures of every kind, and then a search for everything that was fed in: no secret
// and no personal value is in a log, a metric, a status or an error answer (O4), and no secret in a file of the store
// or of a backup.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "tests/support/installation.hpp"

namespace lockstep::tests {
namespace {

constexpr std::chrono::seconds kSettle{60};
const std::string kSources = "/api/v1/sources";
const std::string kMain = kSources + "/main";

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string content_of(const std::filesystem::path& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

// Everything that was fed in, and where something of it was found. Words are made up: none is in the program.
class Search {
 public:
  // Returns it, so that it can be used where it is named.
  std::string value(std::string text) { return remember(values_, std::move(text)); }
  std::string secret(std::string text) { return remember(secrets_, std::move(text)); }

  void expect_no_secret_in(const std::string& where, const std::string& text) const {
    expect_none(secrets_, where, text);
  }
  void expect_nothing_in(const std::string& where, const std::string& text) const {
    expect_none(secrets_, where, text);
    expect_none(values_, where, text);
  }
  std::size_t size() const { return values_.size() + secrets_.size(); }

 private:
  static std::string remember(std::vector<std::string>& into, std::string text) {
    into.push_back(lower(text));
    return text;
  }
  static void expect_none(const std::vector<std::string>& what, const std::string& where, const std::string& text) {
    const std::string low = lower(text);
    for (const std::string& one : what) {
      const std::size_t at = low.find(one);
      if (at == std::string::npos) continue;
      const std::size_t from = at < 150 ? 0 : at - 150;
      ADD_FAILURE() << "'" << one << "' in " << where << ": …" << text.substr(from, 300 + one.size()) << "…";
    }
  }

  std::vector<std::string> values_;
  std::vector<std::string> secrets_;
};

class Privacy : public testing::Test {
 protected:
  static constexpr const char* kClient = "sandboxapp0000000001-client";

  void SetUp() override {
    // An OAuth grant, as an installation of the app leaves it.
    const Json code = installation.crm.control("POST", "oauth/codes", JsonObject{{"clientId", kClient}});
    HttpConnection crm(installation.crm.port());
    const auto granted = crm.call("POST", "/oauth/token",
                                  fmt::format("client_id={}&client_secret=sandbox-secret&grant_type=authorization_code&"
                                              "code={}&user_type=Location",
                                              kClient, std::string(string_member(code, "code"))),
                                  {{"Content-Type", "application/x-www-form-urlencoded"}});
    ASSERT_TRUE(granted && granted->status == 200) << (granted ? granted->body : "no answer");
    const std::string refresh(string_member(granted->json(), "refresh_token"));
    ASSERT_FALSE(refresh.empty());
    Server& server = installation.server;
    server.environment["OAUTH_SECRET"] = search.secret("sandbox-secret");
    server.environment["OAUTH_REFRESH"] = search.secret(refresh);
    server.environment["API_KEY"] = key = search.secret("quarrelsome-api-key-8412");
    server.environment["JWT_SECRET"] = search.secret("jocular-jwt-secret-of-32-bytes-77");
    server.environment["LOCKSTEP_API_KEY"] = key;
    // Tokens that the CRM makes up later begin so.
    search.secret("sandbox-access-");
    search.secret("sandbox-refresh-");
    server.sources[0].credentials = fmt::format(
        "oauth: {{client_id: {}, client_secret: {{env: OAUTH_SECRET}}, refresh_token: {{env: OAUTH_REFRESH}}}}",
        kClient);
    server.settings = "log: {level: debug}";
    server.access =
        "access: {api_keys: [{name: ops, key: {env: API_KEY}, role: admin}], jwt: [{secret: {env: JWT_SECRET}}]}";
    server.write_config();
    ASSERT_EQ(server.command({"migrate"}), 0);
    ASSERT_TRUE(server.start()) << server.process().log();
    ASSERT_TRUE(settled()) << server.process().log();
  }

  bool settled() {
    return eventually(kSettle, [&] { return installation.server.counts("main", {{"X-API-Key", key}}).idle(); });
  }

  // Keeps what was answered when it is an error; record APIs naturally show values.
  HttpReply call(std::string_view method, const std::string& target, const std::string& body = "",
                 HttpConnection::Headers headers = {}) {
    if (!headers.contains("Authorization")) headers.emplace("X-API-Key", key);
    HttpConnection connection(installation.server.port());
    const HttpReply reply = connection.call(method, target, body, headers).value_or(HttpReply());
    ++calls;
    if (reply.status >= 400) errors += fmt::format("{} {}\n{}\n", method, reply.status, reply.body);
    for (const auto& [name, value] : reply.headers) {
      if (reply.status >= 400) errors += name + ": " + value + "\n";
    }
    return reply;
  }

  void people_work();
  void callers_make_mistakes();
  void systems_fail();
  void look_everywhere();

  Installation installation{{.contacts = 3}};
  Search search;
  std::string key;
  std::string errors;
  std::size_t calls = 0;
};

void Privacy::people_work() {
  const std::string id = installation.crm.create({{"firstName", search.value("Zebulonia")},
                                                  {"lastName", search.value("Quixworthy")},
                                                  {"email", search.value("zeb.quixw@privatus.example")},
                                                  {"phone", "+1" + search.value("2025550143")},
                                                  {"city", search.value("Xanthopolis")}});
  ASSERT_NE(id, "");
  search.value("555-0143");
  search.value("555 0143");
  ASSERT_TRUE(installation.crm.edit(
      id, {{"city", search.value("Zymurgyville")}, {"tags", JsonArray{search.value("vip-onyx")}}}));
  SqliteFile& db = installation.db();
  db.run("INSERT INTO contacts (id, first_name, last_name, email, phone, city) VALUES ('db-1', ?, ?, ?, ?, ?)",
         {search.value("Bartholomaios"), search.value("Krzyżewski"), search.value("bart.krz@geheimnis.example"),
          "(202) 555-0188", search.value("Jökulsárlón")});
  search.value("2025550188");
  search.value("555-0188");
  const HttpReply made =
      call("POST", kMain + "/records",
           to_text(JsonObject{{"entity", "contact"},
                              {"fields", JsonObject{{"first_name", search.value("Philomenaxa")},
                                                    {"email", search.value("philo.menaxa@arcanum.example")},
                                                    {"city", search.value("Wuthersby")}}}}));
  ASSERT_EQ(made.status, 201U) << made.body;
  ASSERT_TRUE(settled());
  const Json listed = call("GET", kMain + "/records?entity=contact&query=Zebulonia").json();
  ASSERT_EQ(listed.at("items").get_array().size(), 1U) << to_text(listed);
  // Both sides change the same field: a conflict with both values.
  installation.crm.edit(id, {{"city", search.value("Contestonia-crm")}});
  db.run("UPDATE contacts SET city = ? WHERE email = 'zeb.quixw@privatus.example'", {search.value("Contestonia-db")});
  EXPECT_TRUE(settled());
}

void Privacy::callers_make_mistakes() {
  const std::string mail = search.value("mallory.nosy@intruder.example");
  const std::string body = to_text(JsonObject{{"entity", "contact"}, {"fields", JsonObject{{"email", mail}}}});
  call("POST", kMain + "/records", body, {{"Authorization", "Bearer " + search.secret("guessed-api-key-31337-abc")}});
  call("GET", kMain + "/status", "",
       {{"Authorization", "Bearer " + search.secret("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJtYWxsb3J5In0.c2lnbmF0dXJl")}});
  call("GET", kMain + "/status", "", {{"Authorization", "Basic " + search.secret("bWFsbG9yeTpodW50ZXIy")}});
  call("GET", kMain + "/records/" + mail);
  call("GET", kMain + "/" + mail);
  call("GET", kSources + "/" + mail + "/status");
  call("GET", kMain + "/records?cursor=" + mail);
  call("GET", kMain + "/records?entity=" + mail + "&limit=" + mail);
  call("POST", kMain + "/records", "{\"entity\": \"contact\", \"fields\": {\"email\": \"" + mail + "\"");
  call("POST", kMain + "/records", to_text(JsonObject{{"entity", mail}, {"fields", JsonObject{{"email", mail}}}}));
  call("POST", kMain + "/records", to_text(JsonObject{{"entity", "contact"}, {"fields", JsonObject{{mail, mail}}}}));
  call("POST", kMain + "/records",
       to_text(JsonObject{{"entity", "contact"}, {"fields", JsonObject{{"email", JsonArray{mail}}}}}));
  call(
      "POST", kMain + "/records",
      to_text(JsonObject{{"entity", "contact"}, {"fields", JsonObject{{"phone", search.value("no-phone-at-all-q")}}}}));
  call("POST", kMain + "/records/" + mail, "x");
  call("PATCH", kMain + "/records/nobody", to_text(JsonObject{{"fields", JsonObject{{"city", mail}}}}));
  call("POST", kMain + "/systems/" + mail + "/pause", to_text(JsonObject{{"reason", mail}}));
  call("POST", kMain + "/jobs", to_text(JsonObject{{"kind", mail}, {"system", mail}}));
  call("POST", kMain + "/conflicts/1/" + mail + "/override", to_text(JsonObject{{"take", mail}}));
  call("POST", kMain + "/replay", to_text(JsonObject{{"from", mail}}));
  // Webhooks: no signature, a wrong one, nonsense; each with somebody in it.
  const std::string event = to_text(
      JsonObject{{"type", "ContactUpdate"}, {"locationId", "sandboxLocation00001"}, {"id", "abc"}, {"email", mail}});
  const HttpConnection::Headers wrong = {{"X-GHL-Signature", search.secret("c2lnbmF0dXJlLXRoYXQtaXMtd3Jvbmc=")}};
  call("POST", "/hooks/main/crm", event);
  call("POST", "/hooks/main/crm", event, wrong);
  call("POST", "/hooks/main/crm", "{\"email\": \"" + mail, wrong);
  call("POST", "/hooks/main/" + mail, event, wrong);
  call("POST", "/hooks/" + mail + "/crm", event, wrong);
  HttpConnection raw(installation.server.port());
  raw.send("GET /" + mail + " HTTP/9.9\r\nX-" + mail + "\r\n\r\n");
  if (const auto reply = raw.read(std::chrono::seconds(5))) errors += reply->body;
}

void Privacy::systems_fail() {
  CrmSandbox& crm = installation.crm;
  SqliteFile& db = installation.db();
  const auto create = [&](const JsonObject& fields) {
    call("POST", kMain + "/records", to_text(JsonObject{{"entity", "contact"}, {"fields", fields}}));
  };
  // 4xx of the CRM, whose message may quote what it was sent.
  create({{"first_name", search.value("Invalidorix")}, {"email", search.value("not an address qzx")}});
  create({{"first_name", search.value("Longinorix")},
          {"email", std::string(400, 'q') + search.value("longq@privatus.example")}});
  crm.control("PUT", "locations/sandboxLocation00001", JsonObject{{"allowDuplicateContact", false}});
  db.run("INSERT INTO contacts (id, first_name, email, phone) VALUES ('db-2', ?, ?, '(202) 555-0143')",
         {search.value("Doppelgangerin"), search.value("double.dg@privatus.example")});
  // 5xx, 429, cut connections, a revoked token.
  const std::string creates = "POST /contacts/";  // a refresh whose answer is lost would end the grant
  crm.faults({{"error_before_apply", {{"once", 2}}},
              {"error_after_apply", {{"once", 1}, {"only", creates}}},
              {"drop_after_apply", {{"once", 1}, {"only", creates}}},
              {"drop_before_apply", {{"once", 1}}},
              {"too_many_requests", {{"once", 1}}},
              {"token_revoked", {{"once", 1}}},
              {"created_but_refused", {{"once", 1}}}});
  for (const char* name : {"Faultina-one", "Faultina-two", "Faultina-three", "Faultina-four"})
    create({{"first_name", search.value(name)}, {"email", search.value(lower(name) + "@privatus.example")}});
  // A database that refuses, in words that quote the row.
  db.run(
      "CREATE TRIGGER refuse BEFORE UPDATE OF city ON contacts WHEN new.city LIKE 'Forbidden%' BEGIN "
      "SELECT RAISE(ABORT, 'Forbiddenburgh is not allowed'); END");
  for (const Json& contact : crm.contacts()) {
    if (string_member(contact, "email") == "zeb.quixw@privatus.example")
      crm.edit(std::string(string_member(contact, "id")), {{"city", search.value("Forbiddenburgh")}});
  }
  pause(std::chrono::seconds(3));
  installation.server.kill();
  ASSERT_TRUE(installation.server.start());
  crm.clear_faults();
  // The CRM refuses the second with the same phone number again and again; nothing else is under way at last.
  EXPECT_TRUE(eventually(kSettle, [&] {
    const std::int64_t pending = installation.server.counts("main", {{"X-API-Key", key}}).pending;
    return pending == 0 || pending == 1;
  })) << installation.server.process().log();
}

void Privacy::look_everywhere() {
  for (const std::string& target : {kSources, kMain + "/status", kMain + "/jobs", kMain + "/deadletters/groups",
                                    std::string("/metrics"), std::string("/healthz"), std::string("/readyz")}) {
    const HttpReply reply = call("GET", target);
    EXPECT_EQ(reply.status, 200U) << target;
    search.expect_nothing_in(target, reply.body);
  }
  // These show whose records they are about; secrets they do not.
  for (const char* list : {"/deadletters", "/inbox", "/conflicts", "/records?entity=contact"}) {
    const HttpReply reply = call("GET", kMain + list);
    EXPECT_EQ(reply.status, 200U) << list;
    search.expect_no_secret_in(list, reply.body);
  }
  const Json dead = call("GET", kMain + "/deadletters").json();
  for (const Json& one : dead.at("items").get_array())
    search.expect_nothing_in("the reason of a dead letter", std::string(string_member(one, "error")));
  search.expect_nothing_in("an error answer", errors);
  Process& up = installation.server.process();
  search.expect_nothing_in("the log", up.log());
  search.expect_nothing_in("the standard output", up.output());
}

TEST_F(Privacy, WhatWasFedInIsNowhereButInTheRecords) {
  ASSERT_NO_FATAL_FAILURE(people_work());
  callers_make_mistakes();
  ASSERT_NO_FATAL_FAILURE(systems_fail());
  EXPECT_EQ(installation.server.command({"status"}), 0);
  const std::filesystem::path folder = installation.folder.path();
  EXPECT_EQ(installation.server.command({"backup", (folder / "copy.db").string()}), 0);
  look_everywhere();
  const auto dead = installation.server.counts("main", {{"X-API-Key", key}}).dead;
  EXPECT_GT(dead, 0) << "something was refused";

  // The tokens of now, from the one place that knows them, are in no file while it runs, after it, and in the backup.
  const auto expect_sealed = [&](const char* when) {
    for (const auto& entry : std::filesystem::directory_iterator(folder / "data"))
      search.expect_no_secret_in(fmt::format("{} {}", entry.path().filename().string(), when),
                                 content_of(entry.path()));
  };
  expect_sealed("while it runs");
  search.expect_no_secret_in("the backup", content_of(folder / "copy.db"));
  EXPECT_NE(content_of(folder / "copy.db").find("connector/secret/oauth"), std::string::npos)
      << "there are tokens in it";
  EXPECT_EQ(installation.server.stop(), 0);
  expect_sealed("after it");
  EXPECT_EQ(installation.server.command({"check"}), 0);
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".log") || name.ends_with(".out")) {
      if (!name.starts_with("crm")) search.expect_nothing_in(name, content_of(entry.path()));
    }
  }
  print_numbers(fmt::format("{} values and secrets, {} calls, {} dead letters", search.size(), calls, dead));
}

}  // namespace
}  // namespace lockstep::tests
