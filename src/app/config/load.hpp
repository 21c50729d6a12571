// Reads lockstep.yaml: every mistake at once, each with its line, column and what to do.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <vector>

#include "app/config/config.hpp"
#include "app/config/environment.hpp"
#include "app/config/problem.hpp"

namespace lockstep::app {

using ConfigResult = std::expected<Config, std::vector<Problem>>;

// Reads the file through `environment`; paths in it are relative to its folder.
ConfigResult load_config(const std::string& file, std::span<const connector::Factory> factories,
                         const Environment& environment);

// The same for a text in memory; `file` is its name in problems and the start of relative paths.
ConfigResult read_config(const std::string& text, const std::string& file,
                         std::span<const connector::Factory> factories, const Environment& environment);

// Where the server of this configuration answers from this machine: "http://127.0.0.1:8080". For commands that talk to
// it: reads `server.listen` only, so that they need none of the secrets.
Result<std::string> read_server_url(const std::string& file, const Environment& environment);

}  // namespace lockstep::app
