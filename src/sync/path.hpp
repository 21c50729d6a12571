// A dotted path into a document: "a.b.c", "items.0.price".
//
// "\." is a dot inside a name, "\\" a backslash. A segment of digits is an element's index where the document has a
// list and a member's name where it has an object; "\0" is always a name. Elements of lists are only read: a document
// that is written has no lists to put them in.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace lockstep::sync {

inline constexpr std::size_t path_bytes_limit = 512;
inline constexpr std::size_t path_segments_limit = 16;

struct PathSegment {
  std::string_view name;  // into the path, or into the cursor's own storage when the segment has escapes
  bool may_be_index = false;
};

// Walks a path without allocating, unless a segment has escapes. A segment is valid until the next call.
class PathCursor {
 public:
  explicit PathCursor(std::string_view path) : rest_(path) {}
  // Nothing at the end, and where the path is broken.
  std::optional<PathSegment> next();
  bool done() const { return done_; }

 private:
  std::string_view rest_;
  std::string unescaped_;
  bool done_ = false;
};

// What is wrong with a path's syntax, for people, or nothing.
std::optional<std::string> check_path(std::string_view path);
bool has_index(std::string_view path);

}  // namespace lockstep::sync
