#include <gmock/gmock.h>

#include "net/testing/certificate.hpp"
#include "net/testing/loopback.hpp"

namespace lockstep::net {
namespace {

using namespace testing;
using ::testing::HasSubstr;

ServerSettings secured_by(const Certificate& certificate) {
  ServerSettings settings;
  settings.tls = ServerTls{certificate.certificate_file(), certificate.key_file()};
  return settings;
}

ClientSettings trusting(const Certificate& certificate) {
  ClientSettings settings = any_address();
  settings.ca_file = certificate.certificate_file();
  return settings;
}

void echo(ServerRequest request, const std::shared_ptr<Exchange>& exchange) {
  exchange->respond({200, {}, std::move(request.request.body)});
}

ClientRequest post(const std::string& host, std::uint16_t port, std::string body) {
  ClientRequest request;
  request.origin = "https://" + host + ":" + std::to_string(port);
  request.request = {"POST", "/", {}, std::move(body)};
  request.deadline = seconds(5);
  return request;
}

TEST(TlsTest, CarriesRequestsOfAllSizesAndReusesTheConnection) {
  const Certificate certificate("IP:127.0.0.1,DNS:localhost");
  EventLoop loop;
  const auto server = make_server(loop, echo, secured_by(certificate));
  const auto client = make_client(loop, trusting(certificate));
  for (const std::size_t size : {0U, 5U, 100'000U, 1'000'000U}) {
    const std::string body(size, 'x');
    const auto answer = send(loop, *client, post("127.0.0.1", server->port(), body));
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    EXPECT_EQ(answer->body, body);
  }
  EXPECT_EQ(server->stats().connections_accepted, 1U);
  EXPECT_TRUE(send(loop, *client, post("localhost", server->port(), "by name")).has_value());
}

TEST(TlsTest, AnUntrustedCertificateOrAWrongNameIsUnavailableAndNothingIsSent) {
  const Certificate certificate("DNS:other.example");
  EventLoop loop;
  const auto server = make_server(loop, echo, secured_by(certificate));
  const auto stranger = make_client(loop, any_address());
  const auto trusting_client = make_client(loop, trusting(certificate));
  for (HttpClient* client : {stranger.get(), trusting_client.get()}) {
    const auto answer = send(loop, *client, post("127.0.0.1", server->port(), "secret"));
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
    EXPECT_THAT(answer.error().message, HasSubstr("TLS: "));
  }
  EXPECT_EQ(server->stats().requests, 0U);
}

TEST(TlsTest, StreamsAndClosesProperly) {
  const Certificate certificate("IP:127.0.0.1");
  EventLoop loop;
  std::shared_ptr<BodyStream> stream;
  const auto server = make_server(
      loop,
      [&](const ServerRequest&, const std::shared_ptr<Exchange>& exchange) {
        stream = exchange->stream({200, {{"Connection", "close"}}, ""});
        for (int i = 0; i < 100; ++i) stream->write(std::make_shared<const std::string>(1000, 'a'));
        stream->close();
      },
      secured_by(certificate));
  const auto client = make_client(loop, trusting(certificate));
  const auto answer = send(loop, *client, post("127.0.0.1", server->port(), "x"));
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->body, std::string(100'000, 'a'));
  run_until(loop, [&] { return server->stats().connections_open == 0; });
}

TEST(TlsTest, APeerWithoutTlsAndOneThatNeverShakesHandsAreClosed) {
  const Certificate certificate("IP:127.0.0.1");
  ServerSettings settings = secured_by(certificate);
  settings.limits.request_timeout = milliseconds(40);
  EventLoop loop;
  const auto server = make_server(loop, echo, settings);
  const auto plain = RawPeer::connect(server->port());
  plain->send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto silent = RawPeer::connect(server->port());
  run_until(loop, [&] { return plain->closed() && silent->closed(); });
  EXPECT_EQ(server->stats().requests, 0U);
  EXPECT_EQ(server->stats().connections_open, 0U);
}

TEST(TlsTest, BadFilesAreNamed) {
  const Certificate certificate("IP:127.0.0.1");
  const Certificate other("IP:127.0.0.1");
  EventLoop loop;
  ServerSettings settings = secured_by(certificate);
  settings.tls->private_key_file = other.key_file();
  const auto mismatch = HttpServer::listen(loop, settings, echo);
  ASSERT_FALSE(mismatch.has_value());
  EXPECT_EQ(mismatch.error().kind, ErrorKind::invalid);
  settings.tls->certificate_chain_file = "/nowhere.pem";
  const auto missing = HttpServer::listen(loop, settings, echo);
  ASSERT_FALSE(missing.has_value());
  EXPECT_THAT(missing.error().message, HasSubstr("/nowhere.pem"));

  ClientSettings client_settings;
  client_settings.ca_file = "/nowhere.pem";
  const auto client = HttpClient::make(loop, client_settings);
  ASSERT_FALSE(client.has_value());
  EXPECT_EQ(client.error().kind, ErrorKind::invalid);
}

}  // namespace
}  // namespace lockstep::net
