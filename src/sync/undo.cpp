#include "sync/undo.hpp"

#include <algorithm>
#include <array>

namespace lockstep::sync {

std::string_view job_of(const JournalEntry& entry) { return string_member(entry.body, "job"); }

Result<Undo> undo_of(const JournalEntry& entry) {
  constexpr std::array<std::string_view, 4> kinds{"change", "edit", "delete", "resolve"};
  const std::string number = std::to_string(entry.seq);
  const bool changes = std::ranges::find(kinds, entry.kind) != kinds.end() && entry.disposition == "applied";
  if (!changes || entry.record.empty()) return fail(ErrorKind::invalid, "entry " + number + " has changed no record");
  if (entry.reason == "created")
    return fail(ErrorKind::conflict, "entry " + number + " has made the record: delete the record instead");
  Undo undo;
  undo.source = entry.source;
  undo.record = entry.record;
  undo.system = entry.system;
  undo.undoes = entry.seq;
  undo.restore = entry.kind == "delete";
  const Json* fields = find_member(entry.body, "fields");
  if (fields != nullptr && fields->is_object()) {
    for (const auto& [name, step] : fields->get_object()) {
      const Json* from = find_member(step, "from");
      const Json* to = find_member(step, "to");
      if (to == nullptr) continue;
      undo.steps.push_back({std::string(name), from == nullptr ? std::nullopt : std::optional(*from), *to});
    }
  }
  if (undo.steps.empty() && !undo.restore) return fail(ErrorKind::invalid, "entry " + number + " has changed no field");
  return undo;
}

}  // namespace lockstep::sync
