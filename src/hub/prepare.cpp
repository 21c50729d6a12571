#include "hub/prepare.hpp"

#include <algorithm>
#include <iterator>
#include <unordered_map>

#include "sync/engine.hpp"
#include "sync/mapping.hpp"

namespace lockstep::hub {
namespace {

// What a reference to an object that is gone leaves as: nothing is to be written, but the object's id may still stand
// in the system, and then that is what is expected there.
enum class Gone { as_null, as_it_stands };

// References leave as the system's own ids.
void translate_references(const sync::EntitySchema& entity, const SystemName& system, const sync::TargetLookup& target,
                          Gone gone, sync::Fields& values) {
  for (auto& [name, value] : values) {
    const sync::FieldSchema* field = entity.find(name);
    if (field == nullptr || field->type != sync::FieldType::reference || !value.is_string()) continue;
    const sync::TargetState there = target(field->target, RecordId(std::string(value.get_string())), system);
    const bool named = there.linked || (gone == Gone::as_it_stands && !there.external_id.empty());
    value = named ? Json(there.external_id) : Json(nullptr);
  }
}

}  // namespace

sync::TargetLookup target_lookup(store::Reader& reader, const SourceId& source) {
  return [&reader, source](const EntityName&, const RecordId& id, const SystemName& system) -> sync::TargetState {
    auto record = reader.record(source, id);
    while (record && *record && !(*record)->merged_into.empty())
      record = reader.record(source, RecordId((*record)->merged_into));
    if (!record || !*record) return {false, record.has_value(), {}, {}};
    return target_in(**record, system);
  };
}

Time sent_by(const sync::OutboxRow& row, Time started, Time now) {
  // An attempt of an earlier run may have been sent until that run ended. Of an unknown one the outcome has put the row off,
  // again with each look that found nothing: of the two times the earlier is that of a clock that was not ahead.
  const bool claimed = row.state == sync::OutboxState::claimed;
  return std::min(now, claimed ? std::max(row.claimed_at, started) : std::min(row.claimed_at, row.put_off_at));
}

Result<Due> Preparer::prepare(store::Reader& reader, const sync::Catalog& catalog, const SourceId& source,
                              const SystemName& system, Time now, std::size_t limit, const std::set<RecordId>& skip) {
  Due due;
  const sync::SourceSchema* schema = catalog.find(source);
  if (schema == nullptr) return due;
  // One row beyond the horizon tells when to look again.
  LOCKSTEP_TRY(rows, reader.outbox_due(source, system, Time::max(), limit + skip.size() + 1));
  std::erase_if(rows, [&](const sync::OutboxRow& row) { return skip.contains(row.key.record); });
  const auto later = std::ranges::find_if(rows, [&](const sync::OutboxRow& row) { return row.due > now; });
  if (later != rows.end()) due.next = later->due;
  rows.erase(later, rows.end());
  // What was put off by a clock that has been set back would wait until it shows that time again.
  const Time beyond = now + sync::EngineSettings().backoff_limit;
  LOCKSTEP_TRY(misdated, reader.outbox_misdated(source, system, now, beyond, limit + skip.size()));
  std::ranges::copy_if(misdated, std::back_inserter(rows),
                       [&](const sync::OutboxRow& row) { return !skip.contains(row.key.record); });
  if (rows.size() > limit) rows.resize(limit);
  std::vector<RecordId> ids;
  for (const sync::OutboxRow& row : rows) ids.push_back(row.key.record);
  if (ids.empty()) return due;
  LOCKSTEP_TRY(counts, reader.counts(source));
  due.records = counts.records;
  LOCKSTEP_TRY(records, reader.records(source, ids));
  std::unordered_map<RecordId, const sync::Record*> by_id;
  for (const sync::Record& record : records) by_id.emplace(record.id, &record);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const sync::OutboxRow& row = rows[i];
    const auto record = by_id.find(row.key.record);
    const sync::EntitySchema* entity = schema->find(row.entity);
    const sync::SystemBinding* binding = entity == nullptr ? nullptr : entity->binding(system);
    std::optional<Prepared> prepared;
    if (record != by_id.end() && binding != nullptr)
      prepared = prepare_row(reader, *entity, *binding, *record->second, row);
    if (prepared) {
      due.writes.push_back(std::move(*prepared));
    } else {
      due.empty.push_back(row.key);
    }
  }
  return due;
}

std::optional<Prepared> Preparer::prepare_row(store::Reader& reader, const sync::EntitySchema& entity,
                                              const sync::SystemBinding& binding, const sync::Record& record,
                                              const sync::OutboxRow& row) {
  const sync::TargetLookup target = target_lookup(reader, record.source);
  sync::Plan plan = plan_write(entity, binding, record, target);
  Prepared out;
  out.row = row;
  out.read_back = row.state == sync::OutboxState::claimed || row.state == sync::OutboxState::unknown;
  if (plan.kind == sync::PlanKind::none || plan.kind == sync::PlanKind::blocked) {
    if (!out.read_back) return std::nullopt;  // planned again by the engine
    plan.kind = record.link(binding.system) == nullptr ? sync::PlanKind::create : sync::PlanKind::update;
  }
  const sync::Link* link = record.link(binding.system);
  connector::WriteRequest& request = out.request;
  request.record = record.id;
  request.object = binding.object;
  request.work = row.work;
  request.idempotency_key = record.id.str() + ":" + binding.system.str();
  if (link != nullptr) request.external_id = link->external_id;
  request.kind = plan.kind == sync::PlanKind::create   ? sync::WriteKind::create
                 : plan.kind == sync::PlanKind::remove ? sync::WriteKind::remove
                                                       : sync::WriteKind::update;
  // X2: an earlier create is looked for by what it carried, which may have been edited since.
  const bool looked_for = out.read_back && request.kind == sync::WriteKind::create;
  if (looked_for && !row.sent.empty()) plan.values = row.sent;
  out.written = plan.values;
  sync::Fields expected;
  if (link != nullptr) {
    if (request.kind == sync::WriteKind::remove) out.unseen = row.attempts == 0;
    for (const auto& [name, value] : link->base) {
      const bool written = plan.values.contains(name);
      if (written || request.kind == sync::WriteKind::remove) expected.emplace(name, value);
    }
    // A field that the system never showed counts as empty there.
    for (const auto& [name, value] : plan.values) {
      const sync::FieldBinding* bound = binding.find(name);
      const bool readable = bound != nullptr && bound->direction != sync::Direction::write;
      if (readable && expected.emplace(name, nullptr).second && row.attempts == 0) out.unseen = true;
    }
  }
  translate_references(entity, binding.system, target, looked_for ? Gone::as_it_stands : Gone::as_null, plan.values);
  translate_references(entity, binding.system, target, Gone::as_it_stands, expected);
  Result<Json> document = write_document(entity, binding, plan.values, expressions_);
  if (!document) {
    out.problem = document.error().message;
    return out;
  }
  request.document = request.kind == sync::WriteKind::remove ? Json(nullptr) : std::move(*document);
  // The base came from the system through the same mapping, so what can not be mapped back is left out of the check.
  if (Result<Json> held = write_document(entity, binding, expected, expressions_)) {
    request.expected = std::move(*held);
    for (const sync::FieldBinding& bound : binding.fields) {
      const auto raw = link == nullptr ? sync::Fields::const_iterator() : link->raw.find(bound.field);
      if (link != nullptr && raw != link->raw.end() && expected.contains(bound.field))
        sync::set_path(request.expected, bound.path, raw->second);
    }
  }
  return out;
}

}  // namespace lockstep::hub
