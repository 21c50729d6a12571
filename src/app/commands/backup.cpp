#include "app/commands/backup.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>

#include "app/commands/answers.hpp"
#include "app/commands/progress.hpp"
#include "app/ports/data_folder.hpp"
#include "hub/hold.hpp"
#include "store/backup.hpp"
#include "store/sqlite_store.hpp"

namespace lockstep::app {
namespace {

void print_summary(CommandContext& context, std::string_view what, const std::filesystem::path& file,
                   const store::BackupSummary& summary) {
  if (context.format == OutputFormat::json) {
    return print_json(context, JsonObject{{"file", file.string()},
                                          {"bytes", summary.bytes},
                                          {"records", summary.records},
                                          {"last_seq", summary.last_seq}});
  }
  context.out.line(fmt::format("{} {}: {} records, journal up to {}, {:.1f} MiB, checked", what,
                               printable(file.string()), with_commas(summary.records), summary.last_seq,
                               static_cast<double>(summary.bytes) / (1 << 20)));
}

ExitCode make_backup(CommandContext& context, const std::string& target) {
  auto config = load_or_report(context);
  if (!config) return config.error();
  const auto done = store::back_up(store_file(config->server.data_folder), target);
  if (!done) return report(context, done.error());
  print_summary(context, "backed up to", target, *done);
  return ExitCode::ok;
}

Result<void> read_everything_anew(const Config& config) {
  LOCKSTEP_TRY(store, store::open_sqlite_store({.path = store_file(config.server.data_folder)}));
  return store->commit(hub::read_everything_anew(*config.catalog));
}

ExitCode put_back(CommandContext& context, const std::string& backup) {
  auto config = load_or_report(context);
  if (!config) return config.error();
  const std::filesystem::path file = store_file(config->server.data_folder);
  if (const Result<void> made = make_data_folder(config->server.data_folder); !made)
    return report(context, made.error());
  const Time now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  const std::filesystem::path aside = file.string() + ".before-restore-" + std::to_string(to_epoch_ms(now));
  const auto done = store::restore(backup, file, aside);
  if (!done) return report(context, done.error());
  if (const Result<void> marked = read_everything_anew(*config); !marked) return report(context, marked.error());
  print_summary(context, "restored", backup, *done);
  if (context.format == OutputFormat::text) {
    if (std::filesystem::exists(aside)) context.out.line("what was there is kept: " + printable(aside.string()));
    context.out.line("When Lockstep starts, it writes to a system once it has read all of it anew.");
  }
  return ExitCode::ok;
}

}  // namespace

void add_backup(CLI::App& app, CommandContext& context, CommandAction& action) {
  CLI::App* backup = app.add_subcommand("backup", "Copy the store to a file, also while Lockstep runs");
  add_config_option(*backup, context);
  add_json_option(*backup, context);
  const auto target = std::make_shared<std::string>();
  backup->add_option("file", *target, "The file to write; it must not exist")->required();
  backup->footer(
      "The copy is one consistent state, checked, for the owner only: it holds personal data. Tokens in it are "
      "sealed;\n"
      "the key (secret.key in the data folder) does not go along: keep it apart.\n\n"
      "Examples:\n"
      "  lockstep backup /backups/lockstep-$(date +%F).db");
  backup->callback(
      [&context, &action, target] { action = [&context, target] { return make_backup(context, *target); }; });

  CLI::App* restore = app.add_subcommand("restore", "Put a backup in the place of the store");
  add_config_option(*restore, context);
  add_json_option(*restore, context);
  const auto from = std::make_shared<std::string>();
  restore->add_option("file", *from, "A file that `lockstep backup` has written")->required();
  restore->footer(
      "Lockstep must not be running. The store that stood there is kept beside it. After the restore every system is\n"
      "read anew before anything is written to it: what was made since the backup is found and not made again.\n\n"
      "Examples:\n"
      "  lockstep restore /backups/lockstep-2026-11-21.db");
  restore->callback([&context, &action, from] { action = [&context, from] { return put_back(context, *from); }; });
}

}  // namespace lockstep::app
