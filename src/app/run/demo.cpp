#include "app/run/demo.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>

#include "app/commands/progress.hpp"
#include "app/run/demo_show.hpp"

namespace lockstep::app {
namespace {

struct DemoArguments {
  DemoSettings settings;
  std::size_t rounds = 5;
  bool once = false;
};

struct Run {
  std::optional<Error> error;
  bool interrupted = false;
};

Task<void> play(const DemoArguments& arguments, DemoStage& stage, Terminal& out, net::EventLoop& loop,
                net::HttpClient& client, Run& run) {
  DemoShow show(stage, out, loop, client);
  Result<void> done = co_await show.mirror();
  if (done) done = co_await show.edits(arguments.rounds);
  if (done) done = co_await show.compare();
  if (run.interrupted) co_return;  // the stage is being taken down already
  if (!done) run.error = done.error();
  if (arguments.once || run.error) {
    stage.take_down([&loop] { loop.stop(); });
    co_return;
  }
  out.line();
  out.line("It stays up for you. Change something on one side and watch the others:");
  out.line("  live page     " + stage.url() + "/");
  out.line("  the CRM       " + stage.crm().origin() + "/_sandbox/");
  out.line("  the database  " + stage.database().shell());
  out.line("  configuration " + stage.folder() + "/lockstep.yaml");
  out.line("Ctrl-C ends it.");
  out.flush();
}

ExitCode run_demo(CommandContext& context, std::span<const connector::SandboxFactory> sandboxes,
                  const std::string& version, const DemoArguments& arguments) {
  Terminal& out = context.out;
  out.line(fmt::format("A simulated CRM with {} contacts and {} opportunities, {}, and Lockstep between them.",
                       with_commas(arguments.settings.contacts), with_commas(arguments.settings.opportunities),
                       arguments.settings.store == DemoStore::postgres ? "a private PostgreSQL cluster"
                                                                       : "an SQLite file as the database"));
  out.flush();
  net::EventLoop loop;
  auto stage = DemoStage::set_up(arguments.settings, context, sandboxes, version, loop);
  if (!stage) return report(context, stage.error());
  out.line("Live page: " + (*stage)->url() + "/");
  out.flush();
  net::ClientSettings client_settings;
  client_settings.reach = net::AddressReach::any;  // this machine
  auto client = net::HttpClient::make(loop, std::move(client_settings));
  if (!client) return report(context, client.error());

  Run run;
  TaskScope tasks;
  bool stopping = false;
  loop.on_signal({SIGINT, SIGTERM}, [&](int) {
    if (std::exchange(stopping, true)) {
      std::_Exit(static_cast<int>(ExitCode::failed));  // a second Ctrl-C does not wait
    }
    run.interrupted = true;
    (*client)->close();
    (*stage)->take_down([&loop] { loop.stop(); });
  });
  tasks.spawn(play(arguments, **stage, out, loop, **client, run));
  loop.run();
  (*client)->close();
  if (run.error && !run.interrupted) {
    (*stage).reset();
    return report(context, *run.error) == ExitCode::ok ? ExitCode::ok : ExitCode::failed;
  }
  if (!tasks.idle()) {
    // Interrupted while the show sleeps: its timers never fire any more.
    stage->reset();
    std::_Exit(static_cast<int>(ExitCode::ok));
  }
  return ExitCode::ok;
}

}  // namespace

void add_demo(CLI::App& app, CommandContext& context, std::span<const connector::SandboxFactory> sandboxes,
              std::string version, CommandAction& action) {
  auto arguments = std::make_shared<DemoArguments>();
  CLI::App* command =
      app.add_subcommand("demo", "Show it: a simulated CRM, a database, and edits that travel both ways");
  command->add_flag_callback(
      "--postgres", [arguments] { arguments->settings.store = DemoStore::postgres; },
      "A private PostgreSQL 15 cluster instead of an SQLite file");
  command->add_flag("--once", arguments->once,
                    "End by itself; exit code 0 only if all systems hold equal data at the end");
  command->add_option("--contacts", arguments->settings.contacts, "People in the CRM")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  command->add_option("--opportunities", arguments->settings.opportunities, "Deals in the CRM")
      ->check(CLI::Range(0, 100'000))
      ->capture_default_str();
  command->add_option("--edits", arguments->rounds, "Edits shown in each direction")
      ->check(CLI::Range(1, 500))
      ->capture_default_str();
  command->add_option("--port", arguments->settings.port, "Port of the page on 127.0.0.1; another one when it is taken")
      ->capture_default_str();
  command->add_option("--folder", arguments->settings.folder,
                      "Keep the demo's files there; without it they go when the demo ends");
  command->footer("Examples:\n  lockstep demo\n  lockstep demo --postgres --once");
  command->callback([&context, sandboxes, version = std::move(version), &action, arguments] {
    action = [&context, sandboxes, version, arguments] { return run_demo(context, sandboxes, version, *arguments); };
  });
}

}  // namespace lockstep::app
