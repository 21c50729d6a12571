#include "app/run/up.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>

#include "app/commands/spdlog_log.hpp"
#include "app/server/server.hpp"

namespace lockstep::app {
namespace {

ExitCode run_server(CommandContext& context, const std::string& version) {
  auto config = load_or_report(context);
  if (!config) return config.error();
  SpdlogLog log(LogSettings{config->server.log_level, config->server.log_format, config->secrets});
  const std::string host = config->server.host;
  const std::string page_url = config->server.public_url;
  net::EventLoop loop;
  auto server = Server::start(std::move(*config), {&loop, &log, context.factories, version});
  if (!server) return report(context, server.error());
  // Scripts and tests read this line to learn the port.
  context.out.line(fmt::format("listening on http://{}:{}", host, (*server)->port()));
  if (const auto token = (*server)->setup_token()) {
    context.out.line(
        fmt::format("nobody can sign in yet: make the first account, an administrator, once, at {}/#setup={}",
                    page_url.empty() ? fmt::format("http://{}:{}", host, (*server)->port()) : page_url, *token));
  }
  context.out.flush();

  bool draining = false;
  const auto stop = [&](int signal) {
    if (draining) {
      log.warning("stop.forced", {{"signal", signal}});
      loop.stop();
      return;
    }
    draining = true;
    log.info("stop.draining", {{"signal", signal}});
    (*server)->drain([&loop] { loop.stop(); });
  };
  const auto reload = [&] {
    auto next = load_config(context.config_file, context.factories, context.environment);
    if (!next) {
      log.error("reload.refused", {{"problems", next.error().size()},
                                   {"hint", "run `lockstep check`; the old configuration stays in force"}});
      return;
    }
    log.hide(next->secrets);
    const Result<void> done = (*server)->reload(std::move(*next));
    if (done) {
      log.info("reload.done");
    } else {
      log.error("reload.refused", {{"error", done.error().message}});
    }
  };
  loop.on_signal({SIGINT, SIGTERM, SIGHUP}, [&](int signal) {
    if (signal == SIGHUP) {
      reload();
    } else {
      stop(signal);
    }
  });
  loop.run();
  log.info("stopped");
  return ExitCode::ok;
}

}  // namespace

void add_up(CLI::App& app, CommandContext& context, std::string version, CommandAction& action) {
  CLI::App* command = app.add_subcommand("up", "Run the server");
  add_config_option(*command, context);
  command->footer(
      "SIGTERM and SIGINT end it gracefully: webhooks get 429 (the CRM sends them again), writes on their way are "
      "waited for.\n"
      "SIGHUP reads the configuration again without dropping anything.\n\nExample:\n  lockstep up --config "
      "lockstep.yaml");
  command->callback([&context, version = std::move(version), &action] {
    action = [&context, version] { return run_server(context, version); };
  });
}

}  // namespace lockstep::app
