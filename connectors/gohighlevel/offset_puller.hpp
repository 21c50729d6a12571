// Pages of objects that are listed by limit and offset. The cursor holds everything that is needed to go on (B1).
//
// An object that is deleted while the pages are read moves all that follow it to the page before, and one that is made
// moves them to the next. So each page begins with the last rows of the page before: when none of them is there, rows
// have moved, and it goes back until it finds one. A page that is short though the total says more does not end the list.
//
// No list can be asked for what has changed. A poll reads again what was created in the last `reread_days`, where the list
// can be asked for that, else everything; rows that it has shown before in the same state it does not show again.
#pragma once

#include "connectors/gohighlevel/reader.hpp"
#include "connectors/gohighlevel/shown_rows.hpp"

namespace lockstep::gohighlevel {

class OffsetPuller {
 public:
  OffsetPuller(Api& api, const ConnectorSettings& settings, const connector::Ports& ports, ShownRows& shown)
      : api_(api), settings_(settings), ports_(ports), shown_(shown) {}
  OffsetPuller(const OffsetPuller&) = delete;
  OffsetPuller& operator=(const OffsetPuller&) = delete;

  Task<Result<connector::PullPage>> pull(connector::PullRequest request);

 private:
  std::string target(const connector::PullRequest& request, std::size_t offset, std::size_t limit) const;

  Api& api_;
  const ConnectorSettings& settings_;
  connector::Ports ports_;
  ShownRows& shown_;
};

}  // namespace lockstep::gohighlevel
