#include "tests/support/flaky_proxy.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <string_view>

namespace lockstep::tests {
namespace {

constexpr int kLook = 20;  // milliseconds between looks at what is asked for

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

FlakyProxy::FlakyProxy(std::uint16_t upstream, std::uint64_t seed) : upstream_(upstream), random_(seed) {
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

void FlakyProxy::accept_one() {
  Link link;
  link.client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  link.upstream = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = local(upstream_);
  const int on = 1;
  setsockopt(link.client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(link.upstream, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (link.client < 0 || connect(link.upstream, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    end(link);
    return;
  }
  links_.push_back(link);
}

bool FlakyProxy::from_client(Link& link) {
  char buffer[65536];
  const ssize_t got = recv(link.client, buffer, sizeof buffer, 0);
  if (got <= 0) return false;
  if (trouble_ == Trouble::rubbish) {
    ++spoiled_;
    send_whole(link.client, rubbish()[random_.below(rubbish().size())]);
    return false;
  }
  return send_whole(link.upstream, {buffer, static_cast<std::size_t>(got)});
}

bool FlakyProxy::from_upstream(Link& link) {
  char buffer[65536];
  const ssize_t got = recv(link.upstream, buffer, sizeof buffer, 0);
  if (got <= 0) return false;
  if (trouble_ == Trouble::cut && random_.below(2) == 0) {
    ++spoiled_;
    send_whole(link.client, {buffer, random_.below(static_cast<std::uint64_t>(got))});
    return false;
  }
  return send_whole(link.client, {buffer, static_cast<std::size_t>(got)});
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
    for (const Link& link : links_) {
      waiting.push_back({link.client, POLLIN, 0});
      waiting.push_back({link.upstream, POLLIN, 0});
    }
    if (poll(waiting.data(), waiting.size(), kLook) <= 0) continue;
    for (std::size_t i = 0; i < links_.size(); ++i) {
      const bool lives = (waiting[1 + 2 * i].revents == 0 || from_client(links_[i])) &&
                         (waiting[2 + 2 * i].revents == 0 || from_upstream(links_[i]));
      if (!lives) end(links_[i]);
    }
    std::erase_if(links_, [](const Link& link) { return link.client < 0; });
    if (listener_ >= 0 && waiting[0].revents != 0) accept_one();
  }
}

}  // namespace lockstep::tests
