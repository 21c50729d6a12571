#include "base/random.hpp"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(Ulid, SaysWhenItWasMade) {
  SeededRandom random(3);
  const Time made(std::chrono::milliseconds(1'700'000'000'123));
  const std::string ulid = make_ulid(made, random);
  EXPECT_EQ(ulid_time(ulid), made);
  EXPECT_LT(ulid, make_ulid(made + std::chrono::milliseconds(1), random));
  for (const std::string& bad : {std::string(), ulid.substr(1), ulid + "0", "u" + ulid.substr(1), "z" + ulid.substr(1)})
    EXPECT_FALSE(ulid_time(bad)) << bad;
}

}  // namespace
}  // namespace lockstep
