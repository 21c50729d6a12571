#include "gateway/event_streams.hpp"

#include "gateway/feed.hpp"
#include "hub/event_text.hpp"

namespace lockstep::gateway {
namespace {

constexpr std::chrono::seconds kTick{1};     // whether the reader still may
constexpr std::uint64_t kTicksToAlive = 15;  // keep-alive

// P1: entries that the journal has pruned are not passed over in silence.
std::string gap_frame(Seq from, Seq to) {
  return "id: " + std::to_string(to) + "\nevent: gap\ndata: " + to_text(JsonObject{{"from", from}, {"to", to}}) +
         "\n\n";
}

}  // namespace

struct EventStreams::Stream {
  std::shared_ptr<net::BodyStream> body;
  std::shared_ptr<const Identity> identity;
  SourceId source;
  std::shared_ptr<Feed> feed;
  bool closed = false;
};

void EventStreams::open(const std::shared_ptr<Call>& call, const SourceId& source, Seq after) {
  if (context_.hub.events().full()) {
    return call->answer(problem({ErrorKind::exhausted, "too many event streams are open", std::chrono::seconds(5)}));
  }
  auto identity = identities_.identify(Credentials::of(call->request.request.headers));
  if (!identity) return call->answer(problem(identity.error()));
  wire::HttpResponse head;
  head.headers.add("Content-Type", "text/event-stream");
  head.headers.add("Cache-Control", "no-cache");
  head.headers.add("X-Accel-Buffering", "no");
  auto stream = std::make_shared<Stream>();
  stream->body = call->exchange->stream(std::move(head));
  stream->identity = std::move(*identity);
  stream->source = source;
  open_.push_back(stream);
  // The first bytes tell the reader that the stream is up.
  stream->body->write(std::make_shared<const std::string>("retry: 1000\n: lockstep\n\n"));
  stream->body->on_close([this, weak = std::weak_ptr(stream)] {
    if (const auto gone = weak.lock()) drop(gone);
  });
  if (!timer_) tick();
  Feed::Reader reader;
  const auto weak = std::weak_ptr(stream);
  reader.wants = [this, stream = stream.get()](const fanout::Message& one) {
    return stream->identity->shown(context_, one) != nullptr;
  };
  reader.deliver = [this, stream = stream.get()](const fanout::Message& committed) {
    const fanout::Message& message = *stream->identity->shown(context_, committed);
    const wire::Frame text = message.frame("sse", [&] { return wire::Frame::unframed(hub::event_frame(message)); });
    return stream->body->write(text.bytes()) == net::WriteOutcome::over_limit ? fanout::Delivered::full
                                                                              : fanout::Delivered::yes;
  };
  reader.gap = [stream = stream.get()](Seq from, Seq to) {
    stream->body->write(std::make_shared<const std::string>(gap_frame(from, to)));
  };
  reader.pending = [stream = stream.get()] { return stream->body->pending_bytes(); };
  reader.ended = [this, weak] {
    if (const auto slow = weak.lock()) drop(slow);
  };
  reader.when_full = WhenFull::end;
  stream->feed = std::make_shared<Feed>(context_, hub::entry_topic(source), source, Backing::journal,
                                        Position{after, 0}, std::move(reader));
  stream->feed->start();
}

void EventStreams::drop(const std::shared_ptr<Stream>& stream) {
  if (stream->closed) return;
  stream->closed = true;
  stream->feed->stop();
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

void EventStreams::tick() {
  timer_ = context_.loop.after(kTick, [this] {
    const auto comment = std::make_shared<const std::string>(": still here\n\n");
    const bool alive = ++ticks_ % kTicksToAlive == 0;
    const auto streams = open_;  // drop() takes from the list
    for (const auto& stream : streams) {
      const auto& caller = stream->identity->caller;
      // A key that was taken away, a token that has expired, a role that has changed: the stream follows.
      if (!caller || (!stream->source.empty() && !caller->may_see(stream->source))) {
        drop(stream);
      } else if (alive && stream->body->pending_bytes() == 0) {
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
  router.add({"GET", "/api/v1/sources/{source}/events", Needs::reader_of_some,
              [&context](std::shared_ptr<Call> call) { open_stream(context, call, call->source()); }});
  router.add({"GET", "/api/v1/events", Needs::caller,
              [&context](std::shared_ptr<Call> call) { open_stream(context, call, {}); }});
}

}  // namespace lockstep::gateway
