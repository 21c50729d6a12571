#include "connectors/gohighlevel/reader.hpp"

#include <algorithm>

#include "connectors/gohighlevel/codec_parts.hpp"
#include "connectors/gohighlevel/limits.hpp"

namespace lockstep::gohighlevel {
namespace {

std::string digits(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c >= '0' && c <= '9') out += c;
  }
  return out;
}

// The lookup goes by the location's own key order and may answer with a contact that shares only the other key.
bool fits(const JsonObject& contact, const Json& wanted) {
  const Json whole(contact);
  const std::string email = fold(string_member(wanted, "email"));
  if (!email.empty()) {
    if (fold(string_member(whole, "email")) == email) return true;
    const Json* more = find_member(whole, "additionalEmails");
    if (more != nullptr && more->is_array()) {
      for (const Json& item : more->get_array()) {
        if (fold(string_member(item, "email")) == email) return true;
      }
    }
  }
  const std::string phone = digits(string_member(wanted, "phone"));
  const std::string held = digits(string_member(whole, "phone"));
  // The CRM adds the country code to numbers without one.
  return !phone.empty() && !held.empty() && (held.ends_with(phone) || phone.ends_with(held));
}

constexpr const char* kAskPerson = ": a person must decide whether it exists";

}  // namespace

void SeenVersions::note(const std::string& id, sync::Version version) {
  if (version == 0) return;
  const auto [at, added] = versions_.try_emplace(id, version);
  if (!added)
    at->second = std::max(at->second, version);
  else
    order_.push_back(id);
  while (order_.size() > limits::kVersionsRemembered) {
    versions_.erase(order_.front());
    order_.pop_front();
  }
}

bool SeenVersions::has(const std::string& id, sync::Version version) const {
  const auto found = versions_.find(id);
  return version != 0 && found != versions_.end() && found->second >= version;
}

sync::Change to_change(std::string_view object, Decoded decoded, sync::Via via) {
  sync::Change out;
  out.object = object;
  out.external_id = std::move(decoded.id);
  out.kind = decoded.deleted ? sync::ChangeKind::deleted : sync::ChangeKind::upserted;
  out.extent = decoded.extent;
  out.version = decoded.version;
  out.via = via;
  out.document = std::move(decoded.document);
  return out;
}

sync::Change deletion(std::string_view object, std::string id, sync::Via via) {
  sync::Change out;
  out.object = object;
  out.external_id = std::move(id);
  out.kind = sync::ChangeKind::deleted;
  out.via = via;
  out.document = JsonObject();
  return out;
}

Task<Result<Decoded>> Reader::decode(std::string object, Json item, Shape shape, sync::WorkClass work) {
  const auto once = [&] {
    return object == kContact ? decode_contact(item, shape, contact_codec())
                              : decode_opportunity(item, shape, opportunity_codec());
  };
  Result<Decoded> decoded = once();
  if (!decoded || decoded->unknown_fields.empty()) co_return decoded;
  Task<void> refreshing = catalog_.refresh_for_unknown(work);
  co_await refreshing;
  decoded = once();
  co_return decoded;
}

Task<Reader::Found> Reader::fetch(std::string object, std::string id, sync::WorkClass work) {
  if (object == kPipeline) {
    Task<Found> fetching = fetch_pipeline(std::move(id), work);
    Found found = co_await fetching;
    co_return found;
  }
  if (is_shop_object(object)) {
    Task<Found> fetching = fetch_shop_object(std::move(object), std::move(id), work);
    Found found = co_await fetching;
    co_return found;
  }
  if (object != kContact && object != kOpportunity)
    co_return fail(ErrorKind::invalid, "there is no object of this name: " + object);
  const bool is_contact = object == kContact;
  ApiCall call;
  call.target = path_with(is_contact ? "/contacts/" : "/opportunities/", id);
  call.work = work;
  Task<Result<Answer>> sending = api_.send(std::move(call));
  Result<Answer> answer = co_await sending;
  if (!answer) co_return fail(answer.error());
  if (says_not_found(*answer)) co_return std::optional<sync::Change>();
  if (!answer->ok()) co_return fail(read_error(*answer, "reading one " + object));
  const Json* item = find_member(answer->body, object);
  if (item == nullptr) item = &answer->body;
  // A 2xx without the object is no word of the CRM's about it.
  if (string_member(*item, "id") != id)
    co_return fail(ErrorKind::unavailable, "the CRM answered with no " + object + ", or with another one");
  Task<Result<Decoded>> decoding = decode(object, *item, Shape::full, work);
  Result<Decoded> decoded = co_await decoding;
  if (!decoded) co_return fail(decoded.error());
  if (decoded->deleted) co_return std::optional<sync::Change>();
  seen_.note(id, decoded->version);
  co_return std::optional(to_change(object, std::move(*decoded), sync::Via::fetch));
}

Task<Reader::Found> Reader::fetch_pipeline(std::string id, sync::WorkClass work) {
  ApiCall call;
  call.target = "/opportunities/pipelines?locationId=" + wire::percent_encode(settings_.location_id);
  call.work = work;
  Task<Result<Answer>> sending = api_.send(std::move(call));
  Result<Answer> answer = co_await sending;
  if (!answer) co_return fail(answer.error());
  if (!answer->ok()) co_return fail(read_error(*answer, "reading the pipelines"));
  const Json* list = find_member(answer->body, "pipelines");
  if (list == nullptr || !list->is_array()) co_return fail(ErrorKind::unavailable, "the answer holds no pipelines");
  for (const Json& item : list->get_array()) {
    if (string_member(item, "id") != id) continue;
    Result<Decoded> decoded = decode_pipeline(item);
    if (!decoded) co_return fail(decoded.error());
    co_return std::optional(to_change(kPipeline, std::move(*decoded), sync::Via::fetch));
  }
  co_return std::optional<sync::Change>();
}

Task<Result<std::string>> Reader::lookup_by(std::string name, std::string value, sync::WorkClass work) {
  ApiCall call;
  call.target = "/contacts/search/duplicate?locationId=" + wire::percent_encode(settings_.location_id) + "&" + name +
                "=" + wire::percent_encode(value);
  call.work = work;
  Task<Result<Answer>> sending = api_.send(std::move(call));
  Result<Answer> answer = co_await sending;
  if (!answer) co_return fail(answer.error());
  if (says_not_found(*answer)) co_return std::string();
  if (!answer->ok()) co_return fail(read_error(*answer, "looking for the contact"));
  const Json* contact = find_member(answer->body, "contact");
  if (contact == nullptr) co_return fail(ErrorKind::unavailable, "the answer does not say whether there is a contact");
  co_return std::string(string_member(*contact, "id"));
}

Task<Result<std::string>> Reader::lookup_contact(Json document, sync::WorkClass work) {
  for (const auto& [field, parameter] : {std::pair("email", "email"), std::pair("phone", "number")}) {
    const std::string value(string_member(document, field));
    if (value.empty()) continue;
    Task<Result<std::string>> looking = lookup_by(parameter, value, work);
    Result<std::string> id = co_await looking;
    if (!id || !id->empty()) co_return id;
  }
  co_return std::string();
}

Task<Reader::Found> Reader::find(connector::WriteRequest request) {
  if (request.object == kContact) {
    Task<Found> finding = find_contact(std::move(request));
    Found found = co_await finding;
    co_return found;
  }
  if (request.object == kOpportunity) {
    Task<Found> finding = find_opportunity(std::move(request));
    Found found = co_await finding;
    co_return found;
  }
  co_return fail(ErrorKind::invalid, "there is no way to look for a " + request.object);
}

Task<Reader::Found> Reader::find_contact(connector::WriteRequest request) {
  bool has_key = false;
  for (const auto& [field, parameter] : {std::pair("email", "email"), std::pair("phone", "number")}) {
    const std::string value(string_member(request.document, field));
    if (value.empty()) continue;
    has_key = true;
    Task<Result<std::string>> looking = lookup_by(parameter, value, request.work);
    Result<std::string> id = co_await looking;
    if (!id) co_return fail(id.error());
    if (id->empty()) continue;
    Task<Found> fetching = fetch(std::string(kContact), *id, request.work);
    Found found = co_await fetching;
    if (!found) co_return found;
    if (*found && fits((*found)->document.get_object(), request.document)) co_return found;
  }
  if (!has_key)
    co_return fail(ErrorKind::invalid, std::string("the contact has neither e-mail nor phone") + kAskPerson);
  co_return std::optional<sync::Change>();
}

Task<Reader::Found> Reader::find_opportunity(connector::WriteRequest request) {
  const std::string contact(string_member(request.document, "contactId"));
  const std::string pipeline(string_member(request.document, "pipelineId"));
  const std::string name(string_member(request.document, "name"));
  if (contact.empty() || pipeline.empty() || name.empty()) {
    co_return fail(ErrorKind::invalid, std::string("the opportunity lacks contact, pipeline or name") + kAskPerson);
  }
  const bool camel = settings_.v3();
  const auto parameter = [&](const char* snake, const char* camel_case, const std::string& value) {
    return std::string(camel ? camel_case : snake) + "=" + wire::percent_encode(value);
  };
  ApiCall call;
  call.target = "/opportunities/search?" + parameter("location_id", "locationId", settings_.location_id) + "&" +
                parameter("contact_id", "contactId", contact) + "&" + parameter("pipeline_id", "pipelineId", pipeline) +
                "&status=all&limit=100";
  call.work = request.work;
  Task<Result<Answer>> sending = api_.send(std::move(call));
  Result<Answer> answer = co_await sending;
  if (!answer) co_return fail(answer.error());
  if (!answer->ok()) co_return fail(read_error(*answer, "looking for the opportunity"));
  const Json* list = find_member(answer->body, "opportunities");
  if (list == nullptr || !list->is_array()) co_return fail(ErrorKind::unavailable, "the answer holds no opportunities");
  std::vector<std::string> ids;
  for (const Json& item : list->get_array()) {
    if (string_member(item, "name") == name && string_member(item, "contactId") == contact)
      ids.emplace_back(string_member(item, "id"));
  }
  if (ids.size() > 1) co_return fail(ErrorKind::invalid, std::string("several opportunities fit") + kAskPerson);
  if (ids.empty()) co_return std::optional<sync::Change>();
  Task<Found> fetching = fetch(std::string(kOpportunity), ids.front(), request.work);
  Found found = co_await fetching;
  co_return found;
}

}  // namespace lockstep::gohighlevel
