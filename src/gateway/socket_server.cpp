#include "gateway/socket_server.hpp"

#include <algorithm>
#include <utility>

#include "gateway/problem.hpp"
#include "gateway/realtime_http.hpp"
#include "wire/random_token.hpp"

namespace lockstep::gateway {
namespace {

constexpr std::chrono::milliseconds kTick{500};
constexpr std::uint16_t kRestart = 1012;

wire::HttpResponse engine_answer(std::string body, std::string_view type) {
  wire::HttpResponse response;
  response.headers.add("Content-Type", std::string(type));
  response.headers.add("Cache-Control", "no-store");
  response.body = std::move(body);
  return with_cors(std::move(response));
}

wire::HttpResponse engine_error(const fanout::EngineError& error) {
  wire::HttpResponse response = engine_answer(error.json(), "application/json");
  response.status = error.status();
  return response;
}

const fanout::EngineError kUnknownSession{1, "Session ID unknown"};
const fanout::EngineError kBadRequest{3, "Bad request"};

JsonObject refusal(const Error& error) {
  return {{"ok", false}, {"error", error.message}, {"kind", to_string(error.kind)}};
}

}  // namespace

struct SocketServer::Session : std::enable_shared_from_this<Session> {
  Credentials credentials;  // of the request that opened it
  std::shared_ptr<Call> poll;
  std::shared_ptr<net::WebSocket> websocket;
  std::unique_ptr<fanout::EngineSession> engine;
  std::unique_ptr<fanout::SocketClient> client;
  std::map<std::string, std::unique_ptr<SocketSpace>> spaces;  // by namespace

  void answer_poll(std::string body) {
    if (const auto call = std::exchange(poll, nullptr))
      call->answer(engine_answer(std::move(body), "text/plain; charset=UTF-8"));
  }
  fanout::Delivered send_frame(const wire::Frame& frame) const {
    const bool over = websocket && websocket->send(frame) == net::WriteOutcome::over_limit;
    return over ? fanout::Delivered::full : fanout::Delivered::yes;
  }
  void close_websocket() {
    if (const auto socket = std::exchange(websocket, nullptr)) socket->close(kRestart, "");
  }
};

SocketServer::SocketServer(Context& context, Identities& identities, Seen& seen, SocketServerSettings settings)
    : context_(context), identities_(identities), seen_(seen), settings_(settings) {}

SocketServer::~SocketServer() {
  close_all();
  if (timer_) context_.loop.cancel(*timer_);
}

void SocketServer::close_all() {
  const auto sessions = sessions_;
  for (const auto& [sid, session] : sessions) session->engine->close("server shutting down");
}

void SocketServer::handle(const std::shared_ptr<Call>& call) {
  const wire::HttpRequest& request = call->request.request;
  const bool asks_websocket = net::is_websocket_upgrade(request);
  const auto asked = fanout::read_engine_request(
      request.method, call->target, asks_websocket ? fanout::RequestKind::upgrade : fanout::RequestKind::plain);
  if (!asked) return call->answer(engine_error(asked.error()));
  if (asked->sid.empty()) return open(call, asked->transport);
  const auto known = sessions_.find(asked->sid);
  if (known == sessions_.end()) return call->answer(engine_error(kUnknownSession));
  const SessionPtr session = known->second;  // it may end in here
  serve(call, session, asked->transport);
}

void SocketServer::open(const std::shared_ptr<Call>& call, fanout::Transport transport) {
  if (sessions_.size() >= settings_.sessions_limit) {
    return call->answer(problem({ErrorKind::exhausted, "too many sessions are open", std::chrono::seconds(5)}));
  }
  auto session = std::make_shared<Session>();
  Session* const at = session.get();  // alive in all that it calls
  session->credentials = credentials_of(call->request.request);
  const Duration now = context_.loop.clock().monotonic();
  session->engine = std::make_unique<fanout::EngineSession>(
      wire::random_token(), settings_.engine,
      fanout::EngineSession::Carrier{[at](std::string body) { at->answer_poll(std::move(body)); },
                                     [at](const wire::Frame& frame) { return at->send_frame(frame); },
                                     [at] { at->close_websocket(); },
                                     [at] { return at->websocket ? at->websocket->pending_bytes() : 0; }},
      fanout::EngineSession::Listener{
          [at](wire::FrameKind kind, std::string_view message) { at->client->on_message(kind, message); },
          [this, at](std::string_view) { on_closed(*at); }, nullptr},
      now);
  session->client = std::make_unique<fanout::SocketClient>(
      settings_.socket,
      fanout::SocketClient::Owner{
          [at](const wire::Frame& frame) { return at->engine->send(frame); },
          [this, at](const std::string& nsp, const JsonObject& auth) { on_connect(*at, nsp, auth); },
          [this, at](fanout::SocketEvent event) { on_event(*at, std::move(event)); },
          [](const std::string&, std::uint64_t, const JsonArray&) {},  // nothing is sent that asks for one
          [at](const std::string& nsp) { at->spaces.erase(nsp); },
          [at](std::string_view why) { at->engine->close(why); }},
      now);
  sessions_.emplace(session->engine->sid(), session);
  if (!timer_) tick();
  if (transport == fanout::Transport::websocket) {
    upgrade(call, session);
    return session->engine->start_on_websocket();
  }
  call->answer(engine_answer(session->engine->open_packet(transport), "text/plain; charset=UTF-8"));
}

void SocketServer::upgrade(const std::shared_ptr<Call>& call, const SessionPtr& session) {
  net::WebSocketEvents events;
  events.on_message = [this, session](wire::FrameKind kind, std::string_view message) {
    if (session->websocket) session->engine->websocket_message(kind, message, context_.loop.clock().monotonic());
  };
  events.on_close = [session](std::uint16_t) {
    if (std::exchange(session->websocket, nullptr)) session->engine->websocket_gone();
  };
  session->websocket = call->exchange->upgrade(std::move(events));
}

void SocketServer::serve(const std::shared_ptr<Call>& call, const SessionPtr& session, fanout::Transport transport) {
  fanout::EngineSession& engine = *session->engine;
  const wire::HttpRequest& request = call->request.request;
  if (transport == fanout::Transport::websocket) {
    if (!engine.may_probe()) return call->answer(engine_error(kBadRequest));
    engine.start_probe();
    return upgrade(call, session);
  }
  if (engine.transport() != fanout::Transport::polling) return call->answer(engine_error(kBadRequest));
  const Duration now = context_.loop.clock().monotonic();
  if (request.method == "POST") {
    const bool fits = request.body.size() <= settings_.engine.payload_bytes_limit;
    if (!fits) engine.close("payload too large");
    if (!fits || engine.post(request.body, now) == fanout::EngineSession::Posted::refused)
      return call->answer(engine_error(kBadRequest));
    return call->answer(engine_answer("ok", "text/html"));
  }
  // The session answers through session->poll, whichever GET that is.
  const auto waiting = std::exchange(session->poll, call);
  if (waiting) {
    session->poll = waiting;
    engine.poll(now);  // two at once: this ends the session and answers the first
    return call->answer(engine_error(kBadRequest));
  }
  if (engine.poll(now) == fanout::EngineSession::Polled::refused) {
    session->poll.reset();
    call->answer(engine_error(kBadRequest));
  }
}

// The session has ended: what can be recovered is kept; the session itself goes once nothing of it is running.
void SocketServer::on_closed(Session& session) {
  forget_parked();
  const Time until = context_.loop.clock().now() + settings_.recovery;
  for (const auto& [nsp, space] : session.spaces) {
    if (parked_.size() < settings_.parked_limit) parked_[space->pid()] = space->park(until);
  }
  session.spaces.clear();
  sessions_.erase(sessions_.find(session.engine->sid()));
  context_.loop.post([gone = session.shared_from_this()] {});
}

void SocketServer::forget_parked() {
  const Time now = context_.loop.clock().now();
  std::erase_if(parked_, [&](const auto& one) { return one.second.until <= now; });
}

void SocketServer::on_connect(Session& session, const std::string& nsp, const JsonObject& auth) {
  if (nsp != "/") return session.client->refuse(nsp, "Invalid namespace", {});
  Credentials credentials = session.credentials;
  const std::string_view token = string_member(auth, "token");
  if (!token.empty()) credentials = Credentials::of_token(token, credentials.host);
  auto identity = identify_or_local(identities_, std::move(credentials));
  // Nobody can say yet. A client comes back by itself after a lost connection, and not after a refusal.
  if (!identity && identity.error().kind == ErrorKind::unavailable) return session.engine->close("try again");
  if (!identity) return session.client->refuse(nsp, "unauthorized", JsonObject{{"code", 401}});
  const std::string_view offset_given = string_member(auth, "offset");
  const std::optional<Position> offset = offset_of(offset_given);
  std::optional<ParkedSpace> parked;
  forget_parked();
  const std::string asked_pid(string_member(auth, "pid"));
  if (const auto at = parked_.find(asked_pid); at != parked_.end()) {
    parked = std::move(at->second);
    parked_.erase(at);
  }
  const auto pending = [at = &session] { return at->engine->pending_bytes(); };
  auto space = std::make_unique<SocketSpace>(context_, *session.client, pending, nsp, wire::random_token(),
                                             wire::random_token(), std::move(*identity));
  if (parked && (offset || offset_given.empty()) && space->may_recover(*parked, offset)) {
    space = std::make_unique<SocketSpace>(context_, *session.client, pending, nsp, parked->sid, asked_pid,
                                          space->share_identity());
  } else {
    parked.reset();
  }
  SocketSpace& made = *space;
  session.spaces[nsp] = std::move(space);
  session.client->accept(nsp, made.sid(), made.pid());
  if (parked) return made.recover(*parked, offset);
  // Topics in the auth object: the same each time the client connects, so that it resumes whatever has happened here.
  if (const Json* topics = auth.if_contains("topics"); topics != nullptr && topics->is_array()) {
    for (const Json& topic : topics->get_array()) {
      const JsonObject done = subscribe(made, topic);
      if (!done.at("ok").get_bool()) {
        JsonObject told{{"topic", topic.is_object() ? Json(string_member(topic, "topic")) : topic},
                        {"reason", done.at("error")}};
        session.client->emit(nsp, {"unsubscribed", std::move(told)}, std::nullopt);
      }
    }
  }
}

void SocketServer::on_event(Session& session, fanout::SocketEvent event) {
  const auto at = session.spaces.find(event.nsp);
  if (at == session.spaces.end()) return;
  const Json& name = event.args.front();
  JsonObject done = name.is_string() ? act(session, *at->second, std::string(name.get_string()),
                                           event.args.size() > 1 ? event.args[1] : Json())
                                     : refusal({ErrorKind::not_found, "there is no such event", {}});
  if (event.ack) session.client->answer(event.nsp, *event.ack, {std::move(done)});
}

JsonObject SocketServer::subscribe(SocketSpace& space, const Json& argument) {
  const std::string topic(argument.is_string() ? std::string_view(argument.get_string())
                                               : string_member(argument, "topic"));
  std::optional<Position> after;
  if (const Json* given = find_member(argument, "after")) {
    after = given->is_string() ? offset_of(given->get_string()) : offset_of(to_text(*given));
    if (!after) return refusal({ErrorKind::invalid, "after is the number of an event, or an offset", {}});
  }
  const Result<Seq> subscribed = space.subscribe(topic, after);
  if (!subscribed) return refusal(subscribed.error());
  return {{"ok", true}, {"topic", topic}, {"seq", *subscribed}};
}

JsonObject SocketServer::act(Session& session, SocketSpace& space, const std::string& name, const Json& argument) {
  if (name == "subscribe") return subscribe(space, argument);
  if (name == "unsubscribe") {
    const bool was = argument.is_string() && space.unsubscribe(std::string(argument.get_string()));
    return {{"ok", was}};
  }
  if (name == "auth") {
    auto identity =
        identities_.identify(Credentials::of_token(string_member(argument, "token"), session.credentials.host));
    if (!identity) return refusal(identity.error());
    space.replace(std::move(*identity));
    return {{"ok", true}};
  }
  if (name == "seen") {
    const Json* seq = find_member(argument, "seq");
    const auto told =
        seen_.tell(space.identity(), TopicName::of(string_member(argument, "topic")), seq == nullptr ? Json() : *seq);
    if (!told) return refusal(told.error());
    return {{"ok", true}};
  }
  return refusal({ErrorKind::not_found, "there is no such event", {}});
}

void SocketServer::tick() {
  timer_ = context_.loop.after(kTick, [this] {
    timer_.reset();
    const Duration now = context_.loop.clock().monotonic();
    const auto sessions = sessions_;  // some may end
    for (const auto& [sid, session] : sessions) {
      session->engine->tick(now);
      if (session->engine->closed()) continue;
      session->client->tick(now);
      std::vector<std::string> ended;
      for (const auto& [nsp, space] : session->spaces) {
        if (!space->follow_rights()) ended.push_back(nsp);
      }
      for (const std::string& nsp : ended) {
        session->spaces.erase(nsp);
        session->client->disconnect(nsp);  // P2
      }
    }
    if (!sessions_.empty()) tick();
  });
}

}  // namespace lockstep::gateway
