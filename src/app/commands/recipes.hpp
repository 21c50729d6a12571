// The recipes (recipes/), compiled into the program: what `lockstep init --recipe` writes.
#pragma once

#include <span>
#include <string_view>

namespace lockstep::app {

struct RecipeFile {
  std::string_view name;  // "crm-mirror/migrations/0001_callers.sql"
  std::string_view text;
};

std::span<const RecipeFile> recipe_files();

}  // namespace lockstep::app
