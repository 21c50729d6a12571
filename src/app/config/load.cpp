#include "app/config/load.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "app/config/config_shape.hpp"
#include "app/config/limits.hpp"
#include "app/config/server_reader.hpp"
#include "app/config/serving_shape.hpp"
#include "app/config/shape_check.hpp"
#include "app/config/source_reader.hpp"

namespace lockstep::app {

ConfigResult load_config(const std::string& file, std::span<const connector::Factory> factories,
                         const Environment& environment) {
  auto text = environment.file(file, config_bytes_limit);
  if (!text) {
    Problem problem{file, {}, {}, text.error().message, {}, ProblemKind::mistake};
    if (text.error().kind == ErrorKind::not_found) problem.hint = "`lockstep init` writes one; --config names another";
    return std::unexpected(std::vector{std::move(problem)});
  }
  return read_config(*text, file, factories, environment);
}

ConfigResult read_config(const std::string& text, const std::string& file,
                         std::span<const connector::Factory> factories, const Environment& environment) {
  Problems problems(file);
  const Node root = parse_yaml(text, problems);
  // A file that is no YAML has no shape to speak of.
  if (!root.is(Node::Kind::map)) {
    if (problems.empty())
      problems.add(root.mark, {}, fmt::format("this must be a map, not {}", to_string(root.kind)),
                   "start with version: 1");
    return std::unexpected(problems.take());
  }
  BadNodes bad;
  check_shape(config_shape(factories), root, "", problems, bad);

  Config config;
  config.file = file;
  const std::string folder = std::filesystem::path(file).parent_path().string();
  Secrets secrets(environment, folder, problems);
  read_server(root, folder, bad, problems, config);
  SourceReader sources(factories, secrets, bad, problems, config);
  sources.read(root);
  read_sealing(root, secrets, bad, problems, config);
  read_access(root, secrets, bad, problems, config);
  read_serving(root, bad, problems, config);
  config.secrets = secrets.values();
  if (!problems.empty()) return std::unexpected(problems.take());
  return config;
}

Result<std::string> read_server_url(const std::string& file, const Environment& environment) {
  const auto text = environment.file(file, config_bytes_limit);
  if (!text) return fail(ErrorKind::invalid, text.error().message + "; --url or --config says where the server is");
  Problems problems(file);
  const Node root = parse_yaml(*text, problems);
  Config config;
  BadNodes bad;
  check_shape(config_shape({}), root, "", problems, bad);
  read_server(root, "", bad, problems, config);
  std::string host = config.server.host;
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "::") host = "::1";
  if (host.find(':') != std::string::npos) host = fmt::format("[{}]", host);
  if (config.server.port == 0)
    return fail(ErrorKind::invalid, fmt::format("{} lets the server take any port; --url says which", file));
  return fmt::format("http://{}:{}", host, config.server.port);
}

}  // namespace lockstep::app
