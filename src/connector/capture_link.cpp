#include "connector/capture_link.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/assert.hpp"

namespace lockstep::connector {

CaptureLink::CaptureLink(Executor& loop, CaptureSink& sink)
    : loop_(loop), sink_(&sink), wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  LOCKSTEP_ASSERT(wake_fd_ >= 0, "an event descriptor is one of a few per process");
}

CaptureLink::~CaptureLink() { close(wake_fd_); }

void CaptureLink::stop() {
  sink_ = nullptr;
  stopping_ = true;
  wake();
}

void CaptureLink::wake() {
  const std::uint64_t one = 1;
  // It fails only when the counter is full, and then the descriptor is readable anyway.
  [[maybe_unused]] const auto written = write(wake_fd_, &one, sizeof one);
}

void CaptureLink::acknowledge(Ack ack) {
  const std::lock_guard lock(mutex_);
  acks_.push_back(ack);
  wake();
}

void CaptureLink::deliver(std::uint64_t delivery, std::vector<sync::Change> changes) {
  loop_.post([self = shared_from_this(), delivery, changes = std::move(changes)]() mutable {
    if (self->sink_ == nullptr) return;
    auto durable = [self, delivery](Result<void> result) { self->acknowledge({delivery, result.has_value()}); };
    self->sink_->deliver(std::move(changes), std::move(durable));
  });
}

void CaptureLink::lost(std::uint64_t delivery, std::string reason) {
  loop_.post([self = shared_from_this(), delivery, reason = std::move(reason)]() mutable {
    if (self->sink_ == nullptr) return;
    auto durable = [self, delivery](Result<void> result) { self->acknowledge({delivery, result.has_value()}); };
    self->sink_->lost(std::move(reason), std::move(durable));
  });
}

void CaptureLink::status(std::string text) {
  if (text == last_status_) return;
  last_status_ = text;
  loop_.post([self = shared_from_this(), text = std::move(text)]() mutable {
    if (self->sink_ != nullptr) self->sink_->status(std::move(text));
  });
}

std::vector<Ack> CaptureLink::take_acks() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto read_bytes = read(wake_fd_, &count, sizeof count);  // fails when nothing has been said
  const std::lock_guard lock(mutex_);
  return std::exchange(acks_, {});
}

CaptureLink::Woke CaptureLink::wait(int socket, std::chrono::milliseconds time) {
  pollfd fds[2] = {{wake_fd_, POLLIN, 0}, {socket, POLLIN, 0}};
  const int ready = poll(fds, socket < 0 ? 1 : 2, static_cast<int>(time.count()));
  if (ready <= 0) return Woke::by_time;
  return fds[0].revents != 0 ? Woke::by_link : Woke::by_socket;
}

}  // namespace lockstep::connector
