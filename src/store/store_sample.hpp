// Small rows for the tests of stores.
#pragma once

#include <string>

#include "store/store.hpp"

namespace lockstep::store::sample {

inline const SourceId source{"location-1"};
inline const SourceId other{"location-2"};
inline const SystemName crm{"crm"};
inline const SystemName db{"db"};
inline const EntityName contact{"contact"};

inline Time at(int seconds) { return Time(std::chrono::seconds(1'700'000'000 + seconds)); }

inline sync::Record record(const std::string& id, std::uint64_t revision) {
  const sync::Stamp stamp{sync::Hlc::at(at(1)), crm, 1};
  sync::Record out;
  out.id = RecordId(id);
  out.source = source;
  out.entity = contact;
  out.revision = revision;
  out.fields["email"] = {Json(id + "@example.com"), stamp, false};
  out.fields["phone"] = {Json(), stamp, false};
  out.fields["tags"] = {Json(JsonArray{"a", "b"}), stamp, true};
  sync::Link link;
  link.system = crm;
  link.external_id = "ext-" + id;
  link.version = 7;
  link.base = {{"email", Json(id + "@example.com")}, {"phone", Json("+12025550101")}};
  out.links = {link};
  return out;
}

inline sync::JournalEntry entry(Seq seq, const std::string& record) {
  sync::JournalEntry out;
  out.seq = seq;
  out.at = at(static_cast<int>(seq));
  out.source = source;
  out.entity = contact;
  out.record = RecordId(record);
  out.system = crm;
  out.kind = "change";
  out.disposition = "applied";
  out.reason = "newer";
  out.body = Json(JsonObject{{"email", JsonArray{nullptr, "a@x"}}});
  return out;
}

inline sync::OutboxRow outbox(const std::string& record, const SystemName& system, Time due) {
  sync::OutboxRow out;
  out.key = {source, system, RecordId(record)};
  out.entity = contact;
  out.due = due;
  out.put_off_at = at(1);
  out.since = at(0);
  out.cause = 3;
  return out;
}

inline sync::InboxRow inbox(Seq seq, sync::InboxKind kind) {
  sync::InboxRow out;
  out.seq = seq;
  out.kind = kind;
  out.change.source = source;
  out.change.system = crm;
  out.change.object = "contact";
  out.change.external_id = "c" + std::to_string(seq);
  out.change.extent = sync::Extent::partial;
  out.change.via = sync::Via::poll;
  out.change.version = 12;
  out.change.document = Json(JsonObject{{"email", "a@x"}, {"phone", nullptr}});
  out.change.delivery = "d";
  out.change.actor = "somebody";
  out.change.job = "01job";
  out.reason = "no such business yet";
  out.since = at(2);
  return out;
}

inline sync::ConflictRow conflict(Seq seq, const std::string& record, const std::string& field, bool open) {
  sync::ConflictRow out;
  out.seq = seq;
  out.source = source;
  out.entity = contact;
  out.record = RecordId(record);
  out.field = field;
  out.base = Json();
  out.mine = Json("a");
  out.theirs = Json("");
  out.mine_origin = db;
  out.theirs_origin = crm;
  out.rule = "manual";
  out.open = open;
  return out;
}

// One marker, one journal entry, one record.
inline sync::Batch batch(Seq seq, const std::string& id, std::uint64_t revision, const std::string& delivery) {
  sync::Batch out;
  out.first_seq = seq;
  out.markers = {{source, crm, delivery, at(static_cast<int>(seq))}};
  out.records = {record(id, revision)};
  out.journal = {entry(seq, id)};
  return out;
}

}  // namespace lockstep::store::sample
