#include "connector/metered_http.hpp"

#include <gtest/gtest.h>

#include "connector/limits.hpp"
#include "connector/manual_loop.hpp"

namespace lockstep::connector {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Answers after `latency`; counts the calls as a remote with windows of ten seconds does.
class FakeRemote final : public Transport {
 public:
  explicit FakeRemote(Loop& loop) : loop_(loop) {}

  Task<Result<wire::HttpResponse>> send(wire::HttpRequest request, milliseconds deadline) override {
    (void)deadline;
    seen.push_back(request.target);
    co_await sleep_for(loop_, latency / 2);
    const auto window = loop_.clock().monotonic() / Duration(seconds(10));
    const auto count = ++windows[window];
    worst = std::max(worst, count);
    wire::HttpResponse response;
    response.headers.add("X-RateLimit-Max", std::to_string(limit));
    response.headers.add("X-RateLimit-Interval-Milliseconds", "10000");
    response.headers.add("X-RateLimit-Remaining", std::to_string(limit - std::min(limit, count)));
    if (count > limit) response.status = 429;
    co_await sleep_for(loop_, latency / 2);
    if (down) co_return fail(ErrorKind::unavailable, "refused");
    co_return response;
  }

  std::vector<std::string> seen;
  std::map<std::int64_t, std::uint64_t> windows;
  std::uint64_t worst = 0;
  std::uint64_t limit = 20;
  Duration latency = milliseconds(50);
  bool down = false;

 private:
  Loop& loop_;
};

HttpCall call(std::string target, WorkClass work, milliseconds deadline = seconds(30)) {
  HttpCall out;
  out.request.target = std::move(target);
  out.work = work;
  out.deadline = deadline;
  return out;
}

struct Fixture : ::testing::Test {
  ManualLoop loop;
  SilentLog log;
  Quota quota{[] {
    QuotaLimits limits;
    limits.burst = 20;
    return limits;
  }()};
  FakeRemote remote{loop};
  MeteredHttp http{remote, quota, loop, log};
  TaskScope scope;
  std::vector<std::string> ended;
  std::map<std::string, Result<wire::HttpResponse>> results;

  Task<void> one(HttpCall what) {
    const std::string target = what.request.target;
    Task<Result<wire::HttpResponse>> sending = http.send(std::move(what));
    Result<wire::HttpResponse> answer = co_await sending;
    ended.push_back(target);
    results.emplace(target, std::move(answer));
  }
  void start(HttpCall what) { scope.spawn(one(std::move(what))); }
};

using MeteredHttpTest = Fixture;

TEST_F(MeteredHttpTest, StaysWithinTheBurst) {  // Q1
  for (int i = 0; i < 60; ++i) start(call("/" + std::to_string(i), WorkClass::live, seconds(90)));
  ASSERT_TRUE(loop.run_until([&] { return scope.idle(); }));
  EXPECT_EQ(ended.size(), 60U);
  for (const auto& [target, result] : results) EXPECT_TRUE(result && result->status == 200) << target;
  EXPECT_LE(remote.worst, 20U);
}

TEST_F(MeteredHttpTest, APersonDoesNotWaitForABackfill) {  // Q2
  for (int i = 0; i < 100; ++i) start(call("/b" + std::to_string(i), WorkClass::backfill, seconds(90)));
  loop.run_for(seconds(5));
  start(call("/person", WorkClass::person));
  loop.run_for(milliseconds(60));
  ASSERT_TRUE(results.contains("/person"));
  EXPECT_TRUE(results.at("/person"));
  ASSERT_TRUE(loop.run_until([&] { return scope.idle(); }));  // and the backfill finishes
  EXPECT_EQ(ended.size(), 101U);
}

TEST_F(MeteredHttpTest, SaysWhenTheBudgetDoesNotAllowItInTime) {
  for (int i = 0; i < 20; ++i) start(call("/" + std::to_string(i), WorkClass::live));
  loop.run_for(seconds(1));
  const auto waiting_before = http.waiting();
  start(call("/impatient", WorkClass::live, milliseconds(100)));
  loop.run_for(milliseconds(200));
  ASSERT_TRUE(results.contains("/impatient"));
  ASSERT_FALSE(results.at("/impatient"));
  EXPECT_EQ(results.at("/impatient").error().kind, ErrorKind::rate_limited);
  ASSERT_TRUE(results.at("/impatient").error().retry_after);
  EXPECT_GT(*results.at("/impatient").error().retry_after, milliseconds(5'000));
  EXPECT_EQ(http.waiting(), waiting_before);
  EXPECT_EQ(std::ranges::count(remote.seen, "/impatient"), 0);
  ASSERT_TRUE(loop.run_until([&] { return scope.idle(); }));
}

TEST_F(MeteredHttpTest, UnmeteredCallsDoNotWait) {
  for (int i = 0; i < 40; ++i) start(call("/" + std::to_string(i), WorkClass::live));
  loop.run_for(seconds(1));
  HttpCall token = call("/oauth/token", WorkClass::live);
  token.metered = false;
  start(std::move(token));
  loop.run_for(milliseconds(60));
  EXPECT_TRUE(results.contains("/oauth/token"));
  ASSERT_TRUE(loop.run_until([&] { return scope.idle(); }));
}

TEST_F(MeteredHttpTest, CloseEndsWhatWaitsAndRefusesTheRest) {
  for (int i = 0; i < 40; ++i) start(call("/" + std::to_string(i), WorkClass::live));
  loop.run_for(seconds(1));
  EXPECT_GT(http.waiting(), 0U);
  http.close();
  EXPECT_EQ(http.waiting(), 0U);
  start(call("/late", WorkClass::person));
  ASSERT_TRUE(loop.run_until([&] { return scope.idle(); }));
  ASSERT_FALSE(results.at("/late"));
  EXPECT_EQ(results.at("/late").error().kind, ErrorKind::unavailable);
  EXPECT_EQ(std::ranges::count_if(results, [](const auto& item) { return item.second.has_value(); }),
            static_cast<std::ptrdiff_t>(remote.seen.size()));
}

TEST_F(MeteredHttpTest, TooManyWaitingCallsAreRefused) {  // O3
  for (std::size_t i = 0; i < limits::kWaitingCalls + 30; ++i) {
    start(call("/" + std::to_string(i), WorkClass::backfill, std::chrono::hours(1)));
  }
  loop.settle();
  EXPECT_LE(http.waiting(), limits::kWaitingCalls);
  const auto refused = std::ranges::count_if(
      results, [](const auto& item) { return !item.second && item.second.error().kind == ErrorKind::exhausted; });
  EXPECT_GT(refused, 0);
  http.close();
  ASSERT_TRUE(loop.run_until([&] { return scope.idle(); }));
}

TEST_F(MeteredHttpTest, ADeadRemoteIsAskedOneCallAtATime) {
  remote.down = true;
  for (int i = 0; i < 5; ++i) start(call("/" + std::to_string(i), WorkClass::live));
  loop.run_for(milliseconds(20));
  EXPECT_EQ(remote.seen.size(), 1U);
  ASSERT_TRUE(loop.run_until([&] { return scope.idle(); }));
  EXPECT_EQ(ended.size(), 5U);
  for (const auto& [target, result] : results) EXPECT_EQ(result.error().kind, ErrorKind::unavailable);
}

TEST_F(MeteredHttpTest, CallsOfOneClassGoInOrder) {
  for (int i = 10; i < 60; ++i) start(call("/" + std::to_string(i), WorkClass::live, seconds(90)));
  ASSERT_TRUE(loop.run_until([&] { return scope.idle(); }));
  EXPECT_TRUE(std::ranges::is_sorted(remote.seen));
}

}  // namespace
}  // namespace lockstep::connector
