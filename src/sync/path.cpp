#include "sync/path.hpp"

#include <algorithm>
#include <charconv>

#include "sync/mapping.hpp"

namespace lockstep::sync {
namespace {

bool all_digits(std::string_view text) {
  return !text.empty() && text.size() <= 9 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

const Json* child(const Json& value, const PathSegment& segment) {
  if (const auto* object = value.if_object()) return object->if_contains(segment.name);
  const auto* items = value.if_array();
  if (items == nullptr || !segment.may_be_index) return nullptr;
  std::size_t index = 0;
  std::from_chars(segment.name.data(), segment.name.data() + segment.name.size(), index);
  return index < items->size() ? &(*items)[index] : nullptr;
}

}  // namespace

std::optional<PathSegment> PathCursor::next() {
  if (done_) return std::nullopt;
  const std::size_t stop = rest_.find_first_of("\\.");
  if (stop == std::string_view::npos || rest_[stop] == '.') {
    const std::string_view name = rest_.substr(0, stop);
    if (stop == std::string_view::npos) {
      done_ = true;
    } else {
      rest_.remove_prefix(stop + 1);
    }
    if (name.empty()) return std::nullopt;
    return PathSegment{name, all_digits(name)};
  }
  unescaped_.clear();
  std::size_t at = 0;
  for (; at < rest_.size() && rest_[at] != '.'; ++at) {
    if (rest_[at] == '\\' && ++at == rest_.size()) return std::nullopt;
    unescaped_.push_back(rest_[at]);
  }
  done_ = at >= rest_.size();
  rest_.remove_prefix(std::min(at + 1, rest_.size()));
  return PathSegment{unescaped_, false};
}

std::optional<std::string> check_path(std::string_view path) {
  if (path.size() > path_bytes_limit) return "the path is longer than " + std::to_string(path_bytes_limit) + " bytes";
  PathCursor cursor(path);
  for (std::size_t count = 0; !cursor.done(); ++count) {
    if (count == path_segments_limit)
      return "the path has more than " + std::to_string(path_segments_limit) + " segments";
    if (!cursor.next()) return "the path has an empty segment, or ends in a backslash";
  }
  return std::nullopt;
}

bool has_index(std::string_view path) {
  PathCursor cursor(path);
  while (const auto segment = cursor.next()) {
    if (segment->may_be_index) return true;
  }
  return false;
}

const Json* get_path(const Json& document, std::string_view path) {
  PathCursor cursor(path);
  const Json* at = &document;
  while (!cursor.done()) {
    const auto segment = cursor.next();
    if (!segment) return nullptr;
    at = child(*at, *segment);
    if (at == nullptr) return nullptr;
  }
  return at;
}

void set_path(Json& document, std::string_view path, Json value) {
  if (check_path(path)) return;
  PathCursor cursor(path);
  Json* at = &document;
  while (const auto segment = cursor.next()) {
    auto* items = at->if_array();
    std::size_t index = 0;
    if (segment->may_be_index)
      std::from_chars(segment->name.data(), segment->name.data() + segment->name.size(), index);
    if (items != nullptr && segment->may_be_index && index < items->size()) {
      at = &(*items)[index];
      continue;
    }
    if (!at->is_object()) at->emplace_object();
    at = &at->get_object()[segment->name];
  }
  *at = std::move(value);
}

}  // namespace lockstep::sync
