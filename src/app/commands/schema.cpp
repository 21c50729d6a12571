#include "app/commands/schema.hpp"

#include <CLI/CLI.hpp>

#include "app/config/config_shape.hpp"
#include "app/config/json_schema.hpp"
#include "app/config/reference.hpp"

namespace lockstep::app {

void add_schema(CLI::App& app, CommandContext& context, CommandAction& action) {
  CLI::App* command = app.add_subcommand("schema", "Print the JSON Schema of lockstep.yaml, for editors");
  enum class Form { schema, reference };
  const auto form = std::make_shared<Form>(Form::schema);
  command->add_flag_callback(
      "--reference", [form] { *form = Form::reference; }, "Print the reference of all keys in Markdown instead");
  command->footer(
      "Examples:\n"
      "  lockstep schema > lockstep.schema.json\n"
      "  # then, as the first line of lockstep.yaml, for editors with a YAML language server:\n"
      "  # yaml-language-server: $schema=./lockstep.schema.json");
  command->callback([&context, &action, form] {
    action = [&context, form] {
      const Shape shape = config_shape(context.factories);
      context.out.write(*form == Form::reference ? to_reference(shape) : pretty_json(to_json_schema(shape)));
      return ExitCode::ok;
    };
  });
}

}  // namespace lockstep::app
