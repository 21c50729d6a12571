#include "app/commands/http_transport.hpp"

#include <fmt/format.h>

#include "base/assert.hpp"
#include "net/event_loop.hpp"
#include "net/http_client.hpp"

namespace lockstep::app {
namespace {

constexpr std::size_t answer_bytes_limit = 16 << 20;

}  // namespace

Result<ServerAddress> parse_server_address(const std::string& url) {
  const auto scheme = url.find("://");
  const std::string name = url.substr(0, scheme);
  if (scheme == std::string::npos || (name != "http" && name != "https")) {
    return fail(ErrorKind::invalid, fmt::format("\"{}\" is no URL such as http://127.0.0.1:8080", url));
  }
  const auto slash = url.find('/', scheme + 3);
  ServerAddress address{url.substr(0, slash), slash == std::string::npos ? "" : url.substr(slash)};
  if (address.origin.size() == scheme + 3) return fail(ErrorKind::invalid, fmt::format("\"{}\" names no host", url));
  while (address.path.ends_with('/')) address.path.pop_back();
  return address;
}

struct HttpTransport::Impl {
  net::EventLoop loop;
  std::unique_ptr<net::HttpClient> client;
  std::string origin;
  TaskScope tasks;

  Task<void> exchange(net::ClientRequest request, std::optional<Result<wire::HttpResponse>>* answer) {
    auto response = co_await client->send(std::move(request));
    answer->emplace(std::move(response));
    loop.stop();
  }
};

HttpTransport::HttpTransport(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpTransport::~HttpTransport() = default;

Result<std::unique_ptr<HttpTransport>> HttpTransport::make(const std::string& origin) {
  auto impl = std::make_unique<Impl>();
  impl->origin = origin;
  // A person named this address: it may be on this machine.
  net::ClientSettings settings;
  settings.reach = net::AddressReach::any;
  auto client = net::HttpClient::make(impl->loop, std::move(settings));
  if (!client) return fail(client.error());
  impl->client = std::move(*client);
  return std::unique_ptr<HttpTransport>(new HttpTransport(std::move(impl)));
}

Result<wire::HttpResponse> HttpTransport::send(wire::HttpRequest request) {
  net::ClientRequest call;
  call.origin = impl_->origin;
  call.request = std::move(request);
  call.response_bytes_limit = answer_bytes_limit;
  std::optional<Result<wire::HttpResponse>> answer;
  impl_->tasks.spawn(impl_->exchange(std::move(call), &answer));
  if (!answer) impl_->loop.run();
  LOCKSTEP_ASSERT(answer, "every request completes before its loop stops");
  if (!*answer && answer->error().kind == ErrorKind::unavailable) {
    return fail(ErrorKind::unavailable,
                fmt::format("no server at {} ({}): `lockstep up` starts one", impl_->origin, answer->error().message));
  }
  return std::move(*answer);
}

void HttpTransport::pause(Duration duration) {
  impl_->loop.after(duration, [this] { impl_->loop.stop(); });
  impl_->loop.run();
}

}  // namespace lockstep::app
