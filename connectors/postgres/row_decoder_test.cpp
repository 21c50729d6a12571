#include "connectors/postgres/row_decoder.hpp"

#include <gtest/gtest.h>

namespace lockstep::postgres {
namespace {

using wire::pgoutput::Cell;
using wire::pgoutput::CellKind;
using wire::pgoutput::OldTuple;
using wire::pgoutput::Tuple;

Cell text(std::string value) { return {CellKind::text, std::move(value)}; }
const Cell null{CellKind::null, ""};
const Cell unchanged{CellKind::unchanged, ""};

SharedLayout contacts(std::vector<std::string> key = {"id"}) {
  TableLayout table;
  table.schema = "public";
  table.name = "contacts";
  table.key = std::move(key);
  const std::pair<const char*, ValueKind> columns[] = {
      {"id", ValueKind::integer}, {"name", ValueKind::text}, {"at", ValueKind::timestamp}};
  for (const auto& [name, kind] : columns) {
    ColumnLayout column;
    column.name = name;
    column.kind = kind;
    table.columns.push_back(column);
  }
  return std::make_shared<const Layout>(Layout{{"contacts", table}});
}

wire::pgoutput::Relation relation(std::string schema = "public") {
  wire::pgoutput::Relation relation;
  relation.id = 7;
  relation.schema = std::move(schema);
  relation.name = "contacts";
  for (const char* name : {"id", "name", "at"}) relation.columns.push_back({false, name, 0, -1});
  return relation;
}

TEST(RowDecoder, AnInsertIsTheWholeRow) {
  RowDecoder decoder("public", contacts());
  EXPECT_EQ(decoder.describe(relation()), RowDecoder::Known::yes);
  const auto changes = decoder.insert({7, {text("1"), text("Ann"), null}}, 9);
  ASSERT_TRUE(changes);
  ASSERT_EQ(changes->size(), 1U);
  EXPECT_EQ(changes->front().external_id, "1");
  EXPECT_EQ(changes->front().version, 9U);
  EXPECT_EQ(changes->front().extent, sync::Extent::full);
  EXPECT_EQ(changes->front().document, Json({{"id", 1}, {"name", "Ann"}, {"at", nullptr}}));
}

TEST(RowDecoder, AnUnchangedValueIsLeftOutUnlessTheOldRowHasIt) {
  RowDecoder decoder("public", contacts());
  ASSERT_TRUE(decoder.describe(relation()));
  const auto partial = decoder.update({7, OldTuple::none, {}, {text("1"), unchanged, null}}, 9);
  ASSERT_TRUE(partial);
  EXPECT_EQ(partial->front().extent, sync::Extent::partial);
  EXPECT_FALSE(partial->front().document.as_object().contains("name"));
  const auto whole =
      decoder.update({7, OldTuple::full, {text("1"), text("Ann"), null}, {text("1"), unchanged, null}}, 9);
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->size(), 1U);
  EXPECT_EQ(whole->front().extent, sync::Extent::full);
  EXPECT_EQ(whole->front().document.at("name"), "Ann");
}

TEST(RowDecoder, AChangedKeyDeletesTheOldOne) {
  RowDecoder decoder("public", contacts({"id", "name"}));
  ASSERT_TRUE(decoder.describe(relation()));
  const auto changes =
      decoder.update({7, OldTuple::key, {text("1"), text("a"), null}, {text("2"), text("a"), null}}, 9);
  ASSERT_TRUE(changes);
  ASSERT_EQ(changes->size(), 2U);
  EXPECT_EQ(changes->at(0).kind, sync::ChangeKind::deleted);
  EXPECT_EQ(changes->at(0).external_id, R"(["1","a"])");
  EXPECT_EQ(changes->at(1).external_id, R"(["2","a"])");
}

TEST(RowDecoder, ADeletionThatCannotBeNamedSaysSo) {
  RowDecoder decoder("public", contacts());
  ASSERT_TRUE(decoder.describe(relation()));
  EXPECT_EQ(decoder.remove({7, OldTuple::key, {text("1"), null, null}}, 9)->front().external_id, "1");
  EXPECT_EQ(decoder.remove({7, OldTuple::key, {null, text("a"), null}}, 9).error().kind, ErrorKind::not_found);
}

// Rows of a scope: name is "Ann"; `at` marks them as deleted.
RowDecoder scoped_decoder() {
  Layout layout = *contacts();
  layout.at("contacts").scope = {{"name", "Ann"}};
  layout.at("contacts").soft_delete = "at";
  RowDecoder decoder("public", std::make_shared<const Layout>(std::move(layout)));
  EXPECT_TRUE(decoder.describe(relation()));
  return decoder;
}

TEST(RowDecoder, RowsOutsideTheScopeAreNotThere) {
  const RowDecoder decoder = scoped_decoder();
  const Tuple ours = {text("1"), text("Ann"), null}, others = {text("1"), text("Bob"), null};
  EXPECT_EQ(decoder.insert({7, ours}, 9)->size(), 1U);
  EXPECT_TRUE(decoder.insert({7, others}, 9)->empty());
  // What it was before is only told by a full replica identity; else it may have been ours.
  EXPECT_EQ(decoder.update({7, OldTuple::none, {}, others}, 9)->front().kind, sync::ChangeKind::deleted);
  EXPECT_TRUE(decoder.update({7, OldTuple::full, others, others}, 9)->empty());
  EXPECT_EQ(decoder.update({7, OldTuple::full, ours, others}, 9)->front().kind, sync::ChangeKind::deleted);
  EXPECT_EQ(decoder.update({7, OldTuple::full, others, ours}, 9)->front().kind, sync::ChangeKind::upserted);
  EXPECT_TRUE(decoder.remove({7, OldTuple::full, others}, 9)->empty());
  EXPECT_EQ(decoder.remove({7, OldTuple::full, ours}, 9)->size(), 1U);
  EXPECT_EQ(decoder.remove({7, OldTuple::key, {text("1"), null, null}}, 9)->size(), 1U);
}

TEST(RowDecoder, ARowThatIsMarkedAsDeletedIsGone) {
  const RowDecoder decoder = scoped_decoder();
  const Tuple there = {text("1"), text("Ann"), null}, gone = {text("1"), text("Ann"), text("2026-01-01 00:00:00+00")};
  EXPECT_TRUE(decoder.insert({7, gone}, 9)->empty());
  EXPECT_EQ(decoder.update({7, OldTuple::none, {}, gone}, 9)->front().kind, sync::ChangeKind::deleted);
  EXPECT_EQ(decoder.update({7, OldTuple::none, {}, there}, 9)->front().kind, sync::ChangeKind::upserted);
  EXPECT_TRUE(decoder.remove({7, OldTuple::full, gone}, 9)->empty());
}

TEST(RowDecoder, OtherTablesSayNothingAndUnknownOnesAreAnError) {
  RowDecoder decoder("public", contacts());
  ASSERT_TRUE(decoder.describe(relation("private")));
  EXPECT_TRUE(decoder.insert({7, {text("1"), text("Ann"), null}}, 9)->empty());
  EXPECT_EQ(decoder.table_of(7), "");
  EXPECT_EQ(decoder.insert({8, {}}, 9).error().kind, ErrorKind::corrupt);
}

TEST(RowDecoder, RowsThatDoNotFitAreCorrupt) {
  RowDecoder decoder("public", contacts());
  ASSERT_TRUE(decoder.describe(relation()));
  EXPECT_EQ(decoder.insert({7, {text("1")}}, 9).error().kind, ErrorKind::corrupt);
  EXPECT_EQ(decoder.insert({7, {text("one"), null, null}}, 9).error().kind, ErrorKind::corrupt);
}

TEST(RowDecoder, AColumnThatTheLayoutDoesNotNameIsLeftOut) {
  RowDecoder decoder("public", contacts());
  auto wider = relation();
  wider.columns.push_back({false, "secret", 0, -1});
  EXPECT_EQ(decoder.describe(wider), RowDecoder::Known::no);
  const auto changes = decoder.insert({7, {text("1"), null, null, text("x")}}, 9);
  ASSERT_TRUE(changes);
  EXPECT_FALSE(changes->front().document.as_object().contains("secret"));
}

}  // namespace
}  // namespace lockstep::postgres
