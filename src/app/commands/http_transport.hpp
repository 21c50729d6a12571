// ApiTransport over the network: an event loop of its own that runs while a request is on its way.
#pragma once

#include <memory>
#include <string>

#include "app/commands/api_client.hpp"

namespace lockstep::app {

// "https://sync.example.com/lockstep" -> origin "https://sync.example.com", path "/lockstep". `invalid` for anything
// that is no http or https URL.
struct ServerAddress {
  std::string origin;
  std::string path;
};
Result<ServerAddress> parse_server_address(const std::string& url);

class HttpTransport final : public ApiTransport {
 public:
  static Result<std::unique_ptr<HttpTransport>> make(const std::string& origin);
  ~HttpTransport() override;

  Result<wire::HttpResponse> send(wire::HttpRequest request) override;
  void pause(Duration duration) override;

 private:
  struct Impl;
  explicit HttpTransport(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lockstep::app
