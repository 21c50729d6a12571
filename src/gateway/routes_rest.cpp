// GET /rest/v1/{relation}: the tables of a database as dashboards of Supabase read them. The database decides who sees
// what: it is asked as `authenticated` with the caller's claims or, of a caller that only Lockstep knows, with his
// roles, or as `anon`; never as Lockstep's own role.
#include <algorithm>
#include <cctype>

#include "access/session_token.hpp"
#include "gateway/context.hpp"
#include "gateway/realtime_http.hpp"
#include "gateway/rest_query.hpp"
#include "hub/hub.hpp"

namespace lockstep::gateway {
namespace {

using connector::TableFailure;
using connector::TableRole;

const std::string kPattern = "/rest/v1/{relation}";

wire::HttpResponse exposed(wire::HttpResponse response) {
  response.headers.add("Access-Control-Expose-Headers", "Content-Range, Retry-After");
  response.headers.add("Cache-Control", "no-store");
  return with_cors(std::move(response));
}

wire::HttpResponse refusal(const RestRefusal& why) {
  const auto or_null = [](const std::string& text) { return text.empty() ? Json() : Json(text); };
  wire::HttpResponse response = json_response(why.status, JsonObject{{"code", why.code},
                                                                     {"details", or_null(why.details)},
                                                                     {"hint", or_null(why.hint)},
                                                                     {"message", why.message}});
  if (why.status == 503) response.headers.add("Retry-After", "2");
  if (why.status == 401) response.headers.add("WWW-Authenticate", "Bearer");
  return exposed(std::move(response));
}

// In the database's words, with PostgREST's status.
RestRefusal refusal_of(const TableFailure& failure, const TableRole& role) {
  RestRefusal out{400, failure.code.empty() ? "PGRST000" : failure.code, failure.message};
  switch (failure.kind) {
    case ErrorKind::not_found: out.status = 404; break;
    case ErrorKind::unauthorized: out.status = role.name == "anon" ? 401 : 403; break;
    case ErrorKind::exhausted: out.status = 503; break;
    case ErrorKind::unavailable:
      out.status = failure.code == "57014" ? 504 : 503;
      // What can not be reached, and why, is for the operator.
      if (failure.code.empty()) out.message = "the database can not be reached at the moment";
      break;
    default: break;
  }
  return out;
}

bool is_uuid(std::string_view text) {
  constexpr std::string_view kShape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return std::ranges::equal(text, kShape, [](char given, char wanted) {
    return wanted == 'x' ? std::isxdigit(static_cast<unsigned char>(given)) != 0 : given == wanted;
  });
}

// Of an API key, a session or whoever this machine's own open address lets in.
TableRole role_of(const Caller& caller) {
  JsonObject claims{{"role", "authenticated"}};
  // Databases read the user as a UUID, and refuse everything to a name that is none.
  if (is_uuid(caller.person)) claims["sub"] = caller.person;
  JsonObject sources;
  for (const auto& [source, role] : caller.sources) sources[source.str()] = to_string(*caller.role_in(source));
  if (caller.everywhere) sources["*"] = to_string(*caller.everywhere);
  JsonObject businesses;
  for (const auto& [source, names] : caller.businesses) {
    if (caller.businesses_in(source) != nullptr) businesses[source.str()] = JsonArray(names.begin(), names.end());
  }
  return {"authenticated", std::move(claims), std::move(sources), std::move(businesses)};
}

std::expected<TableRole, RestRefusal> known_role(const Context& context, Credentials given) {
  const bool session = given.authorization.empty()
                           ? !given.session.empty()
                           : given.authorization.find(access::kSessionPrefix) != std::string::npos;
  Result<Caller> caller = context.access.identify(given.headers(), context.loop.clock().now());
  if (!caller && !given.authorization.empty()) {
    // A page of ours whose client has a key that stands for nobody: the browser's session counts.
    given.authorization.clear();
    given.api_key.clear();
    Result<Caller> other = context.access.identify(given.headers(), context.loop.clock().now());
    if (other) caller = std::move(other);
  }
  if (caller) return role_of(*caller);
  if (caller.error().kind == ErrorKind::unavailable)
    return std::unexpected(RestRefusal{503, "PGRST000", caller.error().message});
  if (session) return std::unexpected(RestRefusal{401, "PGRST301", caller.error().message});
  return TableRole{"anon", JsonObject{{"role", "anon"}}, nullptr};
}

std::expected<TableRole, RestRefusal> role_of(const Context& context, const wire::HttpRequest& request) {
  Credentials given = credentials_of(request);
  // supabase-js sends its key as `apikey`, and as the bearer's token too until somebody signs in.
  if (const std::string_view key = request.headers.get("apikey"); given.authorization.empty() && !key.empty())
    given.authorization = "Bearer " + std::string(key);
  const Result<Json> claims = context.access.claims(given.headers(), context.loop.clock().now());
  if (!claims && claims.error().kind == ErrorKind::unavailable)
    return std::unexpected(RestRefusal{503, "PGRST000", claims.error().message});
  if (!claims) return std::unexpected(RestRefusal{401, "PGRST301", claims.error().message});
  if (claims->is_null()) return known_role(context, std::move(given));
  const std::string_view role = string_member(*claims, "role");
  if (role == "authenticated") return TableRole{"authenticated", *claims, nullptr};
  if (role == "anon" || role.empty()) return TableRole{"anon", *claims, nullptr};
  return std::unexpected(
      RestRefusal{403, "42501", "tokens of the role " + std::string(role.substr(0, 63)) + " read nothing here"});
}

wire::HttpResponse answer_of(const RestQuery& query, const connector::TableRows& found) {
  if (query.shape == RestShape::one && found.rows.size() != 1) {
    return refusal({406, "PGRST116", "JSON object requested, multiple (or no) rows returned",
                    "The result contains " + std::to_string(found.rows.size()) + " rows"});
  }
  if (found.total && query.read.offset > 0 && query.read.offset >= *found.total) {
    return refusal({416, "PGRST103", "Requested range not satisfiable",
                    "An offset of " + std::to_string(query.read.offset) + " was requested, but there are only " +
                        std::to_string(*found.total) + " rows."});
  }
  wire::HttpResponse response;
  response.status = found.total && found.rows.size() < *found.total ? 206 : 200;
  response.headers.add("Content-Range", content_range(query.read.offset, found.rows.size(), found.total));
  if (query.shape == RestShape::one) {
    response.headers.add("Content-Type", "application/vnd.pgrst.object+json; charset=utf-8");
    response.body = found.rows.front();
    return exposed(std::move(response));
  }
  response.headers.add("Content-Type", "application/json; charset=utf-8");
  response.body = "[";
  for (const std::string& row : found.rows) {
    if (response.body.size() > 1) response.body += ",\n ";
    response.body += row;
  }
  response.body += "]";
  return exposed(std::move(response));
}

// Holds the connector: a reload may replace it meanwhile.
Task<void> read(std::shared_ptr<connector::Connector> connector, std::shared_ptr<Call> call, RestQuery query) {
  connector::TableRead wanted = query.read;
  const connector::TableResult found = co_await connector->tables()->read(std::move(wanted));
  call->answer(found ? answer_of(query, *found) : refusal(refusal_of(found.error(), query.read.role)));
}

void answer_rest(Context& context, const std::shared_ptr<Call>& call) {
  const auto& target = context.served->rest;
  const auto connector = target ? context.hub.connector(target->source, target->system) : nullptr;
  if (!connector || connector->tables() == nullptr) {
    return call->answer(refusal({404, "PGRST125", "no tables are served here", "",
                                 "name a system with tables in server.rest of the configuration"}));
  }
  const wire::HttpRequest& request = call->request.request;
  const std::string& schema = connector->capabilities().table_schema;
  const std::string_view profile = request.headers.get("Accept-Profile");
  if (!profile.empty() && profile != schema)
    return call->answer(refusal({406, "PGRST106", "The schema must be one of the following: " + schema}));
  auto query = parse_rest_query(call->parameter("relation"), call->target, request.headers);
  if (!query) return call->answer(refusal(query.error()));
  auto role = role_of(context, request);
  if (!role) return call->answer(refusal(role.error()));
  query->read.role = std::move(*role);
  context.tasks->spawn(read(connector, call, std::move(*query)));
}

}  // namespace

// Rights are the database's: who asks is found out here.
void add_rest_routes(Router& router, Context& context) {
  for (const char* method : {"GET", "HEAD"}) {
    router.add({method, kPattern, Needs::nothing,
                [&context](const std::shared_ptr<Call>& call) { answer_rest(context, call); }});
  }
  for (const char* method : {"POST", "PUT", "PATCH", "DELETE"}) {
    router.add({method, kPattern, Needs::nothing, [](const std::shared_ptr<Call>& call) {
                  call->answer(refusal({405, "25006", "this address only reads", "",
                                        "Records are edited through /api/v1, where rights and approvals apply."}));
                }});
  }
  router.add({"OPTIONS", kPattern, Needs::nothing,
              [](const std::shared_ptr<Call>& call) { call->answer(preflight(call->request.request)); }});
}

}  // namespace lockstep::gateway
