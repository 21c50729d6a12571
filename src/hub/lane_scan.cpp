// What follows a full pull: objects that were not seen any more are confirmed one by one and then count as deleted (no
// delete is missed, B4); writes that the mapping asks for and the outbox does not hold are planned.
#include <algorithm>

#include "hub/lane.hpp"

namespace lockstep::hub {
namespace {

constexpr std::string_view kMappingKey = "mapping";

// Everything about the mapping of one system that decides what is read and written.
std::string mapping_text(const sync::SourceSchema& source, const SystemName& system) {
  std::string out;
  for (const sync::EntitySchema& entity : source.entities) {
    const sync::SystemBinding* binding = entity.binding(system);
    if (binding == nullptr) continue;
    out += entity.name.str() + '=' + binding->object + (binding->creates ? "+c" : "") + (binding->deletes ? "+d" : "") +
           (binding->only.empty() ? "" : (binding->leaving == sync::Leaving::keep ? "+k" : "+r") + binding->only) + '(';
    for (const sync::FieldBinding& bound : binding->fields) {
      out += bound.field + ':' + bound.path + ':' + bound.converter + ':' + to_text(bound.converter_options) + ':' +
             std::to_string(static_cast<int>(bound.direction)) + bound.read_expression + bound.write_expression + ',';
    }
    out += ')';
  }
  return out;
}

}  // namespace

// A mapping that differs from the last run's: what it newly covers must be read and written once.
Task<void> Lane::notice_mapping() {
  const std::shared_ptr<const sync::Catalog> catalog = context_.catalog();
  const sync::SourceSchema* schema = catalog->find(source());
  if (schema == nullptr) co_return;
  const std::string now = mapping_text(*schema, system());
  const Json before = co_await state(std::string(kMappingKey));
  if (before.is_string() && before.get_string() == now) co_return;
  std::vector<sync::StateRow> rows;
  rows.push_back(state_row(std::string(kMappingKey), Json(now)));
  if (before.is_string()) {
    owe_mirror();
    rows.push_back(owed_row("the mapping has changed"));
  }
  // Without them the next start notices it again.
  if (const Result<void> kept = co_await keep_all(std::move(rows)); !kept) problem_ = kept.error().message;
}

// The objects that the system is known to hold before a scan: what is made while it runs is not expected to be seen.
Task<Result<void>> Lane::expect_linked(const sync::EntitySchema& entity, Scan& scan) {
  std::string after;
  do {
    Reads::Query<Result<ScanFindings>> query = [this, &entity, after](store::Reader& reader) -> Result<ScanFindings> {
      ScanFindings found;
      LOCKSTEP_TRY(page, reader.list(source(), {entity.name, "", false}, {after, context_.limits.scan_page_limit}));
      found.next = std::move(page.next);
      for (const sync::Record& record : page.items) {
        const sync::Link* link = record.link(system());
        if (link != nullptr && link->is_linked()) found.linked.push_back(link->external_id);
      }
      return found;
    };
    Result<ScanFindings> found = co_await context_.reads.ask(std::move(query));
    if (!found) co_return fail(found.error());
    after = found->next;
    scan.expected.insert(found->linked.begin(), found->linked.end());
  } while (!after.empty() && !stopping_);
  co_return Result<void>();
}

Task<Result<void>> Lane::finish_scan(const sync::EntitySchema& entity, const Scan& scan) {
  if (!scan.ran) co_return Result<void>();
  std::string after;
  do {
    Reads::Query<Result<ScanFindings>> query = [this, &entity, after](store::Reader& reader) -> Result<ScanFindings> {
      ScanFindings found;
      LOCKSTEP_TRY(page, reader.list(source(), {entity.name, "", true}, {after, context_.limits.scan_page_limit}));
      found.next = std::move(page.next);
      const sync::TargetLookup target = target_lookup(reader, source());
      for (const sync::Record& record : page.items) {
        if (plan_write(entity, *entity.binding(system()), record, target).kind == sync::PlanKind::none) continue;
        LOCKSTEP_TRY(rows, reader.outbox_of(source(), record.id));
        const bool known =
            std::ranges::any_of(rows, [&](const sync::OutboxRow& row) { return row.key.system == system(); });
        if (!known) found.replans.emplace_back(sync::Replan{source(), system(), record.id});
      }
      return found;
    };
    Result<ScanFindings> found = co_await context_.reads.ask(std::move(query));
    if (!found) co_return fail(found.error());
    after = found->next;
    if (!found->replans.empty()) {
      std::vector<sync::StateRow> none;
      Result<std::vector<sync::Applied>> planned = co_await commit(std::move(found->replans), std::move(none));
      if (!planned) co_return fail(planned.error());
    }
  } while (!after.empty() && !stopping_);
  if (!scan.complete) co_return Result<void>();
  std::vector<std::string> missing;
  std::ranges::set_difference(scan.expected, scan.seen, std::back_inserter(missing));
  const std::size_t linked = scan.expected.size();
  const bool too_many = missing.size() > context_.limits.scan_missing_least &&
                        missing.size() * 100 > linked * context_.limits.scan_missing_percent;
  if (too_many) {
    co_return fail(
        ErrorKind::conflict,
        std::to_string(missing.size()) + " of " + std::to_string(linked) + " objects of " + entity.name.str() +
            " were not in the list: nothing is deleted. Check the system; delete by hand what is really gone");
  }
  co_return co_await confirm_missing(entity, scan, std::move(missing));
}

// A list can be incomplete or lag behind; reading the object itself decides.
Task<Result<void>> Lane::confirm_missing(const sync::EntitySchema& entity, const Scan& scan,
                                         std::vector<std::string> missing) {
  const std::string object = entity.binding(system())->object;
  for (const std::string& external_id : missing) {
    if (stopping_) break;
    std::string wanted_object = object;
    std::string wanted_id = external_id;
    Result<std::optional<sync::Change>> found =
        co_await setup_.connector->fetch(std::move(wanted_object), std::move(wanted_id), sync::WorkClass::verify);
    if (!found) co_return fail(found.error());
    std::vector<sync::Change> changes;
    if (*found) {
      changes.push_back(std::move(**found));
    } else {
      sync::Change gone;
      gone.kind = sync::ChangeKind::deleted;
      changes.push_back(std::move(gone));
    }
    changes.front().object = object;
    changes.front().external_id = external_id;
    changes.front().job = scan.job;
    std::vector<sync::Input> inputs = to_inputs(std::move(changes), sync::Via::fetch);
    std::vector<sync::StateRow> none;
    Result<std::vector<sync::Applied>> applied = co_await commit(std::move(inputs), std::move(none));
    if (!applied) co_return fail(applied.error());
  }
  co_return Result<void>();
}

}  // namespace lockstep::hub
