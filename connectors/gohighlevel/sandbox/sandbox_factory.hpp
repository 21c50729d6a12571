// How the program hosts this sandbox: `lockstep sandbox gohighlevel`, the demo, whole-program tests.
#pragma once

#include "connector/sandbox.hpp"

namespace lockstep::gohighlevel {

connector::SandboxFactory sandbox_factory();

}  // namespace lockstep::gohighlevel
