// "Did you mean": the known word nearest to a mistyped one.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace lockstep::app {

// Letters added, dropped, changed or swapped with their neighbour.
std::size_t edit_distance(std::string_view a, std::string_view b);

// `did you mean "email"?` when one is near enough, else `known here: "a", "b"`, else "".
std::string suggest(std::string_view written, std::span<const std::string> known);

}  // namespace lockstep::app
