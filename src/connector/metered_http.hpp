// The HttpPort of one credential at one remote: every metered call waits here until the quota allows it, class by class.
//
// Owns the waiting calls; uses the quota, the transport and the loop, all of which outlive it. Systems with the same
// credential share the port, not only the quota: who waits since when must be known in one place. Called on the
// loop's thread. Does not retry: what to do about an outcome is the dispatcher's decision.
#pragma once

#include <array>
#include <list>

#include "base/log.hpp"
#include "base/loop.hpp"
#include "connector/ports.hpp"
#include "connector/quota.hpp"

namespace lockstep::connector {

// Sends one request to the origin and reads the answer, within the deadline. Errors: `unavailable` was certainly not
// applied, `maybe_applied` may have been. The application adapts net's client to it.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual Task<Result<wire::HttpResponse>> send(wire::HttpRequest request, std::chrono::milliseconds deadline) = 0;
};

class MeteredHttp final : public HttpPort {
 public:
  MeteredHttp(Transport& transport, Quota& quota, Loop& loop, Log& log);
  MeteredHttp(const MeteredHttp&) = delete;
  MeteredHttp& operator=(const MeteredHttp&) = delete;
  ~MeteredHttp() override;

  // Waits for quota up to the call's deadline, then sends with the whole deadline again: a call that got its turn
  // late must not end as `maybe_applied` for want of time. `exhausted` when too many calls of the class wait.
  Task<Result<wire::HttpResponse>> send(HttpCall call) override;

  // Calls that wait end with `unavailable`, and so does every later one. Those on their way run to their end.
  void close();

  std::size_t waiting() const;
  std::size_t in_flight() const { return in_flight_; }

 private:
  using Granted = Result<std::optional<Quota::Ticket>>;  // nullopt: not metered
  struct Waiter {
    Duration since;
    Duration expires;
    Completion<Granted>::Done done;
  };

  std::list<Waiter>& queue(WorkClass work) { return queues_[static_cast<std::size_t>(work)]; }
  void enter(WorkClass work, std::chrono::milliseconds deadline, Completion<Granted>::Done done);
  // Lets go whoever may go, ends whoever waited too long, and sets the timer for the next time.
  void pump();
  bool grant_next(Duration now);
  void expire(Duration now);
  void arm(Duration now);
  void tell_quota(WorkClass work);
  void report(const wire::HttpResponse& response, const QuotaSigns& signs);

  Transport& transport_;
  Quota& quota_;
  Loop& loop_;
  Log& log_;
  std::array<std::list<Waiter>, kWorkClasses> queues_;
  std::size_t in_flight_ = 0;
  std::optional<TimerId> timer_;
  bool pumping_ = false;
  bool closed_ = false;
};

}  // namespace lockstep::connector
