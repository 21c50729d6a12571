// Changes of the CRM on their way into the mirror: webhooks, deletes and what comes back, times, custom fields.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "base/clock.hpp"
#include "tests/recipes/crm_mirror/mirror.hpp"
#include "wire/testing/key_pair.hpp"

namespace lockstep::tests {
namespace {

constexpr std::chrono::seconds kSoon{20};

class CrmMirrorChange : public testing::Test {
 protected:
  void SetUp() override {
    if (!PostgresCluster::installed()) GTEST_SKIP() << "no PostgreSQL 15 on this machine";
    mirror_ = std::make_unique<Mirror>(Mirror::Settings{});
  }
  Mirror& mirror() { return *mirror_; }
  std::string create(const JsonObject& fields) {
    return std::string(string_member(mirror().crm("POST", "contacts", fields).at("contact"), "id"));
  }
  // A column of a contact's row, as text; "" when there is no such row.
  std::string contact(const std::string& id, const std::string& column) {
    return mirror().value("SELECT " + column + "::text FROM ghl_contacts WHERE ghl_contact_id = $1", {id});
  }
  bool soon(const std::function<bool()>& holds) { return eventually(kSoon, holds); }

  std::unique_ptr<Mirror> mirror_;
};

TEST_F(CrmMirrorChange, CM_062_webhooks_reach_the_rows_in_less_than_a_second_without_a_pull) {
  mirror().crm("POST", "seed", JsonObject{{"contacts", 20}, {"opportunities", 10}, {"orders", 5}});
  ASSERT_TRUE(mirror().start()) << mirror().server.process().log();
  const auto dashboard = mirror().listen();
  ASSERT_NE(dashboard, nullptr);
  std::vector<double> rows, told;
  for (int i = 0; i < 30; ++i) {
    const std::string id = mirror().value("SELECT ghl_contact_id FROM ghl_contacts ORDER BY 1 OFFSET $1 LIMIT 1",
                                          {std::to_string(i % 20)});
    const std::string name = "Hooked " + std::to_string(i);
    const auto began = std::chrono::steady_clock::now();
    const auto since = [&](std::chrono::steady_clock::time_point at) {
      return std::chrono::duration<double>(at - began).count();
    };
    mirror().crm("PUT", "contacts/" + id, JsonObject{{"firstName", name}});
    ASSERT_TRUE(soon([&] { return contact(id, "first_name") == name; }));
    rows.push_back(since(std::chrono::steady_clock::now()));
    const auto events = dashboard->until(
        [&](const RowEvent& event) { return string_member(event.row.at("record"), "first_name") == name; }, kSoon);
    ASSERT_FALSE(events.empty());
    told.push_back(since(events.back().at));
  }
  std::ranges::sort(rows);
  std::ranges::sort(told);
  print_numbers(
      fmt::format("from the edit in the CRM: row written median {:.0f} ms, slowest of {} {:.0f} ms; dashboard told "
                  "{:.0f}, {:.0f} ms",
                  rows[15] * 1000, rows.size(), rows.back() * 1000, told[15] * 1000, told.back() * 1000));
  EXPECT_LT(told[told.size() * 95 / 100], 1.0);

  // Orders and opportunities too.
  const std::string order = mirror().value("SELECT ghl_order_id FROM ghl_orders LIMIT 1");
  mirror().crm("PUT", "orders/" + order, JsonObject{{"status", "refunded"}});
  EXPECT_TRUE(soon(
      [&] { return mirror().value("SELECT status FROM ghl_orders WHERE ghl_order_id = $1", {order}) == "refunded"; }));
  const std::string deal = mirror().value("SELECT ghl_opportunity_id FROM ghl_opportunities LIMIT 1");
  mirror().crm("PUT", "opportunities/" + deal, JsonObject{{"monetaryValue", 12.5}, {"status", "won"}});
  EXPECT_TRUE(soon([&] {
    return mirror().value("SELECT amount || status FROM ghl_opportunities WHERE ghl_opportunity_id = $1", {deal}) ==
           "12.5won";
  }));
}

TEST_F(CrmMirrorChange, CM_062_webhooks_that_are_forged_old_or_replayed_change_nothing) {
  const auto keys = wire::testing::KeyPair::ed25519();
  mirror_ = nullptr;
  const std::string key = "\"" + wire::base64_encode(keys.der()) + "\"";
  mirror_ = std::make_unique<Mirror>(Mirror::Settings{.webhook_key = key});
  const std::string id = create({{"firstName", "Real"}, {"email", "real@example.com"}});
  ASSERT_TRUE(mirror().start()) << mirror().server.process().log();
  ASSERT_EQ(contact(id, "first_name"), "Real");

  HttpConnection caller(mirror().server.port());
  const auto event = [&](const std::string& name, const std::string& webhook, std::chrono::seconds age) {
    const Json body = JsonObject{{"type", "ContactUpdate"},
                                 {"locationId", "sandboxLocation00001"},
                                 {"id", id},
                                 {"firstName", name},
                                 {"webhookId", webhook},
                                 {"timestamp", to_iso8601(SystemClock().now() - age)}};
    return to_text(body);
  };
  const auto send = [&](const std::string& body, const std::string& signature) {
    const auto reply = caller.call(
        "POST", "/hooks/" + kSourceA + "/crm", body,
        signature.empty() ? HttpConnection::Headers{} : HttpConnection::Headers{{"X-GHL-Signature", signature}});
    return reply ? reply->status : 0;
  };
  const auto signed_now = [&](const std::string& body) { return send(body, wire::base64_encode(keys.sign(body))); };
  const std::string good = event("First", "w1", std::chrono::seconds(0));
  EXPECT_EQ(send(good, ""), 401U);
  EXPECT_EQ(send(good, wire::base64_encode(keys.sign(good + " "))), 401U);
  EXPECT_EQ(signed_now(event("Old", "w2", std::chrono::hours(3))), 401U) << "older than webhook_age_limit_seconds";
  EXPECT_EQ(signed_now(good), 200U);
  ASSERT_TRUE(soon([&] { return contact(id, "first_name") == "First"; })) << contact(id, "first_name");
  EXPECT_EQ(signed_now(event("Second", "w3", std::chrono::seconds(0))), 200U);
  ASSERT_TRUE(soon([&] { return contact(id, "first_name") == "Second"; }));
  ASSERT_TRUE(mirror().settle());
  const std::string before = mirror().row_versions();
  // The same webhookId again, with the same and with another text: taken in and dropped.
  EXPECT_EQ(signed_now(good), 200U);
  EXPECT_EQ(signed_now(event("Replayed", "w3", std::chrono::seconds(0))), 200U);
  pause(std::chrono::seconds(1));
  ASSERT_TRUE(mirror().settle());
  EXPECT_EQ(mirror().row_versions(), before);
}

TEST_F(CrmMirrorChange, CM_063_a_webhook_and_the_poll_of_the_same_change_are_one_row_version) {
  mirror().crm("POST", "seed", JsonObject{{"contacts", 5}, {"opportunities", 3}, {"orders", 3}});
  ASSERT_TRUE(mirror().start()) << mirror().server.process().log();
  EXPECT_EQ(mirror().run("pull"), "done");
  const std::string id = mirror().value("SELECT ghl_contact_id FROM ghl_contacts LIMIT 1");
  const std::string order = mirror().value("SELECT ghl_order_id FROM ghl_orders LIMIT 1");
  const auto dashboard = mirror().listen();
  ASSERT_NE(dashboard, nullptr);
  mirror().crm("PUT", "contacts/" + id, JsonObject{{"firstName", "Once"}});
  mirror().crm("PUT", "orders/" + order, JsonObject{{"status", "once"}});
  ASSERT_TRUE(soon([&] {
    return contact(id, "first_name") == "Once" &&
           mirror().value("SELECT status FROM ghl_orders WHERE ghl_order_id = $1", {order}) == "once";
  }));
  ASSERT_TRUE(mirror().settle());
  const std::string before = mirror().row_versions();
  for (const char* kind : {"pull", "mirror", "pull"}) EXPECT_EQ(mirror().run(kind), "done");
  EXPECT_EQ(mirror().row_versions(), before);
  // One broadcast each, and none before the next change.
  mirror().crm("PUT", "pipelines/" + mirror().value("SELECT ghl_pipeline_id FROM ghl_pipelines LIMIT 1"),
               JsonObject{{"name", "Marker"}});
  EXPECT_EQ(mirror().run("pull"), "done");
  std::map<std::string, int> told;
  for (const RowEvent& event :
       dashboard->until([](const RowEvent& one) { return string_member(one.row, "table") == "ghl_pipelines"; }, kSoon))
    ++told[std::string(string_member(event.row, "table"))];
  EXPECT_EQ(told, (std::map<std::string, int>{{"ghl_contacts", 1}, {"ghl_orders", 1}, {"ghl_pipelines", 1}}));
}

TEST_F(CrmMirrorChange, CM_005_deleted_contacts_and_opportunities_vanish_from_views_and_come_back_when_restored) {
  mirror().crm("POST", "seed", JsonObject{{"contacts", 6}, {"opportunities", 12}});
  ASSERT_TRUE(mirror().start()) << mirror().server.process().log();
  const std::string id = create({{"firstName", "Gone"}, {"email", "gone@example.com"}});
  ASSERT_TRUE(soon([&] { return !contact(id, "id").empty(); }));
  const std::string row = contact(id, "id");
  const auto shown = [&] {
    return mirror().value("SELECT count(*) FROM v_ghl_contacts_recent WHERE ghl_contact_id = $1", {id}) + " of " +
           mirror().value("SELECT total_contacts FROM v_ghl_dashboard_summary WHERE source_id = $1", {kSourceA});
  };
  EXPECT_EQ(shown(), "1 of 7");
  mirror().crm("DELETE", "contacts/" + id);
  ASSERT_TRUE(soon([&] { return shown() == "0 of 6"; })) << shown();
  EXPECT_EQ(contact(id, "id"), row) << "the row stays, marked";
  EXPECT_FALSE(contact(id, "deleted_at").empty());
  // Restored in the CRM.
  mirror().crm("POST", "contacts/" + id + "/restore");
  EXPECT_TRUE(soon([&] { return shown() == "1 of 7"; })) << shown();
  EXPECT_EQ(contact(id, "id"), row) << "in the row that it had";

  const std::string deal = mirror().value("SELECT ghl_opportunity_id FROM ghl_opportunities LIMIT 1");
  mirror().crm("DELETE", "opportunities/" + deal);
  const std::string left = std::to_string(mirror().listed("opportunities").size());
  EXPECT_TRUE(soon([&] {
    return mirror().value("SELECT count(*) FROM v_ghl_opportunities_report") == left &&
           mirror().value("SELECT total_opportunities FROM v_ghl_dashboard_summary") == left &&
           mirror().value("SELECT sum(opportunity_count) FROM v_ghl_pipeline_stage_summary") == left;
  }));
}

TEST_F(CrmMirrorChange, CM_036_a_full_pull_marks_what_is_gone_and_a_partial_one_deletes_nothing) {
  mirror().crm(
      "POST", "seed",
      JsonObject{{"contacts", 40}, {"opportunities", 20}, {"orders", 20}, {"transactions", 20}, {"reviews", 20}});
  ASSERT_TRUE(mirror().start()) << mirror().server.process().log();
  // No event tells of any of this.
  mirror().sandbox->faults(JsonObject{{"webhook_lost", JsonObject{{"rate", 1}}}});
  for (const std::string many : {"opportunities", "transactions", "orders", "reviews"}) {
    const std::vector<Json> list = mirror().listed(many);
    for (std::size_t i = 0; i < 3; ++i) mirror().crm("DELETE", many + "/" + std::string(string_member(list[i], "id")));
  }
  const std::string gone = mirror().value(
      "SELECT ghl_contact_id FROM ghl_contacts c WHERE NOT EXISTS (SELECT FROM ghl_opportunities o WHERE o.contact_id "
      "= "
      "c.id) LIMIT 1");
  ASSERT_FALSE(gone.empty());
  mirror().crm("DELETE", "contacts/" + gone);

  // A pull that is cut short deletes nothing.
  mirror().sandbox->faults(JsonObject{{"error_before_apply", JsonObject{{"rate", 1}, {"status", 500}}}});
  mirror().api("POST", "/api/v1/sources/" + kSourceA + "/jobs", JsonObject{{"system", "crm"}, {"kind", "mirror"}});
  pause(std::chrono::seconds(2));
  EXPECT_EQ(mirror().count("ghl_contacts"), 40U);
  EXPECT_EQ(mirror().count("ghl_orders"), 20U);
  mirror().sandbox->control("DELETE", "faults");
  mirror().sandbox->faults(JsonObject{{"webhook_lost", JsonObject{{"rate", 1}}}});
  EXPECT_EQ(mirror().run("mirror"), "done");
  EXPECT_EQ(mirror().run("mirror"), "done");
  EXPECT_EQ(mirror().count("ghl_contacts"), 39U);
  EXPECT_EQ(mirror().count("ghl_opportunities"), mirror().listed("opportunities").size());
  EXPECT_EQ(mirror().count("ghl_orders"), 17U);
  EXPECT_TRUE(soon([&] { return mirror().count("ghl_payments") == 17U; })) << "their orders' rows are gone, too";
  EXPECT_EQ(mirror().count("ghl_reviews"), 17U);
  EXPECT_FALSE(contact(gone, "deleted_at").empty());

  // Back in the CRM, and nobody has told: the next full pull finds it.
  mirror().crm("POST", "contacts/" + gone + "/restore");
  EXPECT_EQ(mirror().run("mirror"), "done");
  EXPECT_TRUE(soon([&] { return mirror().count("ghl_contacts") == 40U; }));
  EXPECT_TRUE(contact(gone, "deleted_at").empty());

  // A list that suddenly lacks most of what is known is not believed.
  for (const Json& one : mirror().listed("orders"))
    mirror().crm("DELETE", "orders/" + std::string(string_member(one, "id")));
  EXPECT_TRUE(mirror().run("mirror").starts_with("failed: 17 of 17 objects of order"));
  EXPECT_EQ(mirror().count("ghl_orders"), 17U);
}

TEST_F(CrmMirrorChange, CM_038_an_older_version_never_overwrites_a_newer_one) {
  mirror().crm("POST", "seed", JsonObject{{"contacts", 5}});
  ASSERT_TRUE(mirror().start()) << mirror().server.process().log();
  const std::string id = mirror().value("SELECT ghl_contact_id FROM ghl_contacts LIMIT 1");
  // The first event is held up and comes after the second.
  mirror().sandbox->faults(
      JsonObject{{"webhook_delayed", JsonObject{{"once", 1}, {"only", "ContactUpdate"}, {"fixed_ms", 3'000}}}});
  mirror().crm("PUT", "contacts/" + id, JsonObject{{"firstName", "Older"}});
  pause(std::chrono::milliseconds(50));
  mirror().crm("PUT", "contacts/" + id, JsonObject{{"firstName", "Newer"}});
  ASSERT_TRUE(soon([&] { return contact(id, "first_name") == "Newer"; }));
  const std::uint64_t delivered = mirror().sandbox->webhooks("delivered");
  ASSERT_TRUE(soon([&] { return mirror().sandbox->webhooks("delivered") > delivered; })) << "the older one has come";
  ASSERT_TRUE(mirror().settle());
  EXPECT_EQ(contact(id, "first_name"), "Newer");

  // A search that lags behind shows an old state to the poll.
  mirror().sandbox->faults(JsonObject{{"stale_search", JsonObject{{"once", 1}, {"fixed_ms", 20'000}}}});
  EXPECT_EQ(mirror().run("pull"), "done");  // freezes what searches see
  mirror().crm("PUT", "contacts/" + id, JsonObject{{"firstName", "Newest"}});
  ASSERT_TRUE(soon([&] { return contact(id, "first_name") == "Newest"; }));
  EXPECT_EQ(mirror().run("pull"), "done");
  EXPECT_EQ(contact(id, "first_name"), "Newest");
}

TEST_F(CrmMirrorChange, CM_039_rows_carry_the_times_of_the_crm_and_the_mirrors_apart) {
  mirror().crm("POST", "seed", JsonObject{{"contacts", 3}, {"opportunities", 3}});
  mirror().crm("POST", "orders", JsonObject{{"amount", 5}, {"createdAt", "2020-02-03T04:05:06.789Z"}});
  ASSERT_TRUE(mirror().start()) << mirror().server.process().log();
  const auto same = [&](const char* table, const char* key, const Json& object, const char* added,
                        const char* updated) {
    const auto rows =
        mirror().rows(std::string("SELECT created_at = $2::timestamptz AS c, updated_at = $3::timestamptz "
                                  "AS u, mirrored_at > updated_at AS m FROM ") +
                          table + " WHERE " + key + " = $1",
                      {std::string(string_member(object, "id")), std::string(string_member(object, added)),
                       std::string(string_member(object, updated))});
    ASSERT_EQ(rows.size(), 1U) << table;
    EXPECT_EQ(rows[0].at("c") + rows[0].at("u") + rows[0].at("m"), "ttt") << table;
  };
  for (const Json& one : mirror().sandbox->contacts())
    same("ghl_contacts", "ghl_contact_id", one, "dateAdded", "dateUpdated");
  for (const Json& one : mirror().listed("opportunities"))
    same("ghl_opportunities", "ghl_opportunity_id", one, "createdAt", "updatedAt");
  const Json order = mirror().listed("orders").at(0);
  same("ghl_orders", "ghl_order_id", order, "createdAt", "updatedAt");

  // After an event, too.
  const std::string id = mirror().value("SELECT ghl_contact_id FROM ghl_contacts LIMIT 1");
  pause(std::chrono::seconds(1));
  mirror().crm("PUT", "contacts/" + id, JsonObject{{"firstName", "Later"}});
  ASSERT_TRUE(soon([&] { return contact(id, "first_name") == "Later"; }));
  same("ghl_contacts", "ghl_contact_id", mirror().crm("GET", "contacts/" + id).at("contact"), "dateAdded",
       "dateUpdated");
  // A pull that finds nothing makes nothing look fresh.
  const std::string times =
      "SELECT md5(string_agg(updated_at::text || mirrored_at, ',' ORDER BY id)) FROM ghl_contacts";
  const std::string before = mirror().value(times);
  EXPECT_EQ(mirror().run("mirror"), "done");
  EXPECT_EQ(mirror().value(times), before);
}

TEST_F(CrmMirrorChange, CM_040_custom_fields_are_kept_as_the_crm_has_them) {
  ASSERT_TRUE(mirror().start()) << mirror().server.process().log();
  const Json list = JsonArray{JsonObject{{"key", "score"}, {"field_value", 42}},
                              JsonObject{{"key", "interests"}, {"field_value", JsonArray{"Sports", "Food"}}},
                              JsonObject{{"key", "external_id"}, {"field_value", "É \"x\" 😀"}}};
  const std::string id = create({{"email", "fields@example.com"}, {"customFields", list}});
  const auto equal = [&] {
    JsonArray there = mirror().crm("GET", "contacts/" + id).at("contact").at("customFields").as_array();
    std::ranges::sort(there, {}, [](const Json& field) { return std::string(string_member(field, "id")); });
    const auto row = parse_json(contact(id, "custom_fields"));
    return row && *row == Json(there);
  };
  EXPECT_TRUE(soon(equal)) << contact(id, "custom_fields");
  EXPECT_EQ(mirror().run("mirror"), "done");
  EXPECT_TRUE(equal()) << contact(id, "custom_fields");
  EXPECT_EQ(mirror().value("SELECT jsonb_typeof(custom_fields) || jsonb_array_length(custom_fields) FROM ghl_contacts"),
            "array3");
  // A value that goes away goes away.
  mirror().crm("PUT", "contacts/" + id,
               JsonObject{{"customFields", JsonArray{JsonObject{{"key", "score"}, {"field_value", nullptr}}}}});
  EXPECT_TRUE(soon([&] { return equal() && contact(id, "jsonb_array_length(custom_fields)") == "2"; }))
      << contact(id, "custom_fields");
}

}  // namespace
}  // namespace lockstep::tests
