// Pages of whole collections and of what has changed. The cursor holds everything that is needed to go on (B1).
//
// Contacts, whole: GET /contacts/ newest first: one call per page, names as typed. The list carries only some fields;
// a mapped one that it lacks is taken from the search page beside it. Or POST /contacts/search, oldest first.
// Contacts and opportunities, changed: search by update time, oldest first, each poll a little into the past because the
// index lags. A row that changes meanwhile moves to the end and is met again. What a search does not show (names)
// comes from the list where a page of it has that for many rows (contacts that were added together), or is read by id,
// unless that version has been read already.
#pragma once

#include "connectors/gohighlevel/offset_puller.hpp"
#include "connectors/gohighlevel/reader.hpp"

namespace lockstep::gohighlevel {

class Puller {
 public:
  Puller(Api& api, Reader& reader, const ConnectorSettings& settings, const connector::Ports& ports, SeenVersions& seen)
      : api_(api),
        reader_(reader),
        settings_(settings),
        ports_(ports),
        seen_(seen),
        offset_(api, settings, ports, shown_) {}
  Puller(const Puller&) = delete;
  Puller& operator=(const Puller&) = delete;

  // `invalid`: no such object, or a cursor that is not ours.
  Task<Result<connector::PullPage>> pull(connector::PullRequest request);

 private:
  using Page = Result<connector::PullPage>;

  Task<Page> pull_pipelines(connector::PullRequest request);
  Task<Page> pull_list(connector::PullRequest request);
  Task<Page> pull_search(connector::PullRequest request);
  Task<Page> pull_changed(connector::PullRequest request);

  Task<Result<Answer>> search(std::string object, Json body, sync::WorkClass work);
  // A page of GET /contacts/ after [time, id] or, with null, the first; its status may be an error's.
  Task<Result<Answer>> list(Json after, std::size_t limit, sync::WorkClass work);
  // The fields that the list has been seen to carry, by the last full pull.
  Task<std::set<std::string>> fields_of_list();
  // Adds what the list lacks from the search results at the same place of the same order.
  Task<Result<void>> complete_from_search(std::vector<sync::Change>& changes, Json after, std::size_t limit,
                                          sync::WorkClass work);
  // Adds what search results lack from the list; returns the places of those that still lack something.
  Task<Result<std::vector<std::size_t>>> complete_from_list(std::vector<sync::Change>& changes,
                                                            std::vector<std::size_t> places, sync::WorkClass work);
  // Replaces the changes at `places` by reads by id.
  Task<Result<void>> complete_by_id(std::vector<sync::Change>& changes, std::vector<std::size_t> places,
                                    sync::WorkClass work);
  Task<Result<std::vector<sync::Change>>> decode_found(std::string object, const JsonArray& items,
                                                       sync::WorkClass work);
  bool lacks_mapped(const sync::Change& change) const;

  Task<Result<std::int64_t>> first_since(std::string object);
  Task<Result<void>> note_full_start(std::string object);

  Api& api_;
  Reader& reader_;
  const ConnectorSettings& settings_;
  connector::Ports ports_;
  SeenVersions& seen_;
  ShownRows shown_;
  OffsetPuller offset_;  // of objects with other pages
};

}  // namespace lockstep::gohighlevel
