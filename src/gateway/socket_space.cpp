#include "gateway/socket_space.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "hub/event_text.hpp"

namespace lockstep::gateway {
namespace {

constexpr std::size_t kTopicsLimit = 100;
constexpr std::size_t kTopicBytes = 240;
constexpr Position kNever{std::numeric_limits<Seq>::max(), 0};

}  // namespace

std::string offset_text(const fanout::Message& message) {
  return std::to_string(message.seq) + '.' + std::to_string(message.part);
}

std::optional<Position> offset_of(std::string_view text) {
  Position out;
  const char* end = text.data() + text.size();
  const auto seq = std::from_chars(text.data(), end, out.seq);
  if (seq.ec != std::errc()) return std::nullopt;
  if (seq.ptr == end) {
    out.part = std::numeric_limits<std::uint32_t>::max();
    return out;
  }
  if (*seq.ptr != '.') return std::nullopt;
  const auto part = std::from_chars(seq.ptr + 1, end, out.part);
  if (part.ec != std::errc() || part.ptr != end) return std::nullopt;
  return out;
}

SocketSpace::~SocketSpace() {
  for (auto& [topic, subscription] : subscriptions_) subscription.feed->stop();
}

Result<Seq> SocketSpace::subscribe(const std::string& topic, std::optional<Position> after) {
  const TopicName name = TopicName::of(topic);
  if (!name.is_data() || topic.size() > kTopicBytes) return fail(ErrorKind::not_found, "there is no such topic");
  LOCKSTEP_CHECK(may_join(*identity_, name, topic));
  if (subscriptions_.size() >= kTopicsLimit && !subscriptions_.contains(topic))
    return fail(ErrorKind::exhausted, "too many topics");
  const Seq last = context_.hub.events().last_seq();
  if (after && after->seq > last)  // from another store
    return fail(ErrorKind::conflict,
                "there is no event " + std::to_string(after->seq) + " yet: load the records again");
  unsubscribe(topic);
  const Position from = after.value_or(Position{last, std::numeric_limits<std::uint32_t>::max()});
  const bool rows = name.kind == TopicName::Kind::rows;
  auto feed = std::make_shared<Feed>(context_, rows ? hub::row_topic(name.source) : hub::entry_topic(name.source),
                                     name.source, rows ? Backing::memory : Backing::journal, from, reader(topic, name));
  subscriptions_[topic] = {from, feed};
  feed->start();
  return last;
}

bool SocketSpace::unsubscribe(const std::string& topic) {
  const auto at = subscriptions_.find(topic);
  if (at == subscriptions_.end()) return false;
  at->second.feed->stop();
  subscriptions_.erase(at);
  return true;
}

Feed::Reader SocketSpace::reader(const std::string& topic, const TopicName& name) {
  Feed::Reader out;
  out.wants = [this, entity = name.entity](const fanout::Message& message) {
    return identity_->shown(context_, message) != nullptr && (entity.empty() || entity == message.entity);
  };
  out.deliver = [this](const fanout::Message& message) { return deliver(*identity_->shown(context_, message)); };
  out.gap = [this, topic](Seq from, Seq to) { tell("gap", {{"topic", topic}, {"from", from}, {"to", to}}); };
  out.pending = pending_;
  out.ended = [this, topic] { tell("unsubscribed", {{"topic", topic}, {"reason", "it can not be read now"}}); };
  return out;
}

fanout::Delivered SocketSpace::deliver(const fanout::Message& message) {
  const std::string key = "socket.io " + nsp_;
  return client_.send(message.frame(key, [&] {
    const std::string name = message.content == fanout::Content::entry ? "entry" : message.event;
    return fanout::socket_frame(fanout::SocketPacketType::event, nsp_, std::nullopt,
                                "[\"" + name + "\"," + message.text + ",\"" + offset_text(message) + "\"]");
  }));
}

void SocketSpace::tell(const std::string& event, JsonObject content) {
  client_.emit(nsp_, {event, std::move(content)}, std::nullopt);
}

bool SocketSpace::follow_rights() {
  if (!identity_->caller) return false;
  if (seen_changes_ == identity_->changes) return true;
  seen_changes_ = identity_->changes;
  std::vector<std::string> lost;
  for (const auto& [topic, subscription] : subscriptions_) {
    if (!may_join(*identity_, TopicName::of(topic), topic)) lost.push_back(topic);
  }
  for (const std::string& topic : lost) {
    unsubscribe(topic);
    tell("unsubscribed", {{"topic", topic}, {"reason", "you may not read it any more"}});
  }
  return true;
}

ParkedSpace SocketSpace::park(Time until) const {
  ParkedSpace out{sid_, nsp_, identity_->caller ? identity_->caller->name : "", {}, {}, until};
  for (const auto& [topic, subscription] : subscriptions_) {
    out.topics.emplace(topic, subscription.from);
    const std::optional<Position> live = subscription.feed->live_since();
    out.ordered_since = std::max(out.ordered_since, live.value_or(kNever));
  }
  return out;
}

// The client names one position for all its topics: what it got last. That says what it has of each topic only where
// everything was sent in the order of the journal.
bool SocketSpace::may_recover(const ParkedSpace& parked, const std::optional<Position>& offset) const {
  if (!identity_->caller || identity_->caller->name != parked.caller || parked.nsp != nsp_) return false;
  for (const auto& [topic, from] : parked.topics) {
    if (!may_join(*identity_, TopicName::of(topic), topic)) return false;
  }
  if (!offset || parked.topics.size() == 1) return true;
  return *offset >= parked.ordered_since;
}

void SocketSpace::recover(const ParkedSpace& parked, const std::optional<Position>& offset) {
  for (const auto& [topic, from] : parked.topics) {
    // It may have been refused for want of room only; the client then hears nothing wrong, but a gap.
    const Result<Seq> back = subscribe(topic, std::max(from, offset.value_or(Position{})));
    if (!back) tell("unsubscribed", {{"topic", topic}, {"reason", back.error().message}});
  }
}

}  // namespace lockstep::gateway
