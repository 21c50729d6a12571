// What polls that read a whole list again have shown before, so that they show only what is new. In memory: after a restart
// everything is shown once more.
//
// A row counts as taken once the cursor that came with it comes back: the hub keeps both together.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <unordered_map>

#include "connector/connector.hpp"

namespace lockstep::gohighlevel {

class ShownRows {
 public:
  // At the begin of a pull: whether what was shown last has been taken.
  void settle(const connector::PullRequest& request);
  // At its end, with the cursor set: leaves out of the page what has been shown in the same state.
  void leave_out_known(const connector::PullRequest& request, connector::PullPage& page);

 private:
  struct Offered {
    std::string cursor;
    std::unordered_map<std::string, std::size_t> rows;
  };

  std::unordered_map<std::string, std::size_t> taken_;  // state by object and id
  std::deque<std::string> order_;                       // bounded by limits::kVersionsRemembered
  std::map<std::string, Offered> offered_;              // by object
};

}  // namespace lockstep::gohighlevel
