// Shapes as the reference chapter of docs/configuration.md.
#pragma once

#include <string>

#include "app/config/shape.hpp"

namespace lockstep::app {

// One section per named shape, in the order of first use: what it is, a table of its keys, an example.
std::string to_reference(const Shape& root);

}  // namespace lockstep::app
