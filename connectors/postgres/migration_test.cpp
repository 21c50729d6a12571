#include "connectors/postgres/migration.hpp"

#include <gtest/gtest.h>

namespace lockstep::postgres {
namespace {

using sync::FieldType;

sync::EntitySchema entity(const std::string& name,
                          const std::vector<std::tuple<std::string, FieldType, std::string>>& fields) {
  sync::EntitySchema entity;
  entity.name = EntityName(name);
  sync::SystemBinding binding;
  binding.system = SystemName("db");
  binding.object = name + "s";
  for (const auto& [path, type, converter] : fields) {
    sync::FieldSchema field;
    field.name = path;
    field.type = type;
    field.target = EntityName("company");
    entity.fields.push_back(field);
    sync::FieldBinding bound;
    bound.field = path;
    bound.path = path;
    bound.converter = converter;
    binding.fields.push_back(bound);
  }
  entity.systems.push_back(binding);
  return entity;
}

std::string create_sql(const sync::EntitySchema& table, const sync::EntitySchema& company) {
  connector::SystemSettings system;
  system.system = SystemName("db");
  system.settings = {{"url", "x"}};
  system.entities = {&table, &company};
  std::vector<connector::SettingProblem> problems;
  const Settings settings = read_settings(system, problems);
  EXPECT_TRUE(problems.empty());
  return create_table_sql(system, settings, table.systems.front().object);
}

TEST(PostgresMigration, EveryTypeHasAColumn) {
  const auto company = entity("company", {{"name", FieldType::text, ""}});
  const auto contact = entity("contact", {{"email", FieldType::email, ""},
                                          {"born", FieldType::date, ""},
                                          {"seen", FieldType::datetime, ""},
                                          {"score", FieldType::decimal, ""},
                                          {"visits", FieldType::integer, ""},
                                          {"vip", FieldType::boolean, ""},
                                          {"tags", FieldType::set, ""},
                                          {"raw", FieldType::json, ""},
                                          {"stage", FieldType::enumeration, ""},
                                          {"company", FieldType::reference, ""},
                                          {"price", FieldType::decimal, "cents"},
                                          {"labels", FieldType::set, "csv"},
                                          {"address.city", FieldType::text, ""},
                                          {"address.zip", FieldType::text, ""}});
  EXPECT_EQ(
      create_sql(contact, company),
      "CREATE TABLE \"public\".\"contacts\" (\"id\" uuid PRIMARY KEY DEFAULT gen_random_uuid(), \"email\" text, "
      "\"born\" date, \"seen\" timestamptz, \"score\" numeric, \"visits\" bigint, \"vip\" boolean, \"tags\" text[], "
      "\"raw\" jsonb, \"stage\" text, \"company\" uuid, \"price\" bigint, \"labels\" text, \"address\" jsonb)");
}

TEST(PostgresMigration, AKeyThatIsMappedIsTheKey) {
  const auto company = entity("company", {{"id", FieldType::text, ""}, {"name", FieldType::text, ""}});
  EXPECT_EQ(create_sql(company, company),
            "CREATE TABLE \"public\".\"companys\" (\"id\" text PRIMARY KEY, \"name\" text)");
  const auto contact = entity("contact", {{"company", FieldType::reference, ""}});
  EXPECT_NE(create_sql(contact, company).find("\"company\" text"), std::string::npos)
      << "a reference has the type of the key it points to";
}

TEST(PostgresMigration, NamesAreQuoted) {
  const auto odd = entity("or\"der", {{"group", FieldType::text, ""}});
  EXPECT_NE(create_sql(odd, odd).find("\"public\".\"or\"\"ders\""), std::string::npos);
}

}  // namespace
}  // namespace lockstep::postgres
