#include "app/commands/user.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "app/commands/answers.hpp"
#include "app/commands/table.hpp"

namespace lockstep::app {
namespace {

struct UserOptions {
  std::string name;
  std::string role;
  std::string source;
  std::string business;
  bool everywhere = false;
};

std::string account_path(const UserOptions& options) { return "/accounts/" + path_part(options.name); }

Result<std::string> person_path(ApiClient& api, const UserOptions& options) {
  LOCKSTEP_TRY(source, choose_source(api, options.source));
  return fmt::format("/sources/{}/people/{}", path_part(source), path_part(options.name));
}

JsonObject grant_of(const UserOptions& options) {
  JsonObject out{{"role", options.role}};
  if (!options.business.empty()) out["business"] = options.business;
  return out;
}

Result<void> tell(CommandContext& context, const Result<Json>& answer, const std::string& text) {
  if (!answer) return fail(answer.error());
  if (context.format == OutputFormat::json) {
    print_json(context, *answer);
  } else {
    context.out.line(text);
  }
  return {};
}

std::string rights_of(const Json& account) {
  std::string out;
  if (const auto role = string_member(account, "everywhere"); !role.empty()) out = std::string(role) + " everywhere";
  for (const auto& [source, role] : members_of(account, "sources"))
    out += fmt::format("{}{} of {}", out.empty() ? "" : ", ", inline_text(role), std::string_view(source));
  for (const auto& [source, names] : members_of(account, "businesses")) {
    for (const Json& name : names.is_array() ? names.get_array() : JsonArray())
      out += fmt::format("{}business {} of {}", out.empty() ? "" : ", ", inline_text(name), std::string_view(source));
  }
  return out.empty() ? "none" : out;
}

Result<void> list(CommandContext& context, ApiClient& api) {
  const auto answer = api.get("/accounts");
  if (!answer) return fail(answer.error());
  if (context.format == OutputFormat::json) {
    print_json(context, *answer);
    return {};
  }
  Table table({{"ACCOUNT"}, {"RIGHTS"}});
  for (const Json& account : items_of(*answer))
    table.add({printable(string_member(account, "account")), Cell(printable(rights_of(account)))});
  table.print(context.out);
  return {};
}

Result<void> add(CommandContext& context, ApiClient& api, const UserOptions& options) {
  std::string path = "/accounts";
  JsonObject body;
  const bool in_source = !options.role.empty() && !options.everywhere;
  if (in_source) {
    LOCKSTEP_TRY(person, person_path(api, options));
    path = person;
    body = grant_of(options);
  } else {
    body["account"] = options.name;
    if (!options.role.empty()) body["everywhere"] = options.role;
  }
  LOCKSTEP_TRY(password, context.read_secret("Password of " + options.name));
  body["password"] = password;
  const Result<Json> answer = in_source ? api.put(path, body) : api.post(path, body);
  return tell(context, answer, fmt::format("{}: added", printable(options.name)));
}

Result<void> grant(CommandContext& context, ApiClient& api, const UserOptions& options) {
  std::string path = account_path(options) + "/everywhere";
  JsonObject body{{"everywhere", options.role}};
  if (!options.everywhere) {
    LOCKSTEP_TRY(person, person_path(api, options));
    path = person;
    body = grant_of(options);
  }
  return tell(context, api.put(path, body), fmt::format("{}: {} now", printable(options.name), options.role));
}

Result<void> revoke(CommandContext& context, ApiClient& api, const UserOptions& options) {
  const std::string text = fmt::format("{}: what is open ends within 5 seconds", printable(options.name));
  if (options.everywhere)
    return tell(context, api.put(account_path(options) + "/everywhere", JsonObject{{"everywhere", nullptr}}), text);
  LOCKSTEP_TRY(person, person_path(api, options));
  return tell(context, api.remove(person), text);
}

Result<void> change_password(CommandContext& context, ApiClient& api, const UserOptions& options) {
  LOCKSTEP_TRY(password, context.read_secret("New password of " + options.name));
  return tell(context, api.put(account_path(options) + "/password", JsonObject{{"password", password}}),
              fmt::format("{}: has the new password, and is signed out everywhere", printable(options.name)));
}

Result<void> sign_in(CommandContext& context, ApiClient& api, const UserOptions& options) {
  LOCKSTEP_TRY(password, context.read_secret("Password of " + options.name));
  const auto answer =
      api.post("/session", JsonObject{{"account", options.name}, {"password", password}, {"token", true}});
  if (!answer) return fail(answer.error());
  return tell(context, answer, std::string(string_member(*answer, "token")));
}

}  // namespace

void add_user(CLI::App& app, CommandContext& context, CommandAction& action) {
  CLI::App* user = app.add_subcommand("user", "People with a name and a password");
  user->require_subcommand(1);
  user->footer(
      "Passwords are asked for, or are the first line of the standard input.\n\n"
      "Examples:\n"
      "  lockstep user add ada@example.com --role admin --everywhere\n"
      "  lockstep user add bob@example.com --role editor --source main\n"
      "  lockstep user add cafe@example.com --role business --business cafe-7 --source main\n"
      "  export LOCKSTEP_API_KEY=$(lockstep user sign-in ada@example.com)");
  using Run = Result<void> (*)(CommandContext&, ApiClient&, const UserOptions&);
  enum class Takes { nothing, name, place, role_and_place };
  const auto add_command = [&](const char* name, const char* text, Takes takes, Run run) {
    const auto options = std::make_shared<UserOptions>();
    CLI::App* command = user->add_subcommand(name, text);
    add_api_options(*command, context);
    if (takes != Takes::nothing) command->add_option("account", options->name, "The account's name")->required();
    if (takes == Takes::place || takes == Takes::role_and_place) {
      CLI::Option* source =
          command->add_option("--source", options->source, "In which source; not needed when there is one only");
      command->add_flag("--everywhere", options->everywhere, "In every source, also in those of tomorrow")
          ->excludes(source);
    }
    if (takes == Takes::role_and_place) {
      command->add_option("--role", options->role, "viewer, editor, owner, business; everywhere also admin");
      command->add_option("--business", options->business, "Which one, for --role business");
    }
    command->callback([&context, &action, options, run] {
      action = [&context, options, run] {
        return with_api(context, [&](ApiClient& api) { return run(context, api, *options); });
      };
    });
    return command;
  };
  add_command("list", "All accounts and what they may", Takes::nothing,
              [](CommandContext& in, ApiClient& api, const UserOptions&) { return list(in, api); });
  add_command("add", "Make an account", Takes::role_and_place, add);
  add_command("remove", "Remove an account; it is signed out everywhere", Takes::name,
              [](CommandContext& in, ApiClient& api, const UserOptions& options) {
                return tell(in, api.remove(account_path(options)), fmt::format("{}: removed", printable(options.name)));
              });
  add_command("password", "Give an account another password", Takes::name, change_password);
  add_command("grant", "Say what an account may", Takes::role_and_place, grant)->get_option("--role")->required();
  add_command("revoke", "Take a right away", Takes::place, revoke);
  add_command("sign-in", "Print the token of a new session, for LOCKSTEP_API_KEY", Takes::name, sign_in);
}

}  // namespace lockstep::app
