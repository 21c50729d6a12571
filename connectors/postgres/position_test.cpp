#include "connectors/postgres/position.hpp"

#include <gtest/gtest.h>

namespace lockstep::postgres {
namespace {

TEST(ReadPositions, AnIdleDatabaseGivesThePresentPosition) {
  ReadPositions positions;
  EXPECT_EQ(positions.observe(100, {.oldest_running = 7, .next = 7}), 100U);
  EXPECT_EQ(positions.observe(200, {.oldest_running = 9, .next = 9}), 200U);
}

TEST(ReadPositions, ARunningTransactionHoldsThePositionBack) {
  ReadPositions positions;
  EXPECT_EQ(positions.observe(100, {.oldest_running = 7, .next = 9}), 1U) << "7 may have its commit record written";
  EXPECT_EQ(positions.observe(200, {.oldest_running = 8, .next = 12}), 1U);
  EXPECT_EQ(positions.observe(300, {.oldest_running = 9, .next = 14}), 100U) << "all that ran at 100 have ended";
  EXPECT_EQ(positions.observe(400, {.oldest_running = 13, .next = 14}), 100U) << "13 ran at 300";
  EXPECT_EQ(positions.observe(500, {.oldest_running = 14, .next = 20}), 300U);
}

TEST(ReadPositions, NeverGoBack) {
  ReadPositions positions;
  EXPECT_EQ(positions.observe(100, {.oldest_running = 7, .next = 7}), 100U);
  EXPECT_EQ(positions.observe(120, {.oldest_running = 7, .next = 8}), 100U);
  EXPECT_EQ(positions.observe(90, {.oldest_running = 9, .next = 9}), 120U);
}

}  // namespace
}  // namespace lockstep::postgres
