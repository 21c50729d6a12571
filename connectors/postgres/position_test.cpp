#include "connectors/postgres/position.hpp"

#include <gtest/gtest.h>

namespace lockstep::postgres {
namespace {

TEST(ReadPositions, AnIdleDatabaseGivesThePresentPosition) {
  ReadPositions positions;
  EXPECT_EQ(positions.observe({100, {}}), 100U);
  EXPECT_EQ(positions.observe({200, {}}), 200U);
}

TEST(ReadPositions, ARunningTransactionHoldsThePositionBack) {
  ReadPositions positions;
  EXPECT_EQ(positions.observe({100, {"7", "8"}}), 1U) << "7 may have its commit record written";
  EXPECT_EQ(positions.observe({200, {"8"}}), 1U);
  EXPECT_EQ(positions.observe({300, {"9", "10"}}), 100U) << "all that ran at 100 have ended";
  EXPECT_EQ(positions.observe({400, {"10"}}), 100U) << "10 ran at 300";
  EXPECT_EQ(positions.observe({500, {"11"}}), 300U);
}

TEST(ReadPositions, NeverGoBack) {
  ReadPositions positions;
  EXPECT_EQ(positions.observe({100, {}}), 100U);
  EXPECT_EQ(positions.observe({120, {"7"}}), 100U);
  EXPECT_EQ(positions.observe({90, {}}), 120U);
}

}  // namespace
}  // namespace lockstep::postgres
