// As much of HTTP as a measurement needs: one blocking request per connection, to this machine.
#pragma once

#include <cstdint>
#include <string>

#include "base/json.hpp"

namespace lockstep::bench {

struct Address {
  std::string host;
  std::uint16_t port = 0;

  static Address of(const std::string& origin);  // "http://127.0.0.1:8080"
  std::string origin() const;
};

struct Answer {
  unsigned status = 0;
  std::string body;
};

// A connected socket with Nagle's delay off. Ends the measurement when nobody listens.
int connect_to(const Address& address);
void send_all(int socket, const std::string& bytes);

Answer call(const Address& address, const std::string& method, const std::string& target, const std::string& body = "");

// The JSON of a 2xx answer; everything else ends the measurement.
Json call_json(const Address& address, const std::string& method, const std::string& target,
               const std::string& body = "");

}  // namespace lockstep::bench
