// The whole configuration file as a shape.
#pragma once

#include <span>

#include "app/config/shape.hpp"
#include "connector/connector.hpp"

namespace lockstep::app {

// Keys of a system that are ours; a connector's settings must not use them.
const std::vector<Key>& system_keys();

// `factories`: the connectors in this program. Asserts that their settings schemas can be read: a connector whose
// schema cannot is a bug of that connector.
Shape config_shape(std::span<const connector::Factory> factories);

}  // namespace lockstep::app
