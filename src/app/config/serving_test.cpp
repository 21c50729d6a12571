// What dashboards are served: rest, functions, jobs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config/example_files.hpp"
#include "app/config/fake_factories.hpp"
#include "app/config/load.hpp"

namespace lockstep::app {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

// `top` beside a source with a contact in crm and db, and a job in db.
ConfigResult read(const std::string& top, const std::string& of_source = "") {
  return read_config(
      "version: 1\n" + top + "sources:\n  - id: acme\n" + of_source +
          "    systems:\n      crm: {connector: fakecrm, location_id: abcd, token: {env: "
          "GHL_TOKEN}}\n      db: {connector: fakedb, url: {env: DATABASE_URL}}\n    entities:\n      contact: "
          "{fields: "
          "{email: email}, systems: {crm: {object: contact, fields: \"*\"}, db: {object: contacts, fields: \"*\"}}}\n"
          "      job: {fields: {status: text}, systems: {db: {object: jobs, fields: \"*\"}}}\n",
      "lockstep.yaml", fake_factories(), example_environment());
}

std::string problem(const std::string& top) {
  const ConfigResult config = read(top);
  return config ? "none" : to_text(config.error().front());
}

TEST(ServingConfig, RowsAreBatchedWhereAsked) {
  const ConfigResult none = read("");
  ASSERT_TRUE(none);
  EXPECT_EQ(none->row_batching.above, 0u);
  const ConfigResult some = read("server: {realtime: {batch_above: 40, batch_every: 2s}}\n");
  ASSERT_TRUE(some) << to_text(some.error().front());
  EXPECT_EQ(some->row_batching.above, 40u);
  EXPECT_EQ(some->row_batching.every, std::chrono::seconds(2));
  EXPECT_THAT(problem("server: {realtime: {batch_above: 0}}\n"), HasSubstr("batch_above"));
  EXPECT_THAT(problem("server: {realtime: {batch_every: 1ms}}\n"), HasSubstr("batch_every"));
}

TEST(ServingConfig, ReadsAll) {
  const ConfigResult config = read(
      "server: {rest: {system: db}}\njobs: {entity: job, settings: {location: location_id}}\nfunctions:\n  run-all: "
      "{action: sync, system: crm, entities: {contacts: contact}, mode: full, source: src, settings: {locationId: "
      "location_id}, upstream: the CRM, wait: 30s}\n  other: {action: sync, system: crm, entities: {contacts: "
      "contact}}\n");
  ASSERT_TRUE(config) << to_text(config.error().front());
  ASSERT_TRUE(config->rest);
  EXPECT_EQ(config->rest->source, SourceId("acme"));
  EXPECT_EQ(config->rest->system, SystemName("db"));
  ASSERT_TRUE(config->jobs);
  EXPECT_EQ(config->jobs->entity, EntityName("job"));
  EXPECT_THAT(config->jobs->settings, ElementsAre(Pair("location", "location_id")));
  ASSERT_EQ(config->functions.size(), 2u);
  const FunctionConfig& one = config->functions[0];
  EXPECT_EQ(one.name, "run-all");
  EXPECT_THAT(one.entities, ElementsAre(Pair(EntityName("contact"), "contacts")));
  EXPECT_EQ(one.mode, "full");
  EXPECT_EQ(one.source, "src");
  EXPECT_THAT(one.settings, ElementsAre(Pair("locationId", "location_id")));
  EXPECT_EQ(one.upstream, "the CRM");
  EXPECT_EQ(one.wait, std::chrono::seconds(30));
  const FunctionConfig& other = config->functions[1];
  EXPECT_EQ(other.mode, "incremental");
  EXPECT_EQ(other.source, "source_id");
  EXPECT_EQ(other.upstream, "crm");
  EXPECT_EQ(other.wait, std::chrono::minutes(5));
}

TEST(ServingConfig, WhatIsNotThereIsSaid) {
  EXPECT_THAT(problem("server: {rest: {system: dbs}}\n"), HasSubstr("no source has a system \"dbs\""));
  EXPECT_THAT(problem("server: {rest: {system: db, source: other}}\n"),
              HasSubstr("no source \"other\" has a system \"db\""));
  EXPECT_THAT(problem("jobs: {entity: task}\n"), HasSubstr("no source has an entity \"task\""));
  EXPECT_THAT(problem("functions: {a: {action: sync, system: crm, entities: {jobs: job}}}\n"),
              HasSubstr("no source holds an entity \"job\" in a system \"crm\""));
  EXPECT_THAT(problem("functions: {a: {action: erase, system: crm, entities: {contacts: contact}}}\n"),
              HasSubstr("erase"));
  EXPECT_THAT(problem("functions: {a: {action: sync, system: crm, entities: {}}}\n"), HasSubstr("entities"));
}

const std::string kFunctions =
    "functions:\n  run-all: {action: sync, system: crm, entities: {contacts: contact}, mode: full}\n";

TEST(ServingConfig, SchedulesBelongToTheSystemThatTheirFunctionReads) {
  const ConfigResult config =
      read(kFunctions,
           "    schedules:\n      - {cron: \"0 * * * *\", function: run-all, mode: incremental}\n"
           "      - {cron: \"30 3 * * mon\", function: run-all, zone_offset: \"-05:30\"}\n");
  ASSERT_TRUE(config) << to_text(config.error().front());
  const SystemConfig& crm = config->sources[0].systems[0];
  ASSERT_EQ(crm.settings.system, SystemName("crm"));
  EXPECT_TRUE(config->sources[0].systems[1].schedules.empty());
  ASSERT_EQ(crm.schedules.size(), 2u);
  EXPECT_EQ(crm.schedules[0].name, "run-all");
  EXPECT_EQ(crm.schedules[0].kind, "pull");
  EXPECT_THAT(crm.schedules[0].entities, ElementsAre(Pair(EntityName("contact"), "contacts")));
  EXPECT_EQ(crm.schedules[1].kind, "mirror");
  const auto next = crm.schedules[1].cron.next(*parse_iso8601("2026-01-01T00:00:00Z"));
  EXPECT_EQ(to_iso8601(*next), "2026-01-05T09:00:00.000Z");
}

TEST(ServingConfig, MistakesInSchedulesAreSaidWithTheirLine) {
  const auto said = [](const std::string& schedules) {
    const ConfigResult config = read(kFunctions, "    schedules:\n" + schedules);
    return config ? "none" : to_text(config.error().front());
  };
  EXPECT_THAT(
      said("      - {cron: \"0 * * * *\", function: run-all}\n      - {cron: \"61 * * * *\", function: run-all}\n"),
      AllOf(HasSubstr("lockstep.yaml:8:16"), HasSubstr("schedules[1]"), HasSubstr("\"61\" is no minute")));
  EXPECT_THAT(said("      - {cron: \"0 * * *\", function: run-all}\n"), HasSubstr("five fields"));
  EXPECT_THAT(said("      - {cron: \"0 * * * *\", function: run-al}\n"),
              AllOf(HasSubstr("no function \"run-al\""), HasSubstr("run-all")));
  EXPECT_THAT(said("      - {cron: \"0 * * * *\", function: run-all}\n      - {cron: \"0 * * * *\", function: run-all, "
                   "mode: full}\n"),
              HasSubstr("already"));
  EXPECT_THAT(said("      - {cron: \"0 * * * *\", function: run-all, mode: some}\n"), HasSubstr("some"));
  EXPECT_THAT(said("      - {cron: \"0 * * * *\", function: run-all, zone_offset: UTC}\n"), HasSubstr("+05:30"));
  EXPECT_THAT(said("      - {function: run-all}\n"), HasSubstr("cron"));
}

}  // namespace
}  // namespace lockstep::app
