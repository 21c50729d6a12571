#include "hub/event_text.hpp"

#include <algorithm>
#include <array>

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

namespace {

// What a business hears of: what has changed in its records, not how systems were written to.
bool is_for_businesses(const sync::JournalEntry& entry) {
  constexpr std::array<std::string_view, 4> kinds{"change", "edit", "delete", "resolve"};
  return entry.disposition == "applied" && std::ranges::find(kinds, entry.kind) != kinds.end();
}

void tell_business(const sync::JournalEntry& entry, fanout::Message& message) {
  if (!is_for_businesses(entry)) return;
  message.business = string_member(entry.body, "business");
  const Json* before = find_member(entry.body, "business_before");
  message.business_before = before == nullptr ? message.business : string_member(entry.body, "business_before");
  if (message.business_before == message.business) return;
  auto moved = std::make_shared<fanout::Message>();
  moved->content = message.content;
  moved->seq = message.seq;
  moved->source = message.source;
  moved->entity = message.entity;
  moved->event = "moved";
  sync::JournalEntry bare;
  bare.seq = entry.seq;
  bare.at = entry.at;
  bare.source = entry.source;
  bare.entity = entry.entity;
  bare.record = entry.record;
  bare.kind = moved->event;
  moved->text = event_text(bare);
  message.for_former = moved;
  message.for_next = std::move(moved);
}

}  // namespace

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
  tell_business(entry, *message);
  return message;
}

std::string event_frame(const fanout::Message& message) {
  return "id: " + std::to_string(message.seq) + "\ndata: " + message.text + "\n\n";
}

}  // namespace lockstep::hub
