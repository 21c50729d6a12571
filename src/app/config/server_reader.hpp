// The parts of the configuration that are about the program itself: `server` and `access`.
#pragma once

#include "app/config/config.hpp"
#include "app/config/secrets.hpp"
#include "app/config/shape_check.hpp"

namespace lockstep::app {

// `folder`: the one of the configuration file, where relative paths start.
void read_server(const Node& root, const std::string& folder, const BadNodes& bad, Problems& problems, Config& config);

// Reads `server.sealing`.
void read_sealing(const Node& root, Secrets& secrets, const BadNodes& bad, Problems& problems, Config& config);

// Reads `access`; needs the sources in `config` to know which ids exist.
void read_access(const Node& root, Secrets& secrets, const BadNodes& bad, Problems& problems, Config& config);

}  // namespace lockstep::app
