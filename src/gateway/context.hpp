// What the route files share.
#pragma once

#include <string>

#include "access/accounts.hpp"
#include "gateway/gateway.hpp"

namespace lockstep::gateway {

class EventStreams;
class PhoenixServer;
class Seen;
class SocketServer;

struct Context {
  hub::Hub& hub;
  const Access& access;
  Loop& loop;
  Random& random;
  Log& log;
  access::Accounts& accounts;
  std::string version;
  EventStreams* streams = nullptr;
  Seen* seen = nullptr;
  SocketServer* sockets = nullptr;
  PhoenixServer* phoenix = nullptr;
  const Served* served = nullptr;
  TaskScope* tasks = nullptr;  // of answers that take a while
};

// Each file of routes adds its own. The context outlives the router.
void add_source_routes(Router& router, Context& context);  // sources, status
void add_system_routes(Router& router, Context& context);  // pause and resume
void add_record_routes(Router& router, Context& context);  // records: list, read, create, edit, delete, history
void add_work_routes(Router& router, Context& context);    // jobs, inbox
void add_dead_letter_routes(Router& router, Context& context);
void add_conflict_routes(Router& router, Context& context);
void add_undo_routes(Router& router, Context& context);      // undo of an entry or a job, replay
void add_intake_routes(Router& router, Context& context);    // webhooks
void add_event_routes(Router& router, Context& context);     // SSE
void add_realtime_routes(Router& router, Context& context);  // Socket.IO, Supabase Realtime, seen
void add_session_routes(Router& router, Context& context);   // signing in and out
void add_account_routes(Router& router, Context& context);   // accounts, and who may what in a source
void add_rest_routes(Router& router, Context& context);      // what dashboards read
void add_function_routes(Router& router, Context& context);  // functions that the configuration declares
void add_health_routes(Router& router, Context& context);    // healthz, readyz, metrics
void add_page_routes(Router& router, Context& context);      // the live page

// The body as a JSON object, or nothing after answering 422.
std::optional<JsonObject> body_object(const Call& call);
// The same, where no body is one without members.
std::optional<JsonObject> body_or_nothing(const Call& call);
// A member that is true or false; false when it is not there. Nothing after answering 422.
std::optional<bool> flag(const Call& call, const JsonObject& body, std::string_view name);
// The parameter {seq} of the path, or nothing after answering 422.
std::optional<Seq> sequence(const Call& call);
// `limit` (1 to 500, 100 when absent) and `after` of the query, or nothing after answering 422.
std::optional<store::PageRequest> page_request(const Call& call);
// Answers with the one Applied: its error as problem, or `status` with its JSON.
void answer_applied(const Call& call, unsigned status, const Result<std::vector<sync::Applied>>& applied);

// Runs a read on the readers' thread and answers with its JSON.
template <class T>
void answer_read(Context& context, const std::shared_ptr<Call>& call,
                 std::move_only_function<Result<T>(store::Reader&)> query, std::move_only_function<Json(T&)> shape);

}  // namespace lockstep::gateway

#include "gateway/problem.hpp"

namespace lockstep::gateway {

template <class T>
void answer_read(Context& context, const std::shared_ptr<Call>& call,
                 std::move_only_function<Result<T>(store::Reader&)> query, std::move_only_function<Json(T&)> shape) {
  auto result = std::make_shared<std::optional<Result<T>>>();
  context.hub.read(
      [result, query = std::move(query)](store::Reader& reader) mutable { result->emplace(query(reader)); },
      [call, result, shape = std::move(shape)]() mutable {
        if (**result) {
          call->answer(json_response(200, shape(***result)));
        } else {
          call->answer(problem((*result)->error()));
        }
      });
}

}  // namespace lockstep::gateway
