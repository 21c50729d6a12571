// Holds a tree against a shape and reports every difference with its place and a suggestion.
#pragma once

#include <unordered_set>

#include "app/config/node.hpp"
#include "app/config/shape.hpp"

namespace lockstep::app {

// The nodes with a mistake in or below them: what they mean is not looked at, so that one typing error is one problem.
using BadNodes = std::unordered_set<const Node*>;

// `where` is the place in words. Returns whether the node has the shape.
bool check_shape(const Shape& shape, const Node& node, const std::string& where, Problems& problems, BadNodes& bad);

}  // namespace lockstep::app
