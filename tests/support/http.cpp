#include "tests/support/http.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>

namespace lockstep::tests {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

HttpReply parse_head(std::string_view head) {
  HttpReply reply;
  if (head.size() >= 12) reply.status = static_cast<unsigned>(std::stoul(std::string(head.substr(9, 3))));
  std::size_t at = head.find('\n');
  while (at != std::string_view::npos && at + 1 < head.size()) {
    const std::size_t end = std::min(head.find('\n', at + 1), head.size());
    const std::string_view line = head.substr(at + 1, end - at - 1);
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos) reply.headers[lower(line.substr(0, colon))] = trim(line.substr(colon + 1));
    at = end == head.size() ? std::string_view::npos : end;
  }
  return reply;
}

}  // namespace

std::string HttpReply::header(const std::string& name) const {
  const auto at = headers.find(name);
  return at == headers.end() ? "" : at->second;
}

Json HttpReply::json() const {
  const auto value = parse_json(body, {.bytes_limit = std::size_t{64} << 20});
  return value ? *value : Json();
}

bool HttpConnection::open() {
  if (socket_ >= 0) return true;
  received_.clear();
  const int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (made < 0) return false;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(made);
    return false;
  }
  socket_ = made;
  return true;
}

void HttpConnection::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

bool HttpConnection::send(std::string_view bytes) {
  if (!open()) return false;
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::optional<HttpReply> HttpConnection::read(std::chrono::milliseconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  for (;;) {
    const std::size_t head = received_.find("\r\n\r\n");
    if (head != std::string::npos) {
      HttpReply reply = parse_head(std::string_view(received_).substr(0, head));
      const std::string length = reply.header("content-length");
      const std::size_t body = length.empty() ? 0 : std::stoull(length);
      if (received_.size() >= head + 4 + body) {
        reply.body = received_.substr(head + 4, body);
        received_.erase(0, head + 4 + body);
        if (lower(reply.header("connection")) == "close") close();
        return reply;
      }
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd waiting{socket_, POLLIN, 0};
    if (socket_ < 0 || left.count() <= 0 || poll(&waiting, 1, static_cast<int>(left.count())) <= 0) break;
    char buffer[65536];
    const ssize_t got = recv(socket_, buffer, sizeof buffer, 0);
    if (got <= 0) break;
    received_.append(buffer, static_cast<std::size_t>(got));
  }
  close();  // what comes later would be taken for the answer of the next call
  return std::nullopt;
}

std::optional<HttpReply> HttpConnection::call(std::string_view method, std::string_view target, std::string_view body,
                                              const Headers& headers, std::chrono::milliseconds deadline) {
  std::string text = std::string(method) + " " + std::string(target) +
                     " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port_) + "\r\n";
  for (const auto& [name, value] : headers) text += name + ": " + value + "\r\n";
  if (!body.empty() && !headers.contains("Content-Type")) text += "Content-Type: application/json\r\n";
  if (!body.empty() || method != "GET") text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  text += "\r\n";
  text += body;
  if (socket_ >= 0) {
    // The peer may have closed an idle connection: that is seen before anything is sent.
    char byte = 0;
    const ssize_t seen = recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (seen == 0 || (seen < 0 && errno != EAGAIN)) close();
  }
  if (!send(text) && socket_ < 0) return std::nullopt;  // refused; a reset in the middle may still have been answered
  return read(deadline);
}

}  // namespace lockstep::tests
