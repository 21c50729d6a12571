// The shapes of the configuration's chapters `server` and `access`.
#pragma once

#include "app/config/shape.hpp"

namespace lockstep::app {

Shape server_shape();
Shape access_shape();

}  // namespace lockstep::app
