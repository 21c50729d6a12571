#include "sync/row_codec.hpp"

#include <type_traits>
#include <utility>

#include "sync/json_writer.hpp"

namespace lockstep::sync {

namespace {

// A body holds parsed documents, each within the default limits, a level or two further down.
constexpr JsonLimits body_limits{.bytes_limit = std::size_t{16} << 20, .depth_limit = 40};

Error unreadable(std::string_view what) {
  return Error{ErrorKind::corrupt, "stored row is not readable: " + std::string(what), {}};
}

void append_member(std::string& out, std::string_view name) {
  out += out.empty() ? "{\"" : ",\"";
  out += name;
  out += "\":";
}

void append_text(std::string& out, std::string_view name, std::string_view text) {
  if (text.empty()) return;
  append_member(out, name);
  append_json_string(out, text);
}

void append_number(std::string& out, std::string_view name, std::uint64_t number) {
  append_member(out, name);
  append_json_integer(out, number);
}

void append_value(std::string& out, std::string_view name, const Json& value) {
  append_member(out, name);
  append_json_value(out, value);
}

std::string finished(std::string out) {
  out += out.empty() ? "{}" : "}";
  return out;
}

std::string take_text(const Json& body, std::string_view name) { return std::string(string_member(body, name)); }

Json take_value(Json& body, std::string_view name) {
  Json* member = body.get_object().if_contains(name);
  return member == nullptr ? Json() : std::move(*member);
}

Result<std::uint64_t> take_number(const Json& body, std::string_view name) {
  const Json* member = find_member(body, name);
  if (member != nullptr && member->is_uint64()) return member->get_uint64();
  if (member != nullptr && member->is_int64() && member->get_int64() >= 0) {
    return static_cast<std::uint64_t>(member->get_int64());
  }
  return fail(unreadable(name));
}

// Which numbers are enumerators. No `default`: the compiler names an enumerator that is missing here.
bool is_enumerator(ChangeKind value) {
  switch (value) {
    case ChangeKind::upserted:
    case ChangeKind::deleted: return true;
  }
  return false;
}

bool is_enumerator(Extent value) {
  switch (value) {
    case Extent::full:
    case Extent::partial:
    case Extent::sparse: return true;
  }
  return false;
}

bool is_enumerator(Via value) {
  switch (value) {
    case Via::webhook:
    case Via::poll:
    case Via::capture:
    case Via::fetch:
    case Via::scan: return true;
  }
  return false;
}

bool is_enumerator(OutboxState value) {
  switch (value) {
    case OutboxState::waiting:
    case OutboxState::claimed:
    case OutboxState::unknown:
    case OutboxState::blocked:
    case OutboxState::dead:
    case OutboxState::discarded: return true;
  }
  return false;
}

bool is_enumerator(WorkClass value) {
  switch (value) {
    case WorkClass::person:
    case WorkClass::live:
    case WorkClass::retry:
    case WorkClass::verify:
    case WorkClass::backfill: return true;
  }
  return false;
}

bool is_enumerator(InboxKind value) {
  switch (value) {
    case InboxKind::waiting:
    case InboxKind::fetch:
    case InboxKind::identity:
    case InboxKind::invalid: return true;
  }
  return false;
}

bool is_enumerator(ErrorKind value) {
  switch (value) {
    case ErrorKind::invalid:
    case ErrorKind::unauthorized:
    case ErrorKind::not_found:
    case ErrorKind::conflict:
    case ErrorKind::rate_limited:
    case ErrorKind::unavailable:
    case ErrorKind::maybe_applied:
    case ErrorKind::exhausted:
    case ErrorKind::corrupt: return true;
  }
  return false;
}

template <class Enum>
Result<Enum> enumerator(std::int64_t number, std::string_view what) {
  if (!std::in_range<std::underlying_type_t<Enum>>(number) || !is_enumerator(static_cast<Enum>(number))) {
    return fail(unreadable(std::string(what) + " " + std::to_string(number)));
  }
  return static_cast<Enum>(number);
}

template <class Enum>
Result<void> take_enum(const Json& body, std::string_view name, Enum& out) {
  LOCKSTEP_TRY(number, take_number(body, name));
  LOCKSTEP_TRY(value, enumerator<Enum>(static_cast<std::int64_t>(number), name));
  out = value;
  return {};
}

Result<Json> parse_body(std::string_view text) {
  Result<Json> body = parse_json(text, body_limits);
  if (!body) return fail(unreadable(body.error().message));
  if (!body->is_object()) return fail(unreadable("no object"));
  return body;
}

}  // namespace

std::string encode_inbox_body(const InboxRow& row) {
  std::string out;
  append_text(out, "system", row.change.system.str());
  append_text(out, "object", row.change.object);
  append_text(out, "id", row.change.external_id);
  append_number(out, "kind", static_cast<std::uint64_t>(row.change.kind));
  append_number(out, "extent", static_cast<std::uint64_t>(row.change.extent));
  append_number(out, "via", static_cast<std::uint64_t>(row.change.via));
  append_number(out, "version", row.change.version);
  append_text(out, "delivery", row.change.delivery);
  append_text(out, "actor", row.change.actor);
  append_text(out, "job", row.change.job);
  append_value(out, "document", row.change.document);
  append_text(out, "reason", row.reason);
  if (row.candidates.empty()) return finished(std::move(out));
  append_member(out, "candidates");
  for (const RecordId& candidate : row.candidates) {
    out += &candidate == &row.candidates.front() ? '[' : ',';
    append_json_string(out, candidate.str());
  }
  out += ']';
  return finished(std::move(out));
}

Result<void> decode_inbox_body(std::string_view text, InboxRow& row) {
  Result<Json> body = parse_body(text);
  if (!body) return fail(body.error());
  Change& change = row.change;
  change.system = SystemName(take_text(*body, "system"));
  change.object = take_text(*body, "object");
  change.external_id = take_text(*body, "id");
  change.delivery = take_text(*body, "delivery");
  change.actor = take_text(*body, "actor");
  change.job = take_text(*body, "job");
  change.document = take_value(*body, "document");
  row.reason = take_text(*body, "reason");
  const Result<std::uint64_t> version = take_number(*body, "version");
  if (!version) return fail(version.error());
  change.version = *version;
  if (auto read = take_enum(*body, "kind", change.kind); !read) return read;
  if (auto read = take_enum(*body, "extent", change.extent); !read) return read;
  if (auto read = take_enum(*body, "via", change.via); !read) return read;
  const Json* candidates = find_member(*body, "candidates");
  if (candidates == nullptr) return {};
  if (!candidates->is_array()) return fail(unreadable("candidates"));
  for (const Json& candidate : candidates->get_array()) {
    if (!candidate.is_string()) return fail(unreadable("candidates"));
    row.candidates.emplace_back(std::string(std::string_view(candidate.get_string())));
  }
  return {};
}

std::string encode_conflict_body(const ConflictRow& row) {
  std::string out;
  append_value(out, "base", row.base);
  append_value(out, "mine", row.mine);
  append_value(out, "theirs", row.theirs);
  append_text(out, "mine_origin", row.mine_origin.str());
  append_text(out, "theirs_origin", row.theirs_origin.str());
  append_text(out, "rule", row.rule);
  append_text(out, "winner", row.winner.str());
  if (!row.decided_by.empty()) {
    append_text(out, "decided_by", row.decided_by);
    append_number(out, "decided_ms", static_cast<std::uint64_t>(to_epoch_ms(row.decided_at)));
    append_number(out, "decision", row.decision);
  }
  return finished(std::move(out));
}

Result<void> decode_conflict_body(std::string_view text, ConflictRow& row) {
  Result<Json> body = parse_body(text);
  if (!body) return fail(body.error());
  row.base = take_value(*body, "base");
  row.mine = take_value(*body, "mine");
  row.theirs = take_value(*body, "theirs");
  row.mine_origin = SystemName(take_text(*body, "mine_origin"));
  row.theirs_origin = SystemName(take_text(*body, "theirs_origin"));
  row.rule = take_text(*body, "rule");
  row.winner = SystemName(take_text(*body, "winner"));
  row.decided_by = take_text(*body, "decided_by");
  if (row.decided_by.empty()) return {};
  const Result<std::uint64_t> decided = take_number(*body, "decided_ms");
  const Result<std::uint64_t> decision = take_number(*body, "decision");
  if (!decided || !std::in_range<std::int64_t>(*decided)) return fail(unreadable("decided_ms"));
  if (!decision) return fail(decision.error());
  row.decided_at = from_epoch_ms(static_cast<std::int64_t>(*decided));
  row.decision = *decision;
  return {};
}

std::string encode_fields(const Fields& fields) {
  std::string out;
  for (const auto& [name, value] : fields) {
    out += out.empty() ? '{' : ',';
    append_json_string(out, name);
    out += ':';
    append_json_value(out, value);
  }
  return finished(std::move(out));
}

Result<Fields> decode_fields(std::string_view text) {
  Fields out;
  if (text == "{}") return out;
  Result<Json> object = parse_body(text);
  if (!object) return fail(object.error());
  for (auto& [name, value] : object->get_object()) out.emplace(name, std::move(value));
  return out;
}

std::string encode_value(const Json& value) {
  std::string out;
  append_json_value(out, value);
  return out;
}

Result<Json> decode_value(std::string_view text) {
  Result<Json> value = parse_json(text, body_limits);
  if (!value) return fail(unreadable(value.error().message));
  return value;
}

Result<OutboxState> outbox_state_from(std::int64_t number) { return enumerator<OutboxState>(number, "outbox state"); }
Result<WorkClass> work_class_from(std::int64_t number) { return enumerator<WorkClass>(number, "work class"); }
Result<InboxKind> inbox_kind_from(std::int64_t number) { return enumerator<InboxKind>(number, "inbox kind"); }
Result<ErrorKind> error_kind_from_number(std::int64_t number) { return enumerator<ErrorKind>(number, "error kind"); }

}  // namespace lockstep::sync
