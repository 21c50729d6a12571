#include "net/http_client.hpp"

#include "net/detail/client_core.hpp"
#include "net/detail/tls.hpp"

namespace lockstep::net {

struct HttpClient::Impl {
  std::shared_ptr<detail::ClientCore> core;
};

Result<std::unique_ptr<HttpClient>> HttpClient::make(EventLoop& loop, ClientSettings settings) {
  auto tls = detail::client_tls_context(settings.ca_file);
  if (!tls) return fail(std::move(tls.error()));
  auto core = std::make_shared<detail::ClientCore>(loop, std::move(settings), std::move(*tls));
  auto impl = std::make_unique<Impl>(Impl{std::move(core)});
  return std::unique_ptr<HttpClient>(new HttpClient(std::move(impl)));
}

HttpClient::HttpClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpClient::~HttpClient() { impl_->core->close(); }

Task<Result<wire::HttpResponse>> HttpClient::send(ClientRequest request) {
  // The frame holds its own share: the client may be destroyed while it waits.
  const std::shared_ptr<detail::ClientCore> core = impl_->core;
  auto answer =
      completion<Result<wire::HttpResponse>>([&](auto done) { core->start(std::move(request), std::move(done)); });
  Result<wire::HttpResponse> result = co_await answer;
  co_return result;
}

void HttpClient::close() { impl_->core->close(); }
ClientStats HttpClient::stats() const { return impl_->core->snapshot(); }

}  // namespace lockstep::net
