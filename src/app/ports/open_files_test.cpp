#include "app/ports/open_files.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>

namespace lockstep::app {
namespace {

TEST(OpenFilesTest, TheSoftLimitIsRaisedToTheHardOne) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = std::min<rlim_t>(64, before.rlim_max);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  const std::size_t raised = raise_open_files();
  rlimit after{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(after.rlim_cur, raised);
  EXPECT_EQ(raised, std::min<rlim_t>(before.rlim_max, 4'000'000));
  EXPECT_EQ(raise_open_files(), raised);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST(OpenFilesTest, ConnectionsLeaveDescriptorsForTheRest) {
  EXPECT_EQ(affordable_connections(20'000, 1'000'000, 256), 20'000U);
  EXPECT_EQ(affordable_connections(20'000, 1024, 256), 576U);
  EXPECT_EQ(affordable_connections(100, 1024, 256), 100U);
  EXPECT_EQ(affordable_connections(20'000, 100, 256), 1U) << "never none";
}

}  // namespace
}  // namespace lockstep::app
