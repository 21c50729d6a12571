// The open event streams (SSE): a Feed each. A reader that is too slow is closed; it resumes with Last-Event-ID. Rights
// are asked again while a stream is open: it narrows or ends with them (P2).
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>

#include "gateway/context.hpp"
#include "gateway/identities.hpp"

namespace lockstep::gateway {

class EventStreams {
 public:
  EventStreams(Context& context, Identities& identities) : context_(context), identities_(identities) {}
  ~EventStreams();
  EventStreams(const EventStreams&) = delete;
  EventStreams& operator=(const EventStreams&) = delete;

  // Answers with a stream of the events of the sources that the caller may read and `source` allows (empty: all).
  void open(const std::shared_ptr<Call>& call, const SourceId& source, Seq after);
  void close_all();
  std::size_t size() const { return open_.size(); }

 private:
  struct Stream;
  void drop(const std::shared_ptr<Stream>& stream);
  void tick();

  Context& context_;
  Identities& identities_;
  std::list<std::shared_ptr<Stream>> open_;
  std::uint64_t ticks_ = 0;
  std::optional<TimerId> timer_;
};

}  // namespace lockstep::gateway
