// The connector of kind "sqlite": tables of a file. See README.md.
#pragma once

#include "connector/connector.hpp"

namespace lockstep::sqlite_connector {

connector::Factory factory();

}  // namespace lockstep::sqlite_connector
