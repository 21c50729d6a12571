// Who calls, and what they may do. Every route goes through one check: identify the caller, then ask Caller.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "wire/http.hpp"

namespace lockstep::gateway {

enum class Role { viewer, editor, owner, admin };

struct Caller {
  std::string name;  // for the journal: "key ops", "user 5f3c…"
  Role role = Role::viewer;
  bool all_sources = false;
  std::vector<SourceId> sources;

  bool may_read(const SourceId& source) const;
  bool may_edit(const SourceId& source) const;     // edits, retries
  bool may_operate(const SourceId& source) const;  // jobs, dead letters, decisions
};

class Access {
 public:
  virtual ~Access() = default;
  // `unauthorized` says what is missing, never what would have been right. Only Authorization, X-API-Key and Host are
  // looked at: event streams keep these and ask again.
  virtual Result<Caller> identify(const wire::HttpHeaders& headers, Time now) const = 0;
};

}  // namespace lockstep::gateway
