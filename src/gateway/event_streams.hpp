// The open event streams (SSE). A stream resumes after any sequence: first from the journal, then from memory, then
// live, without a hole (P1); what the journal has pruned is named by an event `gap`. A reader that is too slow is closed; it resumes with Last-Event-ID. Rights are asked again
// while a stream is open: it narrows or ends with them (P2).
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>

#include "gateway/context.hpp"

namespace lockstep::gateway {

class EventStreams {
 public:
  explicit EventStreams(Context& context) : context_(context) {}
  ~EventStreams();
  EventStreams(const EventStreams&) = delete;
  EventStreams& operator=(const EventStreams&) = delete;

  // Answers with a stream of the events of the sources that the caller may read and `source` allows (empty: all).
  void open(const std::shared_ptr<Call>& call, const SourceId& source, Seq after);
  void close_all();
  std::size_t size() const { return open_.size(); }

 private:
  struct Stream;
  void catch_up(const std::shared_ptr<Stream>& stream);
  void join(const std::shared_ptr<Stream>& stream);
  void continue_when_drained(const std::shared_ptr<Stream>& stream);
  void drop(const std::shared_ptr<Stream>& stream);
  void tick();
  bool still_allowed(Stream& stream) const;

  Context& context_;
  std::list<std::shared_ptr<Stream>> open_;
  std::optional<TimerId> timer_;
};

}  // namespace lockstep::gateway
