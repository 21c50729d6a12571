// The files of the live page (console/), compiled into the program.
#pragma once

#include <span>
#include <string_view>

namespace lockstep::gateway {

struct PageFile {
  std::string_view name;  // "index.html"
  std::string_view media_type;
  std::string_view text;
};

std::span<const PageFile> page_files();

}  // namespace lockstep::gateway
