// /api/v1/sources/{source}/records: list, read, create, edit, delete, history
#include <charconv>

#include "connector/stable_id.hpp"
#include "gateway/context.hpp"
#include "gateway/shapes.hpp"
#include "gateway/sight.hpp"
#include "hub/event_text.hpp"
#include "wire/signature.hpp"

namespace lockstep::gateway {
namespace {

constexpr std::size_t kHistoryLimit = 100;
constexpr std::size_t kKeyBytesLimit = 200;
constexpr std::string_view kRecords = "/api/v1/sources/{source}/records";
constexpr std::string_view kRecord = "/api/v1/sources/{source}/records/{id}";

enum class EditKind { write, remove };

// If-Match: "7" -> 7. nullopt with `bad` set when it makes no sense.
std::optional<std::uint64_t> revision_of(std::string_view etag, bool& bad) {
  if (etag.empty()) return std::nullopt;
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
  std::uint64_t revision = 0;
  const auto [end, error] = std::from_chars(etag.data(), etag.data() + etag.size(), revision);
  bad = error != std::errc() || end != etag.data() + etag.size();
  return bad ? std::nullopt : std::optional(revision);
}

// A business sees its record, not how systems hold it.
Shown seen_by(const Call& call) {
  return call.caller.businesses_in(call.source()) == nullptr ? Shown::with_systems : Shown::record_only;
}

// A list of a business may find nothing in a long stretch: it goes on until the page is full, so that `next` names a record
// of its own and no read is long.
void fill(Context& context, const std::shared_ptr<Call>& call, const store::RecordFilter& filter,
          const store::PageRequest& page, JsonArray found) {
  auto done = [&context, call, filter, rest = store::PageRequest(page),
               items = std::move(found)](const Result<store::Page<hub::RecordView>>& records) mutable {
    if (!records) return call->answer(problem(records.error()));
    for (const hub::RecordView& view : records->items) items.push_back(to_json(view, seen_by(*call)));
    rest.after = records->next;
    rest.limit -= std::min(rest.limit, records->items.size());
    if (filter.owned && rest.limit > 0 && !rest.after.empty())
      return fill(context, call, filter, rest, std::move(items));
    call->answer(json_response(
        200, JsonObject{{"items", std::move(items)}, {"next", rest.after.empty() ? Json(nullptr) : Json(rest.after)}}));
  };
  context.hub.records(call->source(), filter, page, std::move(done));
}

void list(Context& context, const std::shared_ptr<Call>& call) {
  const auto page = page_request(*call);
  if (!page) return;
  store::RecordFilter filter;
  if (call->target.has("entity")) filter.entity = EntityName(std::string(call->target.parameter("entity")));
  filter.query = call->target.parameter("query");
  filter.deleted = call->target.parameter("deleted") == "true";
  filter.owned = owned_by(context.hub.catalog(), call->caller, call->source());
  fill(context, call, filter, *page, {});
}

JsonArray history_of(const Context& context, const Call& call, const std::vector<sync::JournalEntry>& entries) {
  JsonArray out;
  const bool whole = call.caller.may_read(call.source());
  for (const sync::JournalEntry& entry : entries) {
    if (whole) {
      out.push_back(hub::event_json(entry));
      continue;
    }
    const auto message = hub::entry_message(entry);
    const fanout::Message* told = shown(context.hub.catalog(), call.caller, *message);
    if (told == nullptr) continue;
    const Result<Json> other = told == message.get() ? hub::event_json(entry) : parse_json(told->text);
    if (other) out.push_back(*other);
  }
  return out;
}

void read(Context& context, const std::shared_ptr<Call>& call) {
  const RecordId id{std::string(call->parameter("id"))};
  context.hub.record(call->source(), id, [&context, call, id](Result<std::optional<hub::RecordView>> view) {
    if (!view) return call->answer(problem(view.error()));
    if (!*view || !shows(context.hub.catalog(), call->caller, (*view)->record))
      return call->answer(problem({ErrorKind::not_found, "there is no record " + id.str(), {}}));
    auto body = std::make_shared<JsonObject>(std::move(to_json(**view, seen_by(*call)).get_object()));
    const std::uint64_t revision = (*view)->record.revision;
    auto entries = std::make_shared<Result<std::vector<sync::JournalEntry>>>();
    context.hub.read([entries, source = call->source(),
                      id](store::Reader& reader) { *entries = reader.history(source, id, kHistoryLimit); },
                     [&context, call, body, entries, revision] {
                       if (!*entries) return call->answer(problem(entries->error()));
                       (*body)["history"] = history_of(context, *call, **entries);
                       wire::HttpResponse response = json_response(200, std::move(*body));
                       response.headers.add("ETag", "\"" + std::to_string(revision) + "\"");
                       call->answer(std::move(response));
                     });
  });
}

// What a request asks for, however it is written: blanks and the order of fields do not matter.
std::string fingerprint_of(const sync::Edit& edit) {
  JsonObject fields;
  for (const auto& [name, value] : edit.fields) fields.emplace(name, value);
  return wire::hex_encode(wire::sha256(to_text(JsonArray{edit.entity.str(), std::move(fields)})));
}

// Create, edit and delete are one kind of input.
void edit(Context& context, const std::shared_ptr<Call>& call, RecordId record, EntityName entity, EditKind kind) {
  sync::Edit edit;
  edit.source = call->source();
  edit.entity = std::move(entity);
  edit.record = std::move(record);
  if (edit.record.empty()) edit.new_record = RecordId(make_ulid(context.loop.clock().now(), context.random));
  edit.remove = kind == EditKind::remove;
  edit.actor = call->caller.name;
  if (const sync::Businesses* own = call->caller.businesses_in(edit.source)) edit.within = *own;
  const wire::HttpHeaders& headers = call->request.request.headers;
  if (const auto key = headers.get("Idempotency-Key"); !key.empty()) {
    if (key.size() > kKeyBytesLimit)
      return call->answer(problem({ErrorKind::invalid, "Idempotency-Key has at most 200 characters", {}}));
    // The same key for another request is another delivery: no edit may vanish because a key was used twice.
    edit.delivery =
        call->caller.name + "/" + call->request.request.method + " " + edit.record.str() + "/" + std::string(key);
    // The id follows from the key, so that a create that is sent again finds its record.
    if (edit.record.empty())
      edit.new_record = RecordId(connector::stable_uuid(edit.source.str() + "/" + edit.delivery));
  }
  bool bad = false;
  edit.expected_revision = revision_of(headers.get("If-Match"), bad);
  if (bad) return call->answer(problem({ErrorKind::invalid, "If-Match is the record's ETag, such as \"7\"", {}}));
  if (!edit.remove) {
    auto body = body_object(*call);
    if (!body) return;
    const Json* fields = body->if_contains("fields");
    if (fields == nullptr || !fields->is_object() || fields->get_object().empty()) {
      return call->answer(
          problem({ErrorKind::invalid, "the body needs 'fields', an object with the values to set", {}}));
    }
    for (const auto& [name, value] : fields->get_object()) edit.fields.emplace(name, value);
    if (edit.entity.empty()) edit.entity = EntityName(std::string(string_member(*body, "entity")));
    if (edit.entity.empty()) return call->answer(problem({ErrorKind::invalid, "the body needs 'entity'", {}}));
  }
  if (!edit.delivery.empty()) edit.fingerprint = fingerprint_of(edit);
  const unsigned status = edit.record.empty() ? 201 : 200;  // before the edit is moved from
  context.hub.submit({std::move(edit)}, [call, status](const Result<std::vector<sync::Applied>>& applied) {
    answer_applied(*call, status, applied);
  });
}

// The entity of an existing record is not the caller's to say. One that is not his is not there, whatever he asks for.
void edit_existing(Context& context, const std::shared_ptr<Call>& call, EditKind kind) {
  const RecordId id{std::string(call->parameter("id"))};
  auto found = std::make_shared<Result<std::optional<sync::Record>>>();
  context.hub.read([found, source = call->source(), id](store::Reader& reader) { *found = reader.record(source, id); },
                   [&context, call, id, found, kind] {
                     if (!*found) return call->answer(problem(found->error()));
                     const std::optional<sync::Record>& record = **found;
                     if (!record || !shows(context.hub.catalog(), call->caller, *record))
                       return call->answer(problem({ErrorKind::not_found, "there is no record " + id.str(), {}}));
                     edit(context, call, id, record->entity, kind);
                   });
}

}  // namespace

void add_record_routes(Router& router, Context& context) {
  const std::string records(kRecords);
  const std::string record(kRecord);
  router.add({"GET", records, Needs::reader_of_some, [&context](std::shared_ptr<Call> call) { list(context, call); }});
  router.add({"POST", records, Needs::editor,
              [&context](std::shared_ptr<Call> call) { edit(context, call, {}, {}, EditKind::write); }});
  router.add({"GET", record, Needs::reader_of_some, [&context](std::shared_ptr<Call> call) { read(context, call); }});
  router.add({"PATCH", record, Needs::editor_of_some,
              [&context](std::shared_ptr<Call> call) { edit_existing(context, call, EditKind::write); }});
  router.add({"DELETE", record, Needs::editor,
              [&context](std::shared_ptr<Call> call) { edit_existing(context, call, EditKind::remove); }});
}

}  // namespace lockstep::gateway
