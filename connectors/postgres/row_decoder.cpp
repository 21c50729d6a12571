#include "connectors/postgres/row_decoder.hpp"

#include <algorithm>

#include "connectors/postgres/limits.hpp"

namespace lockstep::postgres {

using wire::pgoutput::Cell;
using wire::pgoutput::CellKind;
using wire::pgoutput::Tuple;

namespace {

sync::Change change_of(const std::string& object, std::string external_id, sync::Version version) {
  sync::Change change;
  change.object = object;
  change.external_id = std::move(external_id);
  change.version = version;
  change.via = sync::Via::capture;
  return change;
}

sync::Change deletion(const std::string& object, std::string external_id, sync::Version version) {
  sync::Change change = change_of(object, std::move(external_id), version);
  change.kind = sync::ChangeKind::deleted;
  return change;
}

}  // namespace

void RowDecoder::use(SharedLayout layout) {
  layout_ = std::move(layout);
  for (auto& [id, known] : tables_) bind(known);
}

RowDecoder::Known RowDecoder::bind(KnownTable& known) const {
  known.table = nullptr;
  known.columns.clear();
  known.key.clear();
  known.scope.clear();
  known.soft_delete.reset();
  if (known.relation.schema != schema_) return Known::yes;
  const auto found = layout_->find(known.relation.name);
  if (found == layout_->end()) return Known::yes;
  known.table = &found->second;
  bool complete = true;
  for (const auto& column : known.relation.columns) {
    known.columns.push_back(known.table->column(column.name));
    complete = complete && known.columns.back() != nullptr;
  }
  const auto position_of = [&](const std::string& column) -> std::optional<std::size_t> {
    const auto at = std::ranges::find(known.relation.columns, column, &wire::pgoutput::Column::name);
    if (at == known.relation.columns.end()) return std::nullopt;
    return static_cast<std::size_t>(at - known.relation.columns.begin());
  };
  for (const auto& part : known.table->key) {
    if (const auto at = position_of(part)) known.key.push_back(*at);
  }
  for (const auto& one : known.table->scope) {
    // Without the column nothing says whose a row is: then it is nobody's.
    known.scope.emplace_back(position_of(one.name).value_or(known.relation.columns.size()), one.value);
  }
  known.soft_delete = position_of(known.table->soft_delete);
  return complete ? Known::yes : Known::no;
}

Result<RowDecoder::Known> RowDecoder::describe(const wire::pgoutput::Relation& relation) {
  if (tables_.size() >= limits::relations && !tables_.contains(relation.id)) {
    return fail(ErrorKind::exhausted, "the publication holds more tables than this connector keeps in mind");
  }
  KnownTable& known = tables_[relation.id];
  known.relation = relation;
  return bind(known);
}

RowDecoder::Place RowDecoder::place_of(const KnownTable& known, const Tuple& row) {
  for (const auto& [at, value] : known.scope) {
    if (at >= row.size() || row[at].kind != CellKind::text || row[at].text != value) return Place::outside;
  }
  const bool marked =
      known.soft_delete && *known.soft_delete < row.size() && row[*known.soft_delete].kind == CellKind::text;
  return marked ? Place::deleted : Place::present;
}

Result<const RowDecoder::KnownTable*> RowDecoder::find(std::uint32_t relation) const {
  const auto found = tables_.find(relation);
  if (found == tables_.end()) return fail(ErrorKind::corrupt, "the stream speaks of a table that it has not described");
  return &found->second;
}

std::string RowDecoder::table_of(std::uint32_t relation) const {
  const auto found = tables_.find(relation);
  return found == tables_.end() || found->second.table == nullptr ? "" : found->second.table->name;
}

std::optional<std::string> RowDecoder::id_of(const KnownTable& known, const Tuple& row) {
  std::vector<std::string> key;
  if (known.key.empty() || known.key.size() != known.table->key.size()) return std::nullopt;
  for (const std::size_t at : known.key) {
    if (at >= row.size() || row[at].kind != CellKind::text) return std::nullopt;
    key.push_back(row[at].text);
  }
  return external_id_of(key);
}

Result<sync::Change> RowDecoder::upsert(const KnownTable& known, const Tuple& row, const Tuple* before,
                                        sync::Version version) const {
  if (row.size() != known.relation.columns.size())
    return fail(ErrorKind::corrupt, "a row does not fit its table's description");
  JsonObject document;
  sync::Extent extent = sync::Extent::full;
  Tuple whole = row;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    // An unchanged value stored out of line is not sent; with REPLICA IDENTITY FULL the old row has it.
    if (whole[i].kind == CellKind::unchanged && before != nullptr && i < before->size()) whole[i] = (*before)[i];
    const ColumnLayout* column = known.columns[i];
    if (column == nullptr || column->kind == ValueKind::bytes) continue;
    if (whole[i].kind == CellKind::unchanged) {
      extent = sync::Extent::partial;  // L5: saying nothing is the truth here
      continue;
    }
    if (whole[i].kind == CellKind::null) {
      document[column->name] = nullptr;
      continue;
    }
    auto value = to_json(column->natural ? column->kind : ValueKind::text, column->shape, whole[i].text);
    if (!value)
      return fail(ErrorKind::corrupt,
                  "column " + known.table->name + "." + column->name + ": " + value.error().message);
    document[column->name] = std::move(*value);
  }
  auto id = id_of(known, whole);
  if (!id) return fail(ErrorKind::not_found, "a row of " + known.table->name + " has no readable key");
  sync::Change change = change_of(known.table->name, std::move(*id), version);
  change.extent = extent;
  change.document = std::move(document);
  return change;
}

Result<std::vector<sync::Change>> RowDecoder::insert(const wire::pgoutput::Insert& message,
                                                     sync::Version version) const {
  auto known = find(message.relation);
  if (!known) return fail(known.error());
  std::vector<sync::Change> changes;
  if ((*known)->table == nullptr) return changes;
  auto change = upsert(**known, message.row, nullptr, version);
  if (!change) return fail(change.error());
  if (place_of(**known, message.row) == Place::present) changes.push_back(std::move(*change));
  return changes;
}

Result<std::vector<sync::Change>> RowDecoder::update(const wire::pgoutput::Update& message,
                                                     sync::Version version) const {
  auto known = find(message.relation);
  if (!known) return fail(known.error());
  std::vector<sync::Change> changes;
  if ((*known)->table == nullptr) return changes;
  const bool has_before = message.old_kind == wire::pgoutput::OldTuple::full;
  auto change = upsert(**known, message.row, has_before ? &message.old_row : nullptr, version);
  if (!change) return fail(change.error());
  if (has_before && place_of(**known, message.old_row) != Place::present &&
      place_of(**known, message.row) != Place::present)
    return changes;
  if (message.old_kind != wire::pgoutput::OldTuple::none) {
    const auto old_id = id_of(**known, message.old_row);
    if (old_id && *old_id != change->external_id) changes.push_back(deletion((*known)->table->name, *old_id, version));
  }
  if (place_of(**known, message.row) == Place::present) {
    changes.push_back(std::move(*change));
  } else {
    changes.push_back(deletion((*known)->table->name, change->external_id, version));
  }
  return changes;
}

Result<std::vector<sync::Change>> RowDecoder::remove(const wire::pgoutput::Delete& message,
                                                     sync::Version version) const {
  auto known = find(message.relation);
  if (!known) return fail(known.error());
  std::vector<sync::Change> changes;
  if ((*known)->table == nullptr) return changes;
  const bool whole = message.old_kind == wire::pgoutput::OldTuple::full;
  if (whole && place_of(**known, message.old_row) != Place::present) return changes;
  const auto id = id_of(**known, message.old_row);
  if (!id)
    return fail(ErrorKind::not_found,
                "a row of " + (*known)->table->name + " was deleted, and its replica identity does not name it");
  changes.push_back(deletion((*known)->table->name, *id, version));
  return changes;
}

}  // namespace lockstep::postgres
