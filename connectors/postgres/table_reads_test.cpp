#include "connectors/postgres/table_reads.hpp"

#include <gmock/gmock.h>
#include <signal.h>

#include "connectors/postgres/limits.hpp"
#include "connectors/postgres/test_database.hpp"

namespace lockstep::postgres {
namespace {

using connector::Comparison;
using connector::Count;
using connector::TableFilter;
using connector::TableOrder;
using connector::TableRead;
using connector::TableResult;
using testing::ElementsAre;
using testing::HasSubstr;

TableFilter where(std::string column, Comparison comparison, std::vector<std::string> values) {
  TableFilter filter;
  filter.column = std::move(column);
  filter.comparison = comparison;
  filter.values = std::move(values);
  return filter;
}

TableFilter group(TableFilter::Kind kind, std::vector<TableFilter> parts) {
  TableFilter filter;
  filter.kind = kind;
  filter.parts = std::move(parts);
  return filter;
}

TableFilter no(TableFilter filter) {
  filter.negated = true;
  return filter;
}

class TableReadsTest : public TestDatabase {
 protected:
  void SetUp() override {
    TestDatabase::SetUp();
    if (IsSkipped()) return;
    sql("CREATE TABLE people (id int PRIMARY KEY, name text, score numeric, tags text[], extra jsonb, at timestamptz, "
        "owner uuid)");
    sql("INSERT INTO people VALUES (1, 'Ann', 1.50, '{a,b}', '{\"k\": 1}', '2026-01-05T10:00:00Z', NULL), "
        "(2, 'Bob', 20, '{b}', '{}', '2026-01-06T10:00:00Z', '00000000-0000-4000-8000-000000000002'), "
        "(3, NULL, NULL, NULL, NULL, NULL, '00000000-0000-4000-8000-000000000003')");
  }
  void TearDown() override {
    if (reads_) ports_.loop.run(reads_->stop());
    TestDatabase::TearDown();
  }

  TableReads& reads() {
    if (!reads_) {
      Settings settings;
      settings.url = url("postgres");
      settings.read_deadline = deadline_;
      settings.read_statement_time = statement_time_;
      reads_ = std::make_unique<TableReads>(settings, ports_.loop, ports_.ports().make_worker);
    }
    return *reads_;
  }
  TableResult read(TableRead read) { return std::move(*ports_.loop.run(reads().read(std::move(read)))); }
  // The rows whose ids pass the filter.
  std::string ids(TableFilter filter) {
    TableRead wanted = people();
    wanted.columns = {{"id", "", ""}};
    wanted.filters = {std::move(filter)};
    wanted.order = {{"id", {}, {}}};
    const TableResult result = read(std::move(wanted));
    if (!result) return result.error().code + " " + result.error().message;
    std::string out;
    for (const auto& row : result->rows) out += row.substr(6, row.size() - 7);
    return out;
  }
  static TableRead people() {
    TableRead read;
    read.relation = "people";
    return read;
  }
  // The process that serves the only connection. It must not be stopped when the test ends.
  pid_t backend() {
    sql("CREATE OR REPLACE VIEW me AS SELECT pg_backend_pid() AS pid");
    TableRead wanted;
    wanted.relation = "me";
    const TableResult result = read(std::move(wanted));
    return result ? std::stoi(result->rows.front().substr(7)) : 0;
  }

  std::chrono::milliseconds deadline_ = limits::read_deadline;
  std::chrono::milliseconds statement_time_ = limits::read_statement_time;
  std::unique_ptr<TableReads> reads_;
};

TEST_F(TableReadsTest, AllColumnsAsTheDatabaseWritesThem) {
  TableRead wanted = people();
  wanted.filters = {where("id", Comparison::equal, {"1"})};
  const TableResult result = read(std::move(wanted));
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_THAT(result->rows, ElementsAre("{\"id\":1,\"name\":\"Ann\",\"score\":1.50,\"tags\":[\"a\",\"b\"],\"extra\":"
                                        "{\"k\": 1},\"at\":\"2026-01-05T10:00:00+00:00\",\"owner\":null}"));
  EXPECT_FALSE(result->total);
}

TEST_F(TableReadsTest, ColumnsAliasesCastsOrderPageAndCount) {
  TableRead wanted = people();
  wanted.columns = {{"name", "who", ""}, {"score", "", "text"}};
  wanted.order = {{"name", TableOrder::Direction::descending, TableOrder::Nulls::last}};
  wanted.limit = 2;
  wanted.offset = 1;
  wanted.count = Count::exact;
  const TableResult result = read(std::move(wanted));
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_THAT(result->rows, ElementsAre(R"({"who":"Ann","score":"1.50"})", R"({"who":null,"score":null})"));
  EXPECT_EQ(result->total, 3U);
}

TEST_F(TableReadsTest, EveryComparison) {
  using enum Comparison;
  EXPECT_EQ(ids(where("name", equal, {"Ann"})), "1");
  EXPECT_EQ(ids(where("name", not_equal, {"Ann"})), "2");
  EXPECT_EQ(ids(where("name", distinct, {"Ann"})), "23");
  EXPECT_EQ(ids(where("score", greater, {"1.5"})), "2");
  EXPECT_EQ(ids(where("score", greater_or_equal, {"1.5"})), "12");
  EXPECT_EQ(ids(where("at", less, {"2026-01-06T10:00:00Z"})), "1");
  EXPECT_EQ(ids(where("at", less_or_equal, {"2026-01-06T10:00:00Z"})), "12");
  EXPECT_EQ(ids(where("name", like, {"%n"})), "1");
  EXPECT_EQ(ids(where("name", ilike, {"b%"})), "2");
  EXPECT_EQ(ids(where("name", is, {"null"})), "3");
  EXPECT_EQ(ids(where("name", is, {"not_null"})), "12");
  EXPECT_EQ(ids(where("id", in, {"1", "3"})), "13");
  EXPECT_EQ(ids(where("id", in, {})), "");
  EXPECT_EQ(ids(where("tags", contains, {"{a}"})), "1");
  EXPECT_EQ(ids(where("tags", contained, {"{b,c}"})), "2");
  EXPECT_EQ(ids(where("tags", overlaps, {"{b}"})), "12");
  EXPECT_EQ(ids(where("extra", contains, {"{\"k\": 1}"})), "1");
}

TEST_F(TableReadsTest, GroupsAndNegations) {
  using enum Comparison;
  EXPECT_EQ(ids(no(where("id", in, {"1", "3"}))), "2");
  EXPECT_EQ(ids(no(where("name", is, {"null"}))), "12");
  EXPECT_EQ(ids(group(TableFilter::Kind::any_of, {where("id", equal, {"3"}), where("name", equal, {"Ann"})})), "13");
  EXPECT_EQ(ids(no(group(TableFilter::Kind::all_of,
                         {where("id", greater, {"1"}),
                          group(TableFilter::Kind::any_of, {where("id", equal, {"2"}), where("id", equal, {"7"})})}))),
            "13");
}

TEST_F(TableReadsTest, NothingThatIsSentBecomesSql) {
  using enum Comparison;
  sql("CREATE TABLE \"odd \"\"name\" (\"a\"\"b\" text, \"x' OR true --\" int)");
  sql("INSERT INTO \"odd \"\"name\" VALUES ('it''s', 7)");
  TableRead wanted;
  wanted.relation = "odd \"name";
  wanted.columns = {{"a\"b", "c\"d", ""}, {"x' OR true --", "", "text"}};
  wanted.filters = {where("a\"b", equal, {"it's"})};
  wanted.order = {{"a\"b", {}, {}}};
  const TableResult result = read(std::move(wanted));
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_THAT(result->rows, ElementsAre(R"({"c\"d":"it's","x' OR true --":"7"})"));
  EXPECT_EQ(ids(where("name", equal, {"' OR true --"})), "");
  EXPECT_THAT(ids(where("name\" IS NULL OR \"name", equal, {"x"})), HasSubstr("42703"));
  EXPECT_THAT(ids(where("name", is, {"NULL OR true"})), HasSubstr("after 'is'"));
  EXPECT_THAT(ids(where("name", equal, {std::string("Ann\0x", 5)})), HasSubstr("zero byte"));
  // people.upper(…) and the like are functions of a row: names of columns are columns only.
  sql("CREATE FUNCTION secret(people) RETURNS text LANGUAGE sql AS 'SELECT ''told''::text'");
  EXPECT_THAT(ids(where("secret", equal, {"told"})), HasSubstr("42703"));
}

TEST_F(TableReadsTest, TheDatabaseDecidesWhoSeesWhat) {
  sql("DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'reader') THEN CREATE ROLE reader; CREATE ROLE "
      "nobody; END IF; END $$");
  sql("ALTER TABLE people ENABLE ROW LEVEL SECURITY; GRANT SELECT ON people TO reader; CREATE POLICY own ON people FOR "
      "SELECT TO reader USING (owner = (nullif(current_setting('request.jwt.claims', true), "
      "'')::jsonb->>'sub')::uuid)");
  TableRead wanted = people();
  wanted.columns = {{"id", "", ""}};
  wanted.role = {"reader", Json{{"sub", "00000000-0000-4000-8000-000000000002"}}, nullptr};
  TableResult result = read(wanted);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_THAT(result->rows, ElementsAre(R"({"id":2})"));
  // What only Lockstep knows of a caller.
  sql("CREATE POLICY told ON people FOR SELECT TO reader USING (nullif(current_setting('lockstep.sources', true), "
      "'')::jsonb ->> 'main' = 'owner')");
  wanted.role = {"reader", nullptr, Json{{"main", "owner"}}};
  EXPECT_EQ(read(wanted)->rows.size(), 3U);
  wanted.role = {"reader", nullptr, Json{{"main", "viewer"}}};
  EXPECT_TRUE(read(wanted)->rows.empty());
  sql("CREATE POLICY own_business ON people FOR SELECT TO reader USING (nullif(current_setting('lockstep.businesses', "
      "true), '')::jsonb -> 'main' ? id::text)");
  wanted.role = {"reader", nullptr, Json{{"main", "viewer"}}, Json{{"main", JsonArray{"2", "no such"}}}};
  EXPECT_THAT(read(wanted)->rows, ElementsAre(R"({"id":2})"));
  // Neither the role nor the claims outlive the read, although the connection does.
  wanted.role = {"reader", nullptr, nullptr};
  result = read(wanted);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_TRUE(result->rows.empty());
  wanted.role = {};
  EXPECT_EQ(read(wanted)->rows.size(), 3U);
  wanted.role = {"nobody", nullptr, nullptr};
  result = read(wanted);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::unauthorized);
  EXPECT_EQ(result.error().code, "42501");
  EXPECT_EQ(result.error().message, "permission denied for table people");
  wanted.role = {"not_there", nullptr, nullptr};
  result = read(wanted);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(result.error().message, HasSubstr("GRANT not_there TO"));
}

TEST_F(TableReadsTest, RefusalsSayWhatIsWrong) {
  TableRead wanted;
  wanted.relation = "nope";
  TableResult result = read(wanted);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::not_found);
  EXPECT_EQ(result.error().code, "42P01");
  wanted = people();
  wanted.columns = {{"nope", "", ""}};
  result = read(wanted);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::invalid);
  EXPECT_EQ(result.error().message, "column \"nope\" does not exist");
  wanted = people();
  wanted.filters = {where("id", Comparison::equal, {"personal"})};
  result = read(wanted);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, "22P02");
  EXPECT_THAT(result.error().message, testing::Not(HasSubstr("personal")));  // O4
  wanted = people();
  wanted.limit = limits::read_rows + 1;
  EXPECT_EQ(read(wanted).error().kind, ErrorKind::invalid);
  wanted = people();
  wanted.relation = "";
  EXPECT_EQ(read(wanted).error().kind, ErrorKind::invalid);
  EXPECT_EQ(read(people())->rows.size(), 3U);  // and the connection is fit for the next
}

TEST_F(TableReadsTest, NothingIsWritten) {
  sql("CREATE FUNCTION seen() RETURNS int LANGUAGE sql VOLATILE AS 'INSERT INTO people (id) VALUES (9) RETURNING id'");
  sql("CREATE VIEW writes AS SELECT seen() AS id");
  TableRead wanted;
  wanted.relation = "writes";
  const TableResult result = read(std::move(wanted));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::invalid);
  EXPECT_EQ(result.error().code, "25006");
  EXPECT_EQ(sql("SELECT count(*) FROM people"), "3");
}

TEST_F(TableReadsTest, AnAnswerHasALargestSize) {
  sql("CREATE VIEW large AS SELECT repeat('x', 1000000) AS x FROM generate_series(1, 40)");
  TableRead wanted;
  wanted.relation = "large";
  const TableResult result = read(wanted);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::exhausted);
  wanted.limit = 10;
  EXPECT_EQ(read(wanted)->rows.size(), 10U);
}

TEST_F(TableReadsTest, AStatementHasItsTime) {
  statement_time_ = std::chrono::milliseconds(50);
  sql("CREATE VIEW slow AS SELECT 1 AS x FROM pg_sleep(30)");
  TableRead wanted;
  wanted.relation = "slow";
  const TableResult result = read(std::move(wanted));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(result.error().code, "57014");
}

// A read of a server that has stopped answering, on a connection that stands, ends in time; the next one has a new
// connection.
TEST_F(TableReadsTest, AHangingServerEndsOnlyTheRead) {
  deadline_ = std::chrono::milliseconds(1'000);
  const pid_t pid = backend();
  ASSERT_GT(pid, 0);
  ASSERT_EQ(kill(pid, SIGSTOP), 0);
  const TableResult result = read(people());
  kill(pid, SIGCONT);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::unavailable);
  EXPECT_TRUE(read(people()));
}

TEST_F(TableReadsTest, StoppingEndsReadsAtOnce) {
  const pid_t pid = backend();
  ASSERT_GT(pid, 0);
  ASSERT_EQ(kill(pid, SIGSTOP), 0);
  std::optional<TableResult> result;
  struct Ask {
    static Task<void> run(TableReads& reads, std::optional<TableResult>& result) {
      TableResult got = co_await reads.read(people());
      result.emplace(std::move(got));
    }
  };
  TaskScope tasks;
  tasks.spawn(Ask::run(reads(), result));
  ports_.loop.run(reads().stop());
  kill(pid, SIGCONT);
  ASSERT_TRUE(result);
  ASSERT_FALSE(*result);
  EXPECT_EQ(result->error().kind, ErrorKind::unavailable);
}

TEST_F(TableReadsTest, MoreReadsThanConnectionsWaitAndTooManyAreRefused) {
  struct Ask {
    static Task<void> run(TableReads& reads, int& well, int& refused) {
      TableResult got = co_await reads.read(people());
      if (got) ++well;
      if (!got && got.error().kind == ErrorKind::exhausted) ++refused;
    }
  };
  int well = 0;
  int refused = 0;
  TaskScope tasks;
  const std::size_t room = limits::read_connections + limits::read_waiting;
  for (std::size_t i = 0; i < room + 5; ++i) tasks.spawn(Ask::run(reads(), well, refused));
  ASSERT_TRUE(ports_.loop.run_until([&] { return tasks.idle(); }));
  EXPECT_EQ(well, room);
  EXPECT_EQ(refused, 5);
  EXPECT_EQ(
      sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lockstep' AND datname = '" + name_ + "'"),
      std::to_string(limits::read_connections));
}

TEST_F(TableReadsTest, AConnectionThatWasCutIsReplaced) {
  EXPECT_TRUE(read(people()));
  sql("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'lockstep' AND datname = "
      "'" +
      name_ + "'");
  const TableResult result = read(people());
  EXPECT_TRUE(result) << result.error().message;
}

}  // namespace
}  // namespace lockstep::postgres
