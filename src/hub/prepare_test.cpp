// What leaves for a system: here, references to objects that are gone.
#include "hub/prepare.hpp"

#include <gtest/gtest.h>

#include "store/memory_store.hpp"

namespace lockstep::hub {
namespace {

const SourceId kSource("acme");
const SystemName kDb("db");
const RecordId kContact("contact-1");
const RecordId kDeal("deal-1");

sync::EntitySchema entity(const char* name, const char* field_name, sync::FieldType type) {
  sync::EntitySchema out;
  out.name = EntityName(name);
  sync::FieldSchema field;
  field.name = field_name;
  field.type = type;
  field.target = EntityName("contact");
  out.fields.push_back(field);
  sync::SystemBinding binding;
  binding.system = kDb;
  binding.object = std::string(name) + "s";
  sync::FieldBinding bound;
  bound.field = bound.path = field_name;
  binding.fields.push_back(bound);
  out.systems.push_back(binding);
  return out;
}

sync::Record contact_anna() {
  sync::Record out;
  out.source = kSource;
  out.id = kContact;
  out.entity = EntityName("contact");
  out.revision = 1;
  out.fields["name"].value = Json("Anna");
  return out;
}

sync::OutboxRow row_of_contact() {
  sync::OutboxRow out;
  out.key = {kSource, kDb, kContact};
  out.entity = EntityName("contact");
  return out;
}

sync::Batch batch_of(const sync::Record& record, const sync::OutboxRow& row) {
  sync::Batch out;
  out.first_seq = 1;
  out.records = {record};
  out.outbox = {row};
  return out;
}

// The row still names the contact that is gone: a write that expected nothing there would conflict for ever (C3).
TEST(Preparer, AReferenceToAnObjectThatIsGoneIsExpectedAsItStands) {
  const sync::Catalog catalog(
      {{kSource,
        {entity("contact", "name", sync::FieldType::text), entity("deal", "contact", sync::FieldType::reference)},
        SystemName("app")}});
  store::MemoryStore store;
  sync::Record contact;
  contact.source = kSource;
  contact.id = kContact;
  contact.entity = EntityName("contact");
  contact.revision = 1;
  contact.deleted = true;
  sync::Link gone;
  gone.system = kDb;
  gone.external_id = "row-1";
  gone.state = sync::LinkState::gone;
  contact.links.push_back(gone);
  sync::Record deal;
  deal.source = kSource;
  deal.id = kDeal;
  deal.entity = EntityName("deal");
  deal.revision = 1;
  deal.fields["contact"].value = Json(kContact.str());
  sync::Link linked;
  linked.system = kDb;
  linked.external_id = "deal-row";
  linked.state = sync::LinkState::linked;
  linked.base["contact"] = Json(kContact.str());
  deal.links.push_back(linked);
  sync::OutboxRow row;
  row.key = {kSource, kDb, kDeal};
  row.entity = EntityName("deal");
  sync::Batch batch;
  batch.first_seq = 1;
  batch.records = {contact, deal};
  batch.outbox = {row};
  ASSERT_TRUE(store.commit(batch));

  Preparer preparer;
  const auto reader = store.open_reader();
  const auto due = preparer.prepare(*reader, catalog, kSource, kDb, Time(std::chrono::seconds(1)), 10, {});
  ASSERT_TRUE(due) << due.error().message;
  ASSERT_EQ(due->writes.size(), 1u);
  const connector::WriteRequest& request = due->writes.front().request;
  EXPECT_EQ(request.document, Json(JsonObject{{"contact", nullptr}}));
  EXPECT_EQ(request.expected, Json(JsonObject{{"contact", "row-1"}}));
}

// The name was edited while the create was on its way; what the create made has the name that it carried.
TEST(Preparer, X2ACreateIsLookedForByWhatItCarried) {
  const sync::Catalog catalog({{kSource, {entity("contact", "name", sync::FieldType::text)}, SystemName("app")}});
  store::MemoryStore store;
  sync::OutboxRow row = row_of_contact();
  row.state = sync::OutboxState::unknown;
  row.creates = true;
  row.sent["name"] = Json("Ann");
  ASSERT_TRUE(store.commit(batch_of(contact_anna(), row)));
  Preparer preparer;
  const auto reader = store.open_reader();
  const auto due = preparer.prepare(*reader, catalog, kSource, kDb, Time(std::chrono::seconds(1)), 10, {});
  ASSERT_TRUE(due) << due.error().message;
  ASSERT_EQ(due->writes.size(), 1u);
  EXPECT_TRUE(due->writes.front().read_back);
  EXPECT_EQ(due->writes.front().request.document, Json(JsonObject{{"name", "Ann"}}));
}

// Put off by a clock that was hours ahead (./dev soak --seed 694980), while others wait as long by the right one.
TEST(Preparer, WhatAnotherClockPutOffIsDueWhenThatIsSetBack) {
  const sync::Catalog catalog({{kSource, {entity("contact", "name", sync::FieldType::text)}, SystemName("app")}});
  store::MemoryStore store;
  const auto now = Time(std::chrono::hours(1));
  const auto put = [&](const std::string& id, Time put_off_at, Duration wait) {
    sync::Record record = contact_anna();
    record.id = RecordId(id);
    sync::OutboxRow row = row_of_contact();
    row.key.record = record.id;
    row.put_off(put_off_at, wait);
    sync::Batch batch;
    batch.first_seq = 1;
    if (!*store.record(kSource, record.id)) batch.records = {record};
    batch.outbox = {row};
    ASSERT_TRUE(store.commit(batch));
  };
  const auto reader = store.open_reader();
  const auto at = [&](Time when, std::size_t limit = 10, const std::set<RecordId>& skip = {}) {
    std::vector<std::string> out;
    const Result<Due> due = Preparer().prepare(*reader, catalog, kSource, kDb, when, limit, skip);
    for (const Prepared& one : due->writes) out.push_back(one.row.key.record.str());
    return out;
  };
  using Strings = std::vector<std::string>;
  put("soon", now, std::chrono::seconds(10));
  put("asked", now, std::chrono::hours(1));  // by the system
  put("made", now + std::chrono::hours(2), Duration(0));
  put("tried", now + std::chrono::hours(2), std::chrono::seconds(5));
  put("near", now + std::chrono::minutes(10), Duration(0));
  EXPECT_EQ(at(now), (Strings{"made", "tried"})) << "not what waits no longer than a long backoff";
  EXPECT_EQ(at(now, 1), Strings{"made"});
  EXPECT_EQ(at(now, 1, {RecordId("made")}), Strings{"tried"}) << "the other is on its way";
  put("made", now, std::chrono::minutes(20));  // tried, and put off by the right clock
  put("tried", now, std::chrono::seconds(5));
  EXPECT_EQ(at(now), Strings{});
  EXPECT_EQ(at(now + std::chrono::seconds(5)), Strings{"tried"});
}

// A create that was claimed by a clock two hours ahead was looked for two hours long (seed 6135 of e0c2597).
TEST(SentBy, IsNeverLaterThanTheFirstLookByTheRightClock) {
  const auto now = Time(std::chrono::hours(1));
  const auto ahead = now + std::chrono::hours(2);
  const auto second = std::chrono::seconds(1);
  sync::OutboxRow row;
  row.state = sync::OutboxState::unknown;
  row.claimed_at = row.put_off_at = now - 60 * second;
  EXPECT_EQ(sent_by(row, now - 90 * second, now), now - 60 * second);
  row.put_off(now - 20 * second, second);  // it was looked for
  EXPECT_EQ(sent_by(row, now - 90 * second, now), now - 60 * second);
  row.claimed_at = row.put_off_at = ahead;
  EXPECT_EQ(sent_by(row, now - 90 * second, now), now);
  row.put_off(now, 10 * second);
  EXPECT_EQ(sent_by(row, now - 90 * second, now + 10 * second), now);

  row.state = sync::OutboxState::claimed;
  row.put_off_at = now - 80 * second;  // when it was planned
  row.claimed_at = now - 70 * second;
  EXPECT_EQ(sent_by(row, now - 30 * second, now), now - 30 * second) << "until the run before this one ended";
  row.claimed_at = ahead;
  EXPECT_EQ(sent_by(row, now - 30 * second, now), now);
}

}  // namespace
}  // namespace lockstep::hub
