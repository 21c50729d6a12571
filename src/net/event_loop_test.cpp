#include "net/event_loop.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <memory>
#include <thread>
#include <vector>

#include "net/worker_thread.hpp"

namespace lockstep::net {
namespace {

using std::chrono::milliseconds;

TEST(EventLoopTest, RunsPostedActionsInOrderAndNeverInsidePost) {
  EventLoop loop;
  std::vector<int> order;
  loop.post([&] {
    loop.post([&] { order.push_back(3); });
    order.push_back(1);
  });
  loop.post([&] { order.push_back(2); });
  loop.after(milliseconds(5), [&] { loop.stop(); });
  EXPECT_TRUE(order.empty());
  loop.run();
  EXPECT_EQ(order, (std::vector{1, 2, 3}));
}

TEST(EventLoopTest, TimersFireInOrderOfTheirDeadlinesAndCancelledOnesNever) {
  EventLoop loop;
  std::vector<int> order;
  loop.after(milliseconds(8), [&] { loop.stop(); });
  loop.after(milliseconds(4), [&] { order.push_back(2); });
  const TimerId cancelled = loop.after(milliseconds(1), [&] { order.push_back(9); });
  loop.after(milliseconds(2), [&] { order.push_back(1); });
  loop.cancel(cancelled);
  loop.run();
  EXPECT_EQ(order, (std::vector{1, 2}));
  loop.cancel(cancelled);  // long gone: nothing happens
}

TEST(EventLoopTest, ATimerIsNeverEarly) {
  EventLoop loop;
  const Duration start = loop.clock().monotonic();
  Duration fired{};
  loop.after(milliseconds(10), [&] {
    fired = loop.clock().monotonic();
    loop.stop();
  });
  loop.run();
  EXPECT_GE(fired - start, milliseconds(10));
}

TEST(EventLoopTest, ATimerMayCancelAnotherThatIsDueToo) {
  EventLoop loop;
  bool second_ran = false;
  TimerId second = 0;
  loop.after(milliseconds(1), [&] { loop.cancel(second); });
  second = loop.after(milliseconds(1), [&] { second_ran = true; });
  loop.after(milliseconds(5), [&] { loop.stop(); });
  loop.run();
  EXPECT_FALSE(second_ran);
}

TEST(EventLoopTest, StoppedHalfWayItKeepsTheRestForTheNextRun) {
  EventLoop loop;
  std::vector<int> order;
  loop.post([&] {
    order.push_back(1);
    loop.stop();
  });
  loop.post([&] {
    order.push_back(2);
    loop.stop();
  });
  loop.run();
  EXPECT_EQ(order, (std::vector{1}));
  loop.run();
  EXPECT_EQ(order, (std::vector{1, 2}));
}

TEST(EventLoopTest, TakesActionsFromManyThreadsAndLosesNone) {
  EventLoop loop;
  constexpr int kThreads = 4;
  constexpr int kEach = 2000;
  int ran = 0;  // only the loop's thread touches it
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        loop.post([&] {
          if (++ran == kThreads * kEach) loop.stop();
        });
      }
    });
  }
  loop.run();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ran, kThreads * kEach);
}

TEST(EventLoopTest, SignalsCallTheActionEachTime) {
  EventLoop loop;
  std::vector<int> seen;
  loop.on_signal({SIGHUP, SIGTERM}, [&](int signal) {
    seen.push_back(signal);
    if (signal == SIGTERM) return loop.stop();
    std::raise(SIGTERM);
  });
  loop.post([] { std::raise(SIGHUP); });
  loop.run();
  EXPECT_EQ(seen, (std::vector{SIGHUP, SIGTERM}));
}

TEST(EventLoopDeathTest, ASecondSignalActionIsABug) {
  EventLoop loop;
  loop.on_signal({SIGTERM}, [](int) {});
  EXPECT_DEATH(loop.on_signal({SIGHUP}, [](int) {}), "take the signals of the first away");
}

TEST(EventLoopTest, DestroysWhatItDidNotRun) {
  const auto token = std::make_shared<int>(0);
  {
    EventLoop loop;
    loop.post([token] {});
    loop.after(milliseconds(1), [token] {});
    EXPECT_EQ(token.use_count(), 3);
  }
  EXPECT_EQ(token.use_count(), 1);
}

TEST(WorkerThreadTest, RunsJobsInOrderOnOneOtherThread) {
  EventLoop loop;
  std::vector<int> order;  // only the worker touches it while it lives
  std::thread::id where;
  {
    WorkerThread worker;
    for (int i = 0; i < 100; ++i) {
      worker.post([&, i] {
        order.push_back(i);
        where = std::this_thread::get_id();
      });
    }
    worker.post([&] { loop.post([&] { loop.stop(); }); });
    loop.run();
    EXPECT_EQ(worker.queued(), 0U);
  }
  ASSERT_EQ(order.size(), 100U);
  EXPECT_TRUE(std::ranges::is_sorted(order));
  EXPECT_NE(where, std::this_thread::get_id());
}

TEST(WorkerThreadTest, TheDestructorRunsWhatIsQueued) {
  std::atomic<int> ran = 0;
  {
    WorkerThread worker;
    worker.post([&] {
      for (int i = 0; i < 10; ++i) worker.post([&] { ++ran; });
    });
  }
  EXPECT_EQ(ran, 10);
}

}  // namespace
}  // namespace lockstep::net
