// POST /hooks/{source}/{system}: webhooks of outside systems. The connector verifies the signature over the raw bytes.
#include "gateway/context.hpp"

namespace lockstep::gateway {

void add_intake_routes(Router& router, Context& context) {
  router.add({"POST", "/hooks/{source}/{system}", Needs::nothing, [&context](std::shared_ptr<Call> call) {
                connector::WebhookRequest webhook;
                webhook.headers = std::move(call->request.request.headers);
                webhook.body = std::move(call->request.request.body);
                webhook.received = context.loop.clock().now();
                const SystemName system{std::string(call->parameter("system"))};
                context.hub.accept_webhook(call->source(), system, webhook, [call](Result<std::vector<sync::Applied>> applied) {
                  if (!applied) return call->answer(problem(applied.error()));
                  for (const sync::Applied& one : *applied) {
                    if (one.error) return call->answer(problem(*one.error));
                  }
                  wire::HttpResponse response;
                  response.headers.add("Content-Type", "application/json");
                  response.body = "{\"accepted\":" + std::to_string(applied->size()) + "}";
                  call->answer(std::move(response));
                });
              }});
}

}  // namespace lockstep::gateway
