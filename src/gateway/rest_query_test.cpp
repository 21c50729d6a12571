#include "gateway/rest_query.hpp"

#include <gmock/gmock.h>

namespace lockstep::gateway {
namespace {

using connector::Comparison;
using connector::TableFilter;
using connector::TableOrder;
using testing::ElementsAre;
using testing::HasSubstr;

// A filter in words, with its parts.
std::string words(const TableFilter& filter) {
  static const std::map<Comparison, std::string> names = {
      {Comparison::equal, "="},     {Comparison::not_equal, "<>"},        {Comparison::greater, ">"},
      {Comparison::less, "<"},      {Comparison::greater_or_equal, ">="}, {Comparison::less_or_equal, "<="},
      {Comparison::like, "like"},   {Comparison::ilike, "ilike"},         {Comparison::is, "is"},
      {Comparison::in, "in"},       {Comparison::contains, "@>"},         {Comparison::contained, "<@"},
      {Comparison::overlaps, "&&"}, {Comparison::distinct, "distinct"}};
  std::string out = filter.negated ? "not " : "";
  if (filter.kind == TableFilter::Kind::compare) {
    out += filter.column + " " + names.at(filter.comparison);
    for (const auto& value : filter.values) out += " <" + value + ">";
    return out;
  }
  out += filter.kind == TableFilter::Kind::any_of ? "any(" : "all(";
  for (const auto& part : filter.parts) out += words(part) + ";";
  return out + ")";
}

std::expected<RestQuery, RestRefusal> parse(const std::string& query, const wire::HttpHeaders& headers = {}) {
  return parse_rest_query("v", wire::parse_target("/rest/v1/v?" + query), headers);
}

std::vector<std::string> filters(const std::string& query) {
  const auto parsed = parse(query);
  if (!parsed) return {"refused: " + parsed.error().message};
  std::vector<std::string> out;
  for (const auto& filter : parsed->read.filters) out.push_back(words(filter));
  return out;
}

TEST(RestQuery, ColumnsWithAliasesAndCasts) {
  const auto parsed = parse("select=id,who:name,score::text,%22odd%20name%22,x:at::date,*");
  ASSERT_TRUE(parsed) << parsed.error().message;
  std::string seen;
  for (const auto& column : parsed->read.columns) seen += column.name + "/" + column.as + "/" + column.cast + " ";
  EXPECT_EQ(seen, "id// name/who/ score//text odd name// at/x/date *// ");
  EXPECT_TRUE(parse("select=*")->read.columns.empty());
  EXPECT_TRUE(parse("")->read.columns.empty());
  EXPECT_EQ(parse("")->read.limit, rest_rows_limit);
}

TEST(RestQuery, EveryOperator) {
  EXPECT_THAT(filters("a=eq.5&b=neq.x&c=gt.1&d=gte.2&e=lt.3&f=lte.4"),
              ElementsAre("a = <5>", "b <> <x>", "c > <1>", "d >= <2>", "e < <3>", "f <= <4>"));
  EXPECT_THAT(filters("a=like.*x*&b=ilike.y%25&c=is.NULL&d=is.not_null&e=isdistinct.1"),
              ElementsAre("a like <%x%>", "b ilike <y%>", "c is <null>", "d is <not_null>", "e distinct <1>"));
  EXPECT_THAT(filters("a=in.(1,%22b,c%22,%22d%5C%22e%22)&b=in.()"), ElementsAre("a in <1> <b,c> <d\"e>", "b in"));
  EXPECT_THAT(filters("a=cs.{x,y}&b=cd.{x}&c=ov.[1,2]&d=cs.{%22k%22:1}"),
              ElementsAre("a @> <{x,y}>", "b <@ <{x}>", "c && <[1,2]>", "d @> <{\"k\":1}>"));
  EXPECT_THAT(filters("a=not.eq.5&b=not.in.(1,2)&c=not.is.null"),
              ElementsAre("not a = <5>", "not b in <1> <2>", "not c is <null>"));
  // Outside groups a value is as it stands, quotes and dots too.
  EXPECT_THAT(filters("a=eq.%22q%22&b=eq.1.5.x&c=eq."), ElementsAre("a = <\"q\">", "b = <1.5.x>", "c = <>"));
}

TEST(RestQuery, Groups) {
  EXPECT_THAT(filters("or=(a.eq.1,b.is.null)"), ElementsAre("any(a = <1>;b is <null>;)"));
  EXPECT_THAT(filters("and=(a.gt.1,or(b.eq.2,not.and(c.in.(3,4),d.not.eq.%22x,y%22)))"),
              ElementsAre("all(a > <1>;any(b = <2>;not all(c in <3> <4>;not d = <x,y>;););)"));
  EXPECT_THAT(filters("not.or=(a.eq.1,%22b.c%22.eq.2)"), ElementsAre("not any(a = <1>;b.c = <2>;)"));
  EXPECT_THAT(filters("or=(tags.cs.{a,b},or.eq.1)"), ElementsAre("any(tags @> <{a,b}>;or = <1>;)"));
}

TEST(RestQuery, OrderAndPages) {
  const auto parsed = parse("order=at.desc.nullslast,name,%22o.d%22.asc.nullsfirst&limit=5&offset=10");
  ASSERT_TRUE(parsed) << parsed.error().message;
  ASSERT_EQ(parsed->read.order.size(), 3U);
  EXPECT_EQ(parsed->read.order[0].column, "at");
  EXPECT_EQ(parsed->read.order[0].direction, TableOrder::Direction::descending);
  EXPECT_EQ(parsed->read.order[0].nulls, TableOrder::Nulls::last);
  EXPECT_EQ(parsed->read.order[1].nulls, TableOrder::Nulls::standard);
  EXPECT_EQ(parsed->read.order[2].column, "o.d");
  EXPECT_EQ(parsed->read.order[2].nulls, TableOrder::Nulls::first);
  EXPECT_EQ(parsed->read.limit, 5U);
  EXPECT_EQ(parsed->read.offset, 10U);
  EXPECT_EQ(parse("limit=5000")->read.limit, rest_rows_limit);
}

TEST(RestQuery, HeadersSayPagesShapesAndCounts) {
  const auto paged = parse("", {{"Range", "20-29"}, {"Range-Unit", "items"}, {"Prefer", "count=exact"}});
  ASSERT_TRUE(paged) << paged.error().message;
  EXPECT_EQ(paged->read.offset, 20U);
  EXPECT_EQ(paged->read.limit, 10U);
  EXPECT_EQ(paged->read.count, connector::Count::exact);
  EXPECT_EQ(parse("", {{"Range", "7-"}})->read.offset, 7U);
  EXPECT_EQ(parse("limit=3", {{"Range", "7-"}})->read.offset, 0U);
  EXPECT_EQ(parse("", {{"Range", "bytes=0-5"}, {"Range-Unit", "bytes"}})->read.limit, rest_rows_limit);
  EXPECT_EQ(parse("", {{"Range", "9-3"}}).error().status, 416U);
  EXPECT_EQ(parse("", {{"Accept", "application/vnd.pgrst.object+json"}})->shape, RestShape::one);
  EXPECT_EQ(parse("", {{"Accept", "application/json"}})->shape, RestShape::list);
  EXPECT_EQ(parse("", {{"Accept", "text/csv"}}).error().code, "PGRST107");
}

TEST(RestQuery, WhatIsNotSpokenHereIsSaidSo) {
  EXPECT_EQ(parse("select=id,orders(id)").error().code, "PGRST200");
  EXPECT_EQ(parse("orders.id=eq.1").error().code, "PGRST200");
  EXPECT_THAT(parse("select=data-%3Ea").error().message, HasSubstr("json columns"));
  EXPECT_THAT(parse("select=a::regclass").error().message, HasSubstr("type"));
  EXPECT_THAT(parse("a=fts.x").error().message, HasSubstr("operator.value"));
  EXPECT_THAT(parse("a=5").error().message, HasSubstr("operator.value"));
  EXPECT_THAT(parse("a=in.5").error().message, HasSubstr("parentheses"));
  EXPECT_THAT(parse("or=a.eq.1").error().message, HasSubstr("parentheses"));
  EXPECT_THAT(parse("or=(a)").error().message, HasSubstr("column.operator.value"));
  EXPECT_THAT(parse("limit=-1").error().message, HasSubstr("whole number"));
  EXPECT_THAT(parse("select=,").error().message, HasSubstr("no name"));
  std::string deep = "a.eq.1";
  for (int i = 0; i < 12; ++i) deep = "or(" + deep + ")";
  EXPECT_THAT(parse("or=(" + deep + ")").error().message, HasSubstr("nested"));
  std::string wide = "a=in.(1";
  for (int i = 0; i < 300; ++i) wide += ",1";
  EXPECT_THAT(parse(wide + ")").error().message, HasSubstr("more than"));
  EXPECT_EQ(parse("a=5").error().status, 400U);
}

TEST(RestQuery, ContentRanges) {
  EXPECT_EQ(content_range(0, 25, 573), "0-24/573");
  EXPECT_EQ(content_range(50, 1, std::nullopt), "50-50/*");
  EXPECT_EQ(content_range(0, 0, 0), "*/0");
}

}  // namespace
}  // namespace lockstep::gateway
