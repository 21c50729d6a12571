// HTTP messages as values: what net sends and receives, what connectors and sandboxes see.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lockstep::wire {

// Header names compare without case; order is kept; a name may occur more than once.
class HttpHeaders {
 public:
  HttpHeaders() = default;
  HttpHeaders(std::initializer_list<std::pair<std::string, std::string>> items) : items_(items) {}

  void add(std::string name, std::string value) { items_.emplace_back(std::move(name), std::move(value)); }
  void set(std::string_view name, std::string value);
  // The first value, or "" when there is none (has() tells them apart).
  std::string_view get(std::string_view name) const;
  bool has(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& items() const { return items_; }

 private:
  std::vector<std::pair<std::string, std::string>> items_;
};

struct HttpRequest {
  std::string method = "GET";
  std::string target = "/";  // path and query as on the wire
  HttpHeaders headers;
  std::string body;
};

struct HttpResponse {
  unsigned status = 200;
  HttpHeaders headers;
  std::string body;
};

// A request target taken apart: decoded path, decoded query parameters in order.
struct Target {
  std::string path;
  std::vector<std::pair<std::string, std::string>> query;

  // The first value, or "" when there is none.
  std::string_view parameter(std::string_view name) const;
  bool has(std::string_view name) const;
};

// Percent-decodes; "+" in the query means a space. A malformed escape is kept as it is.
Target parse_target(std::string_view target);
std::string percent_encode(std::string_view text);
std::string percent_decode(std::string_view text);

bool equal_without_case(std::string_view a, std::string_view b);

}  // namespace lockstep::wire
