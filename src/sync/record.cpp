#include "sync/record.hpp"

#include <algorithm>
#include <utility>

#include "base/result.hpp"
#include "sync/json_writer.hpp"

// The stored form is described in docs/formats/store.md. It is written on every change, so it goes straight into
// text; it is read less often and goes through the one JSON parser. A value that a link shares with the canonical
// field is stored once: the link then holds the position of the field.

namespace lockstep::sync {

namespace {

constexpr std::uint64_t format_number = 1;
// A record is made of parsed documents, each within the default limits, a few levels further down.
constexpr JsonLimits record_limits{.bytes_limit = std::size_t{16} << 20, .depth_limit = 40};

using FieldStates = std::map<std::string, FieldState, std::less<>>;

void append_stamp(std::string& out, const Stamp& stamp) {
  append_json_integer(out, stamp.time.packed);
  out += ',';
  append_json_string(out, stamp.origin.str());
  out += ',';
  append_json_integer(out, stamp.seq);
}

void append_fields(std::string& out, const FieldStates& fields) {
  out += '[';
  for (auto at = fields.begin(); at != fields.end(); ++at) {
    if (at != fields.begin()) out += ',';
    out += '[';
    append_json_string(out, at->first);
    out += ',';
    append_json_value(out, at->second.value);
    out += ',';
    append_stamp(out, at->second.stamp);
    if (at->second.held) out += ",1";
    out += ']';
  }
  out += ']';
}

// Only of fields that systems have taken from each other: beside the fields, so that older programs pass over it.
void append_flips(std::string& out, const FieldStates& fields) {
  bool any = false;
  for (const auto& [name, state] : fields) {
    if (!state.flips.before) continue;
    out += any ? ",[" : ",\"fl\":[[";
    any = true;
    append_json_string(out, name);
    out += ',';
    append_json_value(out, *state.flips.before);
    out += ',';
    append_json_integer(out, state.flips.count);
    out += ',';
    append_json_integer(out, state.flips.since_ms);
    out += ']';
  }
  if (any) out += ']';
}

// Both maps are in the same order, so one walk over the canonical fields finds every shared value.
void append_values(std::string& out, std::string_view member, const Fields& values, const FieldStates& canonical) {
  if (values.empty()) return;
  out += ",\"";
  out += member;
  out += "\":[";
  auto field = canonical.begin();
  std::uint64_t position = 0;
  for (auto at = values.begin(); at != values.end(); ++at) {
    if (at != values.begin()) out += ',';
    while (field != canonical.end() && field->first < at->first) ++field, ++position;
    if (field != canonical.end() && field->first == at->first && field->second.value == at->second) {
      append_json_integer(out, position);
      continue;
    }
    out += '[';
    append_json_string(out, at->first);
    out += ',';
    append_json_value(out, at->second);
    out += ']';
  }
  out += ']';
}

void append_link(std::string& out, const Link& link, const FieldStates& canonical) {
  out += "{\"s\":";
  append_json_string(out, link.system.str());
  out += ",\"id\":";
  append_json_string(out, link.external_id);
  if (link.state == LinkState::gone) out += ",\"gone\":1";
  if (link.state == LinkState::removed) out += ",\"gone\":2";
  if (link.version != 0) {
    out += ",\"at\":";
    append_json_integer(out, link.version);
  }
  append_values(out, "base", link.base, canonical);
  append_values(out, "prior", link.prior, canonical);
  append_values(out, "sent", link.sent, canonical);
  append_values(out, "raw", link.raw, canonical);
  out += '}';
}

void append_links(std::string& out, std::string_view name, const std::vector<Link>& links,
                  const FieldStates& canonical) {
  out += ",\"";
  out += name;
  out += "\":[";
  for (const Link& link : links) {
    if (&link != &links.front()) out += ',';
    append_link(out, link, canonical);
  }
  out += ']';
}

// --- reading ---

Error unreadable(std::string_view what) {
  return Error{ErrorKind::corrupt, "stored record is not readable: " + std::string(what), {}};
}

bool read_integer(const Json& value, std::uint64_t& out) {
  if (value.is_uint64()) {
    out = value.get_uint64();
    return true;
  }
  if (!value.is_int64() || value.get_int64() < 0) return false;
  out = static_cast<std::uint64_t>(value.get_int64());
  return true;
}

bool read_text(const Json& value, std::string& out) {
  if (!value.is_string()) return false;
  out = std::string(std::string_view(value.get_string()));
  return true;
}

bool read_stamp(const JsonArray& array, std::size_t at, Stamp& out) {
  std::string origin;
  if (array.size() < at + 3 || !read_integer(array[at], out.time.packed) || !read_text(array[at + 1], origin) ||
      !read_integer(array[at + 2], out.seq)) {
    return false;
  }
  out.origin = SystemName(std::move(origin));
  return true;
}

bool read_fields(Json& value, FieldStates& out) {
  if (!value.is_array()) return false;
  for (Json& item : value.get_array()) {
    FieldState state;
    std::string name;
    if (!item.is_array()) return false;
    JsonArray& parts = item.get_array();
    if (!read_stamp(parts, 2, state.stamp) || !read_text(parts[0], name)) return false;
    state.held = parts.size() > 5;
    state.value = std::move(parts[1]);
    out.emplace_hint(out.end(), std::move(name), std::move(state));
  }
  return true;
}

bool read_flips(Json* value, FieldStates& fields) {
  if (value == nullptr) return true;
  if (!value->is_array()) return false;
  for (Json& item : value->get_array()) {
    std::string name;
    std::uint64_t count = 0;
    Flips flips;
    if (!item.is_array() || item.get_array().size() != 4) return false;
    JsonArray& parts = item.get_array();
    if (!read_text(parts[0], name) || !read_integer(parts[2], count) || !read_integer(parts[3], flips.since_ms) ||
        !std::in_range<std::uint32_t>(count)) {
      return false;
    }
    flips.before = std::move(parts[1]);
    flips.count = static_cast<std::uint32_t>(count);
    const auto field = fields.find(name);
    if (field == fields.end()) return false;
    field->second.flips = std::move(flips);
  }
  return true;
}

using FieldPositions = std::vector<const FieldStates::value_type*>;

bool read_values(Json* value, const FieldPositions& canonical, Fields& out) {
  if (value == nullptr) return true;
  if (!value->is_array()) return false;
  for (Json& item : value->get_array()) {
    std::uint64_t position = 0;
    if (read_integer(item, position)) {
      if (position >= canonical.size()) return false;
      out.emplace_hint(out.end(), canonical[position]->first, canonical[position]->second.value);
      continue;
    }
    std::string name;
    if (!item.is_array() || item.get_array().size() != 2 || !read_text(item.get_array()[0], name)) return false;
    out.emplace_hint(out.end(), std::move(name), std::move(item.get_array()[1]));
  }
  return true;
}

bool read_link(Json& value, const FieldPositions& canonical, Link& out) {
  if (!value.is_object()) return false;
  JsonObject& object = value.get_object();
  const Json* system = object.if_contains("s");
  const Json* id = object.if_contains("id");
  std::string name;
  if (system == nullptr || id == nullptr || !read_text(*system, name) || !read_text(*id, out.external_id)) return false;
  out.system = SystemName(std::move(name));
  if (const Json* gone = object.if_contains("gone"); gone != nullptr) {
    std::uint64_t how = 0;
    if (!read_integer(*gone, how) || how < 1 || how > 2) return false;
    out.state = how == 1 ? LinkState::gone : LinkState::removed;
  }
  if (const Json* at = object.if_contains("at"); at != nullptr && !read_integer(*at, out.version)) return false;
  return read_values(object.if_contains("base"), canonical, out.base) &&
         read_values(object.if_contains("prior"), canonical, out.prior) &&
         read_values(object.if_contains("sent"), canonical, out.sent) &&
         read_values(object.if_contains("raw"), canonical, out.raw);
}

bool read_links(Json* value, const FieldPositions& canonical, std::vector<Link>& out) {
  if (value == nullptr || !value->is_array()) return false;
  out.reserve(value->get_array().size());
  return std::ranges::all_of(value->get_array(),
                             [&](Json& item) { return read_link(item, canonical, out.emplace_back()); });
}

bool read_identity(const JsonObject& object, Record& out) {
  const Json* id = object.if_contains("id");
  const Json* source = object.if_contains("src");
  const Json* entity = object.if_contains("ent");
  const Json* revision = object.if_contains("rev");
  std::string id_text;
  std::string source_text;
  std::string entity_text;
  if (id == nullptr || source == nullptr || entity == nullptr || revision == nullptr || !read_text(*id, id_text) ||
      !read_text(*source, source_text) || !read_text(*entity, entity_text) || !read_integer(*revision, out.revision)) {
    return false;
  }
  out.id = RecordId(std::move(id_text));
  out.source = SourceId(std::move(source_text));
  out.entity = EntityName(std::move(entity_text));
  return true;
}

bool read_deletion(const JsonObject& object, Record& out) {
  out.deleted = object.if_contains("del") != nullptr;
  if (const Json* into = object.if_contains("into"); into != nullptr) {
    std::string id;
    if (!read_text(*into, id)) return false;
    out.merged_into = RecordId(std::move(id));
  }
  const Json* stamp = object.if_contains("delAt");
  return stamp == nullptr || (stamp->is_array() && read_stamp(stamp->get_array(), 0, out.deleted_stamp));
}

}  // namespace

const Json* find_value(const Fields& fields, std::string_view name) {
  const auto at = fields.find(name);
  return at == fields.end() ? nullptr : &at->second;
}

const Link* Record::link(const SystemName& system) const {
  const auto found = std::find_if(links.begin(), links.end(), [&](const Link& link) { return link.system == system; });
  return found == links.end() ? nullptr : &*found;
}

Link* Record::link(const SystemName& system) { return const_cast<Link*>(std::as_const(*this).link(system)); }

Link* Record::former_link(const SystemName& system, std::string_view external_id) {
  const auto found = std::ranges::find_if(
      former, [&](const Link& link) { return link.system == system && link.external_id == external_id; });
  return found == former.end() ? nullptr : &*found;
}

void Record::let_go(const std::function<bool(const Link&)>& which) {
  for (Link& link : links) {
    if (!which(link)) continue;
    std::erase_if(former, [&](const Link& one) { return one.system == link.system; });
    former.push_back(link);
  }
  std::erase_if(links, which);
}

void Record::let_go(const SystemName& system) {
  let_go([&](const Link& link) { return link.system == system; });
}

std::string encode_record(const Record& record) {
  std::string out;
  out.reserve(256 + 96 * record.fields.size() + 128 * record.links.size());
  out += "{\"v\":";
  append_json_integer(out, format_number);
  out += ",\"id\":";
  append_json_string(out, record.id.str());
  out += ",\"src\":";
  append_json_string(out, record.source.str());
  out += ",\"ent\":";
  append_json_string(out, record.entity.str());
  out += ",\"rev\":";
  append_json_integer(out, record.revision);
  if (record.deleted) out += ",\"del\":1";
  if (!record.merged_into.empty()) {
    out += ",\"into\":";
    append_json_string(out, record.merged_into.str());
  }
  if (record.deleted_stamp != Stamp{}) {
    out += ",\"delAt\":[";
    append_stamp(out, record.deleted_stamp);
    out += ']';
  }
  out += ",\"f\":";
  append_fields(out, record.fields);
  append_flips(out, record.fields);
  append_links(out, "l", record.links, record.fields);
  if (!record.former.empty()) append_links(out, "fo", record.former, record.fields);
  out += '}';
  return out;
}

Result<Record> decode_record(std::string_view text) {
  Result<Json> parsed = parse_json(text, record_limits);
  if (!parsed) return fail(unreadable(parsed.error().message));
  if (!parsed->is_object()) return fail(unreadable("no object"));
  JsonObject& object = parsed->get_object();

  std::uint64_t format = 0;
  const Json* version = object.if_contains("v");
  if (version == nullptr || !read_integer(*version, format)) return fail(unreadable("no format number"));
  if (format != format_number) {
    return fail(
        unreadable("format " + std::to_string(format) + ", this program reads " + std::to_string(format_number)));
  }

  Record record;
  if (!read_identity(object, record) || !read_deletion(object, record)) return fail(unreadable("identity"));
  Json* fields = object.if_contains("f");
  if (fields == nullptr || !read_fields(*fields, record.fields)) return fail(unreadable("fields"));
  if (!read_flips(object.if_contains("fl"), record.fields)) return fail(unreadable("flips"));
  FieldPositions canonical;
  canonical.reserve(record.fields.size());
  for (const auto& field : record.fields) canonical.push_back(&field);
  if (!read_links(object.if_contains("l"), canonical, record.links)) return fail(unreadable("links"));
  Json* former = object.if_contains("fo");
  if (former != nullptr && !read_links(former, canonical, record.former)) return fail(unreadable("former links"));
  return record;
}

}  // namespace lockstep::sync
