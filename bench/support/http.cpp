#include "bench/support/http.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "bench/support/machine.hpp"

namespace lockstep::bench {

Address Address::of(const std::string& origin) {
  const std::size_t start = origin.find("://") + 3;
  const std::size_t colon = origin.find(':', start);
  return {origin.substr(start, colon - start), static_cast<std::uint16_t>(std::stoul(origin.substr(colon + 1)))};
}

std::string Address::origin() const { return "http://" + host + ":" + std::to_string(port); }

int connect_to(const Address& address) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(address.port);
  inet_pton(AF_INET, address.host.c_str(), &to.sin_addr);
  sockaddr general{};
  std::memcpy(&general, &to, sizeof general);
  if (connect(socket, &general, sizeof to) != 0) give_up("cannot connect to " + address.origin());
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

void send_all(int socket, const std::string& bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t sent = send(socket, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
    if (sent <= 0) give_up("a connection broke while sending");
    at += static_cast<std::size_t>(sent);
  }
}

Answer call(const Address& address, const std::string& method, const std::string& target, const std::string& body) {
  const int socket = connect_to(address);
  send_all(socket, method + " " + target + " HTTP/1.1\r\nHost: " + address.host +
                       "\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: " +
                       std::to_string(body.size()) + "\r\n\r\n" + body);
  std::string text;
  char buffer[65'536];
  for (ssize_t got; (got = recv(socket, buffer, sizeof buffer, 0)) > 0;)
    text.append(buffer, static_cast<std::size_t>(got));
  close(socket);
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string::npos) give_up(method + " " + target + " was not answered");
  return {static_cast<unsigned>(std::stoul(text.substr(9, 3))), text.substr(end + 4)};
}

Json call_json(const Address& address, const std::string& method, const std::string& target, const std::string& body) {
  const Answer answer = call(address, method, target, body);
  if (answer.status / 100 != 2)
    give_up(method + " " + target + ": " + std::to_string(answer.status) + " " + answer.body);
  if (answer.body.empty()) return nullptr;
  auto json = parse_json(answer.body, {64u << 20, 64});
  if (!json) give_up(target + ": " + json.error().message);
  return std::move(*json);
}

}  // namespace lockstep::bench
