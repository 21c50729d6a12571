#include "app/server/key_fetcher.hpp"

#include "wire/jwk_set.hpp"

namespace lockstep::app {
namespace {

constexpr std::chrono::seconds kDeadline{10};

Task<void> run(net::HttpClient& client, net::ClientRequest request, RemoteKeys::Done done) {
  Task<Result<wire::HttpResponse>> sending = client.send(std::move(request));
  Result<wire::HttpResponse> response = co_await sending;
  if (!response) {
    done(fail(response.error()));
  } else if (response->status != 200) {
    done(fail(ErrorKind::unavailable, "the address answers " + std::to_string(response->status)));
  } else {
    done(std::move(response->body));
  }
}

}  // namespace

KeyFetcher::~KeyFetcher() {
  if (fetches_->idle()) return;
  std::shared_ptr<TaskScope> rest = std::move(fetches_);
  TaskScope& scope = *rest;
  scope.on_idle([rest = std::move(rest)]() mutable { rest.reset(); });
}

void KeyFetcher::fetch(net::HttpClient& client, const std::string& address, NetworkReach reach, RemoteKeys::Done done) {
  const std::size_t path = address.find_first_of("/?", address.find("://") + 3);
  net::ClientRequest request;
  request.origin = address.substr(0, path);
  request.request.method = "GET";
  request.request.target = path == std::string::npos ? "/" : address.substr(path);
  if (request.request.target.front() == '?') request.request.target.insert(0, "/");
  request.request.headers.add("Accept", "application/json");
  request.share = "jwks";
  request.deadline = kDeadline;
  request.response_bytes_limit = wire::kJwkSetBytesLimit;
  request.reach = reach == NetworkReach::any ? net::AddressReach::any : net::AddressReach::as_named;
  fetches_->spawn(run(client, std::move(request), std::move(done)));
}

}  // namespace lockstep::app
