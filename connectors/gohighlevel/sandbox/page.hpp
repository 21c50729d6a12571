// The page at GET /_sandbox/: lists and edits contacts as a CRM user would, and switches faults.
#pragma once

#include <string_view>

namespace lockstep::gohighlevel::sandbox {

std::string_view page_html();

}  // namespace lockstep::gohighlevel::sandbox
