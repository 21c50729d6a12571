// A websocket on an accepted connection. Beast reads (unmasking, fragments, UTF-8, the closing handshake, pongs); what
// we send is framed already and goes into the connection's own queue, shared between all readers.
// Includes Asio and Beast: only for .cpp files of this module.
#pragma once

#include <memory>
#include <string>

#include "net/detail/server_connection.hpp"

namespace lockstep::net::detail {

// Takes over a connection whose request is an upgrade, and reads until it ends.
std::shared_ptr<WebSocket> start_web_socket(std::shared_ptr<ServerConnection> connection,
                                            const wire::HttpRequest& request, WebSocketEvents events);

}  // namespace lockstep::net::detail
