// A synced contact in a small world, for what the simulator found violated (simulation/findings.md).
#pragma once

#include <gtest/gtest.h>

#include <algorithm>

#include "world.hpp"

namespace lockstep::test {

class Found : public testing::Test {
 protected:
  World world{7, contact_schema(sync::PolicyKind::authority), {0, 0, 0, 0, 0}};
  WorldSystem& crm = world.system("crm");
  WorldSystem& db = world.system("db");

  std::string synced_contact() {
    const std::string id =
        world.human_creates(crm, {{"email", "ann@example.test"}, {"name", "Ann"}, {"tags", JsonArray{"vip"}}});
    EXPECT_TRUE(world.settle());
    return id;
  }
  RecordId record() { return world.store().open_reader()->list(SourceId("acme"), {}, {"", 10})->items.front().id; }
  static std::size_t alive(const WorldSystem& system) {
    return static_cast<std::size_t>(
        std::ranges::count_if(system.objects, [](const auto& one) { return !one.second.deleted; }));
  }

  // What is said of a write of a record's, and an event about an object.
  sync::Claim claim(const WorldSystem& system, sync::WriteKind kind, sync::Fields values) {
    return {SourceId("acme"), system.name, record(), kind, std::move(values)};
  }
  sync::WriteOutcome outcome(const sync::Claim& of, sync::OutcomeKind kind) {
    sync::WriteOutcome out;
    out.source = of.source;
    out.system = of.system;
    out.record = of.record;
    out.write = of.write;
    out.kind = kind;
    if (kind == sync::OutcomeKind::applied) out.written = of.values;
    return out;
  }
  static sync::Change seen(WorldSystem& system, std::string id, JsonObject document) {
    sync::Change out;
    out.source = SourceId("acme");
    out.system = system.name;
    out.object = "contact";
    out.external_id = std::move(id);
    out.version = ++system.clock;
    out.document = std::move(document);
    return out;
  }
  sync::Record stored() { return *world.reader().record(SourceId("acme"), record()).value(); }
};

}  // namespace lockstep::test
