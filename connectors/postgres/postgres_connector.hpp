// The connector of kind "postgres": tables of a PostgreSQL database (Supabase included). See README.md.
#pragma once

#include "connector/connector.hpp"

namespace lockstep::postgres {

connector::Factory factory();

}  // namespace lockstep::postgres
