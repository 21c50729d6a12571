// The network between Lockstep and the CRM, in both directions, with its faults. Requests that have left arrive also when
// the process that sent them has died meanwhile.
#pragma once

#include <functional>
#include <map>

#include "connector/metered_http.hpp"
#include "simulation/coverage.hpp"
#include "simulation/crm.hpp"
#include "simulation/plan.hpp"
#include "simulation/timeline.hpp"
#include "simulation/trace.hpp"

namespace lockstep::simulation {

class Network;

// One process's way to the CRM.
class NetworkLink final : public connector::Transport {
 public:
  NetworkLink(Network& network, Loop& loop) : network_(network), loop_(loop) {}
  Task<Result<wire::HttpResponse>> send(wire::HttpRequest request, std::chrono::milliseconds deadline) override;
  // The process has died: nothing leaves, what was awaited fails (in the afterlife).
  void cut();

 private:
  friend class Network;
  using Answer = Result<wire::HttpResponse>;
  struct Call {
    std::string writes;  // path of the object that it writes to; empty: it reads, or creates
    Completion<Answer>::Done done;
  };
  void finish(std::uint64_t call, Answer answer);

  Network& network_;
  Loop& loop_;
  std::map<std::uint64_t, Call> calls_;
  bool cut_ = false;
};

class Network {
 public:
  Network(Timeline& timeline, Crm& crm, History& history, const Plan& plan, std::uint64_t seed, Coverage& coverage,
          Trace& trace)
      : timeline_(timeline),
        crm_(crm),
        history_(history),
        plan_(plan),
        random_(seed),
        coverage_(coverage),
        trace_(trace) {}

  // Takes a webhook in; `answer` with the status, nullopt when nobody answers.
  using Intake = std::function<void(wire::HttpRequest, std::function<void(std::optional<unsigned>)> answer)>;
  Intake intake;
  // Each write to an object, and whether another one to the same object is on its way (X3).
  std::function<void(const std::string& object, bool overlaps)> on_write;

  // After everything that may have planned webhooks.
  void look_for_webhooks();

  void revoke(Time until) { revoked_until_ = until; }
  void go_down(Time until) { down_until_ = until; }
  void end_faults() {
    faults_ = false;
    revoked_until_ = down_until_ = Time{};
  }
  bool quiet() const { return hooks_on_their_way_ == 0; }

 private:
  friend class NetworkLink;
  void carry(std::shared_ptr<NetworkLink*> link, std::uint64_t call, wire::HttpRequest request, Duration deadline);
  bool hits(std::string_view fault);
  Duration travel(std::string_view mean);
  void deliver(gohighlevel::WebhookDelivery delivery);
  void spoil(wire::HttpResponse& response);
  void note_heard(const std::string& event);
  // Those of the history that one call has brought about.
  struct Steps {
    std::uint64_t after = 0;
    std::uint64_t until = 0;
  };
  void leave_untold(Steps steps);

  Timeline& timeline_;
  Crm& crm_;
  History& history_;
  const Plan& plan_;
  SeededRandom random_;
  Coverage& coverage_;
  Trace& trace_;
  std::map<NetworkLink*, std::shared_ptr<NetworkLink*>> links_;
  std::uint64_t last_call_ = 0;
  std::size_t hooks_on_their_way_ = 0;
  std::optional<Timeline::Key> hook_timer_;
  Time revoked_until_{};
  Time down_until_{};
  bool faults_ = true;
};

}  // namespace lockstep::simulation
