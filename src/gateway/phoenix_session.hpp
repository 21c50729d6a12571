// One websocket of Supabase Realtime, and what its channels follow. Part of PhoenixServer.
#pragma once

#include "gateway/feed.hpp"
#include "gateway/phoenix_server.hpp"
#include "net/exchange.hpp"

namespace lockstep::gateway {

struct PhoenixServer::Joined {
  std::shared_ptr<const Identity> identity;
  std::uint64_t changes = 0;  // of the identity, when it was looked at last
  std::string room;
  std::optional<fanout::SubscriptionId> subscription;  // of the room
  std::vector<std::shared_ptr<Feed>> feeds;
};

struct PhoenixServer::Session : std::enable_shared_from_this<Session> {
  std::uint64_t id = 0;
  std::string api_key;
  std::string host;
  std::shared_ptr<net::WebSocket> websocket;
  std::unique_ptr<fanout::PhoenixClient> client;
  std::map<fanout::MemberId, Joined> joined;

  fanout::Delivered send(const wire::Frame& frame) const {
    return websocket->send(frame) == net::WriteOutcome::over_limit ? fanout::Delivered::full : fanout::Delivered::yes;
  }

  // The client joins again and reads everything anew; not while a feed is on its way through here.
  void fail_later(Loop& loop, fanout::MemberId member, std::string why) {
    loop.post([weak = weak_from_this(), member, why = std::move(why)] {
      const auto self = weak.lock();
      fanout::Channel* channel = self ? self->client->find(member) : nullptr;
      if (channel != nullptr) self->client->fail_channel(*channel, why);
    });
  }

  // This protocol has no other word for a gap (P1).
  Feed::Reader reader(Loop& loop, fanout::MemberId member) {
    Feed::Reader out;
    out.gap = [this, &loop, member](Seq, Seq) {
      fail_later(loop, member, "changes were missed: read everything again");
    };
    out.ended = [this, &loop, member] { fail_later(loop, member, "the changes can not be read now"); };
    out.pending = [this] { return websocket->pending_bytes(); };
    return out;
  }
};

}  // namespace lockstep::gateway
