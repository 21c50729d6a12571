// TLS contexts. Includes Asio: only for .cpp files of this module.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <optional>
#include <string>

#include "base/result.hpp"

namespace lockstep::net::detail {

// TLS 1.2 or newer. invalid: a file is missing, unreadable, or key and certificate do not match.
Result<boost::asio::ssl::context> server_tls_context(const std::string& certificate_chain_file,
                                                     const std::string& private_key_file);

// Verifies peers against the system's roots, and those in `ca_file` when given. invalid: ca_file is unreadable.
Result<boost::asio::ssl::context> client_tls_context(const std::optional<std::string>& ca_file);

}  // namespace lockstep::net::detail
