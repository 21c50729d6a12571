// What a lane does when something is wrong: pauses, guards, outages, stalls, silence, time away.
#include "hub/hub_world.hpp"

namespace lockstep::hub {
namespace {

using namespace std::chrono_literals;

class HubHealth : public HubWorld {
 protected:
  const SystemName db_name{"db"};

  void edit(const std::string& id, const std::string& name) {
    crm->objects[id]["name"] = name;
    webhook(id);
  }
  void webhook(const std::string& id) {
    connector::WebhookRequest request;
    request.body = R"({"id":")" + id + R"("})";
    hub->accept_webhook(source, SystemName("crm"), request,
                        [](const Result<std::vector<sync::Applied>>& applied) { EXPECT_TRUE(applied.has_value()); });
    loop.settle();
  }
  void remove(const std::string& id) {
    crm->objects.erase(id);
    sync::Change gone;
    gone.source = source;
    gone.system = SystemName("crm");
    gone.object = "thing";
    gone.external_id = id;
    gone.kind = sync::ChangeKind::deleted;
    hub->submit({gone}, [](const Result<std::vector<sync::Applied>>& applied) { EXPECT_TRUE(applied.has_value()); });
    loop.settle();
  }
  LaneStatus status(const char* system) {
    for (LaneStatus& lane : hub->lanes(source)) {
      if (lane.system.str() == system) return lane;
    }
    ADD_FAILURE() << system;
    return {};
  }
  Result<void> pause() {
    Result<void> out = fail(ErrorKind::unavailable, "no answer");
    hub->pause(source, db_name, "a migration", "ann", [&](Result<void> result) { out = std::move(result); });
    loop.settle();
    return out;
  }
  Result<void> resume() {
    Result<void> out = fail(ErrorKind::unavailable, "no answer");
    hub->resume(source, db_name, "ann", [&](Result<void> result) { out = std::move(result); });
    loop.settle();
    return out;
  }
};

TEST_F(HubHealth, APausedSystemIsNotWrittenToEvenAfterARestart) {
  fill(*crm, 3);
  begin();
  loop.run_for(1min);
  ASSERT_TRUE(pause());
  edit("id-1000", "new");
  loop.run_for(1min);
  EXPECT_EQ(db->writes, 3u);
  end();
  begin();
  loop.run_for(1min);
  EXPECT_EQ(db->writes, 3u);
  ASSERT_TRUE(status("db").hold);
  EXPECT_EQ(status("db").hold->reason, "a migration");
  EXPECT_EQ(status("db").hold->actor, "ann");
  ASSERT_TRUE(resume());
  loop.run_for(1min);
  EXPECT_EQ(db->writes, 4u);
  EXPECT_EQ(resume().error().kind, ErrorKind::not_found);
}

TEST_F(HubHealth, NothingIsWrittenToASystemBeforeItWasReadOnce) {
  fill(*db, 5);
  crm->pages_fail_after = 0;
  begin();
  loop.run_for(1min);
  EXPECT_FALSE(status("crm").read_once);
  EXPECT_NE(status("crm").problem, "");
  EXPECT_EQ(crm->writes, 0u);
  EXPECT_TRUE(status("db").read_once);
  crm->pages_fail_after = 1'000'000;
  loop.run_for(1min);
  EXPECT_TRUE(status("crm").read_once);
  EXPECT_EQ(crm->writes, 5u);
}

TEST_F(HubHealth, MassDeletesStopAndAsk) {
  guard = {.window = 1h, .delete_percent = 20, .delete_least = 10, .rewrite_percent = 100, .rewrite_least = 1};
  fill(*crm, 100);
  begin();
  loop.run_for(1min);
  ASSERT_EQ(db->objects.size(), 100u);
  for (int i = 0; i < 90; ++i) remove("id-" + std::to_string(1000 + i));
  loop.run_for(1min);
  EXPECT_GE(db->objects.size(), 80u) << "no more than the share";
  ASSERT_TRUE(status("db").hold);
  EXPECT_EQ(status("db").hold->kind, "guard");
  end();
  begin();
  loop.run_for(1min);
  EXPECT_GE(db->objects.size(), 80u) << "a restart is no approval";
  ASSERT_TRUE(resume());
  loop.run_for(1min);
  EXPECT_EQ(db->objects.size(), 10u);
  EXPECT_FALSE(status("db").hold);
}

TEST_F(HubHealth, AnOutageBurnsNoAttemptsAndEndsByItself) {
  fill(*crm, 50);
  begin();
  loop.run_for(1min);
  for (int i = 0; i < 50; ++i) edit("id-" + std::to_string(1000 + i), "new " + std::to_string(i));
  db->outage = true;
  loop.run_for(1s);
  for (int i = 0; i < 50; ++i) edit("id-" + std::to_string(1000 + i), "newer " + std::to_string(i));
  const std::size_t before = db->calls;
  loop.run_for(24h);
  EXPECT_LT(db->calls - before, 24u * 60 + 100) << "one call a minute at most, once the waits have grown";
  EXPECT_TRUE(status("db").retry_at);
  EXPECT_EQ(counts().outbox_dead, 0u);
  db->outage = false;
  loop.run_for(30min);
  EXPECT_FALSE(status("db").retry_at);
  EXPECT_EQ(counts().outbox_waiting, 0u);
  EXPECT_EQ(db->objects.size(), 50u);
}

TEST_F(HubHealth, AWriteThatDoesNotMoveIsAnAlarm) {
  fill(*crm, 3);
  begin();
  loop.run_for(1min);
  EXPECT_FALSE(status("db").stalled);
  db->write_time = 1h;
  edit("id-1000", "new");
  loop.run_for(10min);
  EXPECT_TRUE(status("db").stalled);
  loop.run_for(2h);
  EXPECT_FALSE(status("db").stalled);
}

TEST_F(HubHealth, ASilenceOfWebhooksIsAnAlarm) {
  crm->set_webhooks_only();
  fill(*crm, 3);
  begin();
  for (int i = 0; i < 30; ++i) {
    webhook("id-1000");
    loop.run_for(1s);
  }
  loop.run_for(10min);
  EXPECT_FALSE(status("crm").silence);
  loop.run_for(10min);
  EXPECT_TRUE(status("crm").silence);
  EXPECT_FALSE(status("db").silence) << "it sends none";
}

TEST_F(HubHealth, B4AfterALongTimeAwayEverythingIsReadAnew) {
  crm->set_webhooks_only();
  fill(*crm, 100);
  begin();
  loop.run_for(1min);
  end();
  const std::size_t once = crm->pages_read;
  loop.run_for(5min);
  begin();
  loop.run_for(1min);
  EXPECT_EQ(crm->pages_read, once) << "webhooks are sent again for longer than this";
  end();
  crm->objects["id-1000"]["name"] = "changed meanwhile";
  loop.run_for(3h);
  begin();
  loop.run_for(1min);
  EXPECT_GT(crm->pages_read, once);
  EXPECT_TRUE(std::ranges::any_of(
      db->objects, [](const auto& object) { return object.second.at("name") == Json("changed meanwhile"); }));
}

}  // namespace
}  // namespace lockstep::hub
