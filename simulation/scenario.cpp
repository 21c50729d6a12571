#include "simulation/scenario.hpp"

namespace lockstep::simulation {
namespace {

using sync::FieldType;

struct Row {
  const char* name;
  FieldType type;
  const char* crm;
  const char* db;
};

sync::EntitySchema entity(const char* name, const char* crm_object, const char* table, const sync::Policy& policy,
                          const std::vector<Row>& rows) {
  sync::EntitySchema out;
  out.name = EntityName(name);
  sync::SystemBinding crm;
  crm.system = kCrm;
  crm.object = crm_object;
  sync::SystemBinding db;
  db.system = kDb;
  db.object = table;
  for (const Row& row : rows) {
    sync::FieldSchema field;
    field.name = row.name;
    field.type = row.type;
    field.policy = policy;
    if (row.type == FieldType::set) {
      field.policy.kind = sync::PolicyKind::set_union;
      field.fold_case = true;
    }
    if (row.type == FieldType::reference) field.target = EntityName("contact");
    out.fields.push_back(std::move(field));
    sync::FieldBinding bound;
    bound.field = row.name;
    bound.path = row.crm;
    if (row.type == FieldType::decimal) bound.converter = "number";
    crm.fields.push_back(bound);
    bound.converter.clear();
    bound.path = row.db;
    db.fields.push_back(bound);
  }
  out.systems = {std::move(crm), std::move(db)};
  return out;
}

}  // namespace

std::shared_ptr<const sync::Catalog> make_catalog(const Plan& plan, City city) {
  sync::Policy policy;
  const double kind = plan.get("policy");
  policy.kind = kind >= 2 ? sync::PolicyKind::latest : sync::PolicyKind::authority;
  policy.order = kind == 1 ? std::vector<SystemName>{kDb, kCrm} : std::vector<SystemName>{kCrm, kDb};
  std::vector<Row> contact{{"email", FieldType::email, "email", "email"},
                           {"phone", FieldType::phone, "phone", "phone"},
                           {"first_name", FieldType::text, "firstName", "first_name"},
                           {"last_name", FieldType::text, "lastName", "last_name"},
                           {"tags", FieldType::set, "tags", "tags"}};
  if (city == City::mapped) contact.push_back({"city", FieldType::text, "city", "city"});
  sync::EntitySchema contacts = entity("contact", "contact", "contacts", policy, contact);
  contacts.match = {{{"email"}}, {{"phone"}}};
  sync::EntitySchema deals = entity("deal", "opportunity", "deals", policy,
                                    {{"name", FieldType::text, "name", "name"},
                                     {"status", FieldType::text, "status", "status"},
                                     {"amount", FieldType::decimal, "monetaryValue", "amount"},
                                     {"pipeline", FieldType::text, "pipelineId", "pipeline"},
                                     {"stage", FieldType::text, "pipelineStageId", "stage"},
                                     {"contact", FieldType::reference, "contactId", "contact"}});
  sync::OscillationLimits oscillation;
  oscillation.flips = static_cast<std::uint32_t>(plan.get("oscillation.flips"));
  return std::make_shared<const sync::Catalog>(std::vector<sync::SourceSchema>{
      {kSource, {std::move(contacts), std::move(deals)}, SystemName("app"), oscillation}});
}

}  // namespace lockstep::simulation
