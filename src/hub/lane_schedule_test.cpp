// Jobs at set times, and entities that are read side by side. The clock starts at 22:13:20.
#include <gmock/gmock.h>

#include "hub/hub_world.hpp"

namespace lockstep::hub {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

class Schedules : public HubWorld {
 protected:
  void begin(const std::vector<std::string>& crons, const std::string& kind = "pull") {
    hub = std::make_unique<hub::Hub>(Parts{&store, &loop, &loop, &loop, &random, &log}, planned(crons, kind), limits);
    hub->start();
    loop.settle();
  }
  hub::Setup planned(const std::vector<std::string>& crons, const std::string& kind = "pull") {
    hub::Setup made = setup();
    for (const std::string& cron : crons)
      made.systems.front().schedules.push_back(
          {*Cron::parse(cron), "pull-things", kind, {{EntityName("thing"), "things"}}});
    return made;
  }
  // When jobs that schedules ordered began.
  std::vector<std::string> runs() {
    std::vector<std::string> out;
    for (const JobProgress& job : hub->jobs(source)) {
      if (job.actor == "schedule") out.push_back(to_iso8601(job.started).substr(11, 5));
    }
    std::ranges::sort(out);
    return out;
  }
  ScheduleStatus status() {
    for (const LaneStatus& lane : hub->lanes(source)) {
      if (!lane.schedules.empty()) return lane.schedules.front();
    }
    return {};
  }
};

TEST_F(Schedules, AJobBeginsAtEachTimeAndTheNextOneIsTold) {
  begin({"*/20 * * * *"}, "mirror");
  EXPECT_EQ(status().name, "pull-things");
  EXPECT_EQ(status().kind, "mirror");
  EXPECT_EQ(status().cron, "*/20 * * * *");
  EXPECT_FALSE(status().last);
  EXPECT_EQ(to_iso8601(*status().next).substr(11, 8), "22:20:00");
  loop.run_for(6min);
  EXPECT_TRUE(runs().empty());
  loop.run_for(1min);
  EXPECT_THAT(runs(), ElementsAre("22:20"));
  EXPECT_EQ(to_iso8601(*status().last).substr(11, 8), "22:20:00");
  EXPECT_EQ(to_iso8601(*status().next).substr(11, 8), "22:40:00");
  loop.run_for(40min);
  EXPECT_THAT(runs(), ElementsAre("22:20", "22:40", "23:00"));
  for (const JobProgress& job : hub->jobs(source)) {
    if (job.actor != "schedule") continue;
    EXPECT_EQ(job.kind, "mirror");
    EXPECT_EQ(job.state, "done") << job.error;
    ASSERT_EQ(job.parts.size(), 1u);
    EXPECT_EQ(job.parts[0].name, "things");
  }
}

TEST_F(Schedules, WhatPassedWhileTheProgramWasAwayIsMadeUpForOnce) {
  begin({"*/10 * * * *"});
  loop.run_for(8min);
  EXPECT_THAT(runs(), ElementsAre("22:20"));
  end();
  loop.run_for(3h);  // 18 times
  begin({"*/10 * * * *"});
  loop.run_for(5s);
  EXPECT_THAT(runs(), ElementsAre("01:21"));
  EXPECT_EQ(to_iso8601(*status().next).substr(11, 8), "01:30:00");
  end();
  begin({"*/10 * * * *"});
  loop.run_for(5s);
  EXPECT_TRUE(runs().empty()) << "nothing passed";
  EXPECT_EQ(to_iso8601(*status().last).substr(11, 8), "22:30:00") << "the time that was made up for";
}

TEST_F(Schedules, ATimeThatComesWhileTheJobRunsIsLeftOut) {
  fill(*crm, 10);
  crm->pull_time = 150s;
  begin({"* * * * *"}, "mirror");
  loop.run_for(4min);  // the first mirror, and the job that waits for it
  EXPECT_EQ(runs().size(), 1u);
  loop.run_for(4min);
  EXPECT_LE(runs().size(), 3u);
  const auto open = std::ranges::count_if(hub->jobs(source), [](const JobProgress& job) { return !job.ended; });
  EXPECT_LE(open, 1);
}

TEST_F(Schedules, AReloadTakesOverWhatTheConfigurationSays) {
  begin({"0 * * * *"});
  loop.run_for(1s);
  hub::Setup other = planned({"15 22 * * *", "0 * * * *"});
  hub->reload(std::move(other));
  loop.run_for(2min);
  EXPECT_THAT(runs(), ElementsAre("22:15"));
  hub->reload(planned({}));
  loop.run_for(2h);
  EXPECT_THAT(runs(), ElementsAre("22:15"));
  EXPECT_EQ(status(), ScheduleStatus());
}

TEST_F(Schedules, AJobThatCanNotBeginStaysDue) {
  limits.jobs_waiting_limit = 0;
  begin({"20 22 * * *"});
  loop.run_for(30min);
  EXPECT_TRUE(runs().empty());
  EXPECT_EQ(to_iso8601(*status().next).substr(11, 8), "22:20:00");
  EXPECT_FALSE(status().last);
}

// contact and pipeline; deal of both, order of a contact; payment of an order.
class Entities : public HubWorld {
 protected:
  void begin() {
    hub::Setup made = setup();
    sync::SourceSchema schema{source, {}, SystemName("app")};
    const auto add = [&](const char* name, std::initializer_list<const char*> targets) {
      sync::EntitySchema entity;
      entity.name = EntityName(name);
      sync::SystemBinding binding;
      binding.system = SystemName("crm");
      binding.object = name;
      for (const char* target : targets) {
        sync::FieldSchema field;
        field.name = std::string(target) + "_id";
        field.type = sync::FieldType::reference;
        field.target = EntityName(target);
        entity.fields.push_back(field);
      }
      entity.systems.push_back(binding);
      schema.entities.push_back(entity);
    };
    add("payment", {"order"});
    add("deal", {"contact", "pipeline", "deal"});
    add("contact", {});
    add("order", {"contact"});
    add("pipeline", {});
    made.catalog = std::make_shared<const sync::Catalog>(std::vector{schema});
    hub = std::make_unique<hub::Hub>(Parts{&store, &loop, &loop, &loop, &random, &log}, std::move(made), limits);
    hub->start();
    loop.settle();
    loop.run_for(1min);
    crm->pulls.clear();
    crm->pull_time = 1s;
  }
  Duration mirror() {
    const Time began = loop.clock().now();
    const auto job = hub->start_job(source, SystemName("crm"), "mirror");
    EXPECT_TRUE(job.has_value());
    loop.run_until([&] { return hub->job(source, job->id)->ended.has_value(); });
    EXPECT_EQ(hub->job(source, job->id)->state, "done");
    return loop.clock().now() - began;
  }
};

TEST_F(Entities, AreReadSideBySideWhereReferencesAllow) {
  begin();
  EXPECT_LT(mirror(), 4s);
  EXPECT_THAT(crm->pulls, ElementsAre("begin contact", "begin pipeline", "end contact", "end pipeline", "begin deal",
                                      "begin order", "end deal", "end order", "begin payment", "end payment"));
}

TEST_F(Entities, NoMoreThanTheLimitAtATime) {
  limits.pulls_parallel_limit = 1;
  begin();
  EXPECT_GE(mirror(), 5s);
  EXPECT_THAT(crm->pulls, ElementsAre("begin contact", "end contact", "begin order", "end order", "begin payment",
                                      "end payment", "begin pipeline", "end pipeline", "begin deal", "end deal"));
}

TEST_F(Entities, EachPartOfAJobHasItsOwnEnd) {
  begin();
  crm->pages_fail_after = crm->pages_read + 1;
  const auto order = [&] {
    JobOrder wanted{"pull", {}, 0, "user ann"};
    for (const char* name : {"contact", "pipeline", "deal", "order", "payment"})
      wanted.entities.emplace_back(EntityName(name), name);
    return hub->order_job(source, SystemName("crm"), std::move(wanted));
  };
  const auto job = order();
  ASSERT_TRUE(job);
  loop.run_until([&] { return hub->job(source, job->id)->ended.has_value(); });
  const JobProgress ended = *hub->job(source, job->id);
  EXPECT_EQ(ended.state, "failed");
  EXPECT_EQ(ended.parts.size(), 5u);
  EXPECT_EQ(std::ranges::count(ended.parts, "done", &JobPart::state), 1);
}

}  // namespace
}  // namespace lockstep::hub
