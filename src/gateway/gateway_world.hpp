// A gateway with a real hub on a memory store, simulated time and no sockets. Tests only.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "access/accounts.hpp"
#include "base/json.hpp"
#include "connector/manual_loop.hpp"
#include "connector/tables.hpp"
#include "gateway/gateway.hpp"
#include "hub/faulty_store.hpp"

namespace lockstep::gateway {

// Answers every read with what it was given, and remembers what was asked.
struct FakeTables final : connector::Tables {
  Task<connector::TableResult> read(connector::TableRead read) override {
    asked = std::move(read);
    co_return answer;
  }
  connector::TableRead asked;
  connector::TableResult answer;
};

// A system in memory: takes every write unless told otherwise; webhooks are {"id", "document"}.
class FakeConnector final : public connector::Connector {
 public:
  FakeConnector() { capabilities_.kind = "fake"; }
  const connector::Capabilities& capabilities() const override { return capabilities_; }
  Task<Result<void>> start() override { co_return Result<void>(); }
  Task<void> stop() override { co_return; }
  Task<std::vector<connector::CheckLine>> check() override { co_return std::vector<connector::CheckLine>(); }
  Task<Result<std::vector<std::string>>> migrate() override { co_return std::vector<std::string>(); }

  Result<std::vector<sync::Change>> decode_webhook(const connector::WebhookRequest& request) override {
    if (request.headers.get("X-Signature") != "good")
      return fail(ErrorKind::unauthorized, "the signature is not valid");
    LOCKSTEP_TRY(body, parse_json(request.body));
    if (find_member(body, "document") == nullptr) return fail(ErrorKind::invalid, "an event needs 'document'");
    sync::Change change;
    change.object = "contact";
    change.external_id = string_member(body, "id");
    change.document = *find_member(body, "document");
    change.delivery = string_member(body, "delivery");
    objects_[change.external_id] = change.document;
    return std::vector{std::move(change)};
  }

  Task<Result<connector::PullPage>> pull(connector::PullRequest) override {
    connector::PullPage page;
    page.last = true;
    page.total = 0;
    co_return page;
  }
  // What the last webhook said.
  Task<Result<std::optional<sync::Change>>> fetch(std::string object, std::string external_id,
                                                  sync::WorkClass) override {
    const auto at = objects_.find(external_id);
    std::optional<sync::Change> found;
    if (at != objects_.end()) {
      found.emplace();
      found->object = std::move(object);
      found->external_id = std::move(external_id);
      found->document = at->second;
      found->via = sync::Via::fetch;
    }
    co_return found;
  }
  Task<Result<std::optional<connector::Found>>> find(connector::WriteRequest) override {
    co_return std::optional<connector::Found>();
  }
  Task<Result<void>> replace_credential(std::string given) override {
    if (given == "refused") co_return fail(ErrorKind::invalid, "this can be none");
    credential = std::move(given);
    co_return Result<void>();
  }
  void capture(connector::CaptureSink&) override {}
  connector::Tables* tables() override { return tables_.get(); }
  FakeTables& with_tables() {
    capabilities_.table_schema = "public";
    tables_ = std::make_unique<FakeTables>();
    return *tables_;
  }

  Task<std::vector<connector::WriteResult>> write(std::vector<connector::WriteRequest> requests) override {
    std::vector<connector::WriteResult> out;
    for (const connector::WriteRequest& request : requests) {
      connector::WriteResult one;
      one.kind = outcome;
      one.reason = outcome == sync::OutcomeKind::applied ? "" : "the fake refuses";
      one.external_id = request.external_id.empty() ? "made-" + std::to_string(++made_) : request.external_id;
      out.push_back(std::move(one));
    }
    co_return out;
  }

  sync::OutcomeKind outcome = sync::OutcomeKind::applied;
  std::string credential;

 private:
  connector::Capabilities capabilities_;
  std::unique_ptr<FakeTables> tables_;
  std::map<std::string, Json> objects_;
  int made_ = 0;
};

struct FakeBody final : net::BodyStream {
  net::WriteOutcome write(std::shared_ptr<const std::string> bytes) override {
    if (closed) return net::WriteOutcome::closed;
    if (pending + bytes->size() > pending_limit) return net::WriteOutcome::over_limit;
    if (!reading) pending += bytes->size();
    text += *bytes;
    return net::WriteOutcome::accepted;
  }
  std::size_t pending_bytes() const override { return pending; }
  void close() override { closed = true; }
  void on_close(Action action) override { gone = std::move(action); }

  std::string text;
  std::size_t pending = 0;
  std::size_t pending_limit = 256 << 10;
  bool reading = true;  // false: what is written stays pending
  bool closed = false;
  Action gone;
};

struct FakeSocket final : net::WebSocket {
  net::WriteOutcome send(const wire::Frame& frame) override {
    if (closed_with != 0) return net::WriteOutcome::closed;
    if (pending + frame.size() > pending_limit) return net::WriteOutcome::over_limit;
    if (!reading) pending += frame.size();
    received.emplace_back(frame.payload());
    return net::WriteOutcome::accepted;
  }
  std::size_t pending_bytes() const override { return pending; }
  void close(std::uint16_t code, std::string_view) override {
    if (closed_with == 0) closed_with = code;
  }
  void say(std::string_view text) { events.on_message(wire::FrameKind::text, text); }

  net::WebSocketEvents events;
  std::vector<std::string> received;
  std::size_t pending = 0;
  std::size_t pending_limit = 256 << 10;
  bool reading = true;  // false: what is sent stays pending
  std::uint16_t closed_with = 0;
};

struct Answer {
  std::optional<wire::HttpResponse> response;
  std::shared_ptr<FakeBody> body;
  std::shared_ptr<FakeSocket> socket;

  unsigned status() const { return response ? response->status : 0; }
  Json json() const {
    const Result<Json> parsed = response ? parse_json(response->body) : Result<Json>(Json());
    return parsed ? *parsed : Json("not JSON: " + response->body);
  }
  std::string detail() const { return std::string(string_member(json(), "detail")); }
};

struct FakeExchange final : net::Exchange {
  explicit FakeExchange(std::shared_ptr<Answer> into) : answer(std::move(into)) {}
  void respond(wire::HttpResponse response) override {
    EXPECT_FALSE(answer->response) << "answered twice";
    answer->response = std::move(response);
  }
  std::shared_ptr<net::BodyStream> stream(wire::HttpResponse head) override {
    EXPECT_FALSE(answer->response) << "answered twice";
    answer->response = std::move(head);
    answer->body = std::make_shared<FakeBody>();
    return answer->body;
  }
  std::shared_ptr<net::WebSocket> upgrade(net::WebSocketEvents events) override {
    answer->socket = std::make_shared<FakeSocket>();
    answer->socket->events = std::move(events);
    return answer->socket;
  }
  void abort() override { ADD_FAILURE() << "the gateway cuts no connection"; }
  std::shared_ptr<Answer> answer;
};

// The bearer token is the name of a caller, or a session's.
struct FakeAccess final : Access {
  Result<Caller> identify(const wire::HttpHeaders& headers, Time) const override {
    std::string_view token = headers.get("Authorization");
    token.remove_prefix(std::min<std::size_t>(7, token.size()));
    if (token.empty()) token = lockstep::access::session_cookie(headers);
    if (token.starts_with("lss_")) return accounts->identify(token);
    const auto at = callers.find(std::string(token));
    if (at == callers.end()) return fail(refusal, "send an API key");
    return at->second;
  }
  Result<Json> claims(const wire::HttpHeaders& headers, Time) const override {
    const std::string_view token = headers.get("Authorization");
    const auto at = tokens.find(std::string(token.substr(std::min<std::size_t>(7, token.size()))));
    return at == tokens.end() ? Result<Json>(Json()) : at->second;
  }
  std::map<std::string, Caller> callers;
  lockstep::access::Accounts* accounts = nullptr;
  std::map<std::string, Result<Json>> tokens;
  ErrorKind refusal = ErrorKind::unauthorized;
};

inline std::shared_ptr<const sync::Catalog> test_catalog(sync::Edits edits = sync::Edits::people) {
  using namespace sync;
  EntitySchema contact;
  contact.name = EntityName("contact");
  const auto field = [&](const char* name, FieldType type) {
    FieldSchema one;
    one.name = name;
    one.type = type;
    contact.fields.push_back(std::move(one));
  };
  field("first_name", FieldType::text);
  field("email", FieldType::email);
  field("age", FieldType::integer);
  field("tags", FieldType::set);
  contact.fields[3].policy.kind = PolicyKind::set_union;
  contact.fields[0].policy.kind = PolicyKind::manual;
  contact.match = {{{"email"}}};
  contact.edits = edits;
  for (const char* system : {"crm", "db"}) {
    SystemBinding binding;
    binding.system = SystemName(system);
    binding.object = "contact";
    for (const FieldSchema& one : contact.fields) {
      FieldBinding bound;
      bound.field = one.name;
      bound.path = one.name;
      binding.fields.push_back(std::move(bound));
    }
    contact.systems.push_back(std::move(binding));
  }
  std::vector<SourceSchema> sources;
  for (const char* source : {"acme", "other"}) {
    SourceSchema schema;
    schema.source = SourceId(source);
    schema.entities = {contact};
    sources.push_back(std::move(schema));
  }
  return std::make_shared<const Catalog>(std::move(sources));
}

class World {
 public:
  explicit World(std::shared_ptr<const sync::Catalog> catalog = test_catalog()) {
    access.callers = {{"admin", {"key admin", Role::admin, {}}},
                      {"owner", {"key owner", {}, {{SourceId("acme"), Role::owner}}}},
                      {"editor", {"key editor", {}, {{SourceId("acme"), Role::editor}}}},
                      {"viewer", {"key viewer", {}, {{SourceId("acme"), Role::viewer}}}},
                      {"stranger", {"key stranger", {}, {{SourceId("other"), Role::owner}}}}};
    hub::Setup setup;
    setup.catalog = std::move(catalog);
    for (const sync::SourceSchema& source : setup.catalog->sources()) {
      for (const char* system : {"crm", "db"}) {
        hub::SystemSetup one;
        one.settings.source = source.source;
        one.settings.system = SystemName(system);
        one.settings.entities = {&source.entities.front()};
        one.connector = connectors[source.source.str() + "/" + system] = std::make_shared<FakeConnector>();
        one.kind = "fake";
        one.poll_every = std::chrono::milliseconds(0);
        one.mirror_on_start = false;
        setup.systems.push_back(std::move(one));
      }
    }
    hub = std::make_unique<hub::Hub>(hub::Parts{&store, &loop, &loop, &loop, &random, &log}, std::move(setup), limits(),
                                     sync::EngineSettings{});
    lockstep::access::AccountsParts parts{&loop, &log, &loop, {}, wire::kCheapestPassword};
    parts.put = [this](sync::StateRow row, lockstep::access::Accounts::Done done) {
      hub->put_state(std::move(row), std::move(done));
    };
    accounts = std::move(*lockstep::access::Accounts::make(std::move(parts), "a key of this installation", {}));
    access.accounts = accounts.get();
    gateway = std::make_unique<Gateway>(GatewayParts{hub.get(), &access, &loop, &random, &log, accounts.get(), "test"});
    hub->start();
    settle();
  }
  ~World() {
    gateway.reset();
    if (!hub->draining()) drain();
    settle();
    accounts.reset();
    hub.reset();
    for (const auto& socket : sockets) socket->events = {};  // they hold whom they tell, who holds them
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  static hub::HubLimits limits() {
    hub::HubLimits limits;
    limits.queue_inputs_limit = 50;
    return limits;
  }

  void settle() { loop.run_for(std::chrono::seconds(2)); }
  void drain() {
    hub->drain([this] { drained = true; });
    settle();
  }

  // The sequence numbers of what was committed.
  std::vector<Seq> journal_of(const std::string& source) {
    std::vector<Seq> out;
    const auto entries = store.open_reader()->journal(SourceId(source), 0, 100'000);
    for (const sync::JournalEntry& entry : *entries) out.push_back(entry.seq);
    return out;
  }

  std::shared_ptr<Answer> send(const std::string& who, const std::string& method, const std::string& target,
                               const std::string& body = "", const wire::HttpHeaders& headers = {}) {
    net::ServerRequest request;
    request.request.method = method;
    request.request.target = target;
    request.request.body = body;
    request.request.headers = headers;
    if (!who.empty()) request.request.headers.add("Authorization", "Bearer " + who);
    auto answer = std::make_shared<Answer>();
    gateway->handle(std::move(request), std::make_shared<FakeExchange>(answer));
    if (answer->socket) sockets.push_back(answer->socket);
    return answer;
  }

  Answer call(const std::string& who, const std::string& method, const std::string& target,
              const std::string& body = "", const wire::HttpHeaders& headers = {}) {
    const auto answer = send(who, method, target, body, headers);
    settle();
    EXPECT_TRUE(answer->response) << method << " " << target << " was not answered";
    return *answer;
  }

  // A record made through the API; its id.
  std::string create(const std::string& source, const std::string& email) {
    const Answer made = call("admin", "POST", "/api/v1/sources/" + source + "/records",
                             R"({"entity":"contact","fields":{"first_name":"Ada","email":")" + email + R"("}})");
    EXPECT_EQ(made.status(), 201u) << made.response->body;
    return std::string(string_member(made.json(), "record"));
  }

  // The token of a session of a new local account with these rights.
  std::string account_token(lockstep::access::Grants sources, std::optional<Role> everywhere = {}) {
    const std::string name = "account" + std::to_string(++accounts_made_);
    const std::string password = "a password of a test";
    accounts->add(name, password, everywhere, {std::move(sources)}, [](Result<void> made) { EXPECT_TRUE(made); });
    settle();
    std::string token;
    accounts->sign_in(name, password, {"192.0.2.1", "test"}, [&](const Result<lockstep::access::SignedIn>& in) {
      ASSERT_TRUE(in) << in.error().message;
      token = in->token;
    });
    settle();
    return token;
  }

  Answer webhook(const std::string& source, const std::string& body, const std::string& signature = "good") {
    return call("", "POST", "/hooks/" + source + "/crm", body, {{"X-Signature", signature}});
  }

  connector::ManualLoop loop;
  hub::FaultyStore store;
  SeededRandom random{7};
  SilentLog log;
  FakeAccess access;
  std::map<std::string, std::shared_ptr<FakeConnector>> connectors;
  std::unique_ptr<hub::Hub> hub;
  std::unique_ptr<lockstep::access::Accounts> accounts;
  std::unique_ptr<Gateway> gateway;
  std::vector<std::shared_ptr<FakeSocket>> sockets;
  bool drained = false;

 private:
  int accounts_made_ = 0;
};

}  // namespace lockstep::gateway
