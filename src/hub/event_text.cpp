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

std::string entry_topic(const SourceId& source) { return "entries:" + (source.empty() ? "*" : source.str()); }

std::string row_topic(const SourceId& source) { return "rows:" + source.str(); }

std::string change_topic(const SourceId& source) { return "changes:" + (source.empty() ? "*" : source.str()); }

std::shared_ptr<const fanout::Message> entry_message(const sync::JournalEntry& entry) {
  auto message = std::make_shared<fanout::Message>();
  message->content = fanout::Content::entry;
  message->seq = entry.seq;
  message->source = entry.source;
  message->entity = entry.entity;
  message->topics = {entry_topic(entry.source), entry_topic({})};
  message->event = entry.kind;
  message->text = event_text(entry);
  return message;
}

std::string event_frame(const fanout::Message& message) {
  return "id: " + std::to_string(message.seq) + "\ndata: " + message.text + "\n\n";
}

}  // namespace lockstep::hub
