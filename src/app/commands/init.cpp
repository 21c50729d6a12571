#include "app/commands/init.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>

#include "app/commands/starter.hpp"

namespace lockstep::app {
namespace {

// O_EXCL: an existing file is never touched, also when it appears at this moment.
Result<void> write_new_file(const std::string& path, std::string_view text) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (file < 0 && errno == EEXIST)
    return fail(ErrorKind::invalid, fmt::format("{} is there already; it is left as it is", path));
  if (file < 0)
    return fail(ErrorKind::unavailable, fmt::format("{} cannot be written: {}", path, std::strerror(errno)));
  std::size_t written = 0;
  while (written < text.size()) {
    const auto count = ::write(file, text.data() + written, text.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const int error = errno;
      close(file);
      unlink(path.c_str());
      return fail(ErrorKind::unavailable, fmt::format("{} cannot be written: {}", path, std::strerror(error)));
    }
    written += static_cast<std::size_t>(count);
  }
  if (close(file) != 0)
    return fail(ErrorKind::unavailable, fmt::format("{} cannot be written: {}", path, std::strerror(errno)));
  return {};
}

}  // namespace

void add_init(CLI::App& app, CommandContext& context, CommandAction& action) {
  CLI::App* command = app.add_subcommand("init", "Write a commented lockstep.yaml to start from");
  add_config_option(*command, context);
  command->footer(
      "An existing file is never overwritten.\n\n"
      "Examples:\n"
      "  lockstep init\n"
      "  lockstep init --config /etc/lockstep/lockstep.yaml");
  command->callback([&context, &action] {
    action = [&context] {
      const auto written = write_new_file(context.config_file, starter_config());
      if (!written) return report(context, written.error());
      context.out.line(fmt::format("{} written. Next:", context.config_file));
      context.out.line("  1. put in the id of your location and the fields that you keep equal");
      context.out.line("  2. export GHL_TOKEN=...   LOCKSTEP_API_KEY=$(openssl rand -hex 32)");
      context.out.line("  3. lockstep check, then lockstep migrate, then lockstep up");
      return ExitCode::ok;
    };
  });
}

}  // namespace lockstep::app
