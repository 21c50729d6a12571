// The connectors in this program. The definition is generated from the folders under connectors/.
#pragma once

#include <vector>

#include "connector/connector.hpp"

namespace lockstep::app {

std::vector<connector::Factory> connector_factories();

}  // namespace lockstep::app
