#include "hub/row_events.hpp"

#include <gtest/gtest.h>

namespace lockstep::hub {
namespace {

struct Table {
  sync::Catalog catalog{{}};
  connector::Capabilities capabilities;
  RowEvents rows;

  Table() {
    sync::EntitySchema contact;
    contact.name = EntityName("contact");
    const auto field = [&](const char* name, sync::FieldType type) {
      sync::FieldSchema one;
      one.name = name;
      one.type = type;
      contact.fields.push_back(one);
    };
    field("name", sync::FieldType::text);
    field("age", sync::FieldType::integer);
    field("city", sync::FieldType::text);
    field("paid", sync::FieldType::decimal);
    field("owed", sync::FieldType::decimal);
    sync::SystemBinding db;
    db.system = SystemName("db");
    db.object = "contacts";
    for (const auto& [name, path] : std::map<std::string, std::string>{{"name", "full_name"},
                                                                       {"age", "age"},
                                                                       {"city", "address.city"},
                                                                       {"paid", "paid_cents"},
                                                                       {"owed", "owed"}}) {
      sync::FieldBinding bound;
      bound.field = name;
      bound.path = path;
      if (name == "paid") bound.converter = "cents";
      db.fields.push_back(bound);
    }
    contact.systems = {db};
    sync::SourceSchema source;
    source.source = SourceId("acme");
    source.entities = {contact};
    catalog = sync::Catalog({source});
    capabilities.table_schema = "public";
  }

  std::shared_ptr<const fanout::Message> tell(std::optional<sync::Fields> before, std::optional<sync::Fields> after,
                                              const std::string& external_id = "7") {
    sync::Holding holding;
    holding.source = SourceId("acme");
    holding.entity = EntityName("contact");
    holding.system = SystemName("db");
    holding.external_id = external_id;
    holding.cause = 42;
    holding.before = std::move(before);
    holding.after = std::move(after);
    return rows.message(catalog, capabilities, holding, Time(std::chrono::seconds(1)), 3);
  }
};

const sync::Fields kAda = {{"name", "Ada"}, {"age", 36}, {"city", "London"}, {"paid", "5.5"}};

TEST(RowEvents, ARowHasTheNamesAndFormsOfItsColumns) {
  Table table;
  const auto message = table.tell(std::nullopt, kAda);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->event, "INSERT");
  EXPECT_EQ(message->seq, 42u);
  EXPECT_EQ(message->part, 3u);
  const JsonObject row{{"full_name", "Ada"}, {"age", 36},       {"address", JsonObject{{"city", "London"}}},
                       {"paid_cents", 550},  {"owed", nullptr}, {"id", "7"}};
  EXPECT_EQ(message->row->record, row);
  const Json text = *parse_json(message->text);
  EXPECT_EQ(text.at("record"), Json(row));
  EXPECT_EQ(text.at("new"), Json(row));
  EXPECT_TRUE(text.at("old").is_null() && text.at("old_record").is_null());
  EXPECT_EQ(text.at("timestamp"), "1970-01-01T00:00:01.000Z");
  const Json change = *parse_json(message->change_text);
  EXPECT_EQ(change.at("record"), Json(row));
  EXPECT_EQ(find_member(change, "old_record"), nullptr);
  const Json age_column{{"name", "age"}, {"type", "int8"}};
  const Json address_column{{"name", "address"}, {"type", "jsonb"}};
  const JsonArray& columns = change.at("columns").as_array();
  EXPECT_NE(std::ranges::find(columns, age_column), columns.end());
  EXPECT_NE(std::ranges::find(columns, address_column), columns.end());
}

TEST(RowEvents, ARowHasWhatAllRowsOfTheSystemHold) {
  Table table;
  table.capabilities.table_constants["contacts"] = {{"source_id", "s-1"}, {"deleted_at", nullptr}, {"age", 1}};
  table.capabilities.table_constants["orders"] = {{"other", 1}};
  for (const auto& message : {table.tell(std::nullopt, kAda), table.tell(kAda, std::nullopt)}) {
    const JsonObject& row = message->event == "INSERT" ? message->row->record : message->row->old_record;
    EXPECT_EQ(row.at("source_id"), "s-1");
    EXPECT_TRUE(row.at("deleted_at").is_null());
    EXPECT_EQ(row.at("age"), 36) << "what is mapped is told as it is";
    EXPECT_FALSE(row.contains("other"));
  }
}

TEST(RowEvents, DecimalsAreNumbersWhereThoseHoldEveryDigit) {
  Table table;
  for (const auto& [text, told] : std::map<std::string, Json>{{"40", 40},
                                                              {"40.00", 40},
                                                              {"-12.50", -12.5},
                                                              {"0.1", 0.1},
                                                              {"12345678901234567.89", "12345678901234567.89"},
                                                              {"0.10000000000000000001", "0.10000000000000000001"},
                                                              {"NaN", "NaN"}}) {
    sync::Fields fields = kAda;
    fields["owed"] = text;
    EXPECT_EQ(table.tell(std::nullopt, fields)->row->record.at("owed"), told) << text;
  }
}

TEST(RowEvents, ChangesAndDeletes) {
  Table table;
  sync::Fields older = kAda;
  older["age"] = 35;
  const auto update = table.tell(older, kAda);
  EXPECT_EQ(update->event, "UPDATE");
  EXPECT_EQ(update->row->old_record.at("age"), 35);
  EXPECT_EQ(update->row->record.at("age"), 36);
  const auto gone = table.tell(kAda, std::nullopt);
  EXPECT_EQ(gone->event, "DELETE");
  EXPECT_TRUE(gone->row->record.empty());
  EXPECT_TRUE(parse_json(gone->text)->at("new").is_null());
  EXPECT_FALSE(parse_json(gone->change_text)->as_object().contains("record"));
}

TEST(RowEvents, WhatIsNoRowOrNoChangeIsNotTold) {
  Table table;
  sync::Fields unmapped = kAda;
  unmapped["note"] = "not of this table";
  EXPECT_FALSE(table.tell(kAda, unmapped));
  table.capabilities.table_schema = "";
  EXPECT_FALSE(table.tell(std::nullopt, kAda));
}

TEST(RowEvents, KeysOfSeveralColumns) {
  Table table;
  table.capabilities.table_keys["contacts"] = {"tenant", "number"};
  const auto message = table.tell(std::nullopt, kAda, R"(["a","9"])");
  EXPECT_EQ(message->row->record.at("tenant"), "a");
  EXPECT_EQ(message->row->record.at("number"), "9");
  EXPECT_FALSE(message->row->record.contains("id"));
}

}  // namespace
}  // namespace lockstep::hub
