#include "gateway/phoenix_server.hpp"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "gateway/feed.hpp"
#include "gateway/phoenix_session.hpp"
#include "gateway/problem.hpp"
#include "gateway/realtime_http.hpp"
#include "hub/event_text.hpp"

namespace lockstep::gateway {
namespace {

constexpr std::chrono::milliseconds kTick{500};
constexpr std::uint16_t kRestart = 1012;
constexpr std::uint16_t kViolation = 1002;
constexpr std::size_t kSessionsLimit = 20'000;
constexpr std::size_t kMessagesLimit = 100;  // of one POST

wire::HttpResponse refusal(unsigned status, std::string_view error) {
  return with_cors(json_response(status, JsonObject{{"error", error}}));
}

std::string_view key_of(const Call& call) {
  const std::string_view header = call.request.request.headers.get("apikey");
  return header.empty() ? call.target.parameter("apikey") : header;
}

Position now_in(const fanout::TopicHub& hub) { return {hub.last_seq(), std::numeric_limits<std::uint32_t>::max()}; }

}  // namespace

PhoenixServer::PhoenixServer(Context& context, Identities& identities, Seen& seen)
    : context_(context), identities_(identities), seen_(seen) {}

PhoenixServer::~PhoenixServer() {
  close_all();
  if (timer_) context_.loop.cancel(*timer_);
}

void PhoenixServer::close_all() {
  const auto sessions = sessions_;
  for (const auto& [id, session] : sessions) {
    session->websocket->close(kRestart, "restart");
    session->client->end();
  }
}

void PhoenixServer::open(const std::shared_ptr<Call>& call) {
  const wire::HttpRequest& request = call->request.request;
  if (!net::is_websocket_upgrade(request)) return call->answer(refusal(400, "this address speaks websocket"));
  const std::string_view key = key_of(*call);
  if (key.empty()) return call->answer(refusal(401, "API key is missing"));
  if (sessions_.size() >= kSessionsLimit) return call->answer(refusal(429, "too many connections"));
  const std::string_view asked = call->target.parameter("vsn");
  if (!asked.empty() && asked != "1.0.0" && asked != "2.0.0") return call->answer(refusal(400, "unsupported vsn"));
  auto session = std::make_shared<Session>();
  session->id = ++last_session_;
  session->api_key = key;
  session->host = credentials_of(request).host;
  Session* const at = session.get();  // alive in all that it calls
  session->client = std::make_unique<fanout::PhoenixClient>(
      asked == "2.0.0" ? fanout::PhoenixVersion::v2 : fanout::PhoenixVersion::v1, fanout::PhoenixSettings(),
      fanout::PhoenixClient::Owner{
          [at](const wire::Frame& frame) { return at->send(frame); },
          [this, at](fanout::Channel& channel) { on_join(*at, channel); },
          [this, at](fanout::Channel& channel) { on_leave(*at, channel); },
          [this, at](fanout::Channel& channel, fanout::Broadcast broadcast) {
            return on_broadcast(*at, channel, std::move(broadcast));
          },
          [this, at](fanout::Channel& channel, const JsonObject& meta) { on_track(*at, channel, meta); },
          [this, at](fanout::Channel& channel) { untrack(*at, channel); },
          [this, at](fanout::Channel& channel) { on_token(*at, channel); },
          [at](std::string_view) { at->websocket->close(kViolation, "this is no frame of the protocol"); }},
      [this] { return ++last_member_; });
  net::WebSocketEvents events;
  events.on_message = [session](wire::FrameKind kind, std::string_view message) {
    session->client->on_message(kind, message);
  };
  events.on_close = [this, session, alive = std::weak_ptr(alive_)](std::uint16_t) {
    if (alive.expired()) return;
    session->client->end();
    sessions_.erase(session->id);
  };
  session->websocket = call->exchange->upgrade(std::move(events));
  sessions_.emplace(session->id, session);
  if (!timer_) tick();
}

Result<std::shared_ptr<const Identity>> PhoenixServer::identity_of(const Session& session,
                                                                   const fanout::Channel& channel) {
  const std::string& token = channel.token.empty() ? session.api_key : channel.token;
  return identify_or_local(identities_, Credentials::of_token(token, session.host));
}

void PhoenixServer::on_join(Session& session, fanout::Channel& channel) {
  const TopicName name = TopicName::of(channel.name());
  const auto identity = identity_of(session, channel);
  const Identity nobody;
  const Result<void> allowed = may_join(identity ? **identity : nobody, name, channel.name());
  if (!allowed) return session.client->refuse(channel, allowed.error().message);
  if (context_.hub.events().full()) return session.client->refuse(channel, "too many subscriptions are open");
  if (channel.presence_key.empty()) channel.presence_key = "member-" + std::to_string(channel.id);
  Joined& joined = session.joined[channel.id];
  joined.identity = *identity;
  joined.changes = (*identity)->changes;
  joined.room = name.is_data() && (*identity)->may_read(name.source)
                    ? "room:data\t" + std::string(channel.name())
                    : room_topic(*(*identity)->caller, channel.name());  // who is there is not for businesses to know
  // P3: everything is subscribed before the client hears that it is.
  follow_room(session, channel, joined);
  if (name.is_data()) follow_data(session, channel, joined);
  if (!channel.changes.empty()) follow_changes(session, channel, joined);
  session.client->accept(channel, presence_.state(joined.room));
}

void PhoenixServer::on_leave(Session& session, fanout::Channel& channel) {
  const auto at = session.joined.find(channel.id);
  if (at == session.joined.end()) return;
  if (at->second.subscription) context_.hub.events().unsubscribe(*at->second.subscription);
  untrack(session, channel);
  for (const auto& feed : at->second.feeds) feed->stop();
  // A feed may be the one that has led here.
  context_.loop.post([feeds = std::move(at->second.feeds)] {});
  session.joined.erase(at);
}

void PhoenixServer::follow_room(Session& session, fanout::Channel& channel, Joined& joined) {
  fanout::Listener listener;
  listener.wants = [&channel, &joined](const fanout::Message& message) {
    if (message.content == fanout::Content::presence) return channel.presence == fanout::PresenceUse::on;
    return joined.identity->caller && (message.sender != channel.id || channel.broadcast_self);
  };
  listener.deliver = [&session, &channel](const fanout::Message& message) {
    return message.content == fanout::Content::presence ? session.client->deliver_presence(channel, message)
                                                        : session.client->deliver_broadcast(channel, message);
  };
  listener.on_full = [this, &session, &joined, id = channel.id](Seq) {
    joined.subscription.reset();
    session.fail_later(context_.loop, id, "you are too slow: messages were lost");
  };
  joined.subscription = context_.hub.events().subscribe(joined.room, context_.hub.events().last_seq(), listener);
}

void PhoenixServer::follow_data(Session& session, fanout::Channel& channel, Joined& joined) {
  const TopicName name = TopicName::of(channel.name());
  const bool rows = name.kind == TopicName::Kind::rows;
  auto reader = session.reader(context_.loop, channel.id);
  reader.wants = [this, &joined, entity = name.entity](const fanout::Message& message) {
    return joined.identity->shown(context_, message) != nullptr && (entity.empty() || entity == message.entity);
  };
  reader.deliver = [this, &session, &channel, &joined](const fanout::Message& message) {
    return session.client->deliver_broadcast(channel, *joined.identity->shown(context_, message));
  };
  joined.feeds.push_back(std::make_shared<Feed>(
      context_, rows ? hub::row_topic(name.source) : hub::entry_topic(name.source), name.source,
      rows ? Backing::memory : Backing::journal, now_in(context_.hub.events()), std::move(reader)));
  joined.feeds.back()->start();
}

void PhoenixServer::follow_changes(Session& session, fanout::Channel& channel, Joined& joined) {
  const Caller& caller = *joined.identity->caller;
  std::set<SourceId> sources;
  if (caller.sees_all()) {
    sources.insert(SourceId());
  } else {
    for (const auto& [source, role] : caller.sources) sources.insert(source);
    for (const auto& [source, names] : caller.businesses) sources.insert(source);
  }
  for (const SourceId& source : sources) {
    auto reader = session.reader(context_.loop, channel.id);
    reader.wants = [this, &joined](const fanout::Message& message) {
      return joined.identity->shown(context_, message) != nullptr;
    };
    reader.deliver = [this, &session, &channel, &joined](const fanout::Message& message) {
      return session.client->deliver_change(channel, *joined.identity->shown(context_, message));
    };
    joined.feeds.push_back(std::make_shared<Feed>(context_, hub::change_topic(source), source, Backing::memory,
                                                  now_in(context_.hub.events()), std::move(reader)));
    joined.feeds.back()->start();
  }
}

Result<std::string> PhoenixServer::writable_topic(const Identity& identity, std::string_view name) const {
  const TopicName topic = TopicName::of(name);
  LOCKSTEP_CHECK(may_join(identity, topic, name));
  if (!topic.is_data()) return room_topic(*identity.caller, name);
  // P1: what a client holds is what was committed; nobody, whatever his role, can tell the others of a row that is not.
  return fail(ErrorKind::unauthorized,
              "Unauthorized: only Lockstep itself sends to " + std::string(name) + "; use a channel of another name");
}

Result<void> PhoenixServer::on_broadcast(Session& session, fanout::Channel& channel, fanout::Broadcast broadcast) {
  const Identity& identity = *session.joined.at(channel.id).identity;
  const TopicName name = TopicName::of(channel.name());
  if (name.is_data() && broadcast.event == "seen") {
    const Json* seq = find_member(broadcast.payload, "seq");
    return seen_.tell(identity, name, seq == nullptr ? Json() : *seq);
  }
  LOCKSTEP_TRY(topic, writable_topic(identity, channel.name()));
  auto message = std::make_shared<fanout::Message>();
  message->content = fanout::Content::broadcast;
  message->topics = {std::move(topic)};
  message->event = std::move(broadcast.event);
  message->bytes_only = broadcast.bytes.has_value();
  message->text = broadcast.bytes ? std::move(*broadcast.bytes) : to_text(broadcast.payload);
  message->sender = channel.id;
  context_.hub.events().publish(std::move(message));
  return {};
}

namespace {

std::shared_ptr<const fanout::Message> presence_message(const std::string& room, const JsonObject& diff) {
  auto message = std::make_shared<fanout::Message>();
  message->content = fanout::Content::presence;
  message->topics = {room};
  message->text = to_text(diff);
  return message;
}

}  // namespace

void PhoenixServer::on_track(Session& session, fanout::Channel& channel, const JsonObject& meta) {
  const std::string& room = session.joined.at(channel.id).room;
  const Result<JsonObject> diff = presence_.track(room, channel.id, channel.presence_key, meta);
  if (diff) context_.hub.events().publish(presence_message(room, *diff));
}

void PhoenixServer::untrack(Session& session, fanout::Channel& channel) {
  const std::string room = session.joined.at(channel.id).room;
  const std::optional<JsonObject> diff = presence_.untrack(room, channel.id);
  if (diff) context_.hub.events().publish(presence_message(room, *diff));
}

void PhoenixServer::on_token(Session& session, fanout::Channel& channel) {
  const auto at = session.joined.find(channel.id);
  if (at == session.joined.end()) return;
  const auto identity = identity_of(session, channel);
  if (!identity) return session.client->close_channel(channel, identity.error().message);  // P2
  Joined& joined = at->second;
  const bool same = joined.identity->caller == (*identity)->caller;
  joined.identity = *identity;
  joined.changes = (*identity)->changes;
  if (!same) session.client->fail_channel(channel, "your rights have changed");  // it joins again, with the new ones
}

void PhoenixServer::tick() {
  timer_ = context_.loop.after(kTick, [this] {
    timer_.reset();
    const auto sessions = sessions_;
    for (const auto& [id, session] : sessions) {
      for (fanout::Channel* channel : session->client->channels()) {
        const auto at = session->joined.find(channel->id);
        if (at == session->joined.end()) continue;
        const Identity& identity = *at->second.identity;
        const bool allowed = may_join(identity, TopicName::of(channel->name()), channel->name()).has_value();
        if (!allowed) {
          session->client->close_channel(*channel, "you may not read this any more, or your token has expired");
        } else if (at->second.changes != identity.changes) {
          session->client->fail_channel(*channel, "your rights have changed");
        }
      }
    }
    if (!sessions_.empty()) tick();
  });
}

void PhoenixServer::broadcast_one(const std::shared_ptr<Call>& call, const std::string& topic,
                                  const std::string& event) {
  Credentials credentials = credentials_of(call->request.request);
  if (credentials.authorization.empty()) {
    credentials = Credentials::of_token(key_of(*call), std::move(credentials.host));
  }
  const auto identity = identify_or_local(identities_, std::move(credentials));
  if (!identity) return call->answer(refusal(401, identity.error().message));
  const Result<std::string> to = writable_topic(**identity, topic);
  if (!to) return call->answer(refusal(403, to.error().message));
  const std::string& body = call->request.request.body;
  const bool bytes = call->request.request.headers.get("Content-Type").starts_with("application/octet-stream");
  if (!bytes && !parse_json(body)) return call->answer(refusal(400, "the body is no JSON"));
  auto message = std::make_shared<fanout::Message>();
  message->content = fanout::Content::broadcast;
  message->topics = {*to};
  message->event = event;
  message->bytes_only = bytes;
  message->text = body;
  context_.hub.events().publish(std::move(message));
  call->answer(with_cors({202, {}, ""}));
}

void PhoenixServer::broadcast(const std::shared_ptr<Call>& call) {
  Credentials credentials = credentials_of(call->request.request);
  if (credentials.authorization.empty()) {
    credentials = Credentials::of_token(key_of(*call), std::move(credentials.host));
  }
  const auto identity = identify_or_local(identities_, std::move(credentials));
  if (!identity) return call->answer(refusal(401, identity.error().message));
  const Result<Json> body = parse_json(call->request.request.body);
  const Json* messages = body ? find_member(*body, "messages") : nullptr;
  if (messages == nullptr || !messages->is_array() || messages->get_array().size() > kMessagesLimit) {
    return call->answer(refusal(422, "the body has 'messages', a list of up to 100"));
  }
  // All or none.
  std::vector<std::shared_ptr<fanout::Message>> out;
  for (const Json& given : messages->get_array()) {
    const std::string event(string_member(given, "event"));
    const Json* payload = find_member(given, "payload");
    if (event.empty() || payload == nullptr)
      return call->answer(refusal(422, "a message has topic, event and payload"));
    const Result<std::string> to = writable_topic(**identity, string_member(given, "topic"));
    if (!to) return call->answer(refusal(403, to.error().message));
    auto message = std::make_shared<fanout::Message>();
    message->content = fanout::Content::broadcast;
    message->topics = {*to};
    message->event = event;
    message->text = to_text(*payload);
    out.push_back(std::move(message));
  }
  for (auto& message : out) context_.hub.events().publish(std::move(message));
  call->answer(with_cors({202, {}, ""}));
}

}  // namespace lockstep::gateway
