// A hub with two fake systems, a store in memory and simulated time, for tests.
#pragma once

#include <gtest/gtest.h>

#include "hub/fake_system.hpp"
#include "hub/faulty_store.hpp"
#include "hub/hub.hpp"

namespace lockstep::hub {

class HubWorld : public testing::Test {
 protected:
  connector::ManualLoop loop;
  FaultyStore store;
  SeededRandom random{1};
  SilentLog log;
  std::shared_ptr<FakeSystem> crm = std::make_shared<FakeSystem>(loop);
  std::shared_ptr<FakeSystem> db = std::make_shared<FakeSystem>(loop);
  std::unique_ptr<hub::Hub> hub;
  HubLimits limits;
  GuardSettings guard;
  std::vector<std::string> fields{"name"};
  std::chrono::milliseconds poll_every{0};
  std::chrono::milliseconds full_every{0};
  const SourceId source{"acme"};

  ~HubWorld() override {
    if (hub) end();
  }

  std::shared_ptr<const sync::Catalog> catalog() const {
    sync::EntitySchema entity;
    entity.name = EntityName("thing");
    for (const std::string& name : fields) {
      sync::FieldSchema field;
      field.name = name;
      entity.fields.push_back(field);
    }
    for (const char* name : {"crm", "db"}) {
      sync::SystemBinding binding;
      binding.system = SystemName(name);
      binding.object = "thing";
      for (const std::string& one : fields) {
        sync::FieldBinding bound;
        bound.field = bound.path = one;
        binding.fields.push_back(bound);
      }
      entity.systems.push_back(binding);
    }
    return std::make_shared<const sync::Catalog>(
        std::vector<sync::SourceSchema>{{source, {entity}, SystemName("app")}});
  }

  hub::Setup setup() {
    hub::Setup setup;
    setup.catalog = catalog();
    for (const auto& [name, system] : {std::pair{"crm", crm}, std::pair{"db", db}}) {
      SystemSetup one;
      one.settings.source = source;
      one.settings.system = SystemName(name);
      one.connector = system;
      one.kind = "fake";
      one.guard = guard;
      one.poll_every = poll_every;
      one.full_every = full_every;
      setup.systems.push_back(std::move(one));
    }
    return setup;
  }

  void begin() {
    hub = std::make_unique<hub::Hub>(Parts{&store, &loop, &loop, &loop, &random, &log}, setup(), limits);
    hub->start();
    loop.settle();
  }

  void end() {
    bool ended = false;
    hub->drain([&ended] { ended = true; });
    EXPECT_TRUE(loop.run_until([&] { return ended; }));
    hub.reset();
  }

  void fill(FakeSystem& system, int count) {
    for (int i = 0; i < count; ++i)
      system.objects["id-" + std::to_string(1000 + i)]["name"] = "name " + std::to_string(i);
  }
  store::Counts counts() { return *store.open_reader()->counts(source); }
  JobProgress mirror(const char* system) {
    const auto job = hub->start_job(source, SystemName(system), "mirror");
    EXPECT_TRUE(job.has_value());
    loop.run_for(std::chrono::minutes(5));
    return *hub->job(source, job->id);
  }
};

}  // namespace lockstep::hub
