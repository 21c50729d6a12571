// The program: makes the real context and runs the command that the arguments ask for. Commands are listed here.
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <iostream>

#include "app/commands/backup.hpp"
#include "app/commands/check.hpp"
#include "app/commands/command_state.hpp"
#include "app/commands/conflicts.hpp"
#include "app/commands/deadletters.hpp"
#include "app/commands/forget_secrets.hpp"
#include "app/commands/http_transport.hpp"
#include "app/commands/init.hpp"
#include "app/commands/live_systems.hpp"
#include "app/commands/migrate.hpp"
#include "app/commands/pause.hpp"
#include "app/commands/records.hpp"
#include "app/commands/schema.hpp"
#include "app/commands/secret_input.hpp"
#include "app/commands/sim.hpp"
#include "app/commands/spdlog_log.hpp"
#include "app/commands/status.hpp"
#include "app/commands/sync.hpp"
#include "app/commands/undo.hpp"
#include "app/commands/user.hpp"
#include "app/config/suggest.hpp"
#include "app/connectors.hpp"
#include "app/run/demo.hpp"
#include "app/run/sandbox.hpp"
#include "app/run/up.hpp"

namespace lockstep::app {
namespace {

constexpr std::size_t columns_standard = 100;

// https://no-color.org: its presence counts, not its value.
Audience audience_of(int file) {
  const char* no_colour = std::getenv("NO_COLOR");
  return isatty(file) != 0 && (no_colour == nullptr || *no_colour == '\0') ? Audience::person : Audience::program;
}

std::size_t columns_of(int file) {
  winsize size{};
  return ioctl(file, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : columns_standard;
}

// `check` and `migrate` speak to the systems themselves, with a log of their own that knows the secrets.
class OwnSystems final : public SystemOpener {
 public:
  static Result<std::unique_ptr<SystemOpener>> make(std::span<const connector::Factory> factories,
                                                    const Config& config) {
    auto own = std::make_unique<OwnSystems>(LogSettings{LogLevel::warning, config.server.log_format, config.secrets});
    own->state_ = std::make_unique<CommandState>(config.server);
    const StateOf state = [kept = own->state_.get()](const SystemConfig& system) { return kept->state_of(system); };
    auto live = LiveSystems::make(factories, state, own->log_);
    if (!live) return fail(live.error());
    own->live_ = std::move(*live);
    return own;
  }

  explicit OwnSystems(LogSettings settings) : log_(std::move(settings)) {}
  Result<std::vector<connector::CheckLine>> check(const SystemConfig& system) override { return live_->check(system); }
  Result<std::vector<std::string>> migrate(const SystemConfig& system) override { return live_->migrate(system); }
  Result<std::vector<std::string>> read(const SystemConfig& system, const connector::TableRead& read) override {
    return live_->read(system, read);
  }

 private:
  SpdlogLog log_;
  std::unique_ptr<CommandState> state_;
  std::unique_ptr<LiveSystems> live_;
};

// CLI11 only says that a command is required.
std::optional<Error> unknown_command(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-' || argv[1][0] == '\0') return std::nullopt;
  std::vector<std::string> known;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    known.push_back(command->get_name());
  if (std::ranges::find(known, argv[1]) != known.end()) return std::nullopt;
  return Error{ErrorKind::invalid, fmt::format("there is no command \"{}\"; {}", argv[1], suggest(argv[1], known)), {}};
}

ExitCode run(int argc, char** argv) {
  Terminal out(std::cout, audience_of(STDOUT_FILENO), columns_of(STDOUT_FILENO));
  Terminal err(std::cerr, audience_of(STDERR_FILENO), columns_of(STDERR_FILENO));
  const ProcessEnvironment environment;
  const auto factories = connector_factories();
  const auto sandboxes = sandbox_factories();
  CommandContext context{
      .out = out,
      .err = err,
      .environment = environment,
      .factories = factories,
      .connect = [](const std::string& origin) -> Result<std::unique_ptr<ApiTransport>> {
        auto transport = HttpTransport::make(origin);
        if (!transport) return fail(transport.error());
        return std::move(*transport);
      },
      .open_systems = [&factories](const Config& config) { return OwnSystems::make(factories, config); },
      .read_secret = read_secret};

  CLI::App app("Keeps a business's systems holding the same data, in every direction, in real time.", "lockstep");
  app.set_version_flag("--version", "lockstep " LOCKSTEP_VERSION);
  app.require_subcommand(1);
  app.footer(
      "`lockstep COMMAND --help` says more about a command. Exit codes: 0 ok, 1 failed, 2 bad input or configuration, "
      "3 bad environment.");
  CommandAction action;
  add_demo(app, context, sandboxes, LOCKSTEP_VERSION, action);
  add_init(app, context, action);
  add_check(app, context, action);
  add_migrate(app, context, action);
  add_up(app, context, LOCKSTEP_VERSION, action);
  add_status(app, context, action);
  add_sync(app, context, action);
  add_records(app, context, action);
  add_deadletters(app, context, action);
  add_conflicts(app, context, action);
  add_undo(app, context, action);
  add_replay(app, context, action);
  add_pause(app, context, action);
  add_user(app, context, action);
  add_backup(app, context, action);
  add_forget_secrets(app, context, action);
  add_schema(app, context, action);
  add_sandbox(app, context, sandboxes, action);
  add_sim(app, context, LOCKSTEP_VERSION, action);
  if (const auto unknown = unknown_command(app, argc, argv)) return report(context, *unknown);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error, std::cout, std::cerr) == 0 ? ExitCode::ok : ExitCode::bad_input;
  }
  return action();
}

}  // namespace
}  // namespace lockstep::app

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);               // a peer or a pager that goes away is an error of a write
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);  // its counters take a lock with every allocation, and nobody reads them
  const auto code = lockstep::app::run(argc, argv);
  std::cout.flush();
  return static_cast<int>(code);
}
