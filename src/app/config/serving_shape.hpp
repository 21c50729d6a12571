// The parts of the configuration that say what dashboards are served: shapes, and what they mean.
#pragma once

#include "app/config/config.hpp"
#include "app/config/node.hpp"
#include "app/config/problem.hpp"
#include "app/config/shape.hpp"
#include "app/config/shape_check.hpp"

namespace lockstep::app {

Shape rest_shape();
Shape realtime_shape();
Shape functions_shape();
Shape jobs_shape();
Shape schedule_shape();

// After the sources.
void read_serving(const Node& root, const BadNodes& bad, Problems& problems, Config& config);

}  // namespace lockstep::app
