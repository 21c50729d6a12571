#include "gateway/event_streams.hpp"

#include "hub/event_text.hpp"

namespace lockstep::gateway {
namespace {

constexpr std::size_t kCatchUpRows = 500;
constexpr std::size_t kCatchUpBytes = 128 << 10;  // at once; well below what a stream may have pending
constexpr std::chrono::seconds kTick{15};         // keep-alive, and the question whether the reader still may

// P1: entries that the journal has pruned are not passed over in silence.
std::string gap_frame(Seq from, Seq to) {
  return "id: " + std::to_string(to) + "\nevent: gap\ndata: " + to_text(JsonObject{{"from", from}, {"to", to}}) +
         "\n\n";
}

}  // namespace

struct EventStreams::Stream {
  std::shared_ptr<net::BodyStream> body;
  wire::HttpHeaders credentials;  // as the request had them
  Caller caller;
  SourceId source;
  Seq after = 0;
  std::optional<fanout::SubscriptionId> subscription;
  bool closed = false;

  bool wants(const SourceId& of) const { return (source.empty() || source == of) && caller.may_read(of); }
};

void EventStreams::open(const std::shared_ptr<Call>& call, const SourceId& source, Seq after) {
  if (context_.hub.events().full()) {
    return call->answer(problem({ErrorKind::exhausted, "too many event streams are open", std::chrono::seconds(5)}));
  }
  wire::HttpResponse head;
  head.headers.add("Content-Type", "text/event-stream");
  head.headers.add("Cache-Control", "no-cache");
  head.headers.add("X-Accel-Buffering", "no");
  auto stream = std::make_shared<Stream>();
  stream->body = call->exchange->stream(std::move(head));
  for (const auto& [name, value] : call->request.request.headers.items()) {
    // What Access looks at; whole requests would be a lot to keep for every stream.
    const bool wanted = wire::equal_without_case(name, "Authorization") ||
                        wire::equal_without_case(name, "X-API-Key") || wire::equal_without_case(name, "Host");
    if (wanted) stream->credentials.add(name, value);
  }
  stream->caller = call->caller;
  stream->source = source;
  stream->after = after;
  open_.push_back(stream);
  // The first bytes tell the reader that the stream is up.
  stream->body->write(std::make_shared<const std::string>("retry: 1000\n: lockstep\n\n"));
  stream->body->on_close([this, weak = std::weak_ptr(stream)] {
    if (const auto gone = weak.lock()) drop(gone);
  });
  if (!timer_) tick();
  join(stream);
}

// Subscribes, or reads the journal first when memory does not reach back far enough.
void EventStreams::join(const std::shared_ptr<Stream>& stream) {
  if (stream->closed) return;
  fanout::Subscriber subscriber;
  subscriber.wants = [stream](const SourceId& source) { return stream->wants(source); };
  subscriber.deliver = [stream](const fanout::Event& event) {
    stream->after = event.seq;
    return stream->body->write(event.text) == net::WriteOutcome::over_limit ? fanout::Delivered::full
                                                                            : fanout::Delivered::yes;
  };
  subscriber.on_dropped = [this, stream] {
    stream->subscription.reset();
    drop(stream);
  };
  stream->subscription = context_.hub.events().subscribe(stream->after, std::move(subscriber));
  if (!stream->subscription) catch_up(stream);
}

void EventStreams::catch_up(const std::shared_ptr<Stream>& stream) {
  struct Found {
    Result<Seq> end = 0;
    Result<std::vector<sync::JournalEntry>> entries;
    Result<Seq> first = 0;
  };
  auto found = std::make_shared<Found>();
  context_.hub.read(
      [found, stream](store::Reader& reader) {
        found->end = reader.last_seq();  // before the entries, so that nothing up to it can be missed
        found->entries = reader.journal(stream->source, stream->after, kCatchUpRows);
        found->first = reader.first_seq();  // after them, so that nothing is pruned in between without a word
      },
      [this, found, stream] {
        if (stream->closed) return;
        if (!found->end || !found->entries || !found->first) return drop(stream);
        std::string text;
        Seq reached = stream->after;
        if (*found->first > reached + 1 && *found->end > reached) {
          text = gap_frame(reached + 1, *found->first - 1);
          reached = *found->first - 1;
        }
        bool whole = found->entries->size() < kCatchUpRows;
        for (const sync::JournalEntry& entry : *found->entries) {
          if (text.size() >= kCatchUpBytes) {
            whole = false;  // the rest is read again once this has left
            break;
          }
          reached = entry.seq;
          if (stream->wants(entry.source)) text += hub::event_frame(entry);
        }
        // What lies between the last entry of this source and the end belongs to other sources.
        if (whole) reached = std::max(reached, *found->end);
        // What was not taken must not count as delivered: the reader resumes from what it has.
        if (!text.empty() &&
            stream->body->write(std::make_shared<const std::string>(std::move(text))) != net::WriteOutcome::accepted) {
          return drop(stream);
        }
        stream->after = reached;
        continue_when_drained(stream);
      });
}

// A reader that takes nothing gets nothing more: the next page waits until its buffer is empty.
void EventStreams::continue_when_drained(const std::shared_ptr<Stream>& stream) {
  if (stream->closed) return;
  if (stream->body->pending_bytes() == 0) return join(stream);
  context_.loop.after(std::chrono::milliseconds(20), [this, stream] { continue_when_drained(stream); });
}

void EventStreams::drop(const std::shared_ptr<Stream>& stream) {
  if (stream->closed) return;
  stream->closed = true;
  if (stream->subscription) context_.hub.events().unsubscribe(*stream->subscription);
  stream->body->close();
  open_.remove(stream);
}

void EventStreams::close_all() {
  while (!open_.empty()) drop(open_.front());
}

EventStreams::~EventStreams() {
  close_all();
  if (timer_) context_.loop.cancel(*timer_);
}

// A key that was taken away, a token that has expired, a role that has changed: the stream follows.
bool EventStreams::still_allowed(Stream& stream) const {
  Result<Caller> caller = context_.access.identify(stream.credentials, context_.loop.clock().now());
  if (!caller) return false;
  stream.caller = std::move(*caller);
  return stream.source.empty() || stream.caller.may_read(stream.source);
}

void EventStreams::tick() {
  timer_ = context_.loop.after(kTick, [this] {
    const auto comment = std::make_shared<const std::string>(": still here\n\n");
    const auto streams = open_;  // drop() takes from the list
    for (const auto& stream : streams) {
      if (!still_allowed(*stream)) {
        drop(stream);
      } else if (stream->body->pending_bytes() == 0) {
        stream->body->write(comment);
      }
    }
    timer_.reset();
    if (!open_.empty()) tick();
  });
}

namespace {

void open_stream(Context& context, const std::shared_ptr<Call>& call, const SourceId& source) {
  std::string_view text = call->request.request.headers.get("Last-Event-ID");
  if (text.empty()) text = call->target.parameter("after");
  Seq after = context.hub.events().last_seq();
  if (!text.empty()) {
    after = 0;
    for (const char c : text) {
      if (c < '0' || c > '9' || text.size() > 18) {
        return call->answer(problem({ErrorKind::invalid, "Last-Event-ID is the number of an event", {}}));
      }
      after = after * 10 + static_cast<Seq>(c - '0');
    }
    if (after > context.hub.events().last_seq()) {
      // From another store: what the reader holds is not ours to continue.
      return call->answer(problem(
          {ErrorKind::conflict, "there is no event " + std::to_string(after) + " yet: load the records again", {}}));
    }
  }
  context.streams->open(call, source, after);
}

}  // namespace

void add_event_routes(Router& router, Context& context) {
  router.add({"GET", "/api/v1/sources/{source}/events", Needs::reader,
              [&context](std::shared_ptr<Call> call) { open_stream(context, call, call->source()); }});
  router.add({"GET", "/api/v1/events", Needs::caller,
              [&context](std::shared_ptr<Call> call) { open_stream(context, call, {}); }});
}

}  // namespace lockstep::gateway
