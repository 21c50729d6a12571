// Routes as a table: method, pattern with {parameters}, what it needs, and the function that answers. The OpenAPI
// document is tested against this table.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway/access.hpp"
#include "net/exchange.hpp"
#include "wire/http.hpp"

namespace lockstep::gateway {

enum class Needs {
  nothing,  // public: health, webhooks (which are signed), the page's files
  caller,   // any known caller
  reader,   // the source in the path, for reading
  editor,
  reader_of_some,  // reader, or a business in the source: the route shows it what is its own (gateway/sight.hpp)
  editor_of_some,
  operator_,
  administrator,  // of everything: accounts
};

// One request on its way to its answer.
struct Call {
  net::ServerRequest request;
  wire::Target target;
  std::map<std::string, std::string, std::less<>> parameters;  // of the path
  Caller caller;
  std::shared_ptr<net::Exchange> exchange;

  SourceId source() const;
  std::string_view parameter(std::string_view name) const;
  void answer(wire::HttpResponse response) const { exchange->respond(std::move(response)); }
};

struct Route {
  std::string method;
  std::string pattern;  // "/api/v1/sources/{source}/records/{id}"
  Needs needs = Needs::caller;
  std::function<void(std::shared_ptr<Call>)> run;
};

class Router {
 public:
  using KnowsSource = std::function<bool(const SourceId&)>;

  Router(const Access& access, const Clock& clock, KnowsSource knows_source)
      : access_(access), clock_(clock), knows_source_(std::move(knows_source)) {}

  void add(Route route);
  const std::vector<Route>& routes() const { return routes_; }

  // Finds the route, checks the caller, runs it; or answers 401, 403, 404, 405.
  void handle(net::ServerRequest request, std::shared_ptr<net::Exchange> exchange) const;

 private:
  const Access& access_;
  const Clock& clock_;
  KnowsSource knows_source_;
  std::vector<Route> routes_;
  std::vector<std::vector<std::string>> segments_;  // of the patterns
};

}  // namespace lockstep::gateway
