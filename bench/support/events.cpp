#include "bench/support/events.hpp"

#include <sys/socket.h>
#include <unistd.h>

namespace lockstep::bench {

Events::Events(Address address, std::string target, OnEvent on_event)
    : address_(std::move(address)), target_(std::move(target)), on_event_(std::move(on_event)) {
  thread_ = std::thread([this, text = open()]() mutable { read_all(std::move(text)); });
}

std::string Events::open() {
  socket_ = connect_to(address_);
  const std::string resume = last_id_.empty() ? "" : "Last-Event-ID: " + last_id_ + "\r\n";
  send_all(socket_, "GET " + target_ + " HTTP/1.1\r\nHost: " + address_.host + "\r\nAccept: text/event-stream\r\n" +
                        resume + "\r\n");
  // The first comment of the stream says that it is up.
  std::string text;
  char buffer[4'096];
  while (text.find("\n: ") == std::string::npos) {
    const ssize_t got = recv(socket_, buffer, sizeof buffer, 0);
    if (got <= 0 && stopping_) return {};
    if (got <= 0) give_up("no event stream: " + text);
    text.append(buffer, static_cast<std::size_t>(got));
  }
  return text;
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
    const ssize_t got = ended_ ? 0 : recv(socket_, buffer.data(), buffer.size(), 0);
    if (got <= 0) {
      if (stopping_) return;
      ++resumed_;
      close(socket_);
      ended_ = false;
      text = open();
      if (stopping_) return;
      take(text, now_ns());
      continue;
    }
    const Nanoseconds read_at = now_ns();
    text.append(buffer.data(), static_cast<std::size_t>(got));
    take(text, read_at);
  }
}

// Takes whole lines off the front. Of the lines that transfer encoding puts between, a lonely 0 is the last.
void Events::take(std::string& text, Nanoseconds read_at) {
  std::size_t start = 0;
  for (std::size_t end; (end = text.find('\n', start)) != std::string::npos; start = end + 1) {
    const std::string_view line(text.data() + start, end - start);
    if (line == "0\r") ended_ = true;
    if (line.starts_with("id: ")) last_id_ = line.substr(4);
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
