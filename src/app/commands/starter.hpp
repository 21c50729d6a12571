// The lockstep.yaml that `lockstep init` writes.
#pragma once

#include <string_view>

namespace lockstep::app {

std::string_view starter_config();

}  // namespace lockstep::app
