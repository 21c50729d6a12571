// What the endpoint handlers share: the parts of the sandbox they work on, one call, its answer, the table of routes.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/gohighlevel/sandbox/crm.hpp"
#include "connectors/gohighlevel/sandbox/refusal.hpp"
#include "connectors/gohighlevel/sandbox/schema.hpp"
#include "connectors/gohighlevel/sandbox/tokens.hpp"
#include "wire/http.hpp"

namespace lockstep::gohighlevel::sandbox {

struct Api {
  Crm& crm;
  Tokens& tokens;
  Random& random;
};

struct Answer {
  unsigned status = 200;
  JsonObject body;
};

struct Call {
  Location* location = nullptr;   // the token's; null only for POST /oauth/token
  std::vector<std::string> path;  // the values of the pattern's {…}, in order
  wire::Target target;
  JsonObject body;
};

using Handler = Outcome<Answer> (*)(Api&, const Call&);

// Where a request names its location, to be compared with the token's.
enum class Names { nothing, path, query, query_snake, query_alt, body };

struct Route {
  std::string_view method;
  std::string_view pattern;  // as documented: "/contacts/{contactId}"
  std::string_view scope;    // "": no token needed
  Names location = Names::nothing;
  Handler handler = nullptr;
  const Schema* body = nullptr;
  std::string_view query = {};  // allowed parameters, space-separated, "*" after a required one
};

std::span<const Route> contact_routes();
std::span<const Route> contact_detail_routes();  // notes, tasks, tags, followers
std::span<const Route> contact_search_routes();
std::span<const Route> opportunity_search_routes();
std::span<const Route> opportunity_routes();
std::span<const Route> shop_routes();
std::span<const Route> location_routes();
std::span<const Route> oauth_routes();

// All of the above, literal paths before those with a {…} in the same place.
std::vector<Route> all_routes();

// The API of this version accepts a collection's path with and without its trailing slash.
// Fills `values` with the {…} parts when it matches.
bool matches_pattern(std::string_view pattern, std::string_view path, std::vector<std::string>& values);

// Whether the bytes may stand in a JSON answer: a path or form field can carry any.
bool is_utf8(std::string_view text);

// 422 for parameters that are not in the route's list, and for required ones that are not there.
Outcome<void> check_query(const Route& route, const wire::Target& target);

// A whole number in the query, within bounds; `fallback` when it is not there.
Outcome<std::int64_t> query_integer(const wire::Target& target, std::string_view name, std::int64_t low,
                                    std::int64_t high, std::int64_t fallback);

}  // namespace lockstep::gohighlevel::sandbox
