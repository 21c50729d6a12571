// /api/v1/sources/{source}/systems/{system}: POST pause and resume, PUT credential
#include "gateway/context.hpp"
#include "gateway/shapes.hpp"

namespace lockstep::gateway {
namespace {

constexpr std::size_t kReasonBytes = 1'000;

const std::string kSystem = "/api/v1/sources/{source}/systems/{system}";

void answer_lane(Context& context, const std::shared_ptr<Call>& call, const SystemName& system,
                 const Result<void>& done) {
  if (!done) return call->answer(problem(done.error()));
  for (const hub::LaneStatus& lane : context.hub.lanes(call->source())) {
    if (lane.system == system) return call->answer(json_response(200, to_json(lane)));
  }
  call->answer(problem({ErrorKind::not_found, "the system is gone", {}}));
}

// What is sent is said nowhere again: neither in the answer nor in the log (O4).
Task<void> replace_credential(Context& context, std::shared_ptr<Call> call, std::string credential) {
  const SystemName system{std::string(call->parameter("system"))};
  const std::shared_ptr<connector::Connector> connector = context.hub.connector(call->source(), system);
  if (connector == nullptr) {
    call->answer(problem({ErrorKind::not_found, "there is no system '" + system.str() + "'", {}}));
    co_return;
  }
  const Result<void> done = co_await connector->replace_credential(std::move(credential));
  if (done) {
    context.log.info("credential.replaced",
                     {{"source", call->source().str()}, {"system", system.str()}, {"actor", call->caller.name}});
  }
  answer_lane(context, call, system, done);
}

}  // namespace

void add_system_routes(Router& router, Context& context) {
  router.add({"POST", kSystem + "/pause", Needs::operator_, [&context](std::shared_ptr<Call> call) {
                auto body = body_object(*call);
                if (!body) return;
                std::string reason(string_member(*body, "reason"));
                if (reason.empty() || reason.size() > kReasonBytes)
                  return call->answer(
                      problem({ErrorKind::invalid, "the body needs 'reason': why, in up to 1000 bytes", {}}));
                const SystemName system{std::string(call->parameter("system"))};
                context.hub.pause(
                    call->source(), system, std::move(reason), call->caller.name,
                    [&context, call, system](const Result<void>& done) { answer_lane(context, call, system, done); });
              }});
  router.add({"PUT", kSystem + "/credential", Needs::operator_, [&context](std::shared_ptr<Call> call) {
                auto body = body_object(*call);
                if (!body) return;
                std::string credential(string_member(*body, "credential"));
                if (credential.empty())
                  return call->answer(problem({ErrorKind::invalid, "the body needs 'credential', a text", {}}));
                context.tasks->spawn(replace_credential(context, call, std::move(credential)));
              }});
  router.add({"POST", kSystem + "/resume", Needs::operator_, [&context](std::shared_ptr<Call> call) {
                const SystemName system{std::string(call->parameter("system"))};
                context.hub.resume(
                    call->source(), system, call->caller.name,
                    [&context, call, system](const Result<void>& done) { answer_lane(context, call, system, done); });
              }});
}

}  // namespace lockstep::gateway
