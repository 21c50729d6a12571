#include "gateway/feed.hpp"

#include <limits>
#include <utility>

#include "hub/event_text.hpp"

namespace lockstep::gateway {
namespace {

constexpr std::size_t kCatchUpRows = 500;
constexpr std::size_t kCatchUpBytes = 128 << 10;  // at once; well below what a stream may have pending
constexpr std::chrono::milliseconds kLook{20};    // how often a full reader is looked at
constexpr std::uint32_t kWholeSequence = std::numeric_limits<std::uint32_t>::max();

}  // namespace

Feed::Feed(Context& context, std::string topic, SourceId source, Backing backing, Position after, Reader reader)
    : context_(context),
      topic_(std::move(topic)),
      source_(std::move(source)),
      backing_(backing),
      position_(after),
      reader_(std::move(reader)) {}

Feed::~Feed() { stop(); }

void Feed::start() { join(); }

void Feed::stop() {
  stopped_ = true;
  if (subscription_) context_.hub.events().unsubscribe(*std::exchange(subscription_, std::nullopt));
}

void Feed::end() {
  if (stopped_) return;
  stop();
  reader_.ended();
}

fanout::Delivered Feed::hand_over(const fanout::Message& message) {
  const Position at{message.seq, message.part};
  if (message.seq != 0 && at <= position_) return fanout::Delivered::yes;  // it has it, of a sequence of several
  if (!reader_.wants(message)) return fanout::Delivered::yes;
  const fanout::Delivered taken = reader_.deliver(message);
  if (taken == fanout::Delivered::yes && message.seq != 0) position_ = at;
  return taken;
}

void Feed::join() {
  if (stopped_) return;
  fanout::Listener listener;
  listener.wants = [](const fanout::Message&) { return true; };  // asked in hand_over(), after what it has
  listener.deliver = [this](const fanout::Message& message) { return hand_over(message); };
  listener.on_full = [this](Seq) {
    subscription_.reset();
    set_aside_ = true;
    if (reader_.when_full == WhenFull::end) return end();
    continue_when_drained();
  };
  // Within a sequence of several parts it goes on with the rest of them.
  const bool whole = position_.part == kWholeSequence || backing_ == Backing::journal;
  const Seq after = whole || position_.seq == 0 ? position_.seq : position_.seq - 1;
  set_aside_ = false;
  const auto subscribed = context_.hub.events().subscribe(topic_, after, std::move(listener));
  if (stopped_) {  // while it was called
    if (subscribed) context_.hub.events().unsubscribe(*subscribed);
    return;
  }
  if (subscribed) {
    if (!set_aside_) subscription_ = subscribed;
    live_since_ = std::max(position_, Position{context_.hub.events().last_seq(), 0});
    return;
  }
  if (context_.hub.events().full()) return end();
  return backing_ == Backing::journal ? catch_up() : skip();
}

// The rows in between can not be had here any more.
void Feed::skip() {
  const Seq last = context_.hub.events().last_seq();
  reader_.gap(position_.seq + 1, last);
  if (stopped_) return;
  position_ = {last, kWholeSequence};
  join();
}

void Feed::catch_up() {
  struct Found {
    Result<Seq> end = 0;
    Result<std::vector<sync::JournalEntry>> entries;
    Result<Seq> first = 0;
  };
  auto found = std::make_shared<Found>();
  context_.hub.read(
      [found, source = source_, after = position_.seq](store::Reader& reader) {
        found->end = reader.last_seq();  // before the entries, so that nothing up to it can be missed
        found->entries = reader.journal(source, after, kCatchUpRows);
        found->first = reader.first_seq();  // after them, so that nothing is pruned in between without a word
      },
      [self = shared_from_this(), found] {
        if (self->stopped_) return;
        if (!found->end || !found->entries || !found->first) return self->end();
        Seq reached = self->position_.seq;
        if (*found->first > reached + 1 && *found->end > reached) {
          self->reader_.gap(reached + 1, *found->first - 1);
          if (self->stopped_) return;
          reached = *found->first - 1;
        }
        bool whole = found->entries->size() < kCatchUpRows;
        std::size_t bytes = 0;
        for (const sync::JournalEntry& entry : *found->entries) {
          const auto message = hub::entry_message(entry);
          // The rest is read again once this has left.
          if (bytes >= kCatchUpBytes || self->hand_over(*message) == fanout::Delivered::full) {
            whole = false;
            break;
          }
          if (self->stopped_) return;
          bytes += message->text.size();
          reached = entry.seq;
        }
        // What lies between the last entry of this source and the end belongs to other sources.
        if (whole) reached = std::max(reached, *found->end);
        self->position_ = {reached, kWholeSequence};
        self->continue_when_drained();
      });
}

// A reader that takes nothing gets nothing more: the next piece waits until its buffer is empty.
void Feed::continue_when_drained() {
  if (stopped_) return;
  if (reader_.pending() == 0 && !subscription_) return join();
  context_.loop.after(kLook, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->continue_when_drained();
  });
}

}  // namespace lockstep::gateway
