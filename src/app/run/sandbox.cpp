#include "app/run/sandbox.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>

#include "app/commands/spdlog_log.hpp"
#include "app/run/sandbox_host.hpp"

namespace lockstep::app {
namespace {

struct SandboxArguments {
  std::string kind;
  std::uint16_t port = 0;
  std::size_t contacts = 100;
  std::size_t opportunities = 20;
  std::uint64_t seed = 1;
  std::string webhook_url;
  std::optional<std::uint64_t> burst;
};

ExitCode run_sandbox(CommandContext& context, std::span<const connector::SandboxFactory> factories,
                     const SandboxArguments& arguments) {
  const auto factory = std::ranges::find(factories, arguments.kind, &connector::SandboxFactory::kind);
  if (factory == factories.end()) {
    return report(context,
                  {ErrorKind::invalid,
                   fmt::format("there is no sandbox '{}'; `lockstep sandbox --help` lists them", arguments.kind),
                   {}});
  }
  SpdlogLog log(LogSettings{});
  net::EventLoop loop;
  SeededRandom random(random_seed());
  SandboxHostSettings settings;
  settings.port = arguments.port;
  settings.options.seed = arguments.seed;
  settings.options.webhook_url = arguments.webhook_url;
  settings.options.burst = arguments.burst;
  auto host = SandboxHost::start(*factory, settings, loop, random, log);
  if (!host) return report(context, host.error());
  const auto seeded = (*host)->call(factory->seed_request(arguments.contacts, arguments.opportunities, arguments.seed));
  if (seeded.response.status >= 300)
    return report(context, {ErrorKind::invalid, "the sandbox refused the seed: " + seeded.response.body, {}});

  context.out.line(fmt::format("{} sandbox at {}", factory->kind, (*host)->origin()));
  context.out.line(fmt::format("  edit it as a person would: {}/_sandbox/", (*host)->origin()));
  context.out.line("  a connector reaches it with:");
  for (const auto& [name, value] : factory->connector_settings(settings.options, (*host)->origin())) {
    context.out.line(fmt::format("    {}: {}", std::string_view(name), lockstep::to_text(value)));
  }
  context.out.flush();
  loop.on_signal({SIGINT, SIGTERM}, [&](int) { (*host)->stop([&loop] { loop.stop(); }); });
  loop.run();
  return ExitCode::ok;
}

}  // namespace

void add_sandbox(CLI::App& app, CommandContext& context, std::span<const connector::SandboxFactory> factories,
                 CommandAction& action) {
  auto arguments = std::make_shared<SandboxArguments>();
  CLI::App* command = app.add_subcommand("sandbox", "Run a simulator of an outside system, for trying things out");
  std::string kinds;
  for (const connector::SandboxFactory& factory : factories)
    kinds += fmt::format("\n  {}: {}", factory.kind, factory.summary);
  command->add_option("kind", arguments->kind, "Which one")->required();
  command->add_option("--port", arguments->port, "Port on 127.0.0.1; 0: a free one")->capture_default_str();
  command->add_option("--contacts", arguments->contacts, "People it knows at the start")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  command->add_option("--opportunities", arguments->opportunities, "Deals it knows at the start")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  command->add_option("--seed", arguments->seed, "The same seed gives the same people")->capture_default_str();
  command->add_option("--webhook-url", arguments->webhook_url,
                      "Where it sends its webhooks, such as http://127.0.0.1:8080/hooks/main/crm");
  command
      ->add_option("--burst", arguments->burst,
                   "Calls that its quota allows in a burst window; without it the real system's limit")
      ->check(CLI::Range(1, 1'000'000));
  command->footer("Sandboxes:" + kinds +
                  "\n\nExample:\n  lockstep sandbox gohighlevel --contacts 1000 --webhook-url "
                  "http://127.0.0.1:8080/hooks/main/crm");
  command->callback([&context, factories, &action, arguments] {
    action = [&context, factories, arguments] { return run_sandbox(context, factories, *arguments); };
  });
}

}  // namespace lockstep::app
