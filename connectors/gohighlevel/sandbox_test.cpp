#include "connectors/gohighlevel/sandbox_test.hpp"

namespace lockstep::gohighlevel {
namespace {

using connector::PullMode;
using std::chrono::milliseconds;
using std::chrono::seconds;
using sync::OutcomeKind;
using sync::WriteKind;

std::string text(const Json& document, std::string_view name) { return std::string(string_member(document, name)); }

TEST_F(SandboxEndToEnd, MirrorsEveryContactAsItIs) {
  control("POST", "seed", R"({"contacts":300,"seed":3})");
  connect();
  const auto calls_before = transport.calls.size();
  const auto mirrored = pull_all("contact", PullMode::full);
  ASSERT_EQ(mirrored.size(), 300U);
  const Json truth = control("GET", "contacts");
  for (const Json& contact : truth.at("contacts").get_array()) {
    const auto& change = mirrored.at(text(contact, "id"));
    for (const char* name : {"firstName", "lastName", "email", "phone", "companyName"}) {
      EXPECT_EQ(text(change.document, name), text(contact, name)) << name;
    }
    EXPECT_EQ(change.document.at("tags"), contact.at("tags"));
    EXPECT_NE(change.version, 0U);
    EXPECT_TRUE(change.document.at("customFields").at("external_id").is_string());
  }
  // No read per contact: three pages and an empty fourth, each with the search page beside it (website is mapped, the list lacks it).
  EXPECT_LE(transport.calls.size() - calls_before, 8U);
  EXPECT_EQ(transport.refused, 0);
}

TEST_F(SandboxEndToEnd, OneCallPerPageWhenTheListCarriesEverything) {
  mapping.contact = {"firstName", "lastName", "email", "phone", "tags", "customFields.external_id"};
  control("POST", "seed", R"({"contacts":250,"seed":3})");
  connect();
  const auto calls_before = transport.calls.size();
  EXPECT_EQ(pull_all("contact", PullMode::full).size(), 250U);
  EXPECT_EQ(transport.calls.size() - calls_before, 3U);
}

TEST_F(SandboxEndToEnd, TheSearchStrategyMirrorsTheSame) {
  control("POST", "seed", R"({"contacts":120,"seed":3})");
  connect();
  const auto listed = pull_all("contact", PullMode::full);
  connect({{"location_id", kLocation}, {"token", "pit-sandbox"}, {"full_pull", "search"}});
  const auto searched = pull_all("contact", PullMode::full);
  ASSERT_EQ(searched.size(), 120U);
  for (const auto& [id, change] : searched) {
    EXPECT_EQ(change.extent, sync::Extent::full);
    for (const char* name : {"firstName", "lastName", "email", "phone", "companyName"}) {
      EXPECT_EQ(text(change.document, name), text(listed.at(id).document, name)) << name;
    }
  }
}

TEST_F(SandboxEndToEnd, SeesAnEditWithTheNextPollAndReadsNamesAsTyped) {
  control("POST", "seed", R"({"contacts":50,"seed":3})");
  connect();
  const auto mirrored = pull_all("contact", PullMode::full);
  loop.run_for(std::chrono::minutes(20));
  Json cursor;
  pull_all("contact", PullMode::incremental, &cursor);
  loop.run_for(seconds(30));
  const std::string id = mirrored.begin()->first;
  control("PUT", "contacts/" + id, R"({"firstName":"McKenzie","website":null})");
  loop.run_for(seconds(5));
  auto changed = pull_all("contact", PullMode::incremental, &cursor);
  ASSERT_EQ(changed.size(), 1U);
  EXPECT_EQ(text(changed.at(id).document, "firstName"), "McKenzie");
  EXPECT_EQ(changed.at(id).extent, sync::Extent::full);
  // The overlap shows it again at the remote; the cursor knows it.
  loop.run_for(seconds(5));
  EXPECT_TRUE(pull_all("contact", PullMode::incremental, &cursor).empty());
}

// Q1: new contacts cost a poll calls by pages, not by contacts, and it learns of them what a full pull does.
TEST_F(SandboxEndToEnd, APollOfManyNewContactsCostsPages) {
  control("POST", "seed", R"({"contacts":50,"seed":3})");
  mapping.contact = {"firstName", "lastName", "email", "phone", "tags"};
  connect();
  pull_all("contact", PullMode::full);
  loop.run_for(std::chrono::minutes(20));
  Json cursor;
  pull_all("contact", PullMode::incremental, &cursor);
  for (int i = 0; i < 350; ++i) {
    control("POST", "contacts",
            R"({"firstName":"McNew","lastName":"No )" + std::to_string(i) + R"(","email":"n)" + std::to_string(i) +
                R"(@example.com"})");
    loop.run_for(std::chrono::milliseconds(7));
  }
  loop.run_for(seconds(30));
  const std::size_t before = transport.calls.size();
  const auto polled = pull_all("contact", PullMode::incremental, &cursor);
  const std::size_t calls = transport.calls.size() - before;
  ASSERT_EQ(polled.size(), 350U);
  EXPECT_LE(calls, 12U) << "four pages of the search, and the list's beside them";
  const auto all = pull_all("contact", PullMode::full);
  for (const auto& [id, change] : polled) {
    for (const char* name : {"firstName", "lastName", "email", "phone"})
      EXPECT_EQ(text(change.document, name), text(all.at(id).document, name)) << id << " " << name;
  }
}

TEST_F(SandboxEndToEnd, UpdatesByIdAndMovesTagsOneByOne) {
  connect();
  const Json made =
      control("POST", "contacts",
              R"({"firstName":"Ada","lastName":"Lovelace","email":"ada@example.com","tags":["old","kept"]})");
  const std::string id = text(made.at("contact"), "id");
  // Meanwhile somebody adds a tag that we have not seen.
  control("PUT", "contacts/" + id, R"({"tags":["old","kept","theirs"]})");
  const auto result =
      write(update(id, {{"lastName", "King"}, {"tags", {"kept", "New"}}, {"customFields", {{"score", 7}}}},
                   {{"lastName", "Lovelace"}, {"tags", {"old", "kept"}}, {"customFields", {{"score", nullptr}}}}));
  ASSERT_EQ(result.kind, OutcomeKind::applied) << result.reason;
  const Json truth = true_contact(id);
  EXPECT_EQ(text(truth, "lastName"), "King");
  EXPECT_EQ(text(truth, "firstName"), "Ada");
  EXPECT_EQ(to_text(truth.at("tags")), R"(["kept","theirs","new"])");
  EXPECT_EQ(result.state->at("tags"), truth.at("tags"));
  EXPECT_EQ(to_text(result.state->at("customFields").at("score")), "7");
}

TEST_F(SandboxEndToEnd, ALostAnswerToACreateEndsInOneContact) {  // X1, X2
  connect();
  for (const char* fault : {"drop_after_apply", "error_after_apply"}) {
    control("DELETE", "faults");
    control("PUT", "faults", std::string(R"({")") + fault + R"(":{"once":1,"only":"POST /contacts/"}})");
    const std::string email = std::string(fault) + "@example.com";
    const auto request = create({{"firstName", "Grace"}, {"email", email}, {"tags", {"a"}}});
    const auto lost = write(request);
    EXPECT_EQ(lost.kind, OutcomeKind::unknown) << fault;
    loop.run_for(crm->capabilities().find_settles);
    const auto found = loop.run(crm->find(request));
    ASSERT_TRUE(found && *found) << fault;
    EXPECT_EQ(text((*found)->document, "email"), email);
  }
  EXPECT_EQ(control("GET", "contacts").at("total").to_number<int>(), 2);
}

TEST_F(SandboxEndToEnd, ACreateThatNeverArrivedIsNotFound) {
  connect();
  control("PUT", "faults", R"({"drop_before_apply":{"once":1,"only":"POST /contacts/"}})");
  const auto request = create({{"firstName", "Grace"}, {"email", "grace@example.com"}});
  EXPECT_EQ(write(request).kind, OutcomeKind::unknown);
  const auto found = loop.run(crm->find(request));
  ASSERT_TRUE(found);
  EXPECT_FALSE(*found);
  EXPECT_EQ(write(request).kind, OutcomeKind::applied);
  EXPECT_EQ(control("GET", "contacts").at("total").to_number<int>(), 1);
}

TEST_F(SandboxEndToEnd, CreatedAlthoughRefused) {  // docs issue 64
  connect();
  control("PUT", "faults", R"({"created_but_refused":{"once":1}})");
  const auto result = write(create({{"firstName", "Eve"}, {"email", "eve@example.com"}}));
  ASSERT_EQ(result.kind, OutcomeKind::duplicate);
  EXPECT_EQ(text(true_contact(result.external_id), "email"), "eve@example.com");
  EXPECT_EQ(control("GET", "contacts").at("total").to_number<int>(), 1);
}

TEST_F(SandboxEndToEnd, ADuplicateNamesTheContactThatIsThere) {
  connect();
  const Json made = control("POST", "contacts", R"({"firstName":"Ada","email":"ada@example.com"})");
  const auto result = write(create({{"firstName", "Ada"}, {"email", "Ada@Example.com"}}));
  EXPECT_EQ(result.kind, OutcomeKind::duplicate);
  EXPECT_EQ(result.external_id, text(made.at("contact"), "id"));
}

TEST_F(SandboxEndToEnd, AnEditOfADeletedContactIsNotFound) {
  connect();
  const Json made = control("POST", "contacts", R"({"firstName":"Ada","email":"ada@example.com"})");
  const std::string id = text(made.at("contact"), "id");
  control("DELETE", "contacts/" + id);
  EXPECT_EQ(write(update(id, {{"firstName", "Eve"}}, {{"firstName", "Ada"}})).kind, OutcomeKind::not_found);
  EXPECT_EQ(write(update(id, {{"tags", {"x"}}}, {{"tags", JsonArray()}})).kind, OutcomeKind::not_found);
  auto remove = update(id, nullptr, nullptr);
  remove.kind = WriteKind::remove;
  EXPECT_EQ(write(remove).kind, OutcomeKind::not_found);
  const auto fetched = loop.run(crm->fetch("contact", id, sync::WorkClass::live));
  ASSERT_TRUE(fetched);
  EXPECT_FALSE(*fetched);
}

TEST_F(SandboxEndToEnd, CompanyNameIsLeftOutOfUpdatesAndTheRestIsWritten) {
  connect();
  const Json made =
      control("POST", "contacts", R"({"firstName":"Ada","email":"ada@example.com","companyName":"Old Co"})");
  const std::string id = text(made.at("contact"), "id");
  const auto both = write(
      update(id, {{"firstName", "Eve"}, {"companyName", "New Co"}}, {{"firstName", "Ada"}, {"companyName", "Old Co"}}));
  EXPECT_EQ(both.kind, OutcomeKind::applied);
  EXPECT_NE(both.reason.find("companyName"), std::string::npos);
  EXPECT_EQ(text(*both.state, "companyName"), "Old Co");
  EXPECT_EQ(text(true_contact(id), "firstName"), "Eve");
  EXPECT_EQ(write(update(id, {{"companyName", "New Co"}}, {{"companyName", "Old Co"}})).kind, OutcomeKind::rejected);
}

TEST_F(SandboxEndToEnd, AnUnknownCustomFieldDoesNotStopTheRest) {
  connect();
  const Json made = control("POST", "contacts", R"({"firstName":"Ada","email":"ada@example.com"})");
  const std::string id = text(made.at("contact"), "id");
  const auto result = write(update(id, {{"firstName", "Eve"}, {"customFields", {{"nowhere", "x"}, {"score", "12.5"}}}},
                                   {{"firstName", "Ada"}}));
  EXPECT_EQ(result.kind, OutcomeKind::applied);
  EXPECT_NE(result.reason.find("nowhere"), std::string::npos);
  EXPECT_TRUE(result.state->at("customFields").at("nowhere").is_null());
  EXPECT_EQ(to_text(result.state->at("customFields").at("score")), "1.25E1");
}

TEST_F(SandboxEndToEnd, StaysWithinTheQuota) {  // Q1
  SandboxSettings tight = SandboxSettings::demo();
  tight.quota.burst = 10;
  Sandbox small(tight, loop.clock(), random);
  SandboxTransport to_small(small, loop);
  connector::Quota fresh;
  connector::MeteredHttp through(to_small, fresh, loop, log);
  small.handle({"POST", "/_sandbox/seed", {}, R"({"contacts":60,"seed":3})"});
  connector::Ports ports;
  ports.http = &through;
  ports.state = &state;
  ports.loop = &loop;
  ports.random = &random;
  ports.log = &log;
  auto made = GoHighLevel::make(
      mapping.settings({{"location_id", kLocation}, {"token", "pit-sandbox"}, {"full_pull", "search"}}), ports);
  ASSERT_TRUE(made);
  crm = std::move(*made);
  ASSERT_TRUE(loop.run(crm->start()));
  // Every contact is read by id: 62 calls at 10 per 10 s do not fit into one call's patience, so pages are asked for again.
  bool whole = false;
  for (int attempt = 0; attempt < 20 && !whole; ++attempt) {
    const auto page = loop.run(crm->pull({"contact", PullMode::full, nullptr, 5, sync::WorkClass::backfill}));
    whole = page.has_value();
    if (!page) {
      EXPECT_EQ(page.error().kind, ErrorKind::rate_limited);
      EXPECT_TRUE(page.error().retry_after);
      loop.run_for(page.error().retry_after.value_or(seconds(1)));
    }
  }
  EXPECT_TRUE(whole);
  EXPECT_EQ(to_small.refused, 0);
}

TEST_F(SandboxEndToEnd, A429TellsWhenToComeBack) {
  connect();
  const Json made = control("POST", "contacts", R"({"firstName":"Ada","email":"ada@example.com"})");
  const std::string id = text(made.at("contact"), "id");
  control("PUT", "faults", R"({"too_many_requests":{"once":1}})");
  const auto result = write(update(id, {{"firstName", "Eve"}}, {{"firstName", "Ada"}}));
  EXPECT_EQ(result.kind, OutcomeKind::retry);
  ASSERT_TRUE(result.retry_after);
  EXPECT_GE(*result.retry_after, milliseconds(1'000));
  loop.run_for(*result.retry_after + seconds(1));
  EXPECT_EQ(write(update(id, {{"firstName", "Eve"}}, {{"firstName", "Ada"}})).kind, OutcomeKind::applied);
}

TEST_F(SandboxEndToEnd, RefreshesARevokedTokenOnce) {  // Q3
  const Json code = control("POST", "oauth/codes?locationId=" + std::string(kLocation),
                            R"({"clientId":"sandboxapp0000000001-client"})");
  const auto grant = sandbox.handle(
      {"POST",
       "/oauth/token",
       {{"Content-Type", "application/x-www-form-urlencoded"}},
       "client_id=sandboxapp0000000001-client&client_secret=sandbox-secret&grant_type=authorization_code&code=" +
           text(code, "code")});
  ASSERT_EQ(grant.response.status, 200U) << grant.response.body;
  const Json tokens = *parse_json(grant.response.body);
  connect({{"location_id", kLocation},
           {"oauth", JsonObject{{"client_id", "sandboxapp0000000001-client"},
                                {"client_secret", "sandbox-secret"},
                                {"refresh_token", text(tokens, "refresh_token")}}}});
  const auto refreshes = [&] {
    return std::ranges::count_if(transport.calls,
                                 [](const std::string& call) { return call.starts_with("POST /oauth/token"); });
  };
  EXPECT_EQ(refreshes(), 1);  // at the start
  control("DELETE", "oauth/access-tokens");
  TaskScope scope;
  int fine = 0;
  const auto ask = [](connector::Connector& from, int& count) -> Task<void> {
    auto pulling = from.pull({"contact", PullMode::full, nullptr, 10, sync::WorkClass::live});
    const auto page = co_await pulling;
    if (page) ++count;
  };
  for (int i = 0; i < 5; ++i) scope.spawn(ask(*crm, fine));
  ASSERT_TRUE(loop.run_until([&] { return scope.idle(); }));
  EXPECT_EQ(fine, 5);
  EXPECT_EQ(refreshes(), 2);
}

TEST_F(SandboxEndToEnd, DecodesTheSandboxsSignedWebhooks) {
  connect();
  control("POST", "webhooks", R"({"url":"http://hub.test/hook"})");
  const Json made = control("POST", "contacts", R"({"firstName":"Ada","email":"ada@example.com","tags":["x"]})");
  const std::string id = text(made.at("contact"), "id");
  control("PUT", "contacts/" + id, R"({"firstName":"Eve"})");
  control("DELETE", "contacts/" + id);
  loop.run_for(seconds(1));
  std::vector<sync::Change> seen;
  for (const auto& delivery : sandbox.due_webhooks(loop.clock().now())) {
    const auto changes = crm->decode_webhook({delivery.request.headers, delivery.request.body, loop.clock().now()});
    ASSERT_TRUE(changes) << changes.error().message << " " << delivery.request.body;
    seen.insert(seen.end(), changes->begin(), changes->end());
    const auto forged =
        crm->decode_webhook({delivery.request.headers, delivery.request.body + " ", loop.clock().now()});
    ASSERT_FALSE(forged);
    EXPECT_EQ(forged.error().kind, ErrorKind::unauthorized);
    sandbox.webhook_result(delivery.delivery_id, 200);
  }
  ASSERT_GE(seen.size(), 3U);
  EXPECT_EQ(seen.back().kind, sync::ChangeKind::deleted);
  for (const auto& change : seen) {
    EXPECT_EQ(change.external_id, id);
    EXPECT_FALSE(change.delivery.empty());
    EXPECT_NE(change.version, 0U);
  }
}

TEST_F(SandboxEndToEnd, OpportunitiesAreMirroredWrittenAndFound) {
  control("POST", "seed", R"({"contacts":20,"opportunities":130,"seed":3})");
  connect();
  const auto mirrored = pull_all("opportunity", PullMode::full);
  const Json truth = control("GET", "opportunities");
  ASSERT_EQ(mirrored.size(), truth.at("opportunities").get_array().size());
  for (const Json& one : truth.at("opportunities").get_array()) {
    const auto& change = mirrored.at(text(one, "id"));
    EXPECT_EQ(change.extent, sync::Extent::full);
    EXPECT_EQ(text(change.document, "status"), text(one, "status"));
    EXPECT_EQ(change.document.at("monetaryValue"), one.at("monetaryValue"));
  }
  const auto pipelines = pull_all("pipeline", PullMode::full);
  ASSERT_FALSE(pipelines.empty());
  const Json person = control("POST", "contacts", R"({"firstName":"Ada","email":"ada@example.com"})");
  connector::WriteRequest request;
  request.object = kOpportunity;
  request.kind = WriteKind::create;
  request.document = {{"name", "Big deal"},
                      {"contactId", person.at("contact").at("id")},
                      {"pipelineId", pipelines.begin()->first},
                      {"monetaryValue", 10.5},
                      {"customFields", {{"order_number", "A-1"}}}};
  const auto created = write(request);
  ASSERT_EQ(created.kind, OutcomeKind::applied) << created.reason;
  EXPECT_EQ(text(created.state->at("customFields"), "order_number"), "A-1");
  loop.run_for(seconds(10));
  const auto found = loop.run(crm->find(request));
  ASSERT_TRUE(found && *found) << (found ? "not there" : found.error().message);
  EXPECT_EQ((*found)->external_id, created.external_id);
  auto change = request;
  change.kind = WriteKind::update;
  change.external_id = created.external_id;
  change.document = {{"status", "won"}, {"monetaryValue", 20}};
  EXPECT_EQ(write(change).kind, OutcomeKind::applied);
  change.kind = WriteKind::remove;
  EXPECT_EQ(write(change).kind, OutcomeKind::applied);
  EXPECT_EQ(write(change).kind, OutcomeKind::not_found);
}

TEST_F(SandboxEndToEnd, CheckIsFullOfGoodNews) {
  mapping.contact.push_back("customFields.missing");
  connect();
  const auto lines = loop.run(crm->check());
  std::vector<std::string> problems;
  for (const auto& line : lines) {
    if (line.level == connector::CheckLine::Level::problem) problems.push_back(line.what);
  }
  EXPECT_EQ(problems, std::vector<std::string>{"contact has no custom field `missing`"});
  EXPECT_GE(lines.size(), 6U);
}

TEST_F(SandboxEndToEnd, NoPersonalDataReachesTheLog) {  // O4
  connect();
  control("PUT", "faults", R"({"too_many_requests":{"rate":0.3},"error_after_apply":{"rate":0.2}})");
  for (int i = 0; i < 20; ++i) {
    write(create({{"firstName", "Zaphod"},
                  {"email", "zaphod" + std::to_string(i) + "@example.com"},
                  {"customFields", {{"nowhere", "Beeblebrox"}}}}));
    loop.run_for(seconds(12));
  }
  const std::string lines = log.all();
  EXPECT_FALSE(lines.empty());
  for (const char* secret : {"Zaphod", "zaphod", "Beeblebrox", "pit-sandbox"})
    EXPECT_EQ(lines.find(secret), std::string::npos) << secret;
}

}  // namespace
}  // namespace lockstep::gohighlevel
