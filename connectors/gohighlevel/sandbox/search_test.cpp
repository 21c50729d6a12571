#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "connectors/gohighlevel/sandbox/test_client.hpp"

namespace lockstep::gohighlevel::sandbox {
namespace {

class SearchTest : public SandboxTest {
 protected:
  using SandboxTest::SandboxTest;

  // Five contacts a second apart: p0@example.com … p4@example.com.
  void people() {
    for (int i = 0; i < 5; ++i) {
      ids_.push_back(create_contact(R"("email":"p)" + std::to_string(i) + R"(@example.com","firstName":"P)" +
                                    std::to_string(9 - i) + R"(","city":")" + (i % 2 == 0 ? "Austin" : "Boston") +
                                    "\""));
      clock_.advance(std::chrono::seconds(1));
    }
  }
  TestReply search(std::string_view members) { return api("POST", "/contacts/search", with_location(members)); }
  static std::string emails(const TestReply& reply) {
    std::string out;
    for (const Json& contact : reply.at("contacts").get_array())
      out += std::string(string_member(contact, "email").substr(1, 1));
    return out;
  }
  std::string message(const TestReply& reply) {
    return std::to_string(reply.status) + " " + to_text(reply.at("message"));
  }

  std::vector<std::string> ids_;
};

TEST_F(SearchTest, ShapeDiffersFromGet) {
  create_contact(
      R"("firstName":"Ada","lastName":"Lovelace","email":"a@example.com","address1":"1 Main St","dndSettings":{"SMS":{"status":"active"}})");
  const auto reply = search(R"("pageLimit":10)");
  ASSERT_EQ(reply.status, 200u);
  EXPECT_EQ(reply.at("total").to_number<int>(), 1);
  EXPECT_EQ(reply.at("contacts.0.firstNameLowerCase").get_string(), "ada");
  EXPECT_EQ(reply.at("contacts.0.address").get_string(), "1 Main St");
  EXPECT_FALSE(reply.has("contacts.0.firstName"));
  EXPECT_FALSE(reply.has("contacts.0.dndSettings"));
  EXPECT_EQ(reply.at("contacts.0.searchAfter").get_array().size(), 2u);
}

TEST_F(SearchTest, SortsAndCursors) {
  people();
  EXPECT_EQ(emails(search(R"("pageLimit":10)")), "43210") << "newest first";
  const std::string by_update = R"("pageLimit":2,"sort":[{"field":"dateUpdated","direction":"asc"}])";
  std::string seen;
  std::string cursor;
  for (int page = 0; page < 4; ++page) {
    const auto reply = search(by_update + (cursor.empty() ? "" : ",\"searchAfter\":" + cursor));
    EXPECT_EQ(reply.at("total").to_number<int>(), 5);
    seen += emails(reply) + "|";
    if (!reply.at("contacts").get_array().empty())
      cursor = to_text(reply.at("contacts").get_array().back().at("searchAfter"));
  }
  EXPECT_EQ(seen, "01|23|4||");
  EXPECT_EQ(emails(search(R"("pageLimit":2,"page":2,"sort":[{"field":"firstNameLowerCase","direction":"asc"}])")),
            "21");
  EXPECT_EQ(
      emails(search(
          R"("pageLimit":9,"sort":[{"field":"firstNameLowerCase","direction":"desc"},{"field":"dateAdded","direction":"asc"}])")),
      "01234");
}

TEST_F(SearchTest, UpdatedSince) {
  people();
  api("PUT", "/contacts/" + ids_[1], R"({"city":"Miami"})");
  const auto reply = api("GET", "/contacts/" + ids_[4]);
  const std::string since =
      std::to_string(to_epoch_ms(*parse_iso8601(std::string_view(reply.at("contact.dateUpdated").get_string()))));
  const auto range = [&](std::string_view op, const std::string& value) {
    return emails(search(
        R"("pageLimit":10,"sort":[{"field":"dateUpdated","direction":"asc"}],"filters":[{"field":"dateUpdated","operator":"range","value":{")" +
        std::string(op) + "\":" + value + "}}]"));
  };
  EXPECT_EQ(range("gte", since), "41");
  EXPECT_EQ(range("gt", since), "1");
  EXPECT_EQ(range("lt", since), "023");
  EXPECT_EQ(range("lte", since), "0234");
  EXPECT_EQ(range("gte", to_text(reply.at("contact.dateUpdated"))), "41") << "ISO bounds are taken too";
}

TEST_F(SearchTest, FiltersAndQuery) {
  people();
  const auto filtered = [&](std::string_view filters) {
    return emails(search(R"("pageLimit":10,"sort":[{"field":"dateAdded","direction":"asc"}],"filters":[)" +
                         std::string(filters) + "]"));
  };
  EXPECT_EQ(filtered(R"({"field":"city","operator":"eq","value":"austin"})"), "024");
  EXPECT_EQ(filtered(R"({"field":"city","operator":"not_eq","value":"Austin"})"), "13");
  EXPECT_EQ(filtered(R"({"field":"phone","operator":"exists"})"), "");
  EXPECT_EQ(
      filtered(
          R"({"field":"city","operator":"contains","value":"ost"},{"field":"email","operator":"not_eq","value":"P3@example.com"})"),
      "1");
  EXPECT_EQ(
      filtered(
          R"({"group":"OR","filters":[{"field":"email","operator":"eq","value":"p0@example.com"},{"field":"id","operator":"eq","value":")" +
          ids_[4] + R"("}]})"),
      "04");
  EXPECT_EQ(emails(search(R"("pageLimit":10,"query":"P3@EX")")), "3");
}

TEST_F(SearchTest, CustomFieldsAreFilteredByIdOnly) {
  const auto fields = api("GET", "/locations/" + std::string(kLocation) + "/customFields");
  const std::string field_id(fields.at("customFields.0.id").get_string());
  create_contact(R"("email":"p1@example.com","customFields":[{"id":")" + field_id + R"(","field_value":"X"}])");
  const auto count = [&](const std::string& name) {
    return search(R"("pageLimit":10,"filters":[{"field":"customFields.)" + name + R"(","operator":"eq","value":"x"}])")
        .at("total")
        .to_number<int>();
  };
  EXPECT_EQ(count(field_id), 1);
  EXPECT_EQ(count("external_id"), 0);
}

TEST_F(SearchTest, StrictRequests) {
  EXPECT_EQ(message(search("")), R"(422 ["pageLimit should not be empty"])");
  EXPECT_EQ(message(search(R"("pageLimit":501)")), R"(422 ["pageLimit must not be greater than 500"])");
  EXPECT_EQ(search(R"("pageLimit":10,"page":1,"searchAfter":[1,"x"])").status, 422u);
  EXPECT_EQ(search(R"("pageLimit":10,"searchAfter":["x"])").status, 422u);
  EXPECT_EQ(search(R"("pageLimit":100,"page":100)").status, 200u);
  EXPECT_EQ(search(R"("pageLimit":100,"page":101)").status, 400u) << "page mode ends at 10,000 rows";
  EXPECT_EQ(message(search(R"("pageLimit":10,"filters":[{"field":"dateUpdated","operator":"gt","value":1}])")),
            R"(422 ["Invalid Operator (gt) passed for field date_updated"])");
  EXPECT_EQ(search(R"("pageLimit":10,"filters":[{"field":"nonsense","operator":"eq","value":1}])").status, 422u);
  EXPECT_EQ(search(R"("pageLimit":10,"filters":[{"field":"email","operator":"exists","value":1}])").status, 422u);
  EXPECT_EQ(search(R"("pageLimit":10,"limit":10)").status, 422u);
  EXPECT_EQ(search(R"("pageLimit":10,"sort":[{"field":"city","direction":"asc"}])").status, 422u);
}

TEST_F(SearchTest, DeprecatedListWalksByTimeAndId) {
  people();
  std::string target = "/contacts/?limit=2&locationId=" + std::string(kLocation);
  const auto first = api("GET", target);
  EXPECT_EQ(emails(first), "43");
  EXPECT_EQ(first.at("count").to_number<int>(), 5);
  target += "&startAfter=" + to_text(first.at("meta.startAfter")) +
            "&startAfterId=" + std::string(first.at("meta.startAfterId").get_string());
  EXPECT_EQ(emails(api("GET", target)), "21");
  EXPECT_EQ(api("GET", "/contacts/?limit=101&locationId=" + std::string(kLocation)).status, 422u);
}

SandboxSettings lagging() {
  SandboxSettings settings = SandboxSettings::demo();
  settings.index_lag = std::chrono::seconds(3);
  return settings;
}

class LagTest : public SearchTest {
 protected:
  LagTest() : SearchTest(lagging()) {}
};

TEST_F(LagTest, SearchesAreBehindAndReadsByIdAreNot) {
  const auto id = create_contact(R"("email":"p1@example.com")");
  EXPECT_EQ(api("GET", "/contacts/" + id).status, 200u);
  EXPECT_EQ(emails(search(R"("pageLimit":10)")), "");
  clock_.advance(std::chrono::seconds(3));
  EXPECT_EQ(emails(search(R"("pageLimit":10)")), "1");
  api("PUT", "/contacts/" + id, R"({"email":"p2@example.com"})");
  EXPECT_EQ(emails(search(R"("pageLimit":10)")), "1") << "the old version is shown";
  api("DELETE", "/contacts/" + id);
  clock_.advance(std::chrono::seconds(3));
  EXPECT_EQ(emails(search(R"("pageLimit":10)")), "");
}

TEST_F(LagTest, AFrozenIndexStandsStill) {
  control("PUT", "faults", R"({"stale_search":{"once":1,"fixed_ms":60000}})");
  create_contact(R"("email":"p1@example.com")");
  EXPECT_EQ(emails(search(R"("pageLimit":10)")), "");
  clock_.advance(std::chrono::seconds(59));
  EXPECT_EQ(emails(search(R"("pageLimit":10)")), "");
  clock_.advance(std::chrono::seconds(1));
  EXPECT_EQ(emails(search(R"("pageLimit":10)")), "1");
}

TEST_F(LagTest, StandstillsAreNotDrawnOut) {
  create_contact(R"("email":"p1@example.com")");
  clock_.advance(std::chrono::seconds(3));
  control("PUT", "faults", R"({"stale_search":{"rate":1,"fixed_ms":60000}})");
  EXPECT_EQ(emails(search(R"("pageLimit":10)")), "1") << "a standstill begins with what is due";
  create_contact(R"("email":"p2@example.com")");
  clock_.advance(std::chrono::seconds(59));
  EXPECT_EQ(emails(search(R"("pageLimit":10)")), "1");
  clock_.advance(std::chrono::seconds(1));
  EXPECT_EQ(emails(search(R"("pageLimit":10)")), "21");
}

// Whatever the page size, sort and filter: the cursor reads every matching row once, and total counts them.
RC_GTEST_FIXTURE_PROP(SearchTest, CursorsSkipAndRepeatNothing, ()) {
  const auto count = *rc::gen::inRange(1, 40);
  std::set<std::string> wanted;
  for (int i = 0; i < count; ++i) {
    const bool in_austin = *rc::gen::arbitrary<bool>();
    const auto id = create_contact(std::string(R"("firstName":"N)") + std::to_string(*rc::gen::inRange(0, 5)) +
                                   R"(","city":")" + (in_austin ? "Austin" : "Boston") + "\"");
    if (in_austin) wanted.insert(id);
    clock_.advance(std::chrono::milliseconds(*rc::gen::inRange(0, 2)));
  }
  const std::string sort = *rc::gen::element<std::string>("dateAdded", "dateUpdated", "firstNameLowerCase", "email");
  const std::string direction = *rc::gen::element<std::string>("asc", "desc");
  const std::string request = R"("pageLimit":)" + std::to_string(*rc::gen::inRange(1, 12)) + R"(,"sort":[{"field":")" +
                              sort + R"(","direction":")" + direction +
                              R"("}],"filters":[{"field":"city","operator":"eq","value":"Austin"}])";
  std::set<std::string> seen;
  std::string cursor;
  for (;;) {
    const auto reply = search(request + (cursor.empty() ? "" : ",\"searchAfter\":" + cursor));
    RC_ASSERT(reply.status == 200u);
    RC_ASSERT(reply.at("total").to_number<std::size_t>() == wanted.size());
    const auto& contacts = reply.at("contacts").get_array();
    if (contacts.empty()) break;
    for (const Json& contact : contacts) RC_ASSERT(seen.insert(std::string(string_member(contact, "id"))).second);
    cursor = to_text(contacts.back().at("searchAfter"));
  }
  RC_ASSERT(seen == wanted);
}

}  // namespace
}  // namespace lockstep::gohighlevel::sandbox
