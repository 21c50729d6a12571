#include "net/detail/tls.hpp"

namespace lockstep::net::detail {
namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

void harden(ssl::context& context) {
  error_code ignored;  // set_options cannot fail on a fresh context
  context.set_options(ssl::context::default_workarounds | ssl::context::no_sslv2 | ssl::context::no_sslv3 |
                          ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1 | ssl::context::no_compression,
                      ignored);
  // Idle connections give their record buffers back: tens of kilobytes each.
  SSL_CTX_set_mode(context.native_handle(), SSL_MODE_RELEASE_BUFFERS);
}

}  // namespace

Result<ssl::context> server_tls_context(const std::string& certificate_chain_file,
                                        const std::string& private_key_file) {
  ssl::context context(ssl::context::tls_server);
  harden(context);
  error_code error;
  context.use_certificate_chain_file(certificate_chain_file, error);
  if (error) return fail(ErrorKind::invalid, "TLS certificate " + certificate_chain_file + ": " + error.message());
  context.use_private_key_file(private_key_file, ssl::context::pem, error);
  if (error) return fail(ErrorKind::invalid, "TLS private key " + private_key_file + ": " + error.message());
  return context;
}

Result<ssl::context> client_tls_context(const std::optional<std::string>& ca_file) {
  ssl::context context(ssl::context::tls_client);
  harden(context);
  error_code error;
  context.set_verify_mode(ssl::verify_peer, error);
  if (error) return fail(ErrorKind::invalid, "TLS verification: " + error.message());
  context.set_default_verify_paths(error);
  if (error) return fail(ErrorKind::invalid, "the system's root certificates: " + error.message());
  if (ca_file) {
    context.load_verify_file(*ca_file, error);
    if (error) return fail(ErrorKind::invalid, "CA file " + *ca_file + ": " + error.message());
  }
  return context;
}

}  // namespace lockstep::net::detail
