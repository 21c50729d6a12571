#include <vector>

#include "sync/converters.hpp"
#include "sync/normalize.hpp"

namespace lockstep::sync {
namespace {

struct MapPair {
  Json held, canonical;
};

template <class Visit>
void each_pair(const Json& options, Visit visit) {
  if (const auto* members = options.if_object()) {
    for (const auto& member : *members) {
      const std::string_view held(member.key().data(), member.key().size());
      if (visit(Json(boost::json::string_view(held.data(), held.size())), member.value())) return;
    }
  } else if (const auto* pairs = options.if_array()) {
    for (const Json& pair : *pairs) {
      const auto* two = pair.if_array();
      if (two != nullptr && two->size() == 2 && visit((*two)[0], (*two)[1])) return;
    }
  }
}

}  // namespace

std::optional<std::string> check_map(const FieldSchema& field, const Json& options) {
  const std::string form = "takes {held: canonical} or a list of [held, canonical]";
  std::size_t expected = options.is_object()  ? options.get_object().size()
                         : options.is_array() ? options.get_array().size()
                                              : 0;
  if (expected == 0) return form;
  std::vector<MapPair> seen;
  std::optional<std::string> problem;
  each_pair(options, [&](const Json& held, const Json& canonical) {
    for (const MapPair& pair : seen) {
      if (pair.held == held) problem = "is not one to one: " + to_text(held) + " stands there twice";
      if (pair.canonical == canonical) problem = "is not one to one: two values become " + to_text(canonical);
    }
    if (const Json normal = normalize(field, canonical); normal != canonical) {
      problem = "gives " + to_text(canonical) + ", which this field keeps as " + to_text(normal);
    }
    seen.push_back({held, canonical});
    return problem.has_value();
  });
  if (!problem && seen.size() != expected) return form;
  return problem;
}

Json map_in(const Json& held, const Json& options) {
  Json out = held;
  each_pair(options, [&](const Json& from, const Json& to) {
    if (from != held) return false;
    out = to;
    return true;
  });
  return out;
}

// A value that no pair names passes as it is, unless it would be read back as another one.
Result<Json> map_out(const Json& value, const Json& options) {
  std::optional<Json> out;
  each_pair(options, [&](const Json& from, const Json& to) {
    if (to == value) out = from;
    return out.has_value();
  });
  if (out) return *std::move(out);
  if (map_in(value, options) != value) return fail(ErrorKind::invalid, "has no counterpart in the map");
  return value;
}

}  // namespace lockstep::sync
