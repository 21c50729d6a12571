#include "tests/support/flaky_proxy.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string_view>

namespace lockstep::tests {
namespace {

constexpr int kLook = 20;  // milliseconds between looks at what is asked for
constexpr std::chrono::milliseconds kDelay{40};
constexpr std::uint64_t kJitter = 200;  // milliseconds
constexpr std::size_t kTrickle = 16 << 10;
constexpr std::size_t kTricklePiece = 1 << 10;
constexpr std::size_t kPiecesMost = 256;  // on one way; then nothing more is read

// What has been seen from load balancers, captive portals, half-deployed services and plain bugs.
const std::vector<std::string>& rubbish() {
  const auto answer = [](std::string_view status, std::string_view type, std::string_view body) {
    return "HTTP/1.1 " + std::string(status) + "\r\nContent-Type: " + std::string(type) +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
  };
  static const std::vector<std::string> all = {
      answer("200 OK", "text/html", "<html><body>Welcome to the hotel's network</body></html>"),
      answer("200 OK", "application/json", ""),
      answer("200 OK", "application/json", "{}"),
      answer("200 OK", "application/json", "[]"),
      answer("200 OK", "application/json", "null"),
      answer("200 OK", "application/json", R"({"contact":null,"contacts":"none"})"),
      answer("200 OK", "application/json", R"({"contact":{"id":7,"email":["a"],"tags":{}}})"),
      answer("200 OK", "application/json", R"({"contact":{"id":"x", "email":)"),
      answer("200 OK", "application/json", std::string(100'000, '[')),
      answer("200 OK", "application/json", "\xff\xfe\x00\x01"),
      answer("201 Created", "application/json", R"({"status":"ok"})"),
      answer("404 Not Found", "text/html", "<html><h1>404 Not Found</h1><hr>nginx</html>"),
      answer("502 Bad Gateway", "text/html", "<html><h1>502 Bad Gateway</h1></html>"),
      answer("503 Service Unavailable", "text/plain", "upstream connect error"),
      "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}",
      "HTTP/9.9 999 \r\n\r\n",
      std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11),
      "",
  };
  return all;
}

sockaddr_in local(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool send_whole(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace

FlakyProxy::FlakyProxy(std::uint16_t upstream, std::uint64_t seed) : upstream_(upstream), random_(seed) { start(); }

FlakyProxy::FlakyProxy(std::string socket_file, std::uint64_t seed)
    : socket_file_(std::move(socket_file)), random_(seed) {
  start();
}

void FlakyProxy::start() {
  if (!listen_again()) throw std::runtime_error("the proxy finds no port");
  thread_ = std::thread([this] { run(); });
}

FlakyProxy::~FlakyProxy() {
  stopping_ = true;
  thread_.join();
  for (Link& link : links_) end(link);
  if (listener_ >= 0) close(listener_);
}

bool FlakyProxy::listen_again() {
  const int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address = local(port_);
  socklen_t size = sizeof address;
  if (bind(made, reinterpret_cast<const sockaddr*>(&address), size) != 0 || listen(made, 128) != 0 ||
      getsockname(made, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    close(made);
    return false;
  }
  port_ = ntohs(address.sin_port);
  listener_ = made;
  return true;
}

void FlakyProxy::end(Link& link) {
  if (link.client >= 0) close(link.client);
  if (link.upstream >= 0) close(link.upstream);
  link = {};
}

int FlakyProxy::call_upstream() const {
  const int made = socket(socket_file_.empty() ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int failed = 0;
  if (socket_file_.empty()) {
    const sockaddr_in address = local(upstream_);
    const int on = 1;
    setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    failed = connect(made, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  } else {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket_file_.c_str(), sizeof address.sun_path - 1);
    failed = connect(made, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  if (failed == 0) return made;
  close(made);
  return -1;
}

void FlakyProxy::accept_one() {
  Link link;
  link.client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (link.client < 0) return;
  const int on = 1;
  setsockopt(link.client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  link.upstream = call_upstream();
  if (link.upstream < 0) return end(link);
  links_.push_back(std::move(link));
}

bool FlakyProxy::from_client(Link& link) {
  char buffer[65536];
  const ssize_t got = recv(link.client, buffer, sizeof buffer, 0);
  if (got <= 0) return false;
  if (trouble_ == Trouble::rubbish) {
    ++spoiled_;
    send_whole(link.client, rubbish()[random_.below(rubbish().size())]);
    link.down.clear();
    return false;
  }
  pass(link.up, {buffer, static_cast<std::size_t>(got)});
  return true;
}

bool FlakyProxy::from_upstream(Link& link) {
  char buffer[65536];
  const ssize_t got = recv(link.upstream, buffer, sizeof buffer, 0);
  if (got <= 0) return false;
  const bool cuts = trouble_ == Trouble::cut && random_.below(2) == 0;
  if (cuts) ++spoiled_;
  pass(link.down, {buffer, cuts ? random_.below(static_cast<std::uint64_t>(got)) : static_cast<std::size_t>(got)});
  return !cuts;
}

void FlakyProxy::pass(std::deque<Piece>& way, std::string bytes) {
  const Time now = std::chrono::steady_clock::now();
  const Time after = way.empty() ? now : std::max(now, way.back().due);
  if (trouble_ == Trouble::delay) {
    ++spoiled_;
    way.push_back(
        {std::move(bytes), std::max(after, now + kDelay + std::chrono::milliseconds(random_.below(kJitter)))});
  } else if (trouble_ == Trouble::trickle) {
    ++spoiled_;
    Time due = after;
    for (std::size_t at = 0; at < bytes.size(); at += kTricklePiece) {
      due += std::chrono::microseconds(1'000'000 * kTricklePiece / kTrickle);
      way.push_back({bytes.substr(at, kTricklePiece), due});
    }
  } else {
    way.push_back({std::move(bytes), after});
  }
}

bool FlakyProxy::arrive(Link& link, Time now) {
  for (auto* way : {&link.up, &link.down}) {
    while (!way->empty() && way->front().due <= now) {
      if (!send_whole(way == &link.up ? link.upstream : link.client, way->front().bytes)) return false;
      way->pop_front();
    }
  }
  return !link.ended || !(link.up.empty() && link.down.empty());
}

bool FlakyProxy::reads(const Link& link, const std::deque<Piece>& way) const {
  return trouble_ != Trouble::stall && !link.ended && way.size() < kPiecesMost;
}

int FlakyProxy::wait_time() const {
  const Time now = std::chrono::steady_clock::now();
  Time until = now + std::chrono::milliseconds(kLook);
  for (const Link& link : links_) {
    for (const auto* way : {&link.up, &link.down}) {
      if (!way->empty()) until = std::min(until, way->front().due);
    }
  }
  return static_cast<int>(std::max<std::int64_t>(0, std::chrono::ceil<std::chrono::milliseconds>(until - now).count()));
}

void FlakyProxy::run() {
  while (!stopping_) {
    if (trouble_ == Trouble::refuse && listener_ >= 0) {
      close(listener_);
      listener_ = -1;
      for (Link& link : links_) end(link);
      spoiled_ += links_.size();
      links_.clear();
    }
    if (trouble_ != Trouble::refuse && listener_ < 0) listen_again();
    std::vector<pollfd> waiting{{listener_, POLLIN, 0}};
    for (const Link& link : links_) {  // a negative descriptor is not looked at
      waiting.push_back({reads(link, link.up) ? link.client : -1, POLLIN, 0});
      waiting.push_back({reads(link, link.down) ? link.upstream : -1, POLLIN, 0});
    }
    if (poll(waiting.data(), waiting.size(), wait_time()) < 0) continue;
    if (trouble_ == Trouble::stall && !links_.empty()) ++spoiled_;
    for (std::size_t i = 0; i < links_.size(); ++i) {
      Link& link = links_[i];
      if (waiting[1 + 2 * i].revents != 0 && !from_client(link)) link.ended = true;
      if (!link.ended && waiting[2 + 2 * i].revents != 0 && !from_upstream(link)) link.ended = true;
      if (trouble_ == Trouble::stall) continue;
      if (!arrive(link, std::chrono::steady_clock::now())) end(link);
    }
    std::erase_if(links_, [](const Link& link) { return link.client < 0; });
    if (listener_ >= 0 && waiting[0].revents != 0) accept_one();
  }
}

}  // namespace lockstep::tests
