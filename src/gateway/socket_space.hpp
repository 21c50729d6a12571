// One namespace of one Socket.IO client: who it is, what it has subscribed to, and what it takes along when the
// connection is lost and recovered.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "fanout/socketio.hpp"
#include "gateway/feed.hpp"
#include "gateway/identities.hpp"
#include "gateway/topics.hpp"

namespace lockstep::gateway {

// What is kept of a namespace whose connection was lost.
struct ParkedSpace {
  std::string sid;
  std::string nsp;
  std::string caller;                      // whose it is, by name
  std::map<std::string, Position> topics;  // with the position before which nothing was asked for
  Position ordered_since;                  // what was sent after it was sent in the order of the journal
  Time until;
};

class SocketSpace {
 public:
  SocketSpace(Context& context, fanout::SocketClient& client, std::function<std::size_t()> pending, std::string nsp,
              std::string sid, std::string pid, std::shared_ptr<const Identity> identity)
      : context_(context),
        client_(client),
        pending_(std::move(pending)),
        nsp_(std::move(nsp)),
        sid_(std::move(sid)),
        pid_(std::move(pid)),
        identity_(std::move(identity)) {}
  ~SocketSpace();
  SocketSpace(const SocketSpace&) = delete;
  SocketSpace& operator=(const SocketSpace&) = delete;

  const std::string& sid() const { return sid_; }
  const std::string& pid() const { return pid_; }
  const Identity& identity() const { return *identity_; }
  const std::shared_ptr<const Identity>& share_identity() const { return identity_; }
  void replace(std::shared_ptr<const Identity> identity) {
    identity_ = std::move(identity);
    seen_changes_ = identity_->changes - 1;  // topics are looked at anew
  }

  // From `after` on, or from now on.
  Result<Seq> subscribe(const std::string& topic, std::optional<Position> after);
  bool unsubscribe(const std::string& topic);
  // False: the client may do nothing here any more. Topics that it may not read any more are ended and told.
  bool follow_rights();

  ParkedSpace park(Time until) const;
  // Takes up what was parked, from `offset` on; false when that can not be done without a hole or a doubt.
  bool may_recover(const ParkedSpace& parked, const std::optional<Position>& offset) const;
  void recover(const ParkedSpace& parked, const std::optional<Position>& offset);

 private:
  struct Subscription {
    Position from;
    std::shared_ptr<Feed> feed;
  };
  Feed::Reader reader(const std::string& topic, const TopicName& name);
  fanout::Delivered deliver(const fanout::Message& message);
  void tell(const std::string& event, JsonObject content);

  Context& context_;
  fanout::SocketClient& client_;
  std::function<std::size_t()> pending_;
  std::string nsp_;
  std::string sid_;
  std::string pid_;
  std::shared_ptr<const Identity> identity_;
  std::map<std::string, Subscription> subscriptions_;
  std::uint64_t seen_changes_ = 0;
};

// "17.0": the last argument of each event, and what a client recovers from.
std::string offset_text(const fanout::Message& message);
std::optional<Position> offset_of(std::string_view text);

}  // namespace lockstep::gateway
