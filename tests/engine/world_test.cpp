// Laws of the engine over random worlds. A failing seed prints its number; LOCKSTEP_SEED=N replays it alone.
#include <gtest/gtest.h>

#include <cstdlib>

#include "world.hpp"

namespace lockstep::test {
namespace {

constexpr std::uint64_t kWorlds = 1500;
constexpr int kSteps = 40;

struct Tally {
  std::uint64_t cases = 0, human_edits = 0, writes = 0;
};

std::pair<std::uint64_t, std::uint64_t> seeds() {
  if (const char* one = std::getenv("LOCKSTEP_SEED")) {
    const std::uint64_t seed = std::strtoull(one, nullptr, 10);
    return {seed, seed + 1};
  }
  return {1, kWorlds + 1};
}

const char* const kNames[] = {"Ann", "Bob", "Cy", ""};
const char* const kTags[] = {"vip", "lead", "cold"};

Json random_value(Random& random, const std::string& field) {
  if (field == "tags") {
    JsonArray tags;
    for (const char* tag : kTags) {
      if (random.below(2) == 0) tags.emplace_back(tag);
    }
    return tags;
  }
  return kNames[random.below(4)];
}

// A few records and many hands, so that edits meet.
void random_step(World& world, Tally& tally, int people) {
  Random& random = world.random();
  WorldSystem& system = *world.systems()[random.below(world.systems().size())];
  ++tally.cases;
  switch (random.below(12)) {
    case 0: {
      const std::string email =
          "p" + std::to_string(random.below(static_cast<std::uint64_t>(people))) + "@example.test";
      for (const auto& [id, object] : system.objects) {
        const auto* held = object.document.if_contains("email");
        if (!object.deleted && held != nullptr && *held == Json(email)) return;  // the system refuses the duplicate
      }
      world.human_creates(
          system, {{"email", email}, {"name", random_value(random, "name")}, {"tags", random_value(random, "tags")}});
      break;
    }
    case 1:
    case 2:
    case 3: {
      if (system.objects.empty()) return;
      auto at = system.objects.begin();
      std::advance(at, static_cast<std::ptrdiff_t>(random.below(system.objects.size())));
      if (at->second.deleted) return;
      static const char* const kFields[] = {"name", "city", "tags"};
      const std::string field = kFields[random.below(3)];
      world.human_edits(system, at->first, field, random_value(random, field));
      break;
    }
    case 4:
    case 5:
    case 6: world.deliver_one(system); break;
    case 7:
    case 8: world.dispatch(system); break;
    case 9: world.fetch(system); break;
    case 10: {
      if (system.objects.empty() || random.below(3) != 0) return;
      const auto at =
          std::next(system.objects.begin(), static_cast<std::ptrdiff_t>(random.below(system.objects.size())));
      if (!at->second.deleted) world.human_deletes(system, at->first);
      break;
    }
    case 11: {
      const auto records = world.store().open_reader()->list(SourceId("acme"), {}, {"", 10});
      if (records->items.empty()) return;
      world.edit_in_app(records->items[random.below(records->items.size())].id, "name", random_value(random, "name"));
      break;
    }
  }
}

void run_worlds(sync::PolicyKind policy, Tally& tally) {
  const auto [first, last] = seeds();
  for (std::uint64_t seed = first; seed < last; ++seed) {
    World world(seed, contact_schema(policy), {});
    for (int step = 0; step < kSteps; ++step) random_step(world, tally, 3);
    ASSERT_TRUE(world.settle()) << "C3/E3: writes never end; seed " << seed << "\n" << world.trail(12);
    const auto wrong = world.disagreements();
    ASSERT_TRUE(wrong.empty()) << "C1: seed " << seed << ": " << wrong.front() << " (" << wrong.size() << " in all)\n"
                               << world.trail(60);
    ASSERT_EQ(world.outbox_rows(sync::OutboxState::dead), 0u) << "seed " << seed;
    const std::uint64_t writes = world.writes();
    ASSERT_TRUE(world.settle());
    ASSERT_EQ(world.writes(), writes) << "E3: an idle world writes; seed " << seed;
    for (const auto& system : world.systems()) tally.human_edits += system->human_edits;
    tally.writes += writes;
  }
}

TEST(World, ConvergesByAuthority) {
  Tally tally;
  run_worlds(sync::PolicyKind::authority, tally);
  std::printf("%llu steps, %llu edits by people, %llu writes\n", static_cast<unsigned long long>(tally.cases),
              static_cast<unsigned long long>(tally.human_edits), static_cast<unsigned long long>(tally.writes));
}

TEST(World, ConvergesByLatest) {
  Tally tally;
  run_worlds(sync::PolicyKind::latest, tally);
  std::printf("%llu steps, %llu edits by people, %llu writes\n", static_cast<unsigned long long>(tally.cases),
              static_cast<unsigned long long>(tally.human_edits), static_cast<unsigned long long>(tally.writes));
}

}  // namespace
}  // namespace lockstep::test
