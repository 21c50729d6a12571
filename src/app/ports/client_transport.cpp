#include "app/ports/client_transport.hpp"

namespace lockstep::app {

Task<Result<wire::HttpResponse>> ClientTransport::send(wire::HttpRequest request, std::chrono::milliseconds deadline) {
  net::ClientRequest call;
  call.origin = origin_;
  call.share = share_;
  call.reach = reach_ == NetworkReach::any ? net::AddressReach::any : net::AddressReach::as_named;
  call.request = std::move(request);
  call.deadline = deadline;
  Task<Result<wire::HttpResponse>> sending = client_.send(std::move(call));
  Result<wire::HttpResponse> response = co_await sending;
  co_return response;
}

}  // namespace lockstep::app
