// For tests of the connector against the sandbox in one process: no sockets, simulated time, the real quota and queue
// between them.
#pragma once

#include <gtest/gtest.h>

#include "connector/metered_http.hpp"
#include "connectors/gohighlevel/sandbox/sandbox.hpp"
#include "connectors/gohighlevel/test_support.hpp"

namespace lockstep::gohighlevel {

inline constexpr const char* kLocation = "sandboxLocation00001";

// What net's client makes of the sandbox's replies.
class SandboxTransport final : public connector::Transport {
 public:
  SandboxTransport(Sandbox& sandbox, Loop& loop) : sandbox_(sandbox), loop_(loop) {}

  Task<Result<wire::HttpResponse>> send(wire::HttpRequest request, std::chrono::milliseconds) override {
    co_await connector::sleep_for(loop_, std::chrono::milliseconds(20));
    const std::string method = request.method;
    SandboxReply reply = sandbox_.handle(request);
    calls.push_back(method + " " + request.target + " " + std::to_string(reply.response.status));
    co_await connector::sleep_for(loop_, reply.delay + std::chrono::milliseconds(20));
    if (reply.response.status == 429) ++refused;
    if (reply.delivery != SandboxReply::Delivery::answer) {
      co_return fail(method == "GET" ? ErrorKind::unavailable : ErrorKind::maybe_applied, "the connection was cut");
    }
    co_return reply.response;
  }

  std::vector<std::string> calls;
  int refused = 0;

 private:
  Sandbox& sandbox_;
  Loop& loop_;
};

class SandboxEndToEnd : public ::testing::Test {
 protected:
  SandboxEndToEnd() {
    mapping.contact = {"firstName",         "lastName",    "email", "phone", "website",
                       "timezone",          "companyName", "tags",  "dnd",   "customFields.external_id",
                       "customFields.score"};
    mapping.opportunity = {
        "name", "status", "monetaryValue", "contactId", "pipelineId", "pipelineStageId", "customFields.order_number"};
  }

  void connect(JsonObject settings = {{"location_id", kLocation}, {"token", "pit-sandbox"}}) {
    settings["webhook_public_key"] = sandbox.handle({"GET", "/_sandbox/public-key", {}, ""}).response.body;
    connector::Ports ports;
    ports.http = &http;
    ports.state = &state;
    ports.loop = &loop;
    ports.random = &random;
    ports.log = &log;
    auto made = GoHighLevel::make(mapping.settings(std::move(settings)), ports);
    ASSERT_TRUE(made) << made.error().message;
    crm = std::move(*made);
    const auto started = loop.run(crm->start());
    ASSERT_TRUE(started) << started.error().message;
  }

  Json control(std::string method, std::string path, std::string body = "") {
    const auto reply = sandbox.handle(
        {std::move(method), "/_sandbox/" + path, {{"Content-Type", "application/json"}}, std::move(body)});
    EXPECT_LT(reply.response.status, 300U) << path << " " << reply.response.body;
    return *parse_json(reply.response.body, {64 << 20, 32});
  }
  Json true_contact(const std::string& id) { return control("GET", "contacts/" + id).at("contact"); }

  std::map<std::string, sync::Change> pull_all(const std::string& object, connector::PullMode mode,
                                               Json* cursor = nullptr) {
    std::map<std::string, sync::Change> out;
    Json at = cursor == nullptr ? Json() : *cursor;
    for (int page = 0; page < 100; ++page) {
      const auto pulled = loop.run(crm->pull({object, mode, at, 100, sync::WorkClass::backfill}));
      EXPECT_TRUE(pulled) << (pulled ? "" : pulled.error().message);
      if (!pulled) return out;
      for (const auto& change : pulled->changes) out[change.external_id] = change;
      at = pulled->cursor;
      if (pulled->last) break;
    }
    if (cursor != nullptr) *cursor = at;
    return out;
  }

  connector::WriteResult write(connector::WriteRequest request) {
    return loop.run(crm->write({std::move(request)})).front();
  }
  static connector::WriteRequest create(Json document) { return contact_create(std::move(document)); }
  static connector::WriteRequest update(std::string id, Json document, Json expected) {
    auto out = contact_update(std::move(document), std::move(expected));
    out.external_id = std::move(id);
    return out;
  }

  connector::ManualLoop loop;
  SeededRandom random{5};
  Sandbox sandbox{SandboxSettings::demo(), loop.clock(), random};
  SandboxTransport transport{sandbox, loop};
  connector::Quota quota;
  RecordingLog log;
  connector::MeteredHttp http{transport, quota, loop, log};
  FlakyState state;
  TestMapping mapping;
  std::unique_ptr<connector::Connector> crm;
};

}  // namespace lockstep::gohighlevel
