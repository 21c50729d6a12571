// What a page lacks is added from elsewhere.
#include <algorithm>
#include <functional>
#include <map>

#include "connectors/gohighlevel/limits.hpp"
#include "connectors/gohighlevel/puller.hpp"
#include "connectors/gohighlevel/search_body.hpp"

namespace lockstep::gohighlevel {
namespace {

constexpr std::string_view kCustomPrefix = "customFields.";

bool lacks(const sync::Change& change, const Binding& bound) {
  const JsonObject& document = change.document.get_object();
  return std::ranges::any_of(bound.paths, [&](const std::string& path) {
    return !path.starts_with(kCustomPrefix) && !document.contains(path.substr(0, path.find('.')));
  });
}

void add_missing(sync::Change& change, const sync::Change& from) {
  JsonObject& document = change.document.get_object();
  for (const auto& member : from.document.get_object()) {
    if (!document.contains(member.key())) document[member.key()] = member.value();
  }
}

std::uint64_t time_added(const sync::Change& change) { return read_version(find_member(change.document, "dateAdded")); }

// Several reads beside each other, up to limits::kFetchesAtOnce.
struct Reads {
  Reader& reader;
  std::vector<sync::Change>& changes;
  std::vector<std::size_t> places;
  sync::WorkClass work;
  std::size_t next = 0;
  std::optional<Error> error;
};

Task<void> read_some(Reads& reads) {
  while (!reads.error && reads.next < reads.places.size()) {
    sync::Change& change = reads.changes[reads.places[reads.next++]];
    Task<Reader::Found> fetching = reads.reader.fetch(change.object, change.external_id, reads.work);
    Reader::Found found = co_await fetching;
    if (!found) {
      reads.error = found.error();
    } else if (*found) {
      change = std::move(**found);
      change.via = sync::Via::poll;
    } else {
      change = deletion(change.object, change.external_id, sync::Via::poll);
    }
  }
}

}  // namespace

bool Puller::lacks_mapped(const sync::Change& change) const {
  return lacks(change, change.object == kContact ? settings_.contact : settings_.opportunity);
}

// Newest first, as the list is. A page serves as long as it pays; then, and for rows of which the list has another
// version, reads by id say more in as many calls.
Task<Result<std::vector<std::size_t>>> Puller::complete_from_list(std::vector<sync::Change>& changes,
                                                                  std::vector<std::size_t> places,
                                                                  sync::WorkClass work) {
  std::ranges::sort(places, std::greater<>(), [&](std::size_t at) { return time_added(changes[at]); });
  Task<std::set<std::string>> reading = fields_of_list();
  const std::set<std::string> carried = co_await reading;
  std::vector<std::size_t> left;
  Json after;
  while (places.size() >= limits::kListCompletes) {
    const sync::Change& newest = changes[places.front()];
    if (after.is_null()) after = JsonArray{time_added(newest) + 1, newest.external_id};
    Task<Result<Answer>> listing = list(after, limits::kPageContacts, work);
    Result<Answer> answer = co_await listing;
    if (!answer) co_return fail(answer.error());
    if (!answer->ok()) {
      Error error = read_error(*answer, "reading the contacts");
      const bool missing = error.kind == ErrorKind::not_found || error.kind == ErrorKind::invalid;
      if (missing) break;  // it is deprecated, and not part of v3
      co_return fail(std::move(error));
    }
    const Json* items = find_member(answer->body, "contacts");
    if (items == nullptr || !items->is_array() || items->get_array().empty()) break;
    std::map<std::string, sync::Change> listed;
    for (const Json& item : items->get_array()) {
      Result<Decoded> decoded = decode_contact(item, Shape::listed, reader_.contact_codec(), carried);
      if (!decoded) co_return fail(decoded.error());
      sync::Change change = to_change(kContact, std::move(*decoded), sync::Via::poll);
      listed.emplace(change.external_id, std::move(change));
    }
    const std::uint64_t oldest = read_version(find_member(items->get_array().back(), "dateAdded"));
    std::size_t completed = 0;
    std::erase_if(places, [&](std::size_t at) {
      sync::Change& change = changes[at];
      const auto same = listed.find(change.external_id);
      if (same == listed.end() && time_added(change) <= oldest) return false;  // on a later page
      // Another version of the contact must not be mixed into this one.
      if (same != listed.end() && same->second.version == change.version) add_missing(change, same->second);
      if (lacks_mapped(change))
        left.push_back(at);
      else
        ++completed;
      return true;
    });
    if (completed < limits::kListCompletes || items->get_array().size() < limits::kPageContacts) break;
    const bool goes_on = !places.empty() && time_added(changes[places.front()]) == oldest;
    after = goes_on ? list_cursor(find_member(answer->body, "meta"), items->get_array().back()) : Json();
  }
  left.insert(left.end(), places.begin(), places.end());
  std::ranges::sort(left);
  co_return left;
}

Task<Result<void>> Puller::complete_by_id(std::vector<sync::Change>& changes, std::vector<std::size_t> places,
                                          sync::WorkClass work) {
  if (places.empty()) co_return Result<void>();
  Reads reads{reader_, changes, std::move(places), work, 0, std::nullopt};
  TaskScope scope;
  const std::size_t readers = std::min(reads.places.size(), limits::kFetchesAtOnce);
  for (std::size_t i = 0; i < readers; ++i) scope.spawn(read_some(reads));
  if (!scope.idle()) {
    Completion<int> ended([this, &scope](Completion<int>::Done done) {
      // Posted, so that the scope has finished with itself before this task goes on and destroys it.
      scope.on_idle([this, done = std::move(done)]() mutable {
        ports_.loop->post([done = std::move(done)]() mutable { done(0); });
      });
    });
    co_await ended;
  }
  if (reads.error) co_return fail(*reads.error);
  co_return Result<void>();
}

Task<Result<void>> Puller::complete_from_search(std::vector<sync::Change>& changes, Json after, std::size_t limit,
                                                sync::WorkClass work) {
  const auto helps = [&](const sync::Change& change) {
    return std::ranges::any_of(settings_.contact.paths, [&](const std::string& path) {
      return search_carries(path) && !change.document.get_object().contains(path);
    });
  };
  if (std::ranges::none_of(changes, helps)) co_return Result<void>();
  Json body =
      search_body(kContact, settings_.location_id, limit,
                  {SearchOrder::added, Direction::newest_first, std::nullopt, after.is_null() ? nullptr : &after});
  Task<Result<Answer>> searching = search(std::string(kContact), std::move(body), work);
  Result<Answer> answer = co_await searching;
  if (!answer) co_return fail(answer.error());
  Task<Result<std::vector<sync::Change>>> decoding =
      decode_found(std::string(kContact), find_member(answer->body, "contacts")->get_array(), work);
  Result<std::vector<sync::Change>> found = co_await decoding;
  if (!found) co_return fail(found.error());
  for (sync::Change& change : changes) {
    const auto same = std::ranges::find(*found, change.external_id, &sync::Change::external_id);
    // Another version of the contact must not be mixed into this one.
    if (same == found->end() || (change.version != 0 && same->version != change.version)) continue;
    add_missing(change, *same);
  }
  co_return Result<void>();
}

}  // namespace lockstep::gohighlevel
