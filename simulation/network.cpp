#include "simulation/network.hpp"

#include <algorithm>
#include <cmath>

namespace lockstep::simulation {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

// "/contacts/abc" of a request that changes or removes that object.
std::string written_object(const wire::HttpRequest& request) {
  if (request.method != "PUT" && request.method != "DELETE" && !request.target.ends_with("/tags")) return {};
  const std::size_t id = request.target.find('/', 1);
  if (id == std::string::npos) return {};
  return request.target.substr(0, request.target.find_first_of("/?", id + 1));
}

}  // namespace

bool Network::hits(std::string_view fault) {
  if (!faults_) return false;
  const double rate = plan_.get(fault);
  if (rate == 0 || random_.fraction() >= rate) return false;
  coverage_.hit("fault", fault);
  return true;
}

// Exponential around the mean, cut at ten times of it.
Duration Network::travel(std::string_view mean) {
  const double ms = plan_.get(mean) * std::min(10.0, -std::log(1.0 - random_.fraction()));
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(ms));
}

Task<Result<wire::HttpResponse>> NetworkLink::send(wire::HttpRequest request, milliseconds deadline) {
  if (cut_) co_return fail(ErrorKind::unavailable, "the process is dead");
  const std::uint64_t call = ++network_.last_call_;
  std::string writes = written_object(request);
  if (!writes.empty())
    network_.on_write(writes,
                      std::ranges::any_of(calls_, [&](const auto& one) { return one.second.writes == writes; }));
  Completion<Answer> answer([&](Completion<Answer>::Done done) {
    calls_.emplace(call, Call{std::move(writes), std::move(done)});
    auto& link = network_.links_[this];
    if (!link) link = std::make_shared<NetworkLink*>(this);
    network_.carry(link, call, std::move(request), deadline);
  });
  co_return co_await answer;
}

void NetworkLink::finish(std::uint64_t call, Answer answer) {
  auto done = calls_.extract(call);
  if (!done.empty()) done.mapped().done(std::move(answer));
}

void NetworkLink::cut() {
  cut_ = true;
  if (const auto at = network_.links_.find(this); at != network_.links_.end()) {
    *at->second = nullptr;
    network_.links_.erase(at);
  }
  for (auto& [number, call] : std::exchange(calls_, {}))
    loop_.post(
        [done = std::move(call.done)]() mutable { done(fail(ErrorKind::maybe_applied, "the process is dead")); });
}

void Network::carry(std::shared_ptr<NetworkLink*> link, std::uint64_t call, wire::HttpRequest request,
                    Duration deadline) {
  const std::string what = request.method + ' ' + request.target;
  const auto later = [this, link, call](Duration delay, Result<wire::HttpResponse> answer, Steps steps = {}) {
    timeline_.after(delay, [this, link, call, steps, answer = std::move(answer)]() mutable {
      if (*link != nullptr) return (*link)->finish(call, std::move(answer));
      leave_untold(steps);  // it died before it heard
    });
  };
  const bool down = timeline_.now() < down_until_;
  if (down || hits("net.refused")) {
    trace_.say(timeline_.now(), "net", what + ": no connection");
    return later(milliseconds(1) + Duration(static_cast<std::int64_t>(random_.below(2'000'000))),
                 fail(ErrorKind::unavailable, "no connection"));
  }
  if (hits("net.lost_request")) {
    trace_.say(timeline_.now(), "net", what + ": the request is lost");
    return later(deadline, fail(ErrorKind::maybe_applied, "no answer in time"));
  }
  timeline_.after(travel("net.delay_ms"), [this, link, later, deadline, what, sent = timeline_.now(),
                                           request = std::move(request)] {
    gohighlevel::SandboxReply reply;
    const std::uint64_t before = history_.steps();
    if (timeline_.now() < revoked_until_ && !request.target.starts_with("/oauth/")) {
      coverage_.hit("fault", "crm.revoked");
      reply.response.status = 401;
      reply.response.headers.add("Content-Type", "application/json");
      reply.response.body = R"({"statusCode":401,"message":"Invalid token: access token is invalid"})";
    } else {
      reply = crm_.call(request);
      const bool updates = request.method == "PUT" || request.target.ends_with("/tags");
      if (updates && reply.response.status < 300 && hits("crm.terse")) reply.response.body = R"({"succeded":true})";
    }
    trace_.say(timeline_.now(), "crm", what + ' ' + request.body + " -> " + std::to_string(reply.response.status));
    Duration back = travel("net.delay_ms");
    if (hits("net.slow")) back += Duration(static_cast<std::int64_t>(random_.below(40'000'000)));
    const Steps steps{before, history_.steps()};
    const auto untold = [&] { leave_untold(steps); };
    const bool sender_dead = *link == nullptr;
    if (reply.response.status >= 400 || sender_dead) untold();
    if (hits("net.lost_answer")) {
      untold();
      return later(back, fail(ErrorKind::maybe_applied, "the connection was cut"));
    }
    const Duration left = deadline - (timeline_.now() - sent);
    if (hits("net.half_open") || back > left) {
      untold();
      return later(std::max(left, Duration(0)), fail(ErrorKind::maybe_applied, "no answer in time"));
    }
    if (hits("net.garbage")) {
      untold();
      spoil(reply.response);
    }
    later(back, std::move(reply.response), steps);
  });
}

void Network::leave_untold(Steps steps) { history_.leave_untold(Side::crm, steps.after, steps.until, Time{}); }

void Network::note_heard(const std::string& event) {
  const auto body = parse_json(event);
  if (!body) return;
  const bool contact = string_member(*body, "type").starts_with("Contact");
  history_.note_heard({Side::crm, contact ? Kind::contact : Kind::deal, std::string(string_member(*body, "id"))},
                      string_member(*body, "timestamp"), timeline_.now());
}

void Network::spoil(wire::HttpResponse& response) {
  switch (random_.below(3)) {
    case 0: response.body = response.body.substr(0, random_.below(response.body.size() + 1)); break;
    case 1:
      response.status = 502;
      response.body = "<html><body>Bad gateway</body></html>";
      break;
    default: response.body = "{}";
  }
}

void Network::look_for_webhooks() {
  for (gohighlevel::WebhookDelivery& delivery : crm_.sandbox().due_webhooks(timeline_.now()))
    deliver(std::move(delivery));
  if (hook_timer_) timeline_.cancel(*hook_timer_);
  hook_timer_.reset();
  if (const auto due = crm_.sandbox().next_due()) {
    hook_timer_ = timeline_.at(*due, [this] {
      hook_timer_.reset();
      look_for_webhooks();
    });
  }
}

void Network::deliver(gohighlevel::WebhookDelivery delivery) {
  ++hooks_on_their_way_;
  const auto result = [this, id = delivery.delivery_id](std::optional<unsigned> status) {
    timeline_.after(travel("net.delay_ms"), [this, id, status] {
      --hooks_on_their_way_;
      crm_.sandbox().webhook_result(id, status);
      look_for_webhooks();
    });
  };
  timeline_.after(travel("hook.delay_ms"), [this, result, request = std::move(delivery.request)]() mutable {
    const std::string what = request.body.substr(0, 300);
    const std::string event = request.body;
    intake(std::move(request), [this, result, what, event](std::optional<unsigned> status) {
      if (status && *status < 300) note_heard(event);
      trace_.say(timeline_.now(), "hook", what + " -> " + (status ? std::to_string(*status) : "no answer"));
      if (status && hits("hook.answer_lost")) status.reset();
      result(status);
    });
  });
}

}  // namespace lockstep::simulation
