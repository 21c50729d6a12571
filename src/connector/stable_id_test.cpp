#include "connector/stable_id.hpp"

#include <gtest/gtest.h>

namespace lockstep::connector {
namespace {

TEST(StableId, IsAUuidOfVersionEight) {
  // SHA-256 of "abc" begins ba7816bf 8f01cfea 414140de 5dae2223.
  EXPECT_EQ(stable_uuid("abc"), "ba7816bf-8f01-8fea-8141-40de5dae2223");
}

TEST(StableId, DependsOnTheTextAlone) {
  EXPECT_EQ(stable_uuid("k1"), stable_uuid("k1"));
  EXPECT_NE(stable_uuid("k1"), stable_uuid("k2"));
}

}  // namespace
}  // namespace lockstep::connector
