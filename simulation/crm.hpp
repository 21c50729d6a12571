// The simulated CRM: the GoHighLevel sandbox, as strict as it is, and the true history of its records.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "connectors/gohighlevel/sandbox/sandbox.hpp"
#include "simulation/history.hpp"

namespace lockstep::simulation {

class Crm {
 public:
  Crm(gohighlevel::SandboxSettings settings, const Clock& clock, std::uint64_t seed, History& history);

  // A call of Lockstep's.
  gohighlevel::SandboxReply call(const wire::HttpRequest& request);
  // What a person does at the CRM's pages: "POST", "contacts", {...}. The answer's body; null when it was refused.
  Json act(const std::string& method, const std::string& path, const Json& body);
  // As `act`, but nothing that concerns records: faults, settings.
  Json control(const std::string& method, const std::string& path, const Json& body);

  // Installs the app, as its owner does in a browser. The setting `oauth` of a connector that has access by it.
  JsonObject install_app();

  gohighlevel::Sandbox& sandbox() { return sandbox_; }
  const std::string& pipeline() const { return pipeline_; }
  const std::vector<std::string>& stages() const { return stages_; }
  std::uint64_t answers(unsigned status) const;
  // Calls that it refused because its budget was spent, not by a fault (Q1).
  std::uint64_t beyond_budget();
  // Called after whatever may have planned webhooks.
  std::function<void()> on_change;

 private:
  void watch(Hand by);
  void watch_kind(Kind kind, Hand by);

  const Clock& clock_;
  SeededRandom random_;
  gohighlevel::Sandbox sandbox_;
  History& history_;
  std::string pipeline_;
  std::vector<std::string> stages_;
  std::map<unsigned, std::uint64_t> answers_;
};

}  // namespace lockstep::simulation
