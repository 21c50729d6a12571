// A small world without faults and one synced contact, for tests of single rules.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>

#include "world.hpp"

namespace lockstep::test {

class SmallWorld : public testing::Test {
 protected:
  explicit SmallWorld(sync::PolicyKind policy = sync::PolicyKind::authority, sync::OscillationLimits oscillation = {})
      : world(7, contact_schema(policy), {0, 0, 0, 0, 0}, oscillation) {}

  World world;
  WorldSystem& crm = world.system("crm");
  WorldSystem& db = world.system("db");
  WorldSystem& cms = world.system("cms");

  std::string synced_contact() {
    const std::string id =
        world.human_creates(crm, {{"email", "ann@example.test"}, {"name", "Ann"}, {"tags", JsonArray{"vip"}}});
    EXPECT_TRUE(world.settle());
    return id;
  }
  // What the first object that is there holds.
  static Json held(const WorldSystem& system, const std::string& field) {
    for (const auto& [id, object] : system.objects) {
      if (!object.deleted) return object.document.contains(field) ? object.document.at(field) : Json();
    }
    return Json();
  }
  static std::size_t alive(const WorldSystem& system) {
    return static_cast<std::size_t>(
        std::ranges::count_if(system.objects, [](const auto& one) { return !one.second.deleted; }));
  }
};

}  // namespace lockstep::test
