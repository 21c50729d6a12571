#include "bench/support/events.hpp"

#include <sys/socket.h>
#include <unistd.h>

namespace lockstep::bench {

Events::Events(const Address& address, const std::string& target, OnEvent on_event)
    : socket_(connect_to(address)), on_event_(std::move(on_event)) {
  send_all(socket_, "GET " + target + " HTTP/1.1\r\nHost: " + address.host + "\r\nAccept: text/event-stream\r\n\r\n");
  // The first comment of the stream says that it is up.
  std::string text;
  char buffer[4'096];
  while (text.find("\n: ") == std::string::npos) {
    const ssize_t got = recv(socket_, buffer, sizeof buffer, 0);
    if (got <= 0) give_up("no event stream: " + text);
    text.append(buffer, static_cast<std::size_t>(got));
  }
  thread_ = std::thread([this, text = std::move(text)]() mutable { read_all(std::move(text)); });
}

Events::~Events() {
  stopping_ = true;
  shutdown(socket_, SHUT_RDWR);
  thread_.join();
  close(socket_);
}

void Events::read_all(std::string text) {
  std::string buffer(1 << 18, '\0');
  take(text, now_ns());
  for (;;) {
    const ssize_t got = recv(socket_, buffer.data(), buffer.size(), 0);
    if (got <= 0) break;
    const Nanoseconds read_at = now_ns();
    text.append(buffer.data(), static_cast<std::size_t>(got));
    take(text, read_at);
  }
  if (!stopping_) broken_ = true;
}

// Takes whole lines off the front. The lines that transfer encoding puts between are no "data:" lines.
void Events::take(std::string& text, Nanoseconds read_at) {
  std::size_t start = 0;
  for (std::size_t end; (end = text.find('\n', start)) != std::string::npos; start = end + 1) {
    const std::string_view line(text.data() + start, end - start);
    if (line.starts_with("data: ")) on_event_(line.substr(6), read_at);
  }
  text.erase(0, start);
}

std::string_view member_of(std::string_view data, std::string_view key) {
  const std::size_t at = data.find(key);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = data.substr(at + key.size());
  return rest.substr(0, rest.find_first_of("\",}"));
}

}  // namespace lockstep::bench
