// What a page lacks is added from elsewhere.
#include <algorithm>

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
    for (auto& member : same->document.get_object()) {
      if (!change.document.get_object().contains(member.key()))
        change.document.get_object()[member.key()] = member.value();
    }
  }
  co_return Result<void>();
}

}  // namespace lockstep::gohighlevel
