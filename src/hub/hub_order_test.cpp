// What must come before what at one system: reading before covering, the end of the old lane before the new one.
#include "hub/hub_world.hpp"

namespace lockstep::hub {
namespace {

using namespace std::chrono_literals;

class HubOrder : public HubWorld {
 protected:
  // Something happened to an object, and the system tells.
  void tell(FakeSystem& from, const char* system, const std::string& id, sync::ChangeKind kind) {
    sync::Change change = kind == sync::ChangeKind::deleted ? sync::Change() : from.observed(id);
    change.source = source;
    change.system = SystemName(system);
    change.object = "thing";
    change.external_id = id;
    change.kind = kind;
    hub->submit({change}, [](const Result<std::vector<sync::Applied>>& applied) { EXPECT_TRUE(applied.has_value()); });
    loop.settle();
  }
  void start_again_unable_to_pull() {
    poll_every = 5min;
    fill(*crm, 1);
    begin();
    loop.run_for(1min);
    end();
    crm->pages_fail_after = crm->pages_read;
    begin();
  }
  void edit_in_db(const std::string& name) {
    const std::string id = db->objects.begin()->first;
    db->objects[id]["name"] = name;
    tell(*db, "db", id, sync::ChangeKind::upserted);
  }
};

TEST_F(HubOrder, L1AfterAStartTheFirstPullComesBeforeWrites) {
  start_again_unable_to_pull();
  edit_in_db("new");
  loop.run_for(30s);
  EXPECT_EQ(crm->writes, 0u) << "what people did there meanwhile is not known yet";
  crm->pages_fail_after = 1'000'000;
  loop.run_for(20s);
  EXPECT_EQ(crm->writes, 1u);
}

TEST_F(HubOrder, L1ASystemThatCanNotBePulledIsWrittenToAfterAWhile) {
  start_again_unable_to_pull();
  edit_in_db("new");
  loop.run_for(limits.catch_up_limit + 5s);
  EXPECT_EQ(crm->writes, 1u);
}

TEST_F(HubOrder, B4AFullPullComesInItsTimeHoweverOftenTheProgramIsStarted) {
  poll_every = 5min;
  full_every = 1h;
  fill(*crm, 5);
  begin();
  loop.run_for(1min);
  crm->objects.erase(crm->objects.begin());  // and no event tells
  for (int start = 0; start < 3; ++start) {
    EXPECT_EQ(db->objects.size(), 5u);
    end();
    begin();
    loop.run_for(25min);
  }
  EXPECT_EQ(db->objects.size(), 4u);
}

TEST_F(HubOrder, L3AnObjectIsReadBeforeItIsRemoved) {
  fill(*crm, 1);
  begin();
  loop.run_for(1min);
  const std::string id = crm->objects.begin()->first;
  crm->objects[id]["name"] = "edited a moment ago";  // the event is on its way
  const std::string row = db->objects.begin()->first;
  db->objects.erase(row);
  tell(*db, "db", row, sync::ChangeKind::deleted);
  loop.run_for(1min);
  ASSERT_EQ(crm->objects.size(), 1u);
  ASSERT_EQ(db->objects.size(), 1u);
  EXPECT_EQ(db->objects.begin()->second.at("name"), Json("edited a moment ago"));
}

// The connector stays, so nothing begins anew by itself: the lane has to notice.
TEST_F(HubOrder, AReloadWithAnotherFilterReadsEverythingAgain) {
  fill(*crm, 4);
  begin();
  loop.run_for(1min);
  ASSERT_EQ(db->objects.size(), 4u);
  const auto filtered = [&](const std::string& only) {
    hub::Setup made = setup();
    std::vector<sync::SourceSchema> sources(made.catalog->sources().begin(), made.catalog->sources().end());
    for (sync::SystemBinding& binding : sources.front().entities.front().systems) {
      if (binding.system == SystemName("crm")) binding.only = only;
    }
    made.catalog = std::make_shared<const sync::Catalog>(std::move(sources));
    return made;
  };
  const auto names = [&] {
    std::string out;
    for (const auto& [id, held] : db->objects) out += string_member(held, "name").back();
    std::ranges::sort(out);
    return out;
  };
  hub->reload(filtered("doc.name ~= 'name 1'"));
  loop.run_for(1min);
  EXPECT_EQ(names(), "023");
  hub->reload(filtered("doc.name ~= 'name 2' and doc.name ~= 'name 3'"));
  loop.run_for(1min);
  EXPECT_EQ(names(), "01");
  const std::size_t pages = crm->pages_read;
  hub->reload(filtered("doc.name ~= 'name 2' and doc.name ~= 'name 3'"));
  loop.run_for(2s);
  EXPECT_EQ(crm->pages_read, pages) << "nothing has changed";
  hub->reload(filtered(""));
  loop.run_for(1min);
  EXPECT_EQ(names(), "0123");
}

TEST_F(HubOrder, X1AReloadStartsTheNewLaneWhenTheOldOneHasEnded) {
  fill(*crm, 1);
  begin();
  loop.run_for(1min);
  crm->write_time = 10s;
  edit_in_db("first");
  loop.run_for(1s);
  ASSERT_EQ(crm->calls, 1u);
  const std::shared_ptr<FakeSystem> old = crm;
  crm = std::make_shared<FakeSystem>(loop);
  crm->objects = old->objects;
  hub->reload(setup());
  loop.run_for(1s);
  crm = std::make_shared<FakeSystem>(loop);  // and once more, before that one has begun
  crm->objects = old->objects;
  hub->reload(setup());
  edit_in_db("second");
  loop.run_for(5s);
  EXPECT_EQ(crm->calls, 0u) << "the old lane's write is on its way";
  loop.run_for(1min);
  EXPECT_EQ(old->objects.begin()->second.at("name"), Json("first"));
  EXPECT_EQ(crm->objects.begin()->second.at("name"), Json("second"));
}

// As when the connection broke before the answer; before the object is looked for, somebody edits it.
TEST_F(HubOrder, C5WhatAPersonEditedInACreateOfUnknownOutcomeIsAnEdit) {
  fill(*crm, 1);
  db->on_write = [&](const connector::WriteRequest& request) -> std::optional<connector::WriteResult> {
    if (!db->made.empty()) return std::nullopt;
    db->made[request.idempotency_key] = "row";
    db->objects["row"] = request.document.get_object();
    db->objects["row"]["name"] = "by a person";
    connector::WriteResult result;
    result.kind = sync::OutcomeKind::unknown;
    return result;
  };
  begin();
  loop.run_for(1h);
  EXPECT_EQ(db->objects.at("row").at("name"), Json("by a person"));
  EXPECT_EQ(crm->objects.begin()->second.at("name"), Json("by a person"));
  EXPECT_EQ(db->objects.size(), 1u);
  EXPECT_EQ(db->writes, 0u) << "nothing but the create, which was done";
}

}  // namespace
}  // namespace lockstep::hub
