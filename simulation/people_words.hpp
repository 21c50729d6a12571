// How the systems name and spell what people type.
#pragma once

#include <string>

#include "simulation/history.hpp"

namespace lockstep::simulation {

const std::string& crm_name(const std::string& field);
Json text_or_null(const std::string& value);
// The path of an object at the CRM's pages; of the collection when there is no id.
std::string url(Kind kind, const std::string& id);
// What the history holds for a value that somebody typed, and an amount as one would type it.
std::string canonical(const std::string& field, const std::string& value);
std::string amount_text(const std::string& canonical);

}  // namespace lockstep::simulation
