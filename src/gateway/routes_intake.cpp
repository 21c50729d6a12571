// POST /hooks/{source}/{system}: webhooks of outside systems. The connector verifies the signature over the raw bytes.
#include "gateway/context.hpp"

namespace lockstep::gateway {
namespace {

// A2: the CRM sends again only after a 429, so whatever is not the sender's fault is a 429, never a 5xx.
wire::HttpResponse refusal(Error error) {
  if (http_status(error.kind) >= 500) error.kind = ErrorKind::exhausted;
  return problem(error);
}

}  // namespace

void add_intake_routes(Router& router, Context& context) {
  router.add({"POST", "/hooks/{source}/{system}", Needs::nothing, [&context](std::shared_ptr<Call> call) {
                if (context.hub.draining()) {  // A2, whatever is still there to take it
                  return call->answer(
                      problem({ErrorKind::exhausted, "shutting down: send it again later", std::chrono::seconds(5)}));
                }
                connector::WebhookRequest webhook;
                webhook.headers = std::move(call->request.request.headers);
                webhook.body = std::move(call->request.request.body);
                webhook.received = context.loop.clock().now();
                const SystemName system{std::string(call->parameter("system"))};
                context.hub.accept_webhook(call->source(), system, webhook,
                                           [call](Result<std::vector<sync::Applied>> applied) {
                                             if (!applied) return call->answer(refusal(applied.error()));
                                             for (const sync::Applied& one : *applied) {
                                               if (one.error) return call->answer(refusal(*one.error));
                                             }
                                             wire::HttpResponse response;
                                             response.headers.add("Content-Type", "application/json");
                                             response.body = "{\"accepted\":" + std::to_string(applied->size()) + "}";
                                             call->answer(std::move(response));
                                           });
              }});
}

}  // namespace lockstep::gateway
