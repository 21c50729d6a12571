#include "bench/webhooks/load.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <memory>
#include <span>
#include <thread>

#include "bench/support/events.hpp"

namespace lockstep::bench {
namespace {

// When each message left and when its event came; written by two threads, read when both are done.
struct Times {
  explicit Times(std::size_t count) : sent(count), seen(count) {}
  std::vector<std::atomic<Nanoseconds>> sent;
  std::vector<std::atomic<Nanoseconds>> seen;
  std::atomic<std::size_t> suppressed = 0;
};

// Events say whose change they tell: the contact and its version, which numbers the message.
void note_event(const Messages& messages, Times& times, std::string_view data, Nanoseconds read_at) {
  if (data.find("\"system\":\"crm\"") == std::string_view::npos ||
      data.find("\"via\":\"webhook\"") == std::string_view::npos)
    return;
  const std::string_view version_text = member_of(data, "\"version\":");
  std::uint64_t version = 0;
  std::from_chars(version_text.data(), version_text.data() + version_text.size(), version);
  const std::uint64_t index = version - messages.first_version();
  if (version < messages.first_version() || index >= messages.size()) return;
  if (member_of(data, "\"external_id\":\"") != messages.contact(index)) return;
  if (data.find("\"disposition\":\"suppressed\"") != std::string_view::npos) ++times.suppressed;
  Nanoseconds none = 0;
  times.seen[index].compare_exchange_strong(none, read_at);
}

class Connections {
 public:
  Connections(const Address& server, std::size_t count, const Messages& messages, Times& times)
      : messages_(messages), times_(times), epoll_(epoll_create1(EPOLL_CLOEXEC)), open_(count) {
    for (std::size_t i = 0; i < count; ++i) {
      open_[i].socket = connect_to(server);
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u64 = i;
      epoll_ctl(epoll_, EPOLL_CTL_ADD, open_[i].socket, &event);
      idle_.push_back(i);
    }
  }
  ~Connections() {
    for (const Connection& one : open_) close(one.socket);
    close(epoll_);
  }
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  bool has_idle() const { return !idle_.empty(); }
  bool all_idle() const { return idle_.size() == open_.size(); }

  void send(std::size_t message, Nanoseconds counts_from) {
    Connection& to = open_[idle_.back()];
    idle_.pop_back();
    to.message = message;
    times_.sent[message].store(counts_from);
    send_all(to.socket, messages_.request(message));
  }

  void take_answers(std::chrono::nanoseconds wait) {
    epoll_event events[64];
    const timespec limit{0, std::max<Nanoseconds>(0, wait.count())};
    const int ready = epoll_pwait2(epoll_, events, 64, &limit, nullptr);
    for (int i = 0; i < ready; ++i) take_answer(events[i].data.u64);
  }

  std::vector<Nanoseconds> answered;
  std::size_t accepted = 0, refused = 0;

 private:
  struct Connection {
    int socket = -1;
    std::size_t message = 0;
    std::string text;
  };

  void take_answer(std::size_t which) {
    Connection& from = open_[which];
    char buffer[4'096];
    const ssize_t got = recv(from.socket, buffer, sizeof buffer, 0);
    if (got <= 0) give_up("the server closed a connection");
    from.text.append(buffer, static_cast<std::size_t>(got));
    const std::size_t head = from.text.find("\r\n\r\n");
    if (head == std::string::npos) return;
    if (from.text.size() < head + 4 + body_length(from.text.substr(0, head))) return;
    answered.push_back(now_ns() - times_.sent[from.message].load());
    ++(from.text[9] == '2' ? accepted : refused);
    from.text.clear();
    idle_.push_back(which);
  }

  static std::size_t body_length(std::string head) {
    std::ranges::transform(head, head.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    const std::size_t at = head.find("content-length: ");
    return at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
  }

  const Messages& messages_;
  Times& times_;
  int epoll_;
  std::vector<Connection> open_;
  std::vector<std::size_t> idle_;
};

}  // namespace

LoadResult run_load(const Address& server, const std::string& events_target, const Messages& messages,
                    const LoadPlan& plan) {
  Times times(messages.size());
  Events events(server, events_target,
                [&](std::string_view data, Nanoseconds read_at) { note_event(messages, times, data, read_at); });
  Connections connections(server, plan.connections, messages, times);
  const Nanoseconds start = now_ns();
  const Nanoseconds end = start + std::chrono::nanoseconds(plan.time).count();
  std::size_t next = 0;
  const auto due = [&](std::size_t message) {
    return plan.rate_per_second == 0
               ? start
               : start + static_cast<Nanoseconds>(static_cast<double>(message) * 1e9 / plan.rate_per_second);
  };
  Nanoseconds now = start;
  while (now < end && next < messages.size()) {
    while (connections.has_idle() && next < messages.size() && due(next) <= now) {
      connections.send(next, plan.rate_per_second == 0 ? now_ns() : due(next));
      ++next;
    }
    const bool waits_for_time = plan.rate_per_second != 0 && connections.has_idle() && next < messages.size();
    connections.take_answers(std::chrono::nanoseconds(
        waits_for_time ? std::min<Nanoseconds>(due(next) - now_ns(), 100'000'000) : 100'000'000));
    now = now_ns();
  }
  const double seconds = static_cast<double>(now_ns() - start) / 1e9;
  LoadResult result;
  result.accepted_per_second = static_cast<double>(connections.accepted) / seconds;
  while (!connections.all_idle()) connections.take_answers(std::chrono::milliseconds(100));
  // The last events may be on their way.
  const auto missing = [&] {
    return std::ranges::count_if(std::span(times.seen).first(next), [](const auto& seen) { return seen.load() == 0; });
  };
  for (int i = 0; i < 100 && missing() > 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));

  std::vector<Nanoseconds> delays;
  for (std::size_t i = 0; i < next; ++i) {
    if (const Nanoseconds seen = times.seen[i].load(); seen != 0) delays.push_back(seen - times.sent[i].load());
  }
  result.accepted = connections.accepted;
  result.refused = connections.refused;
  result.events = delays.size();
  result.suppressed = times.suppressed;
  result.resumed = events.resumed();
  result.answer = percentiles(std::move(connections.answered));
  result.event = percentiles(std::move(delays));
  return result;
}

}  // namespace lockstep::bench
