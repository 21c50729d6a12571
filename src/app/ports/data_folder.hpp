// What every part of the program that opens the data folder must agree on.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.hpp"

namespace lockstep::app {

// Creates the folder when it is not there, for this user only; an existing one keeps its permissions. `unavailable`
// when that cannot be done.
Result<void> make_data_folder(const std::string& folder);

std::filesystem::path store_file(const std::string& folder);
// Of the key that seals secrets, when the configuration names none.
std::filesystem::path key_file(const std::string& folder);

}  // namespace lockstep::app
