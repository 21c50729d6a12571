#include "connectors/gohighlevel/puller.hpp"

#include <algorithm>

#include "connectors/gohighlevel/limits.hpp"
#include "connectors/gohighlevel/search_body.hpp"

namespace lockstep::gohighlevel {
namespace {

using connector::PullMode;
using connector::PullPage;
using connector::PullRequest;

constexpr const char* kListedFields = "listed_fields";
// Before the first answer our clock stands in for the CRM's, which may run differently.
constexpr Duration kClockDifference = std::chrono::minutes(5);

std::size_t page_limit(const PullRequest& request) {
  return std::clamp<std::size_t>(request.page_limit, 1, limits::kPageContacts);
}

std::optional<std::uint64_t> count_in(const Json* value) {
  if (value == nullptr) return std::nullopt;
  if (const auto* number = value->if_int64(); number != nullptr && *number >= 0)
    return static_cast<std::uint64_t>(*number);
  if (const auto* number = value->if_uint64()) return *number;
  return std::nullopt;
}

std::int64_t whole_number(const Json& object, std::string_view name, std::int64_t fallback) {
  const Json* value = find_member(object, name);
  return value != nullptr && value->is_int64() ? value->get_int64() : fallback;
}

std::set<std::string> carried_in(const Json& holder, std::string_view name) {
  const std::vector<std::string> list = text_list(find_member(holder, name));
  return {list.begin(), list.end()};
}

Error stuck() {
  return {ErrorKind::corrupt, "the CRM's pages do not advance: the cursor it gives is the one it was given", {}};
}

}  // namespace

Task<Puller::Page> Puller::pull(PullRequest request) {
  if (request.object == kPipeline) {
    Task<Page> pulling = pull_pipelines(std::move(request));
    Page page = co_await pulling;
    co_return page;
  }
  if (is_shop_object(request.object)) {
    Task<Page> pulling = offset_.pull(std::move(request));
    Page page = co_await pulling;
    co_return page;
  }
  if (request.object != kContact && request.object != kOpportunity)
    co_return fail(ErrorKind::invalid, "there is no object of this name: " + request.object);
  if (request.mode == PullMode::incremental) {
    Task<Page> pulling = pull_changed(std::move(request));
    Page page = co_await pulling;
    co_return page;
  }
  if (request.cursor.is_null()) {
    Task<Result<void>> noting = note_full_start(request.object);
    Result<void> noted = co_await noting;
    if (!noted) co_return fail(noted.error());
  }
  const bool listed =
      request.object == kContact && (request.cursor.is_null() ? settings_.full_pull == FullPull::list
                                                              : string_member(request.cursor, "how") == "list");
  Task<Page> pulling = listed ? pull_list(std::move(request)) : pull_search(std::move(request));
  Page page = co_await pulling;
  co_return page;
}

// All of them each time: they are few.
Task<Puller::Page> Puller::pull_pipelines(PullRequest request) {
  shown_.settle(request);
  ApiCall call;
  call.target = "/opportunities/pipelines?locationId=" + wire::percent_encode(settings_.location_id);
  call.work = request.work;
  Task<Result<Answer>> sending = api_.send(std::move(call));
  Result<Answer> answer = co_await sending;
  if (!answer) co_return fail(answer.error());
  if (!answer->ok()) co_return fail(read_error(*answer, "reading the pipelines"));
  const Json* list = find_member(answer->body, "pipelines");
  if (list == nullptr || !list->is_array()) co_return fail(ErrorKind::unavailable, "the answer holds no pipelines");
  if (list->get_array().size() > limits::kPipelines)
    co_return fail(ErrorKind::exhausted, "the location has too many pipelines");
  PullPage page;
  for (const Json& item : list->get_array()) {
    Result<Decoded> decoded = decode_pipeline(item);
    if (!decoded) co_return fail(decoded.error());
    page.changes.push_back(to_change(kPipeline, std::move(*decoded), sync::Via::poll));
  }
  page.total = page.changes.size();
  page.last = true;
  page.cursor = JsonObject{{"read_ms", to_epoch_ms(ports_.loop->clock().now())}};
  if (request.mode == PullMode::incremental) shown_.leave_out_known(request, page);
  co_return page;
}

// A full pull that begins now misses nothing that a later poll from this time on sees.
Task<Result<void>> Puller::note_full_start(std::string object) {
  Task<Result<void>> putting = ports_.state->put("full_started/" + object, to_epoch_ms(ports_.loop->clock().now()));
  Result<void> stored = co_await putting;
  co_return stored;
}

Task<Result<std::int64_t>> Puller::first_since(std::string object) {
  Task<Result<Json>> reading = ports_.state->get("full_started/" + object);
  Result<Json> started = co_await reading;
  if (!started) co_return fail(started.error());
  const std::int64_t from = started->is_int64() ? started->get_int64() : to_epoch_ms(ports_.loop->clock().now());
  co_return from - std::chrono::duration_cast<std::chrono::milliseconds>(settings_.overlap + kClockDifference).count();
}

Task<std::set<std::string>> Puller::fields_of_list() {
  Task<Result<Json>> reading = ports_.state->get(kListedFields);
  Result<Json> kept = co_await reading;
  co_return kept ? carried_in(*kept, "fields") : std::set<std::string>();
}

Task<Result<Answer>> Puller::list(Json after, std::size_t limit, sync::WorkClass work) {
  ApiCall call;
  call.target =
      "/contacts/?locationId=" + wire::percent_encode(settings_.location_id) + "&limit=" + std::to_string(limit);
  if (after.is_array() && after.get_array().size() == 2) {
    call.target += "&startAfter=" + to_text(after.get_array()[0]) +
                   "&startAfterId=" + wire::percent_encode(string_of(after.get_array()[1]));
  }
  call.work = work;
  Task<Result<Answer>> sending = api_.send(std::move(call));
  Result<Answer> answer = co_await sending;
  co_return answer;
}

Task<Puller::Page> Puller::pull_list(PullRequest request) {
  const std::size_t limit = page_limit(request);
  std::set<std::string> carried = carried_in(request.cursor, "carried");
  if (request.cursor.is_null()) {
    Task<std::set<std::string>> reading = fields_of_list();
    carried = co_await reading;
  }
  const Json* after = find_member(request.cursor, "after");
  Task<Result<Answer>> listing = list(after == nullptr ? Json() : *after, limit, request.work);
  Result<Answer> answer = co_await listing;
  if (!answer) co_return fail(answer.error());
  if (answer->status == 404 && request.cursor.is_null()) {  // deprecated, and not part of v3
    Task<Page> searching = pull_search(std::move(request));
    Page page = co_await searching;
    co_return page;
  }
  if (!answer->ok()) co_return fail(read_error(*answer, "reading the contacts"));
  const Json* list = find_member(answer->body, "contacts");
  if (list == nullptr || !list->is_array()) co_return fail(ErrorKind::unavailable, "the answer holds no contacts");
  const JsonArray& items = list->get_array();
  for (const Json& item : items) {
    for (std::string& name : listed_fields(item)) carried.insert(std::move(name));
  }

  PullPage page;
  for (const Json& item : items) {
    Result<Decoded> decoded = decode_contact(item, Shape::listed, reader_.contact_codec(), carried);
    if (decoded && !decoded->unknown_fields.empty()) {
      Task<Result<Decoded>> again = reader_.decode(std::string(kContact), item, Shape::listed, request.work);
      Result<Decoded> ignored = co_await again;  // it asked for the catalog; the fields carried are ours to say
      decoded = ignored ? decode_contact(item, Shape::listed, reader_.contact_codec(), carried) : std::move(ignored);
    }
    if (!decoded) co_return fail(decoded.error());
    page.changes.push_back(to_change(kContact, std::move(*decoded), sync::Via::poll));
  }
  Task<Result<void>> completing =
      complete_from_search(page.changes, after == nullptr ? Json() : *after, limit, request.work);
  Result<void> completed = co_await completing;
  if (!completed) co_return fail(completed.error());

  const Json* meta = find_member(answer->body, "meta");
  page.total = count_in(meta == nullptr ? nullptr : find_member(*meta, "total"));
  if (!page.total) page.total = count_in(find_member(answer->body, "count"));
  page.last = items.size() < limit;
  JsonArray names(carried.begin(), carried.end());
  if (!page.last) {
    Json next = list_cursor(meta, items.back());
    if (after != nullptr && next == *after) co_return fail(stuck());
    page.cursor = JsonObject{{"how", "list"}, {"after", std::move(next)}, {"carried", std::move(names)}};
  } else {
    Task<Result<void>> putting = ports_.state->put(kListedFields, JsonObject{{"fields", std::move(names)}});
    Result<void> stored = co_await putting;
    if (!stored) co_return fail(stored.error());
  }
  co_return page;
}

Task<Result<Answer>> Puller::search(std::string object, Json body, sync::WorkClass work) {
  ApiCall call;
  call.method = "POST";
  call.target = object == kContact ? "/contacts/search" : "/opportunities/search";
  call.body = std::move(body);
  call.work = work;
  Task<Result<Answer>> sending = api_.send(std::move(call));
  Result<Answer> answer = co_await sending;
  // A search changes nothing, whatever became of it.
  if (!answer && answer.error().kind == ErrorKind::maybe_applied)
    co_return fail(Error{ErrorKind::unavailable, answer.error().message, answer.error().retry_after});
  if (!answer) co_return fail(answer.error());
  if (!answer->ok()) co_return fail(read_error(*answer, "searching"));
  const Json* list = find_member(answer->body, items_name(object));
  if (list == nullptr || !list->is_array())
    co_return fail(ErrorKind::unavailable, "the answer holds no " + std::string(items_name(object)));
  co_return answer;
}

Task<Result<std::vector<sync::Change>>> Puller::decode_found(std::string object, const JsonArray& items,
                                                             sync::WorkClass work) {
  std::vector<sync::Change> out;
  for (const Json& item : items) {
    Task<Result<Decoded>> decoding = reader_.decode(object, item, Shape::found, work);
    Result<Decoded> decoded = co_await decoding;
    if (!decoded) co_return fail(decoded.error());
    out.push_back(to_change(object, std::move(*decoded), sync::Via::poll));
  }
  co_return out;
}

Task<Puller::Page> Puller::pull_search(PullRequest request) {
  const std::size_t limit = page_limit(request);
  const Json* after = find_member(request.cursor, "after");
  Json body = search_body(request.object, settings_.location_id, limit,
                          {SearchOrder::added, Direction::oldest_first, std::nullopt, after});
  Task<Result<Answer>> searching = search(request.object, std::move(body), request.work);
  Result<Answer> answer = co_await searching;
  if (!answer) co_return fail(answer.error());
  const JsonArray& items = find_member(answer->body, items_name(request.object))->get_array();
  Task<Result<std::vector<sync::Change>>> decoding = decode_found(request.object, items, request.work);
  Result<std::vector<sync::Change>> changes = co_await decoding;
  if (!changes) co_return fail(changes.error());

  PullPage page;
  page.changes = std::move(*changes);
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < page.changes.size(); ++i) {
    if (lacks_mapped(page.changes[i])) places.push_back(i);
  }
  Task<Result<void>> completing = complete_by_id(page.changes, std::move(places), request.work);
  Result<void> completed = co_await completing;
  if (!completed) co_return fail(completed.error());

  page.total = count_in(find_member(answer->body, "total"));
  page.last = items.size() < limit;
  if (!page.last) {
    Json next = search_cursor(request.object, items.back(), SearchOrder::added);
    if (after != nullptr && next == *after) co_return fail(stuck());
    page.cursor = JsonObject{{"how", "search"}, {"after", std::move(next)}};
  }
  co_return page;
}

Task<Puller::Page> Puller::pull_changed(PullRequest request) {
  const std::size_t limit = page_limit(request);
  std::int64_t since = whole_number(request.cursor, "since", -1);
  if (since < 0) {
    Task<Result<std::int64_t>> beginning = first_since(request.object);
    Result<std::int64_t> first = co_await beginning;
    if (!first) co_return fail(first.error());
    since = *first;
  }
  const Json* after = find_member(request.cursor, "after");
  Json body = search_body(request.object, settings_.location_id, limit,
                          {SearchOrder::updated, Direction::oldest_first, since, after});
  Task<Result<Answer>> searching = search(request.object, std::move(body), request.work);
  Result<Answer> answer = co_await searching;
  if (!answer) co_return fail(answer.error());
  const JsonArray& items = find_member(answer->body, items_name(request.object))->get_array();
  Task<Result<std::vector<sync::Change>>> decoding = decode_found(request.object, items, request.work);
  Result<std::vector<sync::Change>> found = co_await decoding;
  if (!found) co_return fail(found.error());

  // Rows of the overlap that a page before has shown in this version are not shown again.
  JsonObject shown;
  if (const Json* kept = find_member(request.cursor, "shown"); kept != nullptr && kept->is_object())
    shown = kept->get_object();
  std::int64_t newest = whole_number(request.cursor, "newest", since);
  PullPage page;
  std::vector<std::size_t> places;
  for (sync::Change& change : *found) {
    const auto version = static_cast<std::int64_t>(change.version);
    newest = std::max(newest, version);
    if (whole_number(shown, change.external_id, -1) == version) continue;
    shown[change.external_id] = version;
    if (lacks_mapped(change) && !seen_.has(change.external_id, change.version)) places.push_back(page.changes.size());
    page.changes.push_back(std::move(change));
  }
  if (request.object == kContact && settings_.full_pull == FullPull::list) {
    Task<Result<std::vector<std::size_t>>> listing = complete_from_list(page.changes, std::move(places), request.work);
    Result<std::vector<std::size_t>> left = co_await listing;
    if (!left) co_return fail(left.error());
    places = std::move(*left);
  }
  Task<Result<void>> completing = complete_by_id(page.changes, std::move(places), request.work);
  Result<void> completed = co_await completing;
  if (!completed) co_return fail(completed.error());

  page.last = items.size() < limit;
  const std::int64_t next_since =
      std::max(since, newest - std::chrono::duration_cast<std::chrono::milliseconds>(settings_.overlap).count());
  trim_shown(shown, next_since, limits::kOverlapRemembered);
  JsonObject cursor{{"since", page.last ? next_since : since}, {"newest", newest}, {"shown", std::move(shown)}};
  if (!page.last) {
    cursor["after"] = search_cursor(request.object, items.back(), SearchOrder::updated);
    if (after != nullptr && cursor["after"] == *after) co_return fail(stuck());
  }
  page.cursor = std::move(cursor);
  co_return page;
}

}  // namespace lockstep::gohighlevel
