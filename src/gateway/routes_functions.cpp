// POST /functions/v1/{name}: functions that the configuration declares, called as dashboards call those of Supabase
// (`supabase.functions.invoke`). The one action there is: sync, which reads entities of a system and answers when they are
// written everywhere.
#include <algorithm>
#include <utility>

#include "gateway/context.hpp"
#include "gateway/realtime_http.hpp"
#include "hub/hub.hpp"

namespace lockstep::gateway {
namespace {

const std::string kPattern = "/functions/v1/{name}";

wire::HttpResponse answer(unsigned status, const Json& body) { return with_cors(json_response(status, body)); }

wire::HttpResponse refusal(unsigned status, std::string_view error, std::string_view details = {}) {
  JsonObject body{{"ok", false}, {"error", error}};
  if (!details.empty()) body["details"] = details;
  return answer(status, body);
}

// What the body asks for.
struct Asked {
  Json body;
  SourceId source;
  hub::JobOrder order;
};

std::expected<Asked, wire::HttpResponse> read_body(const Function& function, const std::string& text) {
  Result<Json> body = parse_json(text);
  if (!body || !body->is_object()) return std::unexpected(refusal(400, "Invalid JSON payload"));
  std::vector<std::string> needed{function.source};
  for (const auto& [member, setting] : function.settings) needed.push_back(member);
  std::string names;
  bool complete = true;
  for (const std::string& name : needed) {
    complete = complete && !string_member(*body, name).empty();
    names += (names.empty() ? "" : " and ") + name;
  }
  if (!complete) return std::unexpected(refusal(400, names + (needed.size() == 1 ? " is required" : " are required")));
  Asked out;
  out.source = SourceId(std::string(string_member(*body, function.source)));
  std::string_view mode = function.mode;
  if (const Json* given = find_member(*body, "mode"); given != nullptr && !given->is_null()) {
    if (!given->is_string()) return std::unexpected(refusal(400, "mode is full or incremental"));
    mode = given->get_string();
  }
  if (mode != "full" && mode != "incremental") return std::unexpected(refusal(400, "mode is full or incremental"));
  out.order.kind = mode == "full" ? "mirror" : "pull";
  out.order.entities = function.entities;
  if (const Json* size = find_member(*body, "pageSize"); size != nullptr && !size->is_null()) {
    boost::system::error_code wrong;
    const auto number = size->to_number<std::int64_t>(wrong);
    if (wrong || number < 1) return std::unexpected(refusal(400, "pageSize is a whole number from 1"));
    out.order.page_limit = static_cast<std::size_t>(number);
  }
  out.body = std::move(*body);
  return out;
}

// The status of an outside system's refusal, as far as its kind tells.
unsigned upstream_status(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::unauthorized: return 401;
    case ErrorKind::not_found: return 404;
    case ErrorKind::rate_limited: return 429;
    case ErrorKind::unavailable:
    case ErrorKind::maybe_applied: return 503;
    default: return 500;
  }
}

JsonObject result_of(const hub::JobPart& part) {
  JsonObject out{{"job_type", part.name}, {"status", part.state == "done" ? "completed" : "failed"}};
  if (part.state != "done") {
    out["error"] = part.error.message;
    return out;
  }
  out["count"] = part.count;
  if (part.unstored > 0) {
    out["failed"] = part.unstored;
    out["error"] = part.error.message;
  }
  return out;
}

wire::HttpResponse answer_of_one(const Function& function, const hub::JobProgress& job, const hub::JobPart& part) {
  if (part.state != "done") {
    return answer(upstream_status(part.error.kind), JsonObject{{"ok", false},
                                                               {"error", "Failed to fetch from " + function.upstream},
                                                               {"details", part.error.message},
                                                               {"job", job.id}});
  }
  JsonObject body{{"ok", part.unstored == 0},
                  {"count", part.count},
                  {"pages", part.pages},
                  {"message", "Successfully synced " + std::to_string(part.count) + " " + part.name},
                  {"job", job.id}};
  if (part.unstored > 0) {
    body["message"] = "Synced " + std::to_string(part.count) + " " + part.name + ", " + std::to_string(part.unstored) +
                      " of them could not be stored";
    body["failed"] = part.unstored;
    body["error"] = part.error.message;
  }
  return answer(200, body);
}

wire::HttpResponse answer_of(const Function& function, const hub::JobProgress& job) {
  std::vector<hub::JobPart> parts;
  for (const auto& [entity, name] : function.entities) {
    const auto at = std::ranges::find(job.parts, entity, &hub::JobPart::entity);
    if (at != job.parts.end()) parts.push_back(*at);
  }
  if (function.entities.size() == 1 && parts.size() == 1) return answer_of_one(function, job, parts.front());
  JsonArray results;
  JsonObject counts;
  std::size_t well = 0;
  bool ok = true;
  for (const hub::JobPart& part : parts) {
    results.emplace_back(result_of(part));
    ok = ok && part.state == "done" && part.unstored == 0;
    if (part.state != "done") continue;
    counts[part.name] = part.count;
    ++well;
  }
  return answer(200, JsonObject{{"ok", ok},
                                {"message", "Sync completed: " + std::to_string(well) + " succeeded, " +
                                                std::to_string(parts.size() - well) + " failed"},
                                {"results", std::move(results)},
                                {"counts", std::move(counts)},
                                {"job", job.id}});
}

// Answers once: with the job's end, or when the caller has waited long enough; the job goes on.
void await_and_answer(Context& context, const std::shared_ptr<Call>& call, const Function& function,
                      const SourceId& source, const hub::JobProgress& job) {
  struct Waiting {
    bool answered = false;
    TimerId timer = 0;
  };
  const auto waiting = std::make_shared<Waiting>();
  waiting->timer = context.loop.after(function.wait, [call, waiting, source, id = job.id] {
    if (std::exchange(waiting->answered, true)) return;
    call->answer(answer(202, JsonObject{{"ok", true},
                                        {"message", "Sync still running"},
                                        {"job", id},
                                        {"status_url", "/api/v1/sources/" + source.str() + "/jobs/" + id}}));
  });
  std::vector<EntityName> entities;
  for (const auto& [entity, name] : function.entities) entities.push_back(entity);
  context.hub.await_job(source, function.system, job.id, std::move(entities),
                        [call, waiting, function, loop = &context.loop](const Result<hub::JobProgress>& ended) {
                          if (std::exchange(waiting->answered, true)) return;
                          loop->cancel(waiting->timer);
                          call->answer(ended ? answer_of(function, *ended)
                                             : refusal(500, "Internal server error", ended.error().message));
                        });
}

void run_function(Context& context, const std::shared_ptr<Call>& call) {
  const wire::HttpRequest& request = call->request.request;
  const auto at = context.served->functions.find(call->parameter("name"));
  if (at == context.served->functions.end()) return call->answer(refusal(404, "Function not found"));
  const Function& function = at->second;
  if (request.method != "POST") return call->answer(refusal(405, "Method not allowed"));
  // supabase-js sends its key as `apikey`, and as the bearer's token too until somebody signs in.
  Credentials credentials = credentials_of(request);
  if (credentials.empty()) credentials.api_key = std::string(request.headers.get("apikey"));
  const Result<Caller> caller = context.access.identify(credentials.headers(), context.loop.clock().now());
  if (!caller) {
    const bool later = caller.error().kind == ErrorKind::unavailable;
    return call->answer(refusal(later ? 503 : 401, later ? "Try again later" : "Unauthorized", caller.error().message));
  }
  auto asked = read_body(function, request.body);
  if (!asked) return call->answer(std::move(asked).error());
  // A source that is not there looks like one of somebody else's.
  if (!caller->may_edit(asked->source)) return call->answer(refusal(403, "Forbidden", "this needs the role editor"));
  const JsonObject* settings = context.hub.settings(asked->source, function.system);
  if (settings == nullptr) return call->answer(refusal(404, "There is no such source"));
  for (const auto& [member, setting] : function.settings) {
    if (string_member(asked->body, member) == string_member(*settings, setting)) continue;
    return call->answer(refusal(400, member + " is not the one of " + function.source));
  }
  asked->order.actor = caller->name;
  const Result<hub::JobProgress> job = context.hub.order_job(asked->source, function.system, std::move(asked->order));
  if (!job) {
    const unsigned status = job.error().kind == ErrorKind::exhausted ? 429 : 500;
    return call->answer(
        refusal(status, status == 429 ? "Too many requests" : "Internal server error", job.error().message));
  }
  await_and_answer(context, call, function, asked->source, *job);
}

}  // namespace

// Who asks, and for which source, is found in the request's body: rights are asked for here.
void add_function_routes(Router& router, Context& context) {
  for (const char* method : {"POST", "GET", "PUT", "PATCH", "DELETE"}) {
    router.add({method, kPattern, Needs::nothing,
                [&context](const std::shared_ptr<Call>& call) { run_function(context, call); }});
  }
  router.add({"OPTIONS", kPattern, Needs::nothing,
              [](const std::shared_ptr<Call>& call) { call->answer(preflight(call->request.request)); }});
}

}  // namespace lockstep::gateway
