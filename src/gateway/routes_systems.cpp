// POST /api/v1/sources/{source}/systems/{system}/pause and /resume
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
  router.add({"POST", kSystem + "/resume", Needs::operator_, [&context](std::shared_ptr<Call> call) {
                const SystemName system{std::string(call->parameter("system"))};
                context.hub.resume(
                    call->source(), system, call->caller.name,
                    [&context, call, system](const Result<void>& done) { answer_lane(context, call, system, done); });
              }});
}

}  // namespace lockstep::gateway
