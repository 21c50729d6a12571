#include "hub/event_text.hpp"

namespace lockstep::hub {

Json event_json(const sync::JournalEntry& entry) {
  JsonObject out;
  out["seq"] = entry.seq;
  out["at"] = to_iso8601(entry.at);
  out["source"] = entry.source.str();
  out["kind"] = entry.kind;
  if (!entry.entity.empty()) out["entity"] = entry.entity.str();
  if (!entry.record.empty()) out["record"] = entry.record.str();
  if (!entry.system.empty()) out["system"] = entry.system.str();
  if (!entry.disposition.empty()) out["disposition"] = entry.disposition;
  if (!entry.reason.empty()) out["reason"] = entry.reason;
  if (!entry.body.is_null()) out["body"] = entry.body;
  return out;
}

std::string event_text(const sync::JournalEntry& entry) { return to_text(event_json(entry)); }

std::string event_frame(const sync::JournalEntry& entry) {
  return "id: " + std::to_string(entry.seq) + "\ndata: " + event_text(entry) + "\n\n";
}

}  // namespace lockstep::hub
