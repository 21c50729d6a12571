#include "gateway/gateway.hpp"

#include "gateway/context.hpp"
#include "gateway/event_streams.hpp"
#include "gateway/phoenix_server.hpp"
#include "gateway/socket_server.hpp"

namespace lockstep::gateway {

struct Gateway::State {
  explicit State(const GatewayParts& parts)
      : context{*parts.hub, *parts.access, *parts.loop, *parts.random, *parts.log, *parts.accounts, parts.version},
        identities(context),
        streams(context, identities),
        seen(context),
        sockets(context, identities, seen),
        phoenix(context, identities, seen),
        router(*parts.access, parts.loop->clock(),
               [hub = parts.hub](const SourceId& source) { return hub->catalog().find(source) != nullptr; }) {
    context.streams = &streams;
    context.seen = &seen;
    context.sockets = &sockets;
    context.phoenix = &phoenix;
    context.served = &served;
    context.tasks = &tasks;
    add_intake_routes(router, context);  // first: the busiest
    add_source_routes(router, context);
    add_system_routes(router, context);
    add_record_routes(router, context);
    add_work_routes(router, context);
    add_dead_letter_routes(router, context);
    add_conflict_routes(router, context);
    add_undo_routes(router, context);
    add_event_routes(router, context);
    add_realtime_routes(router, context);
    add_session_routes(router, context);
    add_account_routes(router, context);
    add_rest_routes(router, context);
    add_function_routes(router, context);
    add_health_routes(router, context);
    add_page_routes(router, context);
  }

  Context context;
  Served served;
  TaskScope tasks;
  Identities identities;
  EventStreams streams;
  Seen seen;
  SocketServer sockets;
  PhoenixServer phoenix;
  Router router;
};

Gateway::Gateway(GatewayParts parts) : state_(std::make_unique<State>(parts)) {}
Gateway::~Gateway() = default;

void Gateway::handle(net::ServerRequest request, std::shared_ptr<net::Exchange> exchange) {
  state_->router.handle(std::move(request), std::move(exchange));
}

void Gateway::rights_changed(const std::set<std::string>& people) { state_->identities.recheck(people); }

void Gateway::serve(Served served) { state_->served = std::move(served); }

void Gateway::close_streams() {
  state_->streams.close_all();
  state_->sockets.close_all();
  state_->phoenix.close_all();
}

const std::vector<Route>& Gateway::routes() const { return state_->router.routes(); }

}  // namespace lockstep::gateway
