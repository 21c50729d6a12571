#include "connector/quota.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <queue>

#include "base/random.hpp"

namespace lockstep::connector {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::array<WorkClass, kWorkClasses> kClasses{WorkClass::person, WorkClass::live, WorkClass::retry,
                                                       WorkClass::verify, WorkClass::backfill};

// A remote that counts the calls as they arrive, in windows of its own offset, and answers with what is left.
struct Remote {
  std::uint64_t limit = 100;
  Duration window = seconds(10);
  Duration offset{0};
  std::uint64_t day_limit = 200'000;
  bool tells = true;
  std::map<std::int64_t, std::uint64_t> windows;
  std::map<std::int64_t, std::uint64_t> days;
  std::vector<Duration> arrivals;

  QuotaSigns arrive(Duration now) {
    arrivals.push_back(now);
    const auto w = (now + offset).count() / window.count();
    const auto day_length = Duration(hours(24)).count();
    const auto d = (now + offset).count() / day_length;
    ++windows[w];
    ++days[d];
    QuotaSigns signs;
    if (!tells) return signs;
    signs.burst_limit = limit;
    signs.burst_window = window;
    signs.burst_remaining = limit - std::min(limit, windows[w]);
    signs.day_limit = day_limit;
    signs.day_remaining = day_limit - std::min(day_limit, days[d]);
    signs.day_reset = Duration((d + 1) * day_length) - (now + offset);
    return signs;
  }
  std::uint64_t worst_window() const {
    std::uint64_t worst = 0;
    for (const auto& [at, calls] : windows) worst = std::max(worst, calls);
    return worst;
  }
  // In any window, whatever its offset.
  std::uint64_t worst_sliding() const {
    std::vector<Duration> sorted = arrivals;
    std::ranges::sort(sorted);
    std::uint64_t worst = 0;
    std::size_t from = 0;
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      while (sorted[i] - sorted[from] >= window) ++from;
      worst = std::max<std::uint64_t>(worst, i - from + 1);
    }
    return worst;
  }
  std::uint64_t worst_day() const {
    std::uint64_t worst = 0;
    for (const auto& [at, calls] : days) worst = std::max(worst, calls);
    return worst;
  }
};

// Drives a quota on simulated time: `want` calls of each class are always wanted; every call takes a random time to
// arrive and to come back.
struct Drive {
  Quota& quota;
  Remote& remote;
  Random& random;
  Duration now = hours(1);
  Duration latency_max = milliseconds(400);
  std::array<std::uint64_t, kWorkClasses> want{};
  std::array<std::uint64_t, kWorkClasses> sent{};
  std::size_t parallel = 200;

  struct Flight {
    Duration at;
    Quota::Ticket ticket;
    bool arrived;
    std::optional<QuotaSigns> signs;
    bool operator>(const Flight& other) const { return at > other.at; }
  };
  std::priority_queue<Flight, std::vector<Flight>, std::greater<>> flights{};
  std::array<std::optional<Duration>, kWorkClasses> since{};

  Duration some_time() { return Duration(static_cast<Duration::rep>(random.below(latency_max.count() + 1))); }

  void offer() {
    bool moved = true;
    while (moved && flights.size() < parallel) {
      moved = false;
      for (const WorkClass work : kClasses) {
        const auto i = static_cast<std::size_t>(work);
        if (want[i] == 0)
          since[i].reset();
        else if (!since[i])
          since[i] = now;
        quota.waiting(work, since[i]);
      }
      for (const WorkClass work : quota.order(now)) {
        const auto i = static_cast<std::size_t>(work);
        if (want[i] == 0 || quota.wait(work, now) > Duration(0)) continue;
        const Quota::Ticket ticket = quota.send(work, now);
        --want[i];
        ++sent[i];
        since[i].reset();
        flights.push({now + some_time(), ticket, false, std::nullopt});
        moved = true;
        break;
      }
    }
  }

  void run(Duration length, std::uint64_t wanted_per_step, const std::vector<WorkClass>& classes) {
    const Duration end = now + length;
    while (now < end) {
      for (const WorkClass work : classes) {
        auto& count = want[static_cast<std::size_t>(work)];
        count = std::max(count, wanted_per_step);
      }
      offer();
      Duration next = end;
      for (const WorkClass work : kClasses) {
        if (want[static_cast<std::size_t>(work)] > 0)
          next = std::min(next, now + std::max(quota.wait(work, now), Duration(1000)));
      }
      if (!flights.empty()) next = std::min(next, flights.top().at);
      now = std::max(now, next);
      while (!flights.empty() && flights.top().at <= now) {
        Flight flight = flights.top();
        flights.pop();
        if (!flight.arrived) {
          flight.arrived = true;
          const QuotaSigns signs = remote.arrive(flight.at);
          if (random.below(20) != 0) flight.signs = signs;  // some answers are lost
          flight.at += some_time();
          flights.push(flight);
        } else {
          quota.answered(flight.ticket, flight.signs, now);
        }
      }
    }
  }
};

RC_GTEST_PROP(QuotaProperty, NeverBeyondTheBurstAsTheRemoteCounts, ()) {  // Q1
  SeededRandom random(*rc::gen::arbitrary<std::uint64_t>());
  Remote remote;
  remote.limit = *rc::gen::inRange<std::uint64_t>(1, 120);
  remote.offset = milliseconds(*rc::gen::inRange(0, 10'000));
  remote.tells = *rc::gen::arbitrary<bool>();
  QuotaLimits limits;
  limits.burst = remote.limit;
  Quota quota(limits);
  Drive drive{quota, remote, random};
  drive.latency_max = milliseconds(*rc::gen::inRange(1, 4'000));
  drive.run(seconds(45), 40, {WorkClass::live, WorkClass::backfill});
  RC_ASSERT(remote.worst_window() <= remote.limit);
  RC_ASSERT(remote.worst_sliding() <= remote.limit);
}

RC_GTEST_PROP(QuotaProperty, NeverBeyondTheDay, ()) {  // Q1
  SeededRandom random(*rc::gen::arbitrary<std::uint64_t>());
  Remote remote;
  remote.day_limit = *rc::gen::inRange<std::uint64_t>(50, 400);
  remote.offset = minutes(*rc::gen::inRange(0, 24 * 60));
  remote.tells = *rc::gen::arbitrary<bool>();
  QuotaLimits limits;
  limits.day = remote.day_limit;
  Quota quota(limits);
  Drive drive{quota, remote, random};
  drive.run(hours(50), 5, {WorkClass::live, WorkClass::backfill});
  RC_ASSERT(remote.worst_day() <= remote.day_limit);
  // And it goes on: over two days at least one whole budget is spent.
  RC_ASSERT(remote.arrivals.size() >= remote.day_limit);
}

RC_GTEST_PROP(QuotaProperty, EveryClassProgressesUnderFullLoad, ()) {  // Q2
  SeededRandom random(*rc::gen::arbitrary<std::uint64_t>());
  Remote remote;
  remote.limit = *rc::gen::inRange<std::uint64_t>(1, 120);
  QuotaLimits limits;
  limits.burst = remote.limit;
  Quota quota(limits);
  Drive drive{quota, remote, random};
  drive.run(seconds(300), 50, {kClasses.begin(), kClasses.end()});
  for (const WorkClass work : kClasses) RC_ASSERT(drive.sent[static_cast<std::size_t>(work)] > 0U);
  RC_ASSERT(remote.worst_window() <= remote.limit);
}

TEST(Quota, FloorsAndPriorityUnderFullLoad) {  // Q2
  SeededRandom random(7);
  Remote remote;
  Quota quota;
  Drive drive{quota, remote, random};
  drive.latency_max = milliseconds(20);
  drive.run(seconds(100), 200, {kClasses.begin(), kClasses.end()});
  const auto share = [&](WorkClass work) {
    return static_cast<double>(drive.sent[static_cast<std::size_t>(work)]) /
           static_cast<double>(remote.arrivals.size());
  };
  // Everybody gets the floor, and what is above the floors goes to the best class.
  for (const WorkClass work : kClasses) {
    EXPECT_GE(share(work), 0.9 * quota.limits().floor_percent[static_cast<std::size_t>(work)] / 100.0);
  }
  EXPECT_GT(share(WorkClass::person), 0.35);
  EXPECT_GE(share(WorkClass::person), share(WorkClass::live));
  EXPECT_GE(share(WorkClass::live), share(WorkClass::retry));
}

TEST(Quota, ABackfillAloneUsesNearlyTheWholeBudget) {
  SeededRandom random(7);
  Remote remote;
  Quota quota;
  Drive drive{quota, remote, random};
  drive.latency_max = milliseconds(25);
  drive.run(seconds(300), 50, {WorkClass::backfill});
  EXPECT_GE(remote.arrivals.size(), 95U * 30U);
}

TEST(Quota, ALiveCallGoesAtOnceWhileABackfillRuns) {  // Q2
  SeededRandom random(7);
  Remote remote;
  Quota quota;
  Drive drive{quota, remote, random};
  drive.run(seconds(60), 50, {WorkClass::backfill});
  EXPECT_GT(quota.wait(WorkClass::backfill, drive.now), Duration(0));
  EXPECT_EQ(quota.wait(WorkClass::live, drive.now), Duration(0));
  EXPECT_EQ(quota.wait(WorkClass::person, drive.now), Duration(0));
}

TEST(Quota, OneCallGoesAloneUntilTheRemoteHasAnswered) {  // Q1: our last run's calls are still in its window
  Quota quota;
  Duration now = hours(1);
  const auto first = quota.send(WorkClass::live, now);
  EXPECT_GT(quota.wait(WorkClass::live, now), Duration(0));
  QuotaSigns signs;
  signs.burst_limit = 100;
  signs.burst_remaining = 3;  // 96 are not ours
  quota.answered(first, signs, now + milliseconds(50));
  now += milliseconds(50);
  EXPECT_EQ(quota.burst_left(now), 3U);
  now += seconds(11);
  EXPECT_EQ(quota.burst_left(now), 100U);
}

TEST(Quota, LearnsTheLimits) {
  Quota quota;
  const auto ticket = quota.send(WorkClass::live, seconds(1));
  QuotaSigns signs;
  signs.burst_limit = 10;
  signs.burst_window = seconds(2);
  signs.burst_remaining = 9;
  signs.day_limit = 1'000;
  signs.day_remaining = 400;
  signs.day_reset = hours(3);
  quota.answered(ticket, signs, seconds(2));
  EXPECT_EQ(quota.limits().burst, 10U);
  EXPECT_EQ(quota.limits().burst_window, Duration(seconds(2)));
  EXPECT_EQ(quota.day_left(seconds(2)), 400U);
  EXPECT_EQ(quota.day_resets_in(seconds(2)), Duration(hours(3)));
  EXPECT_EQ(quota.day_left(hours(4)), 1'000U);
}

TEST(Quota, ALongerWindowHoldsEarlierCallsToo) {  // Q1
  QuotaLimits limits;
  limits.burst = 2;
  Quota quota(limits);
  const auto first = quota.send(WorkClass::live, seconds(1));
  quota.answered(first, QuotaSigns{}, seconds(1));
  const auto second = quota.send(WorkClass::live, seconds(2));
  QuotaSigns signs;
  signs.burst_window = seconds(60);
  quota.answered(second, signs, seconds(2));
  EXPECT_EQ(quota.burst_left(seconds(30)), 0U);
  EXPECT_EQ(quota.burst_left(seconds(63)), 2U);
}

TEST(Quota, AnOlderAnswerThatComesLateTeachesNothing) {
  Quota quota;
  const auto warm = quota.send(WorkClass::live, seconds(1));
  quota.answered(warm, QuotaSigns{}, seconds(1));
  const auto older = quota.send(WorkClass::live, seconds(2));
  const auto newer = quota.send(WorkClass::live, seconds(2));
  QuotaSigns signs;
  signs.burst_limit = 100;
  signs.burst_remaining = 50;
  signs.day_remaining = 10;
  quota.answered(newer, signs, seconds(3));
  const auto left = quota.burst_left(seconds(3));
  EXPECT_LE(left, 50U);
  signs.burst_remaining = 99;
  signs.day_remaining = 1'000;
  quota.answered(older, signs, seconds(3));
  EXPECT_EQ(quota.burst_left(seconds(3)), left);
  EXPECT_LE(quota.day_left(seconds(3)), 10U);
}

TEST(Quota, HoldsAfterARefusal) {
  Quota quota;
  auto ticket = quota.send(WorkClass::live, seconds(1));
  QuotaSigns signs;
  signs.refused = true;
  signs.retry_after = seconds(30);
  quota.answered(ticket, signs, seconds(2));
  for (const WorkClass work : kClasses) EXPECT_EQ(quota.wait(work, seconds(2)), Duration(seconds(30)));
  EXPECT_EQ(quota.wait(WorkClass::live, seconds(32)), Duration(0));

  ticket = quota.send(WorkClass::live, seconds(40));
  signs.retry_after.reset();
  quota.answered(ticket, signs, seconds(41));
  EXPECT_GE(quota.wait(WorkClass::person, seconds(41)), Duration(seconds(10)));  // no word on when: a whole window
}

TEST(Quota, LowerClassesLeavePartOfTheDay) {
  Quota quota;
  const auto ticket = quota.send(WorkClass::backfill, seconds(1));
  QuotaSigns signs;
  signs.day_limit = 1'000;
  signs.day_remaining = 200;
  signs.day_reset = hours(24);
  quota.answered(ticket, signs, seconds(1));
  EXPECT_EQ(quota.wait(WorkClass::live, seconds(2)), Duration(0));
  // 25 % of the day is kept from a backfill; as the day passes the kept part shrinks to 200 calls after 4.8 hours.
  const Duration wait = quota.wait(WorkClass::backfill, seconds(2));
  EXPECT_GT(wait, Duration(minutes(280)));
  EXPECT_LT(wait, Duration(minutes(290)));
  EXPECT_EQ(quota.wait(WorkClass::backfill, seconds(2) + wait + seconds(1)), Duration(0));
}

TEST(Quota, AnEmptyDayStopsEverybodyUntilItsReset) {
  Quota quota;
  const auto ticket = quota.send(WorkClass::person, seconds(1));
  QuotaSigns signs;
  signs.day_remaining = 0;
  signs.day_reset = hours(5);
  quota.answered(ticket, signs, seconds(1));
  for (const WorkClass work : kClasses) EXPECT_EQ(quota.wait(work, seconds(1)), Duration(hours(5)));
  EXPECT_EQ(quota.wait(WorkClass::person, seconds(1) + hours(5)), Duration(0));
}

wire::HttpResponse response(unsigned status, wire::HttpHeaders headers) { return {status, std::move(headers), ""}; }

TEST(QuotaSigns, ReadsTheHeaders) {
  const Time now = from_epoch_ms(1'700'000'000'000);
  const auto signs = read_quota_signs(response(200, {{"X-RateLimit-Max", "100"},
                                                     {"x-ratelimit-interval-milliseconds", "10000"},
                                                     {"X-RateLimit-Remaining", "97"},
                                                     {"X-RateLimit-Limit-Daily", "200000"},
                                                     {"X-RateLimit-Daily-Remaining", "199000"},
                                                     {"X-RateLimit-Daily-Reset", "84322000"}}),
                                      now);
  QuotaSigns expected;
  expected.burst_limit = 100;
  expected.burst_window = seconds(10);
  expected.burst_remaining = 97;
  expected.day_limit = 200'000;
  expected.day_remaining = 199'000;
  expected.day_reset = seconds(84'322);
  EXPECT_EQ(signs, expected);
}

TEST(QuotaSigns, LeavesOutWhatMakesNoSense) {
  const auto signs = read_quota_signs(response(429, {{"X-RateLimit-Max", "0"},
                                                     {"X-RateLimit-Interval-Milliseconds", "-5"},
                                                     {"X-RateLimit-Remaining", "many"},
                                                     {"X-RateLimit-Limit-Daily", "99999999999999999999999"},
                                                     {"X-RateLimit-Daily-Reset", "1700000000000"},
                                                     {"Retry-After", ""}}),
                                      from_epoch_ms(0));
  QuotaSigns expected;
  expected.refused = true;
  EXPECT_EQ(signs, expected);
}

TEST(QuotaSigns, RetryAfterInSecondsOrAsADate) {
  EXPECT_EQ(read_quota_signs(response(429, {{"Retry-After", "120"}}), from_epoch_ms(0)).retry_after,
            Duration(seconds(120)));
  const Time now = *parse_iso8601("1994-11-06T08:49:07Z");
  EXPECT_EQ(read_quota_signs(response(429, {{"Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT"}}), now).retry_after,
            Duration(seconds(30)));
  EXPECT_EQ(read_quota_signs(response(429, {{"Retry-After", "Sun, 06 Nov 1994 08:48:37 GMT"}}), now).retry_after,
            Duration(0));
  EXPECT_FALSE(read_quota_signs(response(429, {{"Retry-After", "Sun, 31 Feb 1994 08:48:37 GMT"}}), now).retry_after);
}

}  // namespace
}  // namespace lockstep::connector
