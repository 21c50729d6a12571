#include "gateway/sight.hpp"

#include "sync/business.hpp"

namespace lockstep::gateway {
namespace {

// The entity as it is configured now, if its records belong to businesses.
const sync::EntitySchema* owned_entity(const sync::Catalog& catalog, const SourceId& source, const EntityName& name) {
  const sync::SourceSchema* schema = catalog.find(source);
  const sync::EntitySchema* entity = schema == nullptr ? nullptr : schema->find(name);
  return entity != nullptr && entity->business ? entity : nullptr;
}

}  // namespace

bool shows(const sync::Catalog& catalog, const Caller& caller, const sync::Record& record) {
  if (caller.may_read(record.source)) return true;
  const sync::Businesses* own = caller.businesses_in(record.source);
  const sync::EntitySchema* entity = owned_entity(catalog, record.source, record.entity);
  return own != nullptr && entity != nullptr && sync::belongs(*entity, record, *own);
}

const fanout::Message* shown(const sync::Catalog& catalog, const std::optional<Caller>& caller,
                             const fanout::Message& message) {
  if (!caller) return nullptr;
  if (caller->may_read(message.source)) return &message;
  const sync::Businesses* own = caller->businesses_in(message.source);
  if (own == nullptr || owned_entity(catalog, message.source, message.entity) == nullptr) return nullptr;
  const auto his = [own](const std::string& business) { return !business.empty() && own->contains(business); };
  if (his(message.business)) return his(message.business_before) ? &message : message.for_next.get();
  return his(message.business_before) ? message.for_former.get() : nullptr;
}

std::optional<store::OwnedBy> owned_by(const sync::Catalog& catalog, const Caller& caller, const SourceId& source) {
  if (caller.may_read(source)) return std::nullopt;
  store::OwnedBy out;
  if (const sync::Businesses* own = caller.businesses_in(source)) out.businesses = *own;
  if (const sync::SourceSchema* schema = catalog.find(source)) {
    for (const sync::EntitySchema& entity : schema->entities) {
      if (entity.business) out.fields.emplace(entity.name, entity.business->field);
    }
  }
  return out;
}

}  // namespace lockstep::gateway
