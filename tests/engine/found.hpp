// A synced contact in a small world, for what the simulator found violated (simulation/findings.md).
#pragma once

#include "small_world.hpp"

namespace lockstep::test {

class Found : public SmallWorld {
 protected:
  RecordId record() { return world.store().open_reader()->list(SourceId("acme"), {}, {"", 10})->items.front().id; }

  // What is said of a write of a record's, and an event about an object.
  sync::Claim claim(const WorldSystem& system, sync::WriteKind kind, sync::Fields values) {
    const sync::Record at_hand = stored();
    const sync::Link* link = at_hand.link(system.name);
    return {SourceId("acme"), system.name, at_hand.id, kind, link == nullptr ? "" : link->external_id,
            std::move(values)};
  }
  // The write is on its way from here on.
  void take(const sync::Claim& claim) {
    const std::vector<sync::Applied> applied = world.apply({claim});
    EXPECT_FALSE(applied.front().error) << applied.front().error->message;
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
