// How the fields of an observation are merged into a record: what is taken, what is kept as a conflict, what is held.
#include "sync/applier.hpp"
#include "sync/link.hpp"
#include "sync/merge.hpp"
#include "sync/oscillation.hpp"

namespace lockstep::sync {
namespace {

Json from_to(const Json* from, const Json& to) {
  JsonObject out;
  if (from != nullptr) out["from"] = *from;
  out["to"] = to;
  return out;
}

}  // namespace

Applier::Merged Applier::merge(const EntitySchema& entity, const SystemName& system, Record& record, Link& link,
                               const Fields& fields) {
  Merged merged;
  const SourceSchema* source = ws_.catalog().find(record.source);
  const Stamp now = stamp(record, system);
  for (const auto& [name, value] : fields) {
    const FieldSchema* field = entity.find(name);
    if (field == nullptr) continue;
    const auto at = record.fields.find(name);
    FieldState* current = at == record.fields.end() ? nullptr : &at->second;
    const Json* base = find_value(link.base, name);
    MergeResult result = merge_field(*field, entity, current, {system, value, base, now});
    if (base == nullptr || *base != value) {
      merged.base = true;
      link.sent.erase(name);
      outdate_prior(link, name, value);
    }
    const bool takes = result.kind == MergeKind::taken || result.kind == MergeKind::won;
    const bool moves = takes && (current == nullptr || current->value != result.value);
    const OscillationLimits limits = source == nullptr ? OscillationLimits() : source->oscillation;
    Flips flips;
    if (moves && current != nullptr) flips = flips_after(*current, result.value, system, ws_.now(), limits.window);
    const bool oscillates = flips.count >= limits.flips;
    if (oscillates) result.kind = MergeKind::held;
    const bool conflict =
        result.kind == MergeKind::won || result.kind == MergeKind::lost || result.kind == MergeKind::held;
    if (conflict) {
      ConflictRow row;
      row.field = name;
      row.base = base == nullptr ? Json() : *base;
      row.mine = current->value;
      row.theirs = value;
      row.mine_origin = current->stamp.origin;
      row.theirs_origin = system;
      row.open = result.kind == MergeKind::held;
      row.rule = oscillates                                    ? "oscillation"
                 : base == nullptr                             ? "first contact"
                 : field->policy.kind == PolicyKind::authority ? "authority"
                 : field->policy.kind == PolicyKind::latest    ? "latest"
                                                               : "manual";
      if (result.kind == MergeKind::won) row.winner = system;
      if (result.kind == MergeKind::lost) row.winner = current->stamp.origin;
      merged.conflicts.push_back(std::move(row));
      if (result.kind == MergeKind::held) {
        current->held = true;
        current->flips = {};
      }
    }
    if (moves && !oscillates) {
      const bool news = current != nullptr || !result.value.is_null();  // a field that is empty everywhere is none
      if (news) merged.fields[name] = from_to(current == nullptr ? nullptr : &current->value, result.value);
      merged.canonical = merged.canonical || news;
      record.fields[name] = FieldState{std::move(result.value), now, false, std::move(flips)};
    }
    link.base[name] = value;
  }
  return merged;
}

void Applier::know_the_rest(const SystemBinding& binding, Link& link) {
  for (const FieldBinding& bound : binding.fields) {
    if (bound.direction != Direction::write) link.base.try_emplace(bound.field);
  }
}

// Keeps how a value stands in the system where that is not how we would write it.
void Applier::remember_raw(const EntitySchema& entity, const SystemBinding& binding, const Json& document,
                           const Fields& fields, Link& link) {
  for (const FieldBinding& bound : binding.fields) {
    const auto value = fields.find(bound.field);
    const FieldSchema* field = entity.find(bound.field);
    if (value == fields.end() || field == nullptr || bound.path.empty()) continue;
    const Json* raw = get_path(document, bound.path);
    if (field->type == FieldType::reference) {
      // The id that stands there: when the object it names is gone, nothing else tells it any more.
      if (raw != nullptr && raw->is_string()) {
        link.raw[bound.field] = *raw;
      } else {
        link.raw.erase(bound.field);
      }
      continue;
    }
    bool same = raw == nullptr ? value->second.is_null() : *raw == value->second;
    if (!same && raw != nullptr && !bound.converter.empty()) {
      const Result<Json> ours = write_document(entity, binding, {{bound.field, value->second}}, expressions_);
      const Json* written = ours ? get_path(*ours, bound.path) : nullptr;
      same = written != nullptr && *written == *raw;
    }
    if (same || raw == nullptr) {
      link.raw.erase(bound.field);
    } else {
      link.raw[bound.field] = *raw;
    }
  }
}

}  // namespace lockstep::sync
