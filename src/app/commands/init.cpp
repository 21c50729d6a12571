#include "app/commands/init.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "app/commands/recipes.hpp"
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

// "crm-mirror" of "crm-mirror/migrations/0001.sql".
std::string_view recipe_of(const RecipeFile& file) { return file.name.substr(0, file.name.find('/')); }

std::vector<std::string> recipe_names() {
  std::vector<std::string> names;
  for (const RecipeFile& file : recipe_files()) {
    const std::string_view name = recipe_of(file);
    if (file.name.ends_with("/lockstep.yaml") && std::ranges::find(names, name) == names.end())
      names.emplace_back(name);
  }
  return names;
}

ExitCode list_recipes(CommandContext& context) {
  for (const std::string& name : recipe_names()) context.out.line(name);
  context.out.line("`lockstep init --recipe NAME` writes one into the folder NAME");
  return ExitCode::ok;
}

ExitCode write_recipe(CommandContext& context, const std::string& name) {
  const std::vector<std::string> known = recipe_names();
  if (std::ranges::find(known, name) == known.end()) {
    return report(context,
                  {ErrorKind::invalid, fmt::format("there is no recipe \"{}\": {}", name, fmt::join(known, ", ")), {}});
  }
  for (const RecipeFile& file : recipe_files()) {
    if (recipe_of(file) != name) continue;
    const std::filesystem::path path(file.name);
    std::error_code error;
    std::filesystem::create_directories(path.parent_path(), error);
    if (error)
      return report(context, {ErrorKind::unavailable,
                              fmt::format("{} cannot be made: {}", path.parent_path().string(), error.message()),
                              {}});
    const auto written = write_new_file(path.string(), file.text);
    if (!written) return report(context, written.error());
  }
  context.out.line(fmt::format("{0}/ written: {0}/README.md says what to do next", name));
  return ExitCode::ok;
}

ExitCode write_starter(CommandContext& context) {
  const auto written = write_new_file(context.config_file, starter_config());
  if (!written) return report(context, written.error());
  context.out.line(fmt::format("{} written. Next:", context.config_file));
  context.out.line("  1. put in the id of your location and the fields that you keep equal");
  context.out.line("  2. export GHL_TOKEN=...   LOCKSTEP_API_KEY=$(openssl rand -hex 32)");
  context.out.line("  3. lockstep check, then lockstep migrate, then lockstep up");
  return ExitCode::ok;
}

}  // namespace

void add_init(CLI::App& app, CommandContext& context, CommandAction& action) {
  CLI::App* command = app.add_subcommand("init", "Write a commented lockstep.yaml, or a whole recipe, to start from");
  add_config_option(*command, context);
  const auto recipe = std::make_shared<std::string>();
  const CLI::Option* wanted =
      command->add_option("--recipe", *recipe, "A recipe: its configuration and SQL; without a name they are listed")
          ->expected(0, 1);
  command->footer(
      "An existing file is never overwritten.\n\n"
      "Examples:\n"
      "  lockstep init\n"
      "  lockstep init --config /etc/lockstep/lockstep.yaml\n"
      "  lockstep init --recipe crm-mirror");
  command->callback([&context, &action, recipe, wanted] {
    action = [&context, recipe, wanted] {
      if (wanted->count() == 0) return write_starter(context);
      return recipe->empty() ? list_recipes(context) : write_recipe(context, *recipe);
    };
  });
}

}  // namespace lockstep::app
