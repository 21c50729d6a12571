#include "connectors/gohighlevel/puller.hpp"

#include <gtest/gtest.h>

#include "connectors/gohighlevel/factory.hpp"
#include "connectors/gohighlevel/search_body.hpp"
#include "connectors/gohighlevel/test_support.hpp"

namespace lockstep::gohighlevel {
namespace {

using connector::PullMode;

// The API's list of contacts c<from> … , each updated at its number of seconds.
JsonArray items(int from, int count, bool names = true) {
  JsonArray out;
  for (int i = from; i < from + count; ++i) {
    const std::string time = to_iso8601(from_epoch_ms(1'700'000'000'000 + i * 1'000));
    JsonObject item{
        {"id", "c" + std::to_string(i)}, {"email", "e@example.com"}, {"phone", "+1"},      {"tags", JsonArray()},
        {"customFields", JsonArray()},   {"dateAdded", time},        {"dateUpdated", time}};
    if (names) {
      item["firstName"] = "Ada";
      item["lastName"] = "L";
    } else {
      item["firstNameLowerCase"] = "ada";
    }
    out.push_back(std::move(item));
  }
  return out;
}

Json by_id(int i) {
  return {{"contact",
           {{"id", "c" + std::to_string(i)},
            {"firstName", "Ada"},
            {"dateUpdated", to_iso8601(from_epoch_ms(1'700'000'000'000 + i * 1'000))}}}};
}

class PullerTest : public ::testing::Test {
 protected:
  PullerTest() { bench.start(); }
  Result<connector::PullPage> pull(Json cursor, PullMode mode = PullMode::full, std::string object = "contact",
                                   std::size_t limit = 3) {
    return bench.loop.run(
        bench.crm->pull({std::move(object), mode, std::move(cursor), limit, sync::WorkClass::backfill}));
  }
  void done() {
    EXPECT_TRUE(bench.http.done());
    for (const auto& surprise : bench.http.surprises) ADD_FAILURE() << surprise;
  }
  TestBench bench;
};

TEST_F(PullerTest, WalksTheListByTimeAndId) {
  bench.http.expect(
      "GET /contacts/?locationId=testLocation00000001&limit=3", 200,
      {{"contacts", items(0, 3)}, {"meta", {{"total", 4}, {"startAfter", 1'700'000'002'000}, {"startAfterId", "c2"}}}});
  const auto first = pull(nullptr);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->changes.size(), 3U);
  EXPECT_EQ(first->total, 4U);
  EXPECT_FALSE(first->last);
  EXPECT_EQ(first->changes[0].version, 1'700'000'000'000U);
  bench.http.expect("GET /contacts/?locationId=testLocation00000001&limit=3&startAfter=1700000002000&startAfterId=c2",
                    200, {{"contacts", items(3, 1)}});
  const auto second = pull(first->cursor);
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->last);
  EXPECT_EQ(bench.http.calls[0].work, sync::WorkClass::backfill);
  done();
}

// Whatever an answer says, the next call goes to the same paths of the same host with the same location.
TEST_F(PullerTest, LinksAndCursorsOfAnAnswerLeadNowhereElse) {
  bench.http.expect("GET /contacts/?locationId=testLocation00000001&limit=3", 200,
                    {{"contacts", items(0, 3)},
                     {"meta",
                      {{"total", 4},
                       {"nextPageUrl", "https://elsewhere.example/contacts/?steal=1"},
                       {"nextPage", "//elsewhere.example/"},
                       {"startAfter", "1700000002000&locationId=other"},
                       {"startAfterId", "c2&locationId=other#/../../oauth"}}}});
  const auto first = pull(nullptr);
  ASSERT_TRUE(first) << first.error().message;
  bench.http.expect("GET /contacts/?locationId=testLocation00000001&limit=3&startAfter=", 200,
                    {{"contacts", items(3, 1)}});
  ASSERT_TRUE(pull(first->cursor));
  const std::string& target = bench.http.calls.back().request.target;
  EXPECT_EQ(target.substr(target.find("&startAfter=")),
            "&startAfter=0&startAfterId=c2%26locationId%3Dother%23%2F..%2F..%2Foauth");
  bench.http.expect("GET /contacts/", 404, {{"message", "no such contact"}});
  (void)bench.loop.run(bench.crm->fetch("contact", "../oauth/token?x=//elsewhere.example", sync::WorkClass::live));
  EXPECT_EQ(bench.http.calls.back().request.target, "/contacts/..%2Foauth%2Ftoken%3Fx%3D%2F%2Felsewhere.example");
  done();
}

TEST_F(PullerTest, ACursorThatDoesNotAdvanceIsAnError) {
  const Json page = {{"contacts", items(0, 3)}, {"meta", {{"startAfter", 5}, {"startAfterId", "c2"}}}};
  bench.http.expect("GET /contacts/", 200, page);
  const auto first = pull(nullptr);
  ASSERT_TRUE(first);
  bench.http.expect("GET /contacts/", 200, page);
  const auto second = pull(first->cursor);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::corrupt);
}

TEST_F(PullerTest, FallsBackToSearchWhereThereIsNoList) {
  bench.http.expect("GET /contacts/", 404, {{"message", "Cannot GET /contacts/"}});
  bench.http.expect("POST /contacts/search", 200, {{"contacts", items(0, 3)}, {"total", 3}});
  const auto first = pull(nullptr);
  ASSERT_TRUE(first);
  EXPECT_EQ(to_text(bench.http.body(1)),
            R"({"locationId":"testLocation00000001","pageLimit":3,"sort":[{"field":"dateAdded","direction":"asc"}]})");
  bench.http.expect("POST /contacts/search", 200, {{"contacts", JsonArray()}});
  const auto second = pull(first->cursor);
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->last);
  EXPECT_EQ(to_text(bench.http.body(2).at("searchAfter")), R"([1700000002000,"c2"])");
  done();
}

TEST_F(PullerTest, AMappedFieldThatTheListLacksComesFromTheSearchBesideIt) {
  TestMapping mapping;
  mapping.contact = {"firstName", "email", "website"};
  TestBench other(token_settings(), mapping);
  other.start();
  JsonArray found = items(0, 2, false);
  found[0].get_object()["website"] = "https://example.com";
  found[1].get_object()["dateUpdated"] = "2024-01-01T00:00:00.000Z";  // changed since: must not be mixed in
  other.http.expect("GET /contacts/", 200, {{"contacts", items(0, 2)}});
  other.http.expect("POST /contacts/search", 200, {{"contacts", found}});
  const auto page = other.loop.run(other.crm->pull({"contact", PullMode::full, nullptr, 10, sync::WorkClass::verify}));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->changes[0].document.at("website"), "https://example.com");
  EXPECT_EQ(page->changes[0].document.at("firstName"), "Ada");
  EXPECT_FALSE(page->changes[1].document.get_object().contains("website"));
  EXPECT_EQ(to_text(other.http.body(1).at("sort")), R"([{"field":"dateAdded","direction":"desc"}])");
  EXPECT_TRUE(other.http.done());
}

TEST_F(PullerTest, PollsFromTheStartOfTheFullPull) {
  bench.http.expect("GET /contacts/", 200, {{"contacts", JsonArray()}});
  const auto started = to_epoch_ms(bench.loop.clock().now());
  ASSERT_TRUE(pull(nullptr));
  bench.loop.run_for(std::chrono::hours(2));
  bench.http.expect("POST /contacts/search", 200, {{"contacts", JsonArray()}});
  const auto polled = pull(nullptr, PullMode::incremental);
  ASSERT_TRUE(polled);
  EXPECT_TRUE(polled->last);
  const Json filter = bench.http.body(1).at("filters").at(0);
  EXPECT_EQ(filter.at("field"), "dateUpdated");
  EXPECT_EQ(filter.at("operator"), "range");
  EXPECT_EQ(filter.at("value").at("gte").to_number<std::int64_t>(), started - 360'000);
  done();
}

TEST_F(PullerTest, PollsReadNamesByIdOncePerVersion) {
  const Json cursor = {{"since", 1'700'000'000'000}};
  bench.http.expect("POST /contacts/search", 200, {{"contacts", items(0, 2, false)}});
  bench.http.expect("GET /contacts/c0", 200, by_id(0));
  bench.http.expect("GET /contacts/c1", 400, {{"message", "Contact with id c1 not found"}});
  const auto first = pull(cursor, PullMode::incremental);
  ASSERT_TRUE(first) << first.error().message;
  ASSERT_EQ(first->changes.size(), 2U);
  EXPECT_EQ(first->changes[0].document.at("firstName"), "Ada");
  EXPECT_EQ(first->changes[0].extent, sync::Extent::full);
  EXPECT_EQ(first->changes[1].kind, sync::ChangeKind::deleted);
  // The next poll looks back a minute; both rows are known.
  bench.http.expect("POST /contacts/search", 200, {{"contacts", items(0, 3, false)}});
  bench.http.expect("GET /contacts/c2", 200, by_id(2));
  const auto second = pull(first->cursor, PullMode::incremental, "contact", 10);
  ASSERT_TRUE(second);
  ASSERT_EQ(second->changes.size(), 1U);
  EXPECT_EQ(second->changes[0].external_id, "c2");
  // A cursor from before (after a crash) shows them again, and what was read already is not read again.
  bench.http.expect("POST /contacts/search", 200, {{"contacts", items(0, 1, false)}});
  const auto again = pull(cursor, PullMode::incremental, "contact", 10);
  ASSERT_TRUE(again);
  ASSERT_EQ(again->changes.size(), 1U);
  EXPECT_EQ(again->changes[0].extent, sync::Extent::partial);
  done();
}

// Contacts that were added together: one page of the list has the names of all of them.
TEST_F(PullerTest, PollsTakeNamesFromTheListWhereAPageHasMany) {
  JsonArray found = items(0, 12, false);
  JsonArray listed = items(0, 12);
  std::ranges::reverse(listed);
  listed[3].get_object()["dateUpdated"] = "2024-01-01T00:00:00.000Z";  // c8 has changed since: must not be mixed in
  listed[5].get_object()["firstName"] = "McKenzie";                    // c6
  bench.http.expect("POST /contacts/search", 200, {{"contacts", found}});
  // From just above the newest of them on.
  bench.http.expect(
      "GET /contacts/?locationId=testLocation00000001&limit=100&startAfter=1700000011001&startAfterId=c11", 200,
      {{"contacts", listed}});
  bench.http.expect("GET /contacts/c8", 200, by_id(8));
  const auto page = pull({{"since", 1'700'000'000'000}}, PullMode::incremental, "contact", 100);
  ASSERT_TRUE(page) << page.error().message;
  ASSERT_EQ(page->changes.size(), 12U);
  for (int i = 0; i < 12; ++i) {
    const sync::Change& change = page->changes[static_cast<std::size_t>(i)];
    EXPECT_EQ(change.external_id, "c" + std::to_string(i)) << "in the order of the search";
    EXPECT_EQ(change.document.at("firstName"), i == 6 ? "McKenzie" : "Ada");
    EXPECT_EQ(change.extent, i == 8 ? sync::Extent::full : sync::Extent::partial);
  }
  done();
}

TEST_F(PullerTest, PollsReadByIdWhatThePagesOfTheListHaveTooFewOf) {
  // Seven that were added together are on one page; of the others, years older, the next page has one only.
  JsonArray found = items(0, 14, false);
  for (std::size_t i = 7; i < 14; ++i)
    found[i].get_object()["dateAdded"] = to_iso8601(from_epoch_ms(1'500'000'000'000 + static_cast<int>(i) * 1'000));
  JsonArray first = items(0, 7);
  for (int i = 0; i < 93; ++i) {
    JsonArray other = items(1'000 + i, 1);
    other[0].get_object()["dateAdded"] = "2023-10-01T00:00:00.000Z";
    first.push_back(other[0]);
  }
  JsonArray second = items(13, 1);
  second[0].get_object()["dateAdded"] = found[13].at("dateAdded");
  bench.http.expect("POST /contacts/search", 200, {{"contacts", found}});
  bench.http.expect("GET /contacts/?locationId=testLocation00000001&limit=100&startAfter=1700000006001&startAfterId=c6",
                    200, {{"contacts", first}});
  bench.http.expect(
      "GET /contacts/?locationId=testLocation00000001&limit=100&startAfter=1500000013001&startAfterId=c13", 200,
      {{"contacts", second}});
  for (int i = 7; i < 13; ++i) bench.http.expect("GET /contacts/c" + std::to_string(i), 200, by_id(i));
  const auto page = pull({{"since", 1'500'000'000'000}}, PullMode::incremental, "contact", 100);
  ASSERT_TRUE(page) << page.error().message;
  for (const sync::Change& change : page->changes) EXPECT_EQ(change.document.at("firstName"), "Ada");
  done();
}

TEST_F(PullerTest, PollsReadByIdWhereThereIsNoList) {
  bench.http.expect("POST /contacts/search", 200, {{"contacts", items(0, 5, false)}});
  bench.http.expect("GET /contacts/?locationId", 404, {{"message", "gone"}});
  for (int i = 0; i < 5; ++i) bench.http.expect("GET /contacts/c" + std::to_string(i), 200, by_id(i));
  const auto page = pull({{"since", 1'700'000'000'000}}, PullMode::incremental, "contact", 100);
  ASSERT_TRUE(page) << page.error().message;
  for (const sync::Change& change : page->changes) EXPECT_EQ(change.document.at("firstName"), "Ada");
  // What stands between is said, and the poll is tried again as a whole.
  bench.http.expect("POST /contacts/search", 200, {{"contacts", items(20, 5, false)}});
  bench.http.expect("GET /contacts/?locationId", 503, {{"message", "later"}});
  const auto failed = pull({{"since", 1'700'000'000'000}}, PullMode::incremental, "contact", 100);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, ErrorKind::unavailable);
  done();
}

TEST_F(PullerTest, APollsNextStartOverlapsAndNeverGoesBack) {
  bench.http.expect("POST /contacts/search", 200, {{"contacts", items(100, 3)}});
  auto page = pull({{"since", 1'700'000'000'000}}, PullMode::incremental);
  ASSERT_TRUE(page);
  EXPECT_FALSE(page->last);
  EXPECT_EQ(page->cursor.at("since").to_number<std::int64_t>(),
            1'700'000'000'000);  // the pages of one poll have one filter
  EXPECT_EQ(to_text(page->cursor.at("after")), R"([1700000102000,"c102"])");
  bench.http.expect("POST /contacts/search", 200, {{"contacts", JsonArray()}});
  page = pull(page->cursor, PullMode::incremental);
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->last);
  EXPECT_EQ(page->cursor.at("since").to_number<std::int64_t>(), 1'700'000'102'000 - 60'000);
  EXPECT_FALSE(page->cursor.get_object().contains("after"));
  bench.http.expect("POST /contacts/search", 200, {{"contacts", JsonArray()}});
  const auto idle = pull(page->cursor, PullMode::incremental);
  ASSERT_TRUE(idle);
  EXPECT_EQ(idle->cursor.at("since"), page->cursor.at("since"));
  done();
}

TEST_F(PullerTest, ErrorsOfReads) {
  const auto error = [&](Result<wire::HttpResponse> reply) {
    bench.http.expect("POST /contacts/search", std::move(reply));
    const auto page = pull({{"since", 1}}, PullMode::incremental);
    EXPECT_FALSE(page);
    return page ? Error{} : page.error();
  };
  EXPECT_EQ(error(json_response(500, nullptr)).kind, ErrorKind::unavailable);
  EXPECT_EQ(error(fail(ErrorKind::maybe_applied, "x")).kind, ErrorKind::unavailable);
  EXPECT_EQ(error(json_response(401, nullptr)).kind, ErrorKind::unauthorized);
  EXPECT_EQ(error(json_response(422, {{"message", {"pageLimit must be a number"}}})).kind, ErrorKind::invalid);
  EXPECT_EQ(error(json_response(200, {{"contacts", 7}})).kind, ErrorKind::unavailable);
  const Error limited = error(json_response(429, nullptr, {{"Retry-After", "5"}}));
  EXPECT_EQ(limited.kind, ErrorKind::rate_limited);
  EXPECT_EQ(limited.retry_after, std::chrono::seconds(5));
  bench.http.expect("POST /contacts/search", 200, {{"contacts", items(0, 2, false)}});
  bench.http.expect("GET /contacts/c0", fail(ErrorKind::unavailable, "x"));
  bench.http.expect("GET /contacts/c1", 200, by_id(1));
  const auto page = pull({{"since", 1}}, PullMode::incremental);
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(pull(nullptr, PullMode::full, "order").error().kind, ErrorKind::invalid);
}

TEST(SearchBody, RemembersTheNewestOfTheOverlap) {
  JsonObject shown{{"a", 5}, {"b", 7}, {"c", 9}, {"d", 11}};
  trim_shown(shown, 6, 2);
  EXPECT_EQ(shown.size(), 2U);
  EXPECT_TRUE(shown.contains("c") && shown.contains("d"));
}

TEST(FindContact, NeedsANaturalKeyAndAnswersOnlyWithWhatFits) {
  TestBench bench;
  bench.start();
  const auto find = [&](Json document) { return bench.loop.run(bench.crm->find(contact_create(std::move(document)))); };
  const auto without = find({{"firstName", "Ada"}});
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().kind, ErrorKind::invalid);
  // The lookup goes by the location's key order: this one shares nothing with what was written.
  bench.http.expect("GET /contacts/search/duplicate?locationId=testLocation00000001&email=a%40b.c", 200,
                    {{"contact", {{"id", "c7"}}}});
  bench.http.expect("GET /contacts/c7", 200, {{"contact", {{"id", "c7"}, {"email", "other@b.c"}}}});
  const auto other = find({{"email", "a@b.c"}});
  ASSERT_TRUE(other);
  EXPECT_FALSE(*other);
  bench.http.expect("GET /contacts/search/duplicate?locationId=testLocation00000001&number=555%20010%200199", 200,
                    {{"contact", {{"id", "c7"}}}});
  bench.http.expect("GET /contacts/c7", 200, {{"contact", {{"id", "c7"}, {"phone", "+15550100199"}}}});
  const auto phone = find({{"phone", "555 010 0199"}});
  ASSERT_TRUE(phone && *phone);
  EXPECT_EQ((*phone)->external_id, "c7");
  bench.http.expect("GET /contacts/search/duplicate", fail(ErrorKind::unavailable, "x"));
  EXPECT_EQ(find({{"email", "a@b.c"}}).error().kind, ErrorKind::unavailable);
  // X1: an answer that names no contact and does not say "none" is no reason to make one.
  bench.http.expect("GET /contacts/search/duplicate", 200, JsonObject());
  const auto rubbish = find({{"email", "a@b.c"}});
  ASSERT_FALSE(rubbish);
  EXPECT_EQ(rubbish.error().kind, ErrorKind::unavailable);
  // Nor is a reading that shows nothing a reason to give up.
  bench.http.expect("GET /contacts/search/duplicate", 200, {{"contact", {{"id", "c7"}}}});
  bench.http.expect("GET /contacts/c7", 200, JsonObject());
  const auto nothing = find({{"email", "a@b.c"}});
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().kind, ErrorKind::unavailable);
  EXPECT_TRUE(bench.http.done());
}

TEST(FindOpportunity, SeveralAreAPersonsDecision) {
  TestBench bench;
  bench.start();
  connector::WriteRequest request;
  request.object = kOpportunity;
  request.document = {{"name", "Deal"}, {"contactId", "c1"}, {"pipelineId", "p"}};
  const Json one = {{"id", "o1"}, {"name", "Deal"}, {"contactId", "c1"}};
  const Json two = {{"id", "o2"}, {"name", "Deal"}, {"contactId", "c1"}};
  bench.http.expect(
      "GET /opportunities/search?location_id=testLocation00000001&contact_id=c1&pipeline_id=p&status=all&limit=100",
      200, {{"opportunities", {one, two}}});
  EXPECT_EQ(bench.loop.run(bench.crm->find(request)).error().kind, ErrorKind::invalid);
  bench.http.expect("GET /opportunities/search", 200, {{"opportunities", JsonArray{one}}});
  bench.http.expect("GET /opportunities/o1", 200, {{"opportunity", one}});
  const auto found = bench.loop.run(bench.crm->find(request));
  ASSERT_TRUE(found && *found);
  request.document = {{"name", "Deal"}};
  EXPECT_EQ(bench.loop.run(bench.crm->find(request)).error().kind, ErrorKind::invalid);
}

TEST(Settings, AllProblemsAtOnce) {
  TestMapping mapping;
  const auto factory_made = factory();
  const auto problems = factory_made.check_settings(mapping.settings({{"token", 7},
                                                                      {"base_url", "ftp://x"},
                                                                      {"signatures", "maybe"},
                                                                      {"webhook_public_key", "junk"},
                                                                      {"overlap_seconds", -1},
                                                                      {"colour", "red"}}));
  std::set<std::string> names;
  for (const auto& problem : problems) names.insert(problem.setting);
  EXPECT_EQ(names, (std::set<std::string>{"location_id", "token", "base_url", "signatures", "webhook_public_key",
                                          "overlap_seconds", "colour"}));
  const auto half =
      factory_made.check_settings(mapping.settings({{"location_id", "x"}, {"oauth", JsonObject{{"client_id", "a"}}}}));
  EXPECT_EQ(half.size(), 2U);
  EXPECT_TRUE(factory_made.check_settings(mapping.settings(token_settings())).empty());
  EXPECT_TRUE(factory_made.check_settings(mapping.settings(oauth_settings())).empty());
  EXPECT_EQ(factory_made.origin({{"base_url", "http://[::1]:9/"}}), "http://[::1]:9");
  EXPECT_EQ(factory_made.origin({}), "https://services.leadconnectorhq.com");
  // Every setting that is read is in the schema, and the other way round.
  EXPECT_EQ(settings_schema().at("properties").get_object().size(), 14U);
}

TEST(Settings, V3ReadsBySearch) {
  TestMapping mapping;
  JsonObject values = token_settings();
  values["version"] = "v3";
  EXPECT_EQ(read_settings(mapping.settings(values)).settings.full_pull, FullPull::search);
}

TEST(Check, SaysWhichScopeIsMissing) {
  TestBench bench;
  bench.start();
  bench.http.expect("GET /locations/testLocation00000001", 200,
                    {{"location", {{"settings", {{"allowDuplicateContact", true}}}}}},
                    {{"X-RateLimit-Daily-Remaining", "5"}, {"X-RateLimit-Limit-Daily", "10"}});
  bench.http.expect("GET /contacts/", 401, {{"message", "The token is not authorized for this scope."}});
  bench.http.expect("GET /opportunities/pipelines", 200, {{"pipelines", JsonArray()}});
  bench.http.expect("GET /locations/testLocation00000001/customFields", 200, {{"customFields", JsonArray()}});
  const auto lines = bench.loop.run(bench.crm->check());
  std::string text;
  for (const auto& line : lines)
    text += std::to_string(static_cast<int>(line.level)) + " " + line.what + " | " + line.hint + "\n";
  EXPECT_NE(text.find("2 may read contacts | give the token the scope contacts.readonly"), std::string::npos) << text;
  EXPECT_NE(text.find("1 the location allows duplicate contacts"), std::string::npos) << text;
  EXPECT_NE(text.find("0 5 of 10 calls are left today"), std::string::npos) << text;
  EXPECT_NE(text.find("2 contact has no custom field `loyalty`"), std::string::npos) << text;
  EXPECT_TRUE(bench.http.done());
}

}  // namespace
}  // namespace lockstep::gohighlevel
