// Connections that are slow, silent or too many take neither the server's time nor its descriptors from others: while
// they go on, an ordinary call and a webhook are served as always, and what they held is free again afterwards (O3).
#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "tests/support/installation.hpp"

namespace lockstep::tests {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kConnections = 400;
constexpr std::size_t kPerAddress = 250;
constexpr std::size_t kRefused = 256;  // that the server keeps for a moment, to answer 429
#ifdef __SANITIZE_ADDRESS__
constexpr std::uint64_t kGrowthKib = (96 + 256) << 10;  // it holds 256 MiB of freed memory back
#else
constexpr std::uint64_t kGrowthKib = 96 << 10;
#endif
constexpr milliseconds kServed = seconds(2);  // what a person still takes for an answer

// One connection from an address of its own choice, without manners and without waiting.
class Intruder {
 public:
  Intruder(std::uint16_t port, const char* from, int receive_buffer = 0) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (receive_buffer > 0) ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
    sockaddr_in own = address(from, 0);
    const sockaddr_in server = address("127.0.0.1", port);
    connected_ = ::bind(socket_, reinterpret_cast<const sockaddr*>(&own), sizeof(own)) == 0 &&
                 ::connect(socket_, reinterpret_cast<const sockaddr*>(&server), sizeof(server)) == 0;
    ::fcntl(socket_, F_SETFL, ::fcntl(socket_, F_GETFL) | O_NONBLOCK);
  }
  ~Intruder() { ::close(socket_); }
  Intruder(const Intruder&) = delete;
  Intruder& operator=(const Intruder&) = delete;

  bool connected() const { return connected_; }
  void send(std::string_view bytes) {
    ended_ = ended_ || ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == 0;
  }

  // Takes what has come; whether the server has closed.
  bool closed() {
    std::array<char, 4096> bytes{};
    while (!ended_) {
      const ssize_t got = ::recv(socket_, bytes.data(), bytes.size(), 0);
      if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return false;
      if (got <= 0) ended_ = true;
      if (got > 0) received_.append(bytes.data(), static_cast<std::size_t>(got));
    }
    return true;
  }
  const std::string& received() const { return received_; }

 private:
  static sockaddr_in address(const char* text, std::uint16_t port) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(port);
    ::inet_pton(AF_INET, text, &out.sin_addr);
    return out;
  }

  int socket_ = -1;
  bool connected_ = false;
  bool ended_ = false;
  std::string received_;
};

using Crowd = std::vector<std::unique_ptr<Intruder>>;

class Flood : public testing::Test {
 protected:
  void SetUp() override {
    installation.server.settings =
        fmt::format("limits: {{connections: {}, connections_per_address: {}}}", kConnections, kPerAddress);
    installation.server.write_config();
    ASSERT_TRUE(installation.start()) << installation.unsettled();
    person = installation.pairs().front();
    expect_served("before");
    files_before = files();
    memory_before = installation.server.process().resident_kib();
  }

  std::size_t files() {
    const auto all =
        std::filesystem::directory_iterator(fmt::format("/proc/{}/fd", installation.server.process().id()));
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }

  void add(Crowd& crowd, std::size_t count, const char* from, std::string_view bytes, int receive_buffer = 0) const {
    for (std::size_t i = 0; i < count; ++i) {
      crowd.push_back(std::make_unique<Intruder>(installation.server.port(), from, receive_buffer));
      if (!bytes.empty()) crowd.back()->send(bytes);
    }
  }

  // A new connection's call, and a person's edit in the CRM that reaches the database by a webhook.
  void expect_served(const char* when) {
    const auto start = Clock::now();
    HttpConnection connection(installation.server.port());
    const auto reply = connection.call("GET", "/api/v1/sources/main/status");
    const auto answered = Clock::now();
    ASSERT_TRUE(reply) << when;
    EXPECT_EQ(reply->status, 200U) << when;
    const std::string name = fmt::format("Served {}", ++served);
    ASSERT_TRUE(installation.crm.edit(person.crm_id, {{"firstName", name}}));
    EXPECT_TRUE(eventually(seconds(20), [&] {
      return installation.db().number("SELECT count(*) FROM contacts WHERE id = ? AND first_name = ?",
                                      {person.db_id, name}) == 1;
    })) << when;
    const auto call = std::chrono::duration_cast<milliseconds>(answered - start);
    const auto webhook = std::chrono::duration_cast<milliseconds>(Clock::now() - answered);
    EXPECT_LT(call, kServed) << when;
    EXPECT_LT(webhook, kServed) << when;
    call_most = std::max(call_most, call);
    webhook_most = std::max(webhook_most, webhook);
    memory_most = std::max(memory_most, installation.server.process().resident_kib());
    files_most = std::max(files_most, files());
  }

  static std::size_t closed(const Crowd& crowd) {
    return static_cast<std::size_t>(std::ranges::count_if(crowd, [](const auto& one) { return one->closed(); }));
  }

  void expect_bounded(std::string_view what) {
    print_numbers(
        fmt::format("{}: a call at most {} ms, a webhook to the database at most {} ms; {} files before, {} at "
                    "most; memory {} MiB before, {} MiB at most",
                    what, call_most.count(), webhook_most.count(), files_before, files_most, memory_before >> 10,
                    memory_most >> 10));
    EXPECT_LE(files_most, files_before + kConnections + kRefused + 20);
    EXPECT_LE(memory_most, memory_before + kGrowthKib);
  }

  void expect_released() {
    EXPECT_TRUE(eventually(seconds(10), [&] { return files() <= files_before + 8; }))
        << files() << " files, " << files_before << " before";
  }

  Installation installation{{.contacts = 5}};
  Installation::Pair person;
  int served = 0;
  std::size_t files_before = 0, files_most = 0;
  std::uint64_t memory_before = 0, memory_most = 0;
  milliseconds call_most{0}, webhook_most{0};
};

constexpr std::string_view kHalfHead = "POST /hooks/main/crm HTTP/1.1\r\nHost: x\r\nX-Slow: ";
constexpr std::string_view kHalfBody = "POST /hooks/main/crm HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{";

TEST_F(Flood, SlowAndSilentConnectionsFromManyAddressesAreCutOffInTheirTime) {
  Crowd dripping, unread, silent;
  add(dripping, 60, "127.0.0.2", kHalfHead);
  add(dripping, 60, "127.0.0.3", kHalfBody);
  add(dripping, 30, "127.0.0.4", "POST /hooks/main/crm HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  // Asks for more than the system's buffers hold, and reads none of it.
  std::string many;
  for (int i = 0; i < 2'000; ++i) many += "GET /detail.js HTTP/1.1\r\nHost: x\r\n\r\n";
  add(unread, 40, "127.0.0.5", many, 2048);
  add(silent, 60, "127.0.0.6", "");
  const auto start = Clock::now();
  std::size_t round = 0;
  while (closed(dripping) < dripping.size() && Clock::now() - start < seconds(40)) {
    ++round;
    for (std::size_t i = 0; i < dripping.size(); ++i)
      dripping[i]->send(i < 120 ? "x" : round % 2 == 0 ? "x\r\n" : "1\r\n");
    expect_served("while others drip");
    pause(milliseconds(300));
  }
  const auto held = std::chrono::duration_cast<seconds>(Clock::now() - start);
  EXPECT_EQ(closed(dripping), dripping.size());
  EXPECT_LT(held, seconds(25)) << "the time for one request is 15 s";
  for (const auto& one : dripping) EXPECT_TRUE(one->received().starts_with("HTTP/1.1 408")) << one->received();
  EXPECT_TRUE(eventually(seconds(5), [&] { return closed(silent) == silent.size(); }))
      << "who says nothing is not kept longer than who is slow";
  // Who reads nothing is given 30 s; what is kept for him meanwhile is bounded.
  EXPECT_TRUE(eventually(seconds(30), [&] { return files() <= files_before + 8; }))
      << files() << " files, " << files_before << " before";
  expect_served("afterwards");
  expect_bounded(fmt::format("250 slow, silent and deaf connections, the slow ones held {} s", held.count()));
}

TEST_F(Flood, MoreConnectionsThanAllowedFromOneAddressLeaveRoomForOthers) {
  Crowd crowd;
  const auto start = Clock::now();
  while (Clock::now() - start < seconds(6)) {
    // Beyond the limits connections are closed at once: the crowd comes again and again.
    std::erase_if(crowd, [](const auto& one) { return one->closed(); });
    if (crowd.size() < 3 * kConnections) add(crowd, 200, "127.0.0.2", kHalfHead);
    expect_served("while one address takes what it can get");
  }
  EXPECT_GE(files_most, files_before + kPerAddress) << "the limit was reached";
  EXPECT_LE(files_most, files_before + kPerAddress + kRefused + 20) << "and no more was given";
  crowd.clear();
  expect_released();
  expect_bounded("one address with all connections that it could open");

  // Told so, with a time to come back, as long as there is room for telling.
  Crowd polite;
  add(polite, kPerAddress + 10, "127.0.0.3", "");
  add(polite, 5, "127.0.0.3", "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(eventually(seconds(5), [&] {
    return std::all_of(polite.end() - 5, polite.end(), [](const auto& one) { return one->closed(); });
  }));
  for (auto one = polite.end() - 5; one != polite.end(); ++one) {
    EXPECT_TRUE((*one)->received().starts_with("HTTP/1.1 429")) << (*one)->received();
    EXPECT_NE((*one)->received().find("Retry-After: "), std::string::npos);
  }
  polite.clear();
  expect_released();
  expect_served("afterwards");
}

// Idle connections are worth keeping; many of them must not keep others out.
TEST_F(Flood, IdleConnectionsAreKeptAndHarmNobody) {
  Crowd idle;
  for (const char* from : {"127.0.0.2", "127.0.0.3", "127.0.0.4"})
    add(idle, 120, from, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  for (int i = 0; i < 10; ++i) expect_served("beside 360 idle connections");
  EXPECT_EQ(closed(idle), 0U);
  for (const auto& one : idle) one->send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(eventually(seconds(10), [&] {
    return std::ranges::all_of(idle, [](const auto& one) {
      return !one->closed() && one->received().find("HTTP/1.1 200", 20) != std::string::npos;
    });
  }));
  idle.clear();
  expect_released();
  expect_bounded("360 idle connections");
}

}  // namespace
}  // namespace lockstep::tests
