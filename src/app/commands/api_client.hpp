// The server's API as the command line uses it (docs/api/openapi.yaml). Blocking: a command does one thing at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "wire/http.hpp"

namespace lockstep::app {

// One request, one answer, and time to wait between two of them.
class ApiTransport {
 public:
  virtual ~ApiTransport() = default;
  virtual Result<wire::HttpResponse> send(wire::HttpRequest request) = 0;
  virtual void pause(Duration duration) = 0;
};

using Query = std::vector<std::pair<std::string, std::string>>;  // parameters with an empty value are left out

class ApiClient {
 public:
  // `base_path`: what the server's URL has before /api, "" mostly. `key`: "" sends none.
  ApiClient(ApiTransport& transport, std::string base_path, std::string key)
      : transport_(transport), base_path_(std::move(base_path)), key_(std::move(key)) {}

  // `path` begins below /api/v1. An answer that is not 2xx becomes an error with what its problem document says.
  Result<Json> get(const std::string& path, const Query& query = {});
  Result<Json> post(const std::string& path, const Json& body) { return send("POST", path, body); }
  Result<Json> put(const std::string& path, const Json& body) { return send("PUT", path, body); }
  Result<Json> remove(const std::string& path) { return send("DELETE", path, Json()); }
  void pause(Duration duration) { transport_.pause(duration); }

 private:
  // null: without a body.
  Result<Json> send(std::string method, const std::string& path, const Json& body);
  Result<Json> exchange(wire::HttpRequest request);

  ApiTransport& transport_;
  std::string base_path_;
  std::string key_;
};

// A part of a path with everything escaped that has a meaning there.
std::string path_part(std::string_view text);

}  // namespace lockstep::app
