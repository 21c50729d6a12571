// What a run looks at in the store: after each crash, and in the end.
#include "simulation/world.hpp"

#include <set>

#include "hub/event_text.hpp"
#include "simulation/look.hpp"
#include "sync/plan.hpp"

namespace lockstep::simulation {
namespace {

constexpr std::chrono::minutes kPutOffLimit{20};  // longer than any wait between two attempts

int thing_of(const sync::Record& record) {
  Values texts;
  for (const auto& [name, state] : record.fields) {
    if (state.value.is_string()) texts.emplace(name, state.value.get_string());
  }
  return simulation::thing_of(texts);
}

template <class F>
void each_entry(store::Reader& reader, F&& told) {
  Seq after = 0;
  for (;;) {
    const auto entries = reader.journal(kSource, after, 500);
    if (!entries || entries->empty()) return;
    for (const sync::JournalEntry& entry : *entries) told(entry);
    after = entries->back().seq;
  }
}

}  // namespace

// Nothing runs: what the disk kept must be whole (A1), and SQLite must find its file in order.
void World::check_store() {
  if (!store_disk_.find(kStorePath)) return;
  const bool had_faults = std::exchange(faults_, false);
  {
    Look look(store_disk_, timeline_.clock());
    const std::string tables = look.text("SELECT count(*) FROM sqlite_master WHERE name = 'journal'");
    if (tables == "1") {
      const std::string integrity = look.text("PRAGMA quick_check");
      if (integrity != "ok") auditor_.report("A1", "the store is damaged after a crash: " + integrity);
      const std::string entries = look.text("SELECT count(*) FROM journal");
      const std::string last = look.text("SELECT coalesce(max(seq), 0) FROM journal");
      if (entries != last)
        auditor_.report("P1", "the journal has a hole: " + entries + " entries, the last is " + last);
      if (!acknowledged_.empty()) {
        Seq newest = 0;
        for (const Acknowledged& one : acknowledged_) newest = std::max(newest, one.seq);
        if (std::stoull(last) < newest)
          auditor_.report("A1", "entry " + std::to_string(newest) +
                                    " was acknowledged and is not in the journal, which ends at " + last);
      }
      auditor_.count_checks(3);
    }
  }
  faults_ = had_faults;
}

// For whoever reads the trace of a run that went wrong.
void World::tell_journal() {
  each_entry(life_->reader(),
             [&](const sync::JournalEntry& entry) { trace_.say(entry.at, "journal", hub::event_text(entry)); });
}

// Every acknowledged input is in the journal as it was answered (A1); what the journal holds is covered ground.
void World::check_journal() {
  std::map<Seq, std::string> reasons;
  std::set<std::string> taken;  // what has been told of objects
  Seq after = 0;
  each_entry(life_->reader(), [&](const sync::JournalEntry& entry) {
    reasons[entry.seq] = entry.reason;
    if (entry.seq != after + 1)
      auditor_.report("P1", "the journal jumps from " + std::to_string(after) + " to " + std::to_string(entry.seq));
    after = entry.seq;
    // A3: what counts as told before is there.
    if (const Json* id = find_member(entry.body, "external_id"); id != nullptr && entry.kind != "write") {
      const Json* version = find_member(entry.body, "version");
      const std::string what = entry.system.str() + to_text(*id) + (version == nullptr ? "" : to_text(*version));
      if (entry.reason != "duplicate delivery") {
        taken.insert(what);
      } else {
        auditor_.count_checks(1);
        if (!taken.contains(what))
          auditor_.report("A3", "entry " + std::to_string(entry.seq) + " is a duplicate of what was never taken in");
      }
    }
    coverage_.hit("journal", entry.kind + (entry.disposition.empty() ? "" : ", " + entry.disposition) +
                                 (entry.reason.empty() ? "" : ": " + entry.reason.substr(0, 50)));
  });
  for (const Acknowledged& one : acknowledged_) {
    const auto at = reasons.find(one.seq);
    auditor_.count_checks(1);
    if (at == reasons.end() || at->second != one.reason)
      auditor_.report("A1", "input " + std::to_string(one.seq) + " was acknowledged (" + one.reason +
                                ") and the journal has " + (at == reasons.end() ? "nothing" : at->second) + " there");
  }
}

// "Latest" means later also over restarts and jumps of the clock: of one record, what was stamped later has the later time
// (C2).
void World::check_stamps() {
  for (std::string cursor;;) {
    const auto page = life_->reader().list(kSource, {std::nullopt, "", true}, {cursor, 100});
    if (!page) return auditor_.report("A1", "the records can not be read: " + page.error().message);
    for (const sync::Record& record : page->items) {
      std::vector<sync::Stamp> stamps;
      for (const auto& [name, state] : record.fields) stamps.push_back(state.stamp);
      std::ranges::sort(stamps, {}, &sync::Stamp::seq);
      for (std::size_t i = 1; i < stamps.size(); ++i) {
        auditor_.count_checks(1);
        if (stamps[i - 1].seq < stamps[i].seq && stamps[i - 1].time >= stamps[i].time)
          auditor_.report("C2", "record " + record.id.str() + ": the value of entry " + std::to_string(stamps[i].seq) +
                                    " is stamped no later than that of " + std::to_string(stamps[i - 1].seq));
      }
    }
    if (page->next.empty()) return;
    cursor = page->next;
  }
}

// The last life began when the faults stopped, with the right clock: no write waits for a time that another clock showed.
void World::check_put_off() {
  if (!serving()) return;
  auditor_.count_checks(1);
  std::set<SystemName> held;  // nothing of it is looked at
  for (const hub::LaneStatus& lane : life_->hub().lanes(kSource)) {
    if (lane.hold) held.insert(lane.system);
  }
  for (const auto state : {sync::OutboxState::waiting, sync::OutboxState::claimed, sync::OutboxState::unknown}) {
    for (const sync::OutboxRow& row : outbox(state)) {
      if (!held.contains(row.key.system) && row.due > timeline_.now() + kPutOffLimit)
        auditor_.report("C1", row.entity.str() + " " + row.key.record.str() + " of " + row.key.system.str() +
                                  " waits for " +
                                  std::to_string((row.due - timeline_.now()) / std::chrono::minutes(1)) + " minutes");
    }
  }
}

std::vector<sync::OutboxRow> World::outbox(sync::OutboxState state) {
  auto rows = life_->reader().outbox(kSource, {std::nullopt, state}, {"", 100});
  return rows ? std::move(rows->items) : std::vector<sync::OutboxRow>();
}

// Writes that wait for an object whose own write was given up.
std::vector<sync::OutboxRow> World::behind_dead_letters() {
  std::set<std::string> given_up;
  for (const sync::OutboxRow& row : outbox(sync::OutboxState::dead))
    given_up.insert(sync::wait_for_link_of(row.key.system, row.key.record));
  std::vector<sync::OutboxRow> rows = outbox(sync::OutboxState::blocked);
  std::erase_if(rows, [&](const sync::OutboxRow& row) { return !given_up.contains(row.waits_for); });
  return rows;
}

// What only a person can settle: a dead letter is the right end of it.
bool World::excused(const sync::OutboxRow& row, const sync::Record& record, AuditRules& rules) {
  const bool deal = row.entity == EntityName("deal");
  const int thing = history_.known_as(deal ? Kind::deal : Kind::contact, thing_of(record));
  // The CRM holds no deal without a contact. One that was edited while its contact was deleted can not be made there.
  // Nor can one be looked for of which it is not known whether it was made.
  if (deal && (row.error.find("needs contactId") != std::string::npos ||
               row.error.find("lacks contact") != std::string::npos)) {
    coverage_.hit("given up", "a deal whose contact is gone");
    rules.given_up.emplace(Kind::deal, thing);
    return true;
  }
  // Its contact was merged into another in the CRM, while the policy holds on to the first: the CRM moves no deal.
  if (deal && row.error.find("can not move") != std::string::npos && plan_.get("people.merges") > 0) {
    coverage_.hit("given up", "a deal whose contact was merged into another");
    rules.given_up.emplace(Kind::deal, thing);
    return true;
  }
  // Two people entered the same contact, and the database, which knows no better, keeps both: the CRM does not.
  if (!deal && row.error.find("duplicate") != std::string::npos && auditor_.creates(Kind::contact, thing) > 1) {
    coverage_.hit("given up", "a contact that two people entered");
    rules.given_up.emplace(Kind::contact, thing);
    return true;
  }
  // Its create was carried out and nobody told, and the contact there is another one now: its address was changed.
  if (!deal && row.error.find("duplicate") != std::string::npos && auditor_.lost_track(Kind::contact, thing)) {
    coverage_.hit("given up", "a contact that was changed before anybody had heard that it was made");
    rules.given_up.emplace(Kind::contact, thing);
    return true;
  }
  // A backup forgot that a row is of a contact, whose address somebody has changed since.
  if (!deal && row.error.find("duplicate") != std::string::npos && restored_to_ &&
      history_.retyped(Kind::contact, thing, {"email", "phone"}, *restored_to_)) {
    coverage_.hit("given up", "a contact whose address was changed while a backup was put back");
    rules.given_up.emplace(Kind::contact, thing);
    return true;
  }
  return false;
}

std::vector<sync::InboxRow> World::inbox() {
  auto rows = life_->reader().inbox(kSource, {"", 100});
  return rows ? std::move(rows->items) : std::vector<sync::InboxRow>();
}

// Of a contact that people entered several times, a person must say which one an object is.
bool World::excused(const sync::InboxRow& row, AuditRules& rules) {
  if (row.kind != sync::InboxKind::identity) return false;
  const Side side = row.change.system == kCrm ? Side::crm : Side::db;
  const int thing = history_.thing({side, Kind::contact, row.change.external_id});
  if (auditor_.creates(Kind::contact, thing) < 2) return false;
  coverage_.hit("given up", "an object that may be any of several contacts");
  rules.given_up.emplace(Kind::contact, thing);
  return true;
}

// Where a person finds a value that stands in no system any more.
std::string World::visible_in(store::Reader& reader) {
  std::string out;
  const auto conflicts = reader.conflicts(kSource, false, {"", 1000});
  for (const sync::ConflictRow& row : conflicts ? conflicts->items : std::vector<sync::ConflictRow>())
    out += to_text(row.base) + to_text(row.mine) + to_text(row.theirs) + '\n';
  each_entry(reader, [&](const sync::JournalEntry& entry) { out += to_text(entry.body) + '\n'; });
  return out;
}

AuditRules World::first_rules() const {
  AuditRules out;
  if (plan_.get("mapping.late_city") > 0) out.ignored = out.late = {"city"};
  out.clock_jumps = plan_.get("clock.jump") > 0 || plan_.get("clock.ahead") > 0;
  for (const char* fault :
       {"hook.lost", "hook.delayed", "hook.answer_lost", "crash.kill", "crash.power", "crash.mid_write", "disk.full",
        "disk.error", "crm.down", "crm.revoked", "clock.jump", "clock.ahead"})
    out.events_get_lost = out.events_get_lost || plan_.get(fault) > 0;
  const double policy = plan_.get("policy");
  if (policy == 0) out.authority = {Side::crm, Side::db};
  if (policy == 1) out.authority = {Side::db, Side::crm};
  return out;
}

AuditRules World::audit_rules() {
  AuditRules out = rules_;
  store::Reader& reader = life_->reader();
  const auto conflicts = reader.conflicts(kSource, false, {"", 1000});
  const std::vector<sync::ConflictRow> rows = conflicts ? conflicts->items : std::vector<sync::ConflictRow>();
  // People who go on contradicting each other are asked; what they type meanwhile into the same field is held, too.
  std::set<std::pair<RecordId, std::string>> oscillate;
  for (const sync::ConflictRow& row : rows) {
    coverage_.hit("conflict rule", row.rule);
    const auto record = reader.record(kSource, row.record);
    if (!row.open || row.rule != "oscillation" || !record || !*record) continue;
    oscillate.emplace(row.record, row.field);
    out.given_up.emplace(row.entity.str() == "deal" ? Kind::deal : Kind::contact, thing_of(**record));
    coverage_.hit("given up", "a field is held because it oscillates");
  }
  for (const sync::ConflictRow& row : rows) {
    if (row.open && !oscillate.contains({row.record, row.field}))
      auditor_.report("C1", "a conflict is open that no policy asks for: " + row.field);
  }
  out.visible = kept_aside_ + visible_in(reader);
  out.stopped = stopped_;
  for (const sync::OutboxRow& row : outbox(sync::OutboxState::dead)) {
    const auto record = reader.record(kSource, row.key.record);
    if (record && *record && excused(row, **record, out)) continue;
    auditor_.report("C1", "given up: " + row.entity.str() + " " + row.key.record.str() + " to " + row.key.system.str() +
                              ": " + row.error);
  }
  for (const sync::OutboxRow& row : behind_dead_letters()) {
    const auto record = reader.record(kSource, row.key.record);
    coverage_.hit("given up", "a deal of a contact that was given up");
    if (record && *record) out.given_up.emplace(Kind::deal, thing_of(**record));
  }
  for (const sync::InboxRow& row : inbox()) {
    if (excused(row, out)) continue;
    auditor_.report("C1",
                    "an input waits: " + row.change.system.str() + " " + row.change.external_id + ": " + row.reason);
  }
  return out;
}

}  // namespace lockstep::simulation
