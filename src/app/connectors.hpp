// The connectors in this program. The definition is generated from the folders under connectors/.
#pragma once

#include <vector>

#include "connector/connector.hpp"
#include "connector/sandbox.hpp"

namespace lockstep::app {

std::vector<connector::Factory> connector_factories();
std::vector<connector::SandboxFactory> sandbox_factories();

}  // namespace lockstep::app
