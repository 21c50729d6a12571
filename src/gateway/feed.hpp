// One reader of one topic of the hub, from any position on, without a hole (P1): first from the journal where memory does
// not reach back, then from memory, then live. What can not be had any more is told as a gap.
//
// A reader that takes no more (its buffer is full) is left alone until the buffer is empty and then goes on where it
// stands, or ends, as it likes (O3).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "fanout/topic_hub.hpp"
#include "gateway/context.hpp"

namespace lockstep::gateway {

// The last message that a reader has: several may share a sequence.
struct Position {
  Seq seq = 0;
  std::uint32_t part = 0;

  friend auto operator<=>(const Position&, const Position&) = default;
};

enum class Backing {
  journal,  // entries: what memory has forgotten is in the journal
  memory,   // rows: what memory has forgotten must be read from the table
};

enum class WhenFull { wait, end };

class Feed : public std::enable_shared_from_this<Feed> {
 public:
  struct Reader {
    std::function<bool(const fanout::Message&)> wants;  // rights included (P2)
    std::function<fanout::Delivered(const fanout::Message&)> deliver;
    std::function<void(Seq from, Seq to)> gap;
    std::function<std::size_t()> pending;  // bytes given to the reader that have not left
    std::function<void()> ended;           // by us: too slow, or the store can not be read
    WhenFull when_full = WhenFull::wait;
  };

  // `topic` of the hub; `source` is what the journal is read for (empty: all).
  Feed(Context& context, std::string topic, SourceId source, Backing backing, Position after, Reader reader);
  ~Feed();
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  // From now on the reader is called; when this returns, the next commit is sure to reach it or to be told (P3), except
  // while the journal is read (then so once it has been).
  void start();
  void stop();  // the reader is not called any more
  Position position() const { return position_; }
  // From where on everything came as it was published; nullopt while it catches up.
  std::optional<Position> live_since() const { return subscription_ ? std::optional(live_since_) : std::nullopt; }

 private:
  void join();
  void catch_up();
  void skip();
  void continue_when_drained();
  void end();
  fanout::Delivered hand_over(const fanout::Message& message);

  Context& context_;
  std::string topic_;
  SourceId source_;
  Backing backing_;
  Position position_;
  Reader reader_;
  std::optional<fanout::SubscriptionId> subscription_;
  Position live_since_;
  bool set_aside_ = false;  // full: not subscribed until there is room
  bool stopped_ = false;
};

}  // namespace lockstep::gateway
