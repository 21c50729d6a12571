// The demo's stage: sandbox, database, configuration and server, set up in a folder and taken down again.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "app/commands/context.hpp"
#include "app/commands/spdlog_log.hpp"
#include "app/run/demo_database.hpp"
#include "app/run/private_postgres.hpp"
#include "app/run/sandbox_host.hpp"
#include "app/server/server.hpp"

namespace lockstep::app {

enum class DemoStore { sqlite, postgres };

struct DemoSettings {
  DemoStore store = DemoStore::sqlite;
  std::size_t contacts = 1000;
  std::size_t opportunities = 200;
  std::uint16_t port = 8080;  // another one when it is taken
  std::string folder;         // "": a temporary one, removed at the end
};

class DemoStage {
 public:
  static Result<std::unique_ptr<DemoStage>> set_up(const DemoSettings& settings, CommandContext& context,
                                                   std::span<const connector::SandboxFactory> sandboxes,
                                                   const std::string& version, net::EventLoop& loop);
  ~DemoStage();
  DemoStage(const DemoStage&) = delete;
  DemoStage& operator=(const DemoStage&) = delete;

  SandboxHost& crm() { return *crm_; }
  DemoDatabase& database() { return *database_; }
  std::string url() const;
  const std::string& folder() const { return folder_; }
  void take_down(Action done);

  // One call of the CRM's control API: the true state, and what a person in the CRM does.
  Result<Json> crm_call(const std::string& method, const std::string& target, const Json& body = nullptr);

 private:
  DemoStage(net::EventLoop& loop, LogSettings log) : loop_(loop), log_(std::move(log)) {}
  Result<void> write_configuration(const DemoSettings& settings, const connector::SandboxFactory& sandbox,
                                   const connector::SandboxOptions& options, std::uint16_t port);

  net::EventLoop& loop_;
  SpdlogLog log_;
  SeededRandom random_{random_seed()};
  std::string folder_;
  bool own_folder_ = false;
  std::unique_ptr<PrivatePostgres> postgres_;
  std::unique_ptr<SandboxHost> crm_;
  std::unique_ptr<DemoDatabase> database_;
  std::unique_ptr<Server> server_;
};

}  // namespace lockstep::app
