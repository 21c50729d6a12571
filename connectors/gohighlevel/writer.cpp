#include "connectors/gohighlevel/writer.hpp"

#include "connectors/gohighlevel/codec_parts.hpp"
#include "connectors/gohighlevel/limits.hpp"

namespace lockstep::gohighlevel {
namespace {

using sync::OutcomeKind;
using sync::WriteKind;

std::string_view collection(std::string_view object) { return object == kContact ? "/contacts/" : "/opportunities/"; }

connector::WriteResult rejected(std::string reason) {
  connector::WriteResult out;
  out.kind = OutcomeKind::rejected;
  out.reason = std::move(reason);
  return out;
}

// X2: something answered 200 that does not speak as the CRM does; perhaps it was done, perhaps it never got there.
connector::WriteResult unknown(std::string reason) {
  connector::WriteResult out;
  out.kind = OutcomeKind::unknown;
  out.reason = std::move(reason);
  return out;
}

const Json* item_of(const Answer& answer, std::string_view object) {
  const Json* item = find_member(answer.body, object);
  return item != nullptr && item->is_object() ? item : nullptr;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : "; ") + text;
  return out;
}

// Nobody knows which tags the contact has now.
void forget_tags(connector::WriteResult& result) {
  if (!result.state) return;
  result.state->get_object().erase("tags");
  result.extent = sync::Extent::partial;
}

Json tag_body(const std::vector<std::string>& tags) {
  JsonArray list(tags.begin(), tags.end());
  return JsonObject{{"tags", std::move(list)}};
}

}  // namespace

Task<Writer::WriteResult> Writer::write(WriteRequest request) {
  if (request.object != kContact && request.object != kOpportunity) {
    co_return rejected(request.object + " can not be written: it is read-only in the CRM's API");
  }
  if (request.kind != WriteKind::create && request.external_id.empty())
    co_return rejected("a write to an existing object needs its id");
  const std::string id = request.external_id;
  Task<WriteResult> writing = request.kind == WriteKind::create   ? create(std::move(request))
                              : request.kind == WriteKind::remove ? remove(std::move(request))
                                                                  : update(std::move(request));
  WriteResult out = co_await writing;
  if (out.external_id.empty()) out.external_id = id;
  co_return out;
}

Task<Encoded> Writer::encode(const WriteRequest& request) {
  const auto once = [&] {
    return request.object == kContact
               ? encode_contact(request.document, request.kind, reader_.contact_codec())
               : encode_opportunity(request.document, request.kind, reader_.opportunity_codec(), settings_);
  };
  Encoded encoded = once();
  if (encoded.unknown_keys.empty()) co_return encoded;
  Task<void> refreshing = catalog_.refresh_for_unknown(request.work);
  co_await refreshing;
  encoded = once();
  co_return encoded;
}

// An unknown field does not stop the rest of the write. What was left out is said, so that nobody believes it was written,
// and the state says what the CRM goes on holding there.
void Writer::note_left_out(const WriteRequest& request, const Encoded& encoded, WriteResult& out) {
  std::vector<std::string> notes;
  for (const LeftOut& item : encoded.left_out) notes.push_back(item.path + ": " + item.why);
  for (const std::string& key : encoded.unknown_keys)
    notes.push_back("customFields." + key + ": the location has no such custom field");
  if (notes.empty()) return;
  log_.warning("gohighlevel_fields_left_out",
               {{"object", request.object}, {"record", request.record.str()}, {"fields", joined(notes)}});
  out.reason += (out.reason.empty() ? "not written: " : "; not written: ") + joined(notes);
  if (out.kind != OutcomeKind::applied && !out.partly) return;
  if (!out.state) {
    out.state = JsonObject();
    out.extent = sync::Extent::partial;
  }
  JsonObject& state = out.state->get_object();
  for (const LeftOut& item : encoded.left_out) {
    out.left_out.push_back(item.path);
    if (state.contains(item.path)) continue;
    const Json* held = find_member(request.expected, item.path);
    state[item.path] = held == nullptr ? Json(nullptr) : *held;
  }
  if (encoded.unknown_keys.empty()) return;
  if (!state.contains("customFields")) state["customFields"] = JsonObject();
  for (const std::string& key : encoded.unknown_keys) {
    out.left_out.push_back("customFields." + key);
    state["customFields"].get_object()[key] = nullptr;
  }
}

Task<void> Writer::read_state(const WriteRequest& request, const Answer& answer, Shape shape, WriteResult& out) {
  const Json* item = item_of(answer, request.object);
  if (item == nullptr) co_return;
  Task<Result<Decoded>> decoding = reader_.decode(request.object, *item, shape, request.work);
  Result<Decoded> decoded = co_await decoding;
  if (!decoded) co_return;
  out.external_id = decoded->id;
  out.extent = decoded->extent;
  out.version = decoded->version;
  if (shape == Shape::full) seen_.note(decoded->id, decoded->version);
  out.state = std::move(decoded->document);
}

Task<Writer::WriteResult> Writer::create(WriteRequest request) {
  Task<Encoded> encoding = encode(request);
  Encoded encoded = co_await encoding;
  if (request.object == kOpportunity) {
    for (const char* name : {"pipelineId", "name", "contactId"}) {
      if (!encoded.body.contains(name)) co_return rejected(std::string("an opportunity needs ") + name);
    }
  }
  encoded.body["locationId"] = settings_.location_id;
  ApiCall call;
  call.method = "POST";
  call.target = collection(request.object);
  call.body = encoded.body;
  call.work = request.work;
  Task<Result<Answer>> sending = api_.send(std::move(call));
  Result<Answer> answer = co_await sending;
  if (!answer) co_return write_failure(answer.error());
  Task<WriteResult> settling =
      answer->ok() ? settle_created(request, std::move(*answer)) : settle_refused_create(request, std::move(*answer));
  WriteResult out = co_await settling;
  note_left_out(request, encoded, out);
  co_return out;
}

Task<Writer::WriteResult> Writer::settle_created(const WriteRequest& request, Answer answer) {
  WriteResult out;
  Task<void> reading = read_state(request, answer, request.object == kContact ? Shape::created : Shape::full, out);
  co_await reading;
  if (out.external_id.empty()) {
    out.kind = OutcomeKind::unknown;  // X2
    out.reason = "the CRM's answer to the create names no id";
  }
  co_return out;
}

Task<Writer::WriteResult> Writer::settle_refused_create(const WriteRequest& request, Answer answer) {
  WriteResult out = write_failure(answer, request.document);
  if (const auto existing = duplicate_of(answer)) {
    out.kind = OutcomeKind::duplicate;
    out.external_id = *existing;
    if (!existing->empty() || request.object != kContact) co_return out;
  } else if (answer.status != 422 || request.object != kContact) {
    co_return out;
  }
  // A duplicate without its id, or a 422: contacts have been created although the answer was 422 (docs issue 64).
  Task<Result<std::string>> looking = reader_.lookup_contact(request.document, request.work);
  Result<std::string> id = co_await looking;
  if (id && !id->empty()) {
    out.kind = OutcomeKind::duplicate;
    out.external_id = std::move(*id);
  } else if (out.kind != OutcomeKind::duplicate && !is_plain_validation(answer)) {
    out.kind = OutcomeKind::unknown;  // X2: looked for again once the CRM's index has caught up
  }
  co_return out;
}

Task<Writer::WriteResult> Writer::update(WriteRequest request) {
  Task<Encoded> encoding = encode(request);
  Encoded encoded = co_await encoding;
  const TagPlan tags = request.object == kContact ? plan_tags(request.document, request.expected) : TagPlan();
  WriteResult out;
  if (!encoded.body.empty()) {
    Task<WriteResult> putting = put_fields(request, encoded);
    out = co_await putting;
  }
  if (!tags.empty() && out.kind == OutcomeKind::applied) {
    Task<WriteResult> tagging = change_tags(request, tags, std::move(out));
    out = co_await tagging;
    out.partly = out.kind != OutcomeKind::applied && !encoded.body.empty();
  }
  if (out.partly && !tags.empty()) out.left_out.emplace_back("tags");
  const bool nothing_sent = encoded.body.empty() && tags.empty();
  if (nothing_sent && (!encoded.left_out.empty() || !encoded.unknown_keys.empty())) out.kind = OutcomeKind::rejected;
  note_left_out(request, encoded, out);
  co_return out;
}

Task<Writer::WriteResult> Writer::put_fields(const WriteRequest& request, Encoded& encoded) {
  for (int round = 0; round <= limits::kRefusedPropertyRounds; ++round) {
    for (const std::string& name : refused_) {
      if (encoded.body.erase(name) > 0) encoded.left_out.push_back({name, "the CRM does not take it in updates"});
    }
    if (encoded.body.empty()) co_return WriteResult();
    ApiCall call;
    call.method = "PUT";
    call.target = path_with(collection(request.object), request.external_id);
    call.body = encoded.body;
    call.work = request.work;
    Task<Result<Answer>> sending = api_.send(std::move(call));
    Result<Answer> answer = co_await sending;
    if (answer && answer->ok()) {
      WriteResult out;
      Task<void> reading = read_state(request, *answer, Shape::full, out);
      co_await reading;
      if (out.state && out.external_id == request.external_id) co_return out;
      out = WriteResult();
      if (!says_done(*answer)) co_return unknown("the CRM's answer to the update is none");
      Task<void> reading_back = read_back(request, out);
      co_await reading_back;
      if (out.state) co_return out;
      out = unknown("the CRM's answer to the update does not show the object, nor does a read");
      out.partly = true;
      co_return out;
    }
    if (answer && learn_refused(request, encoded, *answer)) continue;
    const bool duplicate = answer && duplicate_of(*answer);
    Task<WriteResult> settling = settle_failure(request, std::move(answer));
    WriteResult out = co_await settling;
    if (duplicate) out.reason = "another contact already has this e-mail or phone; " + out.reason;
    co_return out;
  }
  co_return rejected("the CRM refuses one property after the other");
}

// True when the answer names properties of the body that it does not take: the rest is sent again without them.
bool Writer::learn_refused(const WriteRequest& request, const Encoded& encoded, const Answer& answer) {
  bool learned = false;
  for (const std::string& name : refused_properties(answer)) {
    if (!encoded.body.contains(name) || refused_.size() >= limits::kRefusedPropertiesRemembered) continue;
    refused_.insert(name);
    learned = true;
    log_.warning("gohighlevel_property_refused", {{"object", request.object}, {"property", name}});
  }
  return learned;
}

// The CRM said yes and did not say what it holds now.
Task<void> Writer::read_back(const WriteRequest& request, WriteResult& out) {
  Task<Reader::Found> fetching = reader_.fetch(request.object, request.external_id, request.work);
  Reader::Found found = co_await fetching;
  if (!found || !*found) co_return;
  out.state = std::move((*found)->document);
  out.read_later = true;
  out.extent = (*found)->extent;
  out.version = (*found)->version;
}

Task<Writer::WriteResult> Writer::settle_failure(const WriteRequest& request, Result<Answer> answer) {
  if (!answer) co_return write_failure(answer.error());
  WriteResult out = write_failure(*answer, request.document);
  if (answer->status != 404 && (answer->status != 400 || duplicate_of(*answer))) co_return out;
  // 400 says many things, and 404 may be a wrong path: only a read says that the object is gone.
  Task<Reader::Found> fetching = reader_.fetch(request.object, request.external_id, request.work);
  Reader::Found found = co_await fetching;
  const bool verdict = out.kind == OutcomeKind::not_found || out.kind == OutcomeKind::rejected;
  if (found && !*found)
    out.kind = OutcomeKind::not_found;
  else if (verdict)
    out.kind = found ? OutcomeKind::rejected : OutcomeKind::retry;
  co_return out;
}

Task<Writer::WriteResult> Writer::change_tags(const WriteRequest& request, TagPlan plan, WriteResult before) {
  WriteResult out = std::move(before);
  const auto know = [&](const Json& answered) {
    if (!out.state) {
      out.state = JsonObject();
      out.extent = sync::Extent::partial;
    }
    const Json* held = find_member(*out.state, "tags");
    if (held == nullptr) held = find_member(request.expected, "tags");
    Json tags = known_tags(held, answered, plan);
    out.state->get_object()["tags"] = std::move(tags);
  };
  bool seen = false;
  bool done_unseen = false;
  for (const auto& [method, tags] : {std::pair("POST", &plan.add), std::pair("DELETE", &plan.remove)}) {
    if (tags->empty()) continue;
    ApiCall call;
    call.method = method;
    call.target = path_with("/contacts/", request.external_id, "/tags");
    call.body = tag_body(*tags);
    call.work = request.work;
    Task<Result<Answer>> sending = api_.send(std::move(call));
    Result<Answer> answer = co_await sending;
    if (answer && answer->ok()) {
      const Json* list = find_member(answer->body, "tags");
      if (list != nullptr && list->is_array()) {
        know(*list);
        seen = true;
        continue;
      }
      forget_tags(out);
      seen = false;
      done_unseen = says_done(*answer);
      if (done_unseen) continue;
      out.kind = OutcomeKind::unknown;  // X2
      out.reason = "changing the tags: the CRM's answer is none";
      co_return out;
    }
    // What came before has happened: its state stays in the result, so that it is neither forgotten nor sent twice.
    Task<WriteResult> settling = settle_failure(request, std::move(answer));
    WriteResult failure = co_await settling;
    failure.state = std::move(out.state);
    failure.extent = out.extent;
    failure.version = out.version;
    failure.read_later = out.read_later;
    if (seen) {  // later than the fields' version, and without one of its own
      failure.state = JsonObject{{"tags", failure.state->at("tags")}};
      failure.extent = sync::Extent::partial;
      failure.version = 0;
    }
    failure.reason = "changing the tags: " + failure.reason;
    if (done_unseen) failure.kind = OutcomeKind::unknown;  // only a read shows what the tags are now (X2)
    co_return failure;
  }
  co_return out;
}

Task<Writer::WriteResult> Writer::remove(WriteRequest request) {
  ApiCall call;
  call.method = "DELETE";
  call.target = path_with(collection(request.object), request.external_id);
  call.work = request.work;
  Task<Result<Answer>> sending = api_.send(std::move(call));
  Result<Answer> answer = co_await sending;
  if (answer && says_done(*answer)) co_return WriteResult();
  if (answer && answer->ok()) co_return unknown("the CRM's answer to the deletion is none");
  Task<WriteResult> settling = settle_failure(request, std::move(answer));
  WriteResult out = co_await settling;
  co_return out;
}

}  // namespace lockstep::gohighlevel
