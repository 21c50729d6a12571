// The rows of a table of members (access.members): what is asked for, and what an answer says.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "access/caller.hpp"
#include "app/config/config.hpp"
#include "connector/tables.hpp"

namespace lockstep::app {

inline constexpr std::size_t kMemberRowsLimit = 50'000;  // of a table; one that has more is not believed at all

struct MemberRow {
  std::string user;
  SourceId source;
  std::optional<access::Grant> grant;  // nothing: it names nobody, no source, a role that is none of a source, or a
                                       // business without its name
};

connector::TableRead read_of(const MemberTable& table);
// `exhausted`: too many. Some of them would be some people's rights only: rather none than not to know whose.
Result<std::vector<MemberRow>> member_rows(const std::vector<std::string>& texts);

}  // namespace lockstep::app
