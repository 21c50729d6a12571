#include "gateway/access.hpp"

#include <algorithm>

namespace lockstep::gateway {

bool Caller::may_read(const SourceId& source) const {
  return all_sources || std::ranges::find(sources, source) != sources.end();
}

bool Caller::may_edit(const SourceId& source) const { return role >= Role::editor && may_read(source); }

bool Caller::may_operate(const SourceId& source) const { return role >= Role::owner && may_read(source); }

}  // namespace lockstep::gateway
