#include "hub/view.hpp"

#include <algorithm>

#include "hub/prepare.hpp"

namespace lockstep::hub {
namespace {

RecordStatus status_in(store::Reader& reader, const sync::EntitySchema& entity, const sync::SystemBinding& binding,
                       const sync::Record& record, const std::vector<sync::OutboxRow>& rows) {
  RecordStatus out;
  out.system = binding.system;
  const sync::Link* link = record.link(binding.system);
  if (link != nullptr) out.external_id = link->external_id;
  const sync::Plan plan = plan_write(entity, binding, record, target_lookup(reader, record.source));
  for (const auto& [name, value] : plan.values) out.differing.push_back(name);
  const auto row = std::ranges::find(rows, binding.system, [](const sync::OutboxRow& one) { return one.key.system; });
  const bool held = std::ranges::any_of(
      record.fields, [&](const auto& field) { return field.second.held && binding.find(field.first) != nullptr; });
  if (plan.kind != sync::PlanKind::none) {
    const bool failed = row != rows.end() && (row->state == sync::OutboxState::dead ||
                                              row->state == sync::OutboxState::discarded || row->attempts > 0);
    out.status = failed ? sync::Status::failed : sync::Status::pending;
    if (row != rows.end()) out.detail = row->error;
    if (plan.kind == sync::PlanKind::blocked) out.detail = "waits for a record it refers to";
  } else if (held) {
    out.status = sync::Status::conflict;
    out.detail = "a person must decide";
  } else if (link == nullptr) {
    out.status = sync::Status::unlinked;
  } else {
    out.status = !link->is_linked() ? sync::Status::gone : sync::Status::synced;
  }
  return out;
}

Result<RecordView> view(store::Reader& reader, const sync::Catalog& catalog, sync::Record record) {
  RecordView out;
  LOCKSTEP_TRY(rows, reader.outbox_of(record.source, record.id));
  const sync::SourceSchema* schema = catalog.find(record.source);
  const sync::EntitySchema* entity = schema == nullptr ? nullptr : schema->find(record.entity);
  if (entity != nullptr) {
    for (const sync::SystemBinding& binding : entity->systems)
      out.systems.push_back(status_in(reader, *entity, binding, record, rows));
  }
  out.record = std::move(record);
  return out;
}

}  // namespace

Result<std::optional<RecordView>> view_record(store::Reader& reader, const sync::Catalog& catalog,
                                              const SourceId& source, const RecordId& id) {
  LOCKSTEP_TRY(record, reader.record(source, id));
  if (!record) return std::optional<RecordView>();
  LOCKSTEP_TRY(out, view(reader, catalog, std::move(*record)));
  return std::optional(std::move(out));
}

Result<store::Page<RecordView>> view_records(store::Reader& reader, const sync::Catalog& catalog,
                                             const SourceId& source, const store::RecordFilter& filter,
                                             const store::PageRequest& page) {
  LOCKSTEP_TRY(records, reader.list(source, filter, page));
  store::Page<RecordView> out;
  out.next = std::move(records.next);
  for (sync::Record& record : records.items) {
    LOCKSTEP_TRY(one, view(reader, catalog, std::move(record)));
    out.items.push_back(std::move(one));
  }
  return out;
}

}  // namespace lockstep::hub
