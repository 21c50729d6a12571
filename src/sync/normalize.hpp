// Normalizers: the one form in which values of a type are compared, kept and sent.
//
// Total: every JSON value has a normal form; a value that does not fit its type (a phone number that is none)
// is kept as trimmed text, so that nothing typed by a human is lost (L1), and validate() says what is wrong with it.
// Idempotent: normalize(normalize(v)) == normalize(v) (C4). null stays null, empty stays empty (L4).
#pragma once

#include <optional>
#include <string>

#include "sync/schema.hpp"

namespace lockstep::sync {

//   text        trimmed (Unicode spaces at both ends); numbers and booleans become their text; folded when asked
//   email       trimmed, lower case
//   phone       E.164 ("+12025550101") by libphonenumber with the field's region
//   datetime    UTC ISO 8601 with milliseconds; without a zone: the field's zone_offset; epoch milliseconds accepted
//   date        YYYY-MM-DD; a date-time is cut to its day; the CRM's other spellings (YYYY/MM/DD, MM-DD-YYYY …) too
//   decimal     a string without exponent, leading "+", needless zeros: "150.1"; exact, never through a double when
//               it came as text
//   integer     a JSON integer
//   boolean     true/false; "true", "yes", "1", "on" and their opposites
//   enumeration the canonical spelling of the option that matches without case
//   set         a sorted array of distinct trimmed texts, folded when asked; a single text is a set of one
//   json        members sorted by name, recursively
//   reference   text as it is (ids are opaque)
Json normalize(const FieldSchema& field, const Json& value);

// What is wrong with a normalized value, for people, or nothing.
std::optional<std::string> validate(const FieldSchema& field, const Json& value);

}  // namespace lockstep::sync
