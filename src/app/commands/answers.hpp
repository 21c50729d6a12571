// Reading the server's answers: what is missing shows as nothing, never as a crash.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "app/commands/terminal.hpp"
#include "base/json.hpp"

namespace lockstep::app {

// The member `items` of a page.
const JsonArray& items_of(const Json& answer);
// The members of an object inside an object.
const JsonObject& members_of(const Json& object, std::string_view key);
// The members of a list inside an object.
const JsonArray& list_member(const Json& object, std::string_view key);
std::optional<std::int64_t> integer_member(const Json& object, std::string_view key);
double number_member(const Json& object, std::string_view key);
bool bool_member(const Json& object, std::string_view key);
// A value in one line: texts without quotes, everything else as JSON, "" for null.
std::string inline_text(const Json& value);
// The member as inline_text(), "-" when it is not there or null.
std::string text_or_dash(const Json& object, std::string_view key);
// synced green, pending yellow, failed red, unlinked grey.
Colour colour_of_status(std::string_view status);

}  // namespace lockstep::app
