// Filters of a source: which objects a location's mirror has, and what becomes of one that leaves.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "tests/recipes/crm_mirror/mirror.hpp"

namespace lockstep::tests {
namespace {

constexpr std::chrono::seconds kSoon{20};

class CrmMirrorFilter : public testing::Test {
 protected:
  void SetUp() override {
    if (!PostgresCluster::installed()) GTEST_SKIP() << "no PostgreSQL 15 on this machine";
  }
  // Names of the opportunities in the mirror that are not deleted.
  static std::string deals(Mirror& mirror) {
    return mirror.value(
        "SELECT coalesce(string_agg(name, ',' ORDER BY name), '') FROM ghl_opportunities WHERE "
        "deleted_at IS NULL");
  }
  static std::string contacts(Mirror& mirror) {
    return mirror.value(
        "SELECT coalesce(string_agg(first_name, ',' ORDER BY first_name), '') FROM ghl_contacts WHERE "
        "deleted_at IS NULL");
  }
  static std::string make_contact(Mirror& mirror, const std::string& name, const Json& custom = nullptr) {
    JsonObject fields{{"firstName", name}, {"email", name + "@example.com"}};
    if (!custom.is_null()) fields["customFields"] = custom;
    return std::string(string_member(mirror.crm("POST", "contacts", fields).at("contact"), "id"));
  }
  static std::string make_deal(Mirror& mirror, const std::string& name, const std::string& contact,
                               const std::string& pipeline) {
    const Json made =
        mirror.crm("POST", "opportunities",
                   JsonObject{{"name", name}, {"contactId", contact}, {"pipelineId", pipeline}, {"status", "won"}});
    return std::string(string_member(made.at("opportunity"), "id"));
  }
};

TEST_F(CrmMirrorFilter, CM_065_a_source_can_be_limited_to_chosen_pipelines) {
  Mirror mirror({});
  const std::vector<Json> pipelines = mirror.listed("pipelines");
  const std::string wanted(string_member(pipelines[0], "id"));
  const std::string other(string_member(pipelines[1], "id"));
  mirror.limit("pipeline: {in: crm, when: \"doc.id == '" + wanted +
               "'\"}, opportunity: {in: crm, when: \"doc.pipelineId == '" + wanted + "'\"}");
  const std::string person = make_contact(mirror, "ann");
  make_deal(mirror, "inside", person, wanted);
  const std::string moving = make_deal(mirror, "moving", person, wanted);
  const std::string outside = make_deal(mirror, "outside", person, other);
  ASSERT_TRUE(mirror.start()) << mirror.server.process().log();
  EXPECT_EQ(deals(mirror), "inside,moving");
  EXPECT_EQ(mirror.count("ghl_pipelines"), 1U);

  // By event: one leaves and is removed, one comes; an edit of one that is outside brings nothing.
  mirror.crm("PUT", "opportunities/" + moving, JsonObject{{"pipelineId", other}});
  EXPECT_TRUE(eventually(kSoon, [&] { return deals(mirror) == "inside"; })) << deals(mirror);
  mirror.crm("PUT", "opportunities/" + outside, JsonObject{{"name", "outside still"}});
  mirror.crm("PUT", "opportunities/" + moving, JsonObject{{"name", "moving still"}});
  make_deal(mirror, "another outside", person, other);
  EXPECT_EQ(mirror.run("pull"), "done");
  EXPECT_EQ(mirror.run("mirror"), "done");
  EXPECT_EQ(deals(mirror), "inside");
  mirror.crm("PUT", "opportunities/" + outside, JsonObject{{"pipelineId", wanted}});
  mirror.crm("PUT", "opportunities/" + moving, JsonObject{{"pipelineId", wanted}});
  EXPECT_TRUE(eventually(kSoon, [&] { return deals(mirror) == "inside,moving still,outside still"; })) << deals(mirror);
  EXPECT_EQ(mirror.value("SELECT count(*) FROM ghl_opportunities WHERE name = 'moving still'"), "1")
      << "in the row that it had";
}

TEST_F(CrmMirrorFilter, CM_066_a_source_can_be_limited_to_a_date_range) {
  Mirror mirror({});
  mirror.limit("order: {in: crm, when: \"doc.createdAt >= '2026-01-01' and doc.createdAt < '2026-07-01'\"}");
  for (const char* day : {"2025-12-31", "2026-01-01", "2026-06-30", "2026-07-01"}) {
    mirror.crm("POST", "orders", JsonObject{{"status", day}, {"createdAt", std::string(day) + "T12:00:00.000Z"}});
  }
  // A payment for an order that is outside refers to nothing here.
  const Json newest = mirror.listed("orders").at(0);
  const std::string outside(string_member(newest, "id"));
  mirror.crm("POST", "transactions", JsonObject{{"entityType", "order"}, {"entityId", outside}, {"amount", 3}});
  ASSERT_TRUE(mirror.start()) << mirror.server.process().log();
  EXPECT_EQ(mirror.value("SELECT string_agg(status, ',' ORDER BY status) FROM ghl_orders"), "2026-01-01,2026-06-30");
  EXPECT_TRUE(eventually(kSoon, [&] { return mirror.count("ghl_payments") == 1; }));
  EXPECT_EQ(mirror.value("SELECT count(*) FROM ghl_payments WHERE order_id IS NULL"), "1");
}

TEST_F(CrmMirrorFilter, CM_067_a_source_can_be_limited_by_custom_fields_and_what_leaves_is_removed_or_kept) {
  for (const std::string leaving : {"remove", "keep"}) {
    SCOPED_TRACE(leaving);
    Mirror mirror({});
    std::string score;
    for (const Json& field : mirror.listed("customFields")) {
      if (string_member(field, "fieldKey") == "contact.score") score = string_member(field, "id");
    }
    ASSERT_FALSE(score.empty());
    mirror.limit("contact: {in: crm, leaving: " + leaving +
                 ", when: \"if doc.customFieldList == nil then return nil end " +
                 "for _, f in ipairs(doc.customFieldList) do if f.id == '" + score +
                 "' then return f.value >= 50 end end return false\"}");
    const auto scored = [](int value) { return Json(JsonArray{JsonObject{{"key", "score"}, {"field_value", value}}}); };
    make_contact(mirror, "high", scored(90));
    make_contact(mirror, "low", scored(10));
    make_contact(mirror, "none");
    const std::string moving = make_contact(mirror, "moving", scored(60));
    ASSERT_TRUE(mirror.start()) << mirror.server.process().log();
    EXPECT_EQ(contacts(mirror), "high,moving");
    mirror.crm("PUT", "contacts/" + moving, JsonObject{{"customFields", scored(20)}});
    mirror.crm("PUT", "contacts/" + moving, JsonObject{{"lastName", "Left"}});
    if (leaving == "keep") {
      EXPECT_TRUE(eventually(kSoon, [&] {
        return mirror.value("SELECT count(*) FROM ghl_contacts WHERE first_name = 'moving' AND last_name = 'Left'") ==
               "1";
      }));
      EXPECT_EQ(contacts(mirror), "high,moving");
      continue;
    }
    EXPECT_TRUE(eventually(kSoon, [&] { return contacts(mirror) == "high"; })) << contacts(mirror);
    mirror.crm("PUT", "contacts/" + moving, JsonObject{{"customFields", scored(70)}});
    EXPECT_TRUE(eventually(kSoon, [&] { return contacts(mirror) == "high,moving"; })) << contacts(mirror);
    EXPECT_EQ(mirror.run("mirror"), "done");
    EXPECT_EQ(contacts(mirror), "high,moving");
  }
}

// The file is read again on SIGHUP: what a filter newly lets in is pulled, what it shuts out leaves, and no restart or full
// pull that somebody orders is needed.
TEST_F(CrmMirrorFilter, CM_065_a_filter_that_changes_while_the_program_runs_counts_at_once) {
  Mirror mirror({});
  const std::vector<Json> pipelines = mirror.listed("pipelines");
  const auto only = [&](std::size_t one) {
    return "opportunity: {in: crm, when: \"doc.pipelineId == '" + std::string(string_member(pipelines[one], "id")) +
           "'\"}";
  };
  const std::string before = mirror.server.document;
  mirror.limit(only(0));
  const std::string person = make_contact(mirror, "ann");
  for (const char* name : {"a1", "a2"}) make_deal(mirror, name, person, std::string(string_member(pipelines[0], "id")));
  for (const char* name : {"b1", "b2"}) make_deal(mirror, name, person, std::string(string_member(pipelines[1], "id")));
  ASSERT_TRUE(mirror.start()) << mirror.server.process().log();
  EXPECT_EQ(deals(mirror), "a1,a2");
  const std::string row = mirror.value("SELECT id FROM ghl_opportunities WHERE name = 'a1'");
  mirror.server.document = before;
  mirror.limit(only(1));
  mirror.server.process().signal(SIGHUP);
  EXPECT_TRUE(eventually(kSoon, [&] { return deals(mirror) == "b1,b2"; })) << deals(mirror);
  mirror.server.document = before;
  mirror.server.write_config();
  mirror.server.process().signal(SIGHUP);
  EXPECT_TRUE(eventually(kSoon, [&] { return deals(mirror) == "a1,a2,b1,b2"; })) << deals(mirror);
  EXPECT_EQ(mirror.value("SELECT id FROM ghl_opportunities WHERE name = 'a1'"), row) << "the row that it had";
}

}  // namespace
}  // namespace lockstep::tests
