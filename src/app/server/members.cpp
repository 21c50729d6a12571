#include "app/server/members.hpp"

#include <algorithm>

#include "app/config/member_rows.hpp"

namespace lockstep::app {
namespace {

Result<std::map<std::string, access::Rights>> rows_of(const std::vector<std::string>& texts) {
  LOCKSTEP_TRY(rows, member_rows(texts));
  std::map<std::string, access::Rights> out;
  for (const MemberRow& row : rows) {
    if (row.grant) out[row.user].add(row.source, *row.grant);
  }
  return out;
}

}  // namespace

Members::Members(MembersParts parts, std::vector<MemberTable> tables, const Members* former)
    : parts_(std::move(parts)) {
  for (MemberTable& config : tables) {
    auto table = std::make_unique<Table>();
    if (former != nullptr) {
      const auto same = std::ranges::find_if(former->tables_, [&](const auto& one) { return one->config == config; });
      if (same != former->tables_.end()) {
        table->rows = (*same)->rows;
        table->read_at = (*same)->read_at;
      }
    }
    table->config = std::move(config);
    tables_.push_back(std::move(table));
  }
  for (const auto& table : tables_) read(*table);
}

Members::~Members() { stop(); }

void Members::stop() {
  stopped_ = true;
  for (const auto& table : tables_) {
    if (table->timer) parts_.loop->cancel(*table->timer);
    table->timer.reset();
  }
}

bool Members::holds(const Table& table) const {
  return table.rows && parts_.loop->clock().monotonic() - table.read_at <= table.config.hold;
}

Result<access::Rights> Members::of(const std::string& user) const {
  access::Rights out;
  bool known = true;
  for (const auto& table : tables_) {
    if (!holds(*table)) {
      known = false;
      continue;
    }
    const auto at = table->rows->find(user);
    if (at != table->rows->end()) out.add(at->second);
  }
  if (out.empty() && !known) return fail(ErrorKind::unavailable, "who may see what can not be read now: try again");
  return out;
}

void Members::read(Table& table) {
  table.timer.reset();
  const Duration asked_at = parts_.loop->clock().monotonic();
  parts_.read(table.config, read_of(table.config),
              [this, &table, asked_at, alive = std::weak_ptr(alive_)](connector::TableResult result) {
                if (!alive.expired()) take(table, asked_at, std::move(result));
              });
}

void Members::take(Table& table, Duration asked_at, connector::TableResult result) {
  if (stopped_) return;
  table.timer = parts_.loop->after(kReadEvery, [this, &table] { read(table); });
  auto rows = result ? rows_of(result->rows) : std::unexpected(Error(result.error()));
  if (!rows) return failed(table, rows.error());
  if (table.failing) parts_.log->info("access.members_read_again", {{"table", table.config.table}});
  table.failing = false;
  table.read_at = asked_at;
  if (table.rows && *table.rows == *rows) return;
  std::set<std::string> changed;
  const auto differ = [&changed](const Rows& a, const Rows& b) {
    for (const auto& [user, rights] : a) {
      const auto at = b.find(user);
      if (at == b.end() || at->second != rights) changed.insert(user);
    }
  };
  if (table.rows) differ(*table.rows, *rows);
  differ(*rows, table.rows ? *table.rows : Rows());
  table.rows = std::make_shared<const Rows>(std::move(*rows));
  parts_.changed(changed);
}

void Members::failed(Table& table, const Error& error) {
  if (!table.failing) {
    parts_.log->warning("access.members_not_read", {{"table", table.config.table}, {"error", error.message}});
  }
  table.failing = true;
}

}  // namespace lockstep::app
