#include "net/http_server.hpp"

#include "net/detail/server_core.hpp"
#include "net/detail/tls.hpp"

namespace lockstep::net {

struct HttpServer::Impl {
  std::shared_ptr<detail::ServerCore> core;
  std::uint16_t port = 0;
};

Result<std::unique_ptr<HttpServer>> HttpServer::listen(EventLoop& loop, ServerSettings settings, Handler handler) {
  std::optional<asio::ssl::context> tls;
  if (settings.tls) {
    auto context = detail::server_tls_context(settings.tls->certificate_chain_file, settings.tls->private_key_file);
    if (!context) return fail(std::move(context.error()));
    tls.emplace(std::move(*context));
  }
  auto core = std::make_shared<detail::ServerCore>(loop, std::move(settings), std::move(handler), std::move(tls));
  const Result<std::uint16_t> port = core->listen();
  if (!port) return fail(port.error());
  core->accept();
  auto impl = std::make_unique<Impl>(Impl{std::move(core), *port});
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() {
  impl_->core->close();
  impl_->core->forget_handler();
}

std::uint16_t HttpServer::port() const { return impl_->port; }
ServerStats HttpServer::stats() const { return impl_->core->snapshot(); }
void HttpServer::drain(Action done) { impl_->core->drain(std::move(done)); }
void HttpServer::close() { impl_->core->close(); }

}  // namespace lockstep::net
