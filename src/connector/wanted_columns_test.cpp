#include "connector/wanted_columns.hpp"

#include <gtest/gtest.h>

namespace lockstep::connector {
namespace {

TEST(WantedColumns, EachOnceInOrderOfFirstUse) {
  sync::EntitySchema entity;
  sync::SystemBinding binding;
  binding.system = SystemName("db");
  binding.object = "people";
  const auto bind = [&](const char* name, const char* path, const char* converter) {
    sync::FieldSchema field;
    field.name = name;
    entity.fields.push_back(field);
    sync::FieldBinding bound;
    bound.field = name;
    bound.path = path;
    bound.converter = converter;
    binding.fields.push_back(bound);
  };
  bind("name", "name", "");
  bind("city", "address.city", "");
  bind("zip", "address.zip", "cents");
  bind("price", "price", "cents");
  bind("labels", "labels", "csv");
  bind("again", "name", "map");
  bind("nowhere", "", "");
  sync::FieldBinding unknown;
  unknown.field = "no such field";
  unknown.path = "x";
  binding.fields.push_back(unknown);
  entity.systems.push_back(binding);
  binding.system = SystemName("other");
  entity.systems.push_back(binding);
  SystemSettings system;
  system.system = SystemName("db");
  system.entities = {&entity};

  EXPECT_EQ(wanted_columns(system, "people"),
            (std::vector<WantedColumn>{{"name", ColumnHolds::field, &entity.fields[0]},
                                       {"address", ColumnHolds::members, &entity.fields[1]},
                                       {"price", ColumnHolds::whole_number, &entity.fields[3]},
                                       {"labels", ColumnHolds::text, &entity.fields[4]}}));
  EXPECT_TRUE(wanted_columns(system, "pets").empty());
}

}  // namespace
}  // namespace lockstep::connector
