#include <gtest/gtest.h>

#include "sync/record.hpp"

namespace lockstep::sync {
namespace {

Json tags(std::initializer_list<const char*> names) {
  JsonArray out;
  for (const char* name : names) out.emplace_back(name);
  return out;
}

TEST(Link, AFieldThatWasNeverLookedAtHasNoPrior) {
  Link link;
  overwrite_base(link, "city", Json("Bonn"));
  EXPECT_EQ(link.base.at("city"), Json("Bonn"));
  EXPECT_TRUE(link.prior.empty());
}

// What is compared with the system must not be what stood there before our own write.
TEST(Link, WhatStoodThereInAFormOfItsOwnGoesWithTheValue) {
  Link link;
  link.base["name"] = Json("Bob");
  link.raw["name"] = Json(" Bob ");
  overwrite_base(link, "name", Json("Rob"));
  EXPECT_FALSE(link.raw.contains("name"));
}

// E2, L5: an event from two writes ago shows a tag that the first of them removed.
TEST(Link, OfASetEachMemberIsRememberedAsItWasBeforeItsLastChange) {
  Link link;
  link.base["tags"] = tags({"autumn", "cold", "vip"});
  overwrite_base(link, "tags", tags({"cold", "lead", "vip"}));
  link.base["tags"] = tags({"lead", "vip"});  // a person removed "cold"
  overwrite_base(link, "tags", tags({"cold", "lead", "vip"}));
  EXPECT_TRUE(shows_prior(link, {{"tags", tags({"autumn", "cold", "lead", "vip"})}}));
  EXPECT_TRUE(shows_prior(link, {{"tags", tags({"lead", "vip"})}}));
  EXPECT_FALSE(shows_prior(link, {{"tags", tags({"cold", "lead"})}})) << "vip was never touched by us";
  EXPECT_FALSE(shows_prior(link, {{"tags", tags({"cold", "lead", "new", "vip"})}}));
}

// A write of tags takes several calls; one of them was lost.
TEST(Link, MembersOfASetThatShowOurWriteBecomeKnown) {
  Link link;
  link.base["tags"] = tags({"lead"});
  Fields shown{{"tags", tags({"cold", "lead", "theirs"})}};
  EXPECT_TRUE(absorb_echo(link, shown, {{"tags", tags({"cold", "vip"})}}));
  EXPECT_EQ(link.base.at("tags"), tags({"cold", "lead"})) << "vip was not added, lead not removed, theirs is not ours";
  EXPECT_TRUE(shown.contains("tags")) << "what differs from the base is somebody else's";
}

TEST(Link, AWholeEchoLeavesNothingToMerge) {
  Link link;
  link.base["name"] = Json("Bob");
  Fields shown{{"name", Json("Rob")}, {"city", Json("Bonn")}};
  EXPECT_TRUE(absorb_echo(link, shown, {{"name", Json("Rob")}}));
  EXPECT_EQ(shown, (Fields{{"city", Json("Bonn")}}));
}

TEST(Link, NewsIsWhatIsNotTheBase) {
  Link link;
  link.base["name"] = Json("Ann");
  EXPECT_FALSE(shows_news(link, {}));
  EXPECT_FALSE(shows_news(link, {{"name", Json("Ann")}, {"city", Json(nullptr)}})) << "never seen and empty";
  EXPECT_TRUE(shows_news(link, {{"name", Json("Anna")}}));
  EXPECT_TRUE(shows_news(link, {{"name", Json(nullptr)}})) << "L4";
  EXPECT_TRUE(shows_news(link, {{"name", Json("Ann")}, {"city", Json("Bonn")}}));
}

}  // namespace
}  // namespace lockstep::sync
