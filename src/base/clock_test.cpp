#include "base/clock.hpp"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(Iso8601, IsReadInUtcAndWrittenToTheMillisecond) {
  for (const auto& [text, written] : {std::pair{"2026-01-31T09:30:00Z", "2026-01-31T09:30:00.000Z"},
                                      {"2026-01-31 09:30:00.1239+05:30", "2026-01-31T04:00:00.123Z"},
                                      {"2024-02-29T23:59-01", "2024-03-01T00:59:00.000Z"},
                                      {"0000-01-01T00:00Z", "0000-01-01T00:00:00.000Z"},
                                      {"9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"}}) {
    const Result<Time> time = parse_iso8601(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(to_iso8601(*time), written);
  }
}

TEST(Iso8601, WhatHasNoZoneOrIsNoTimeIsRefused) {
  for (const char* text : {"", "2026-01-31", "2026-01-31T09:30:00", "2026-02-30T09:30:00Z", "2026-01-31T24:00:00Z",
                           "2026-01-31T09:30:00.Z", "2026-01-31T09:30:00+19:00", "2026-01-31T09:30:00Z "})
    EXPECT_FALSE(parse_iso8601(text)) << text;
}

// Found by clock_fuzz: in UTC it was of the year -1, which was written as "-001" and could not be read again.
TEST(Iso8601, AYearThatFourDigitsCanNotSayIsRefused) {
  for (const char* text : {"0000-01-01T00:03+05", "9999-12-31T23:59:60-05:00"})
    EXPECT_FALSE(parse_iso8601(text)) << text;
}

}  // namespace
}  // namespace lockstep
