// Socket.IO, Supabase Realtime, and what dashboards say they have seen.
#include "gateway/context.hpp"
#include "gateway/phoenix_server.hpp"
#include "gateway/problem.hpp"
#include "gateway/realtime_http.hpp"
#include "gateway/socket_server.hpp"

namespace lockstep::gateway {
namespace {

const std::string kSocketPath = "/socket.io/";
const std::string kRealtimePath = "/realtime/v1/";

void add_preflight(Router& router, const std::string& pattern) {
  router.add({"OPTIONS", pattern, Needs::nothing,
              [](const std::shared_ptr<Call>& call) { call->answer(preflight(call->request.request)); }});
}

void answer_seen(Context& context, const std::shared_ptr<Call>& call) {
  const auto body = body_object(*call);
  if (!body) return;
  const Json* seq = find_member(*body, "seq");
  TopicName topic;
  topic.kind = TopicName::Kind::entries;
  topic.source = call->source();
  Identity identity;
  identity.caller = call->caller;
  const Result<void> told = context.seen->tell(identity, topic, seq == nullptr ? Json() : *seq);
  if (!told) return call->answer(problem(told.error()));
  call->answer(json_response(200, JsonObject{{"seq", *seq}}));
}

}  // namespace

// Rights are asked for where a client says who it is: in the protocol, not in the request.
void add_realtime_routes(Router& router, Context& context) {
  for (const char* method : {"GET", "POST"}) {
    router.add({method, kSocketPath, Needs::nothing,
                [&context](const std::shared_ptr<Call>& call) { context.sockets->handle(call); }});
  }
  add_preflight(router, kSocketPath);
  router.add({"GET", kRealtimePath + "websocket", Needs::nothing,
              [&context](const std::shared_ptr<Call>& call) { context.phoenix->open(call); }});
  router.add({"POST", kRealtimePath + "api/broadcast", Needs::nothing,
              [&context](const std::shared_ptr<Call>& call) { context.phoenix->broadcast(call); }});
  add_preflight(router, kRealtimePath + "api/broadcast");
  const std::string one = kRealtimePath + "api/broadcast/{topic}/events/{event}";
  router.add({"POST", one, Needs::nothing, [&context](const std::shared_ptr<Call>& call) {
                context.phoenix->broadcast_one(call, std::string(call->parameter("topic")),
                                               std::string(call->parameter("event")));
              }});
  add_preflight(router, one);
  router.add({"POST", "/api/v1/sources/{source}/seen", Needs::reader,
              [&context](const std::shared_ptr<Call>& call) { answer_seen(context, call); }});
}

}  // namespace lockstep::gateway
