#pragma once

#include "connector/connector.hpp"

namespace lockstep::gohighlevel {

// What the application makes connections to GoHighLevel with.
connector::Factory factory();

}  // namespace lockstep::gohighlevel
