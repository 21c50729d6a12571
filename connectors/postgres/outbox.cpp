#include "connectors/postgres/outbox.hpp"

#include <algorithm>

#include "connectors/postgres/limits.hpp"
#include "connectors/postgres/position.hpp"

namespace lockstep::postgres {

OutboxDrain::OutboxDrain(Settings settings, std::string why, std::shared_ptr<History> history,
                         std::shared_ptr<connector::CaptureLink> link)
    : settings_(std::move(settings)),
      why_(std::move(why)),
      history_(std::move(history)),
      server_(history_->server_at_start()),
      link_(std::move(link)) {}

void OutboxDrain::run() {
  std::chrono::milliseconds pause = limits::reconnect_first;
  while (!link_->stopping()) {
    std::optional<SqlFailure> failure;
    if (auto connected = connect(); !connected) {
      failure = connected.error();
    } else {
      link_->status("triggers and an outbox table" + (why_.empty() ? "" : ": " + why_));
      pause = limits::reconnect_first;
      failure = drain();
    }
    session_.reset();
    if (!failure) return;
    link_->status("capture by triggers is interrupted: " + describe(*failure));
    link_->wait(-1, pause);
    link_->take_acks();
    pause = std::min(pause * 2, limits::reconnect_most);
  }
}

Sql<void> OutboxDrain::connect() {
  auto opened = Session::open(settings_, SessionKind::sql);
  if (!opened) return std::unexpected(opened.error());
  session_ = std::move(*opened);
  auto server = read_server(*session_);
  if (!server) return std::unexpected(server.error());
  base_ = history_->base_of(*server);
  moved_ = moved_ || (!server_.empty() && server_ != *server);
  server_ = std::move(*server);
  // Behind a pooler in transaction mode nothing arrives; then the polling interval is the delay.
  auto listening = session_->run("LISTEN " + quote_name(settings_.name));
  if (!listening) return std::unexpected(listening.error());
  auto layout = read_layout(*session_, settings_);
  if (!layout) return std::unexpected(SqlFailure{"42P01", "", "", layout.error().message});
  layout_ = std::make_shared<const Layout>(std::move(*layout));
  return {};
}

std::optional<SqlFailure> OutboxDrain::drain() {
  if (moved_) {
    // B4: the old one may have passed on what this one never had.
    link_->lost(++last_delivery_, "another server has taken over the database");
    if (const Settled settled = wait_until_durable(); settled != Settled::durable) return after(settled);
    moved_ = false;
  }
  while (!link_->stopping()) {
    auto found = read();
    if (!found) return found.error();
    if (found->numbers == "[]") {
      const auto woke = link_->wait(PQsocket(session_->raw()), limits::outbox_poll);
      link_->take_acks();
      if (woke == connector::CaptureLink::Woke::by_socket) {
        if (PQconsumeInput(session_->raw()) == 0) return session_->last_failure();
        while (PGnotify* notification = PQnotifies(session_->raw())) PQfreemem(notification);
      }
      continue;
    }
    if (!found->changes.empty()) {
      link_->deliver(++last_delivery_, std::move(found->changes));
      const Settled settled = wait_until_durable();
      if (settled != Settled::durable) return after(settled);
    }
    for (const auto& table : found->truncated) {
      link_->lost(++last_delivery_, "table " + table + " was truncated");
      const Settled settled = wait_until_durable();
      if (settled != Settled::durable) return after(settled);
    }
    auto erased = session_->query("DELETE FROM " + outbox_table(settings_) +
                                      " WHERE seq IN (SELECT n::bigint FROM jsonb_array_elements_text($1::jsonb) n)",
                                  {found->numbers});
    if (!erased) return erased.error();
  }
  return std::nullopt;
}

OutboxDrain::Settled OutboxDrain::wait_until_durable() {
  while (!link_->stopping()) {
    for (const connector::Ack& ack : link_->take_acks()) {
      if (ack.delivery == last_delivery_) return ack.durable ? Settled::durable : Settled::refused;
    }
    link_->wait(-1, limits::status_interval);
  }
  return Settled::stopping;
}

std::optional<SqlFailure> OutboxDrain::after(Settled settled) {
  if (settled == Settled::stopping) return std::nullopt;
  return SqlFailure{"", "", "", "changes could not be committed here and are read again"};
}

Sql<OutboxDrain::Read> OutboxDrain::read() {
  auto begun = session_->run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  if (!begun) return std::unexpected(begun.error());
  auto rows = session_->query("SELECT seq, tbl, key::text FROM " + outbox_table(settings_) + " ORDER BY seq LIMIT " +
                              std::to_string(limits::capture_batch));
  if (!rows) return std::unexpected(rows.error());
  Read read;
  std::map<std::string, std::map<std::string, sync::Version>> entries;
  JsonArray numbers;
  for (int i = 0; i < rows->size(); ++i) {
    const std::uint64_t number = rows->number(i, 0);
    numbers.emplace_back(number);
    if (rows->is_null(i, 2)) {
      read.truncated.push_back(rows->str(i, 1));
    } else {
      sync::Version& version = entries[rows->str(i, 1)][rows->str(i, 2)];
      version = std::max(version, base_ + number);
    }
  }
  for (const auto& [name, keys] : entries) {
    const auto table = layout_->find(name);
    if (table == layout_->end() || table->second.key.empty()) continue;  // not ours any more
    std::vector<Entry> rows_of_table;
    for (const auto& [key, version] : keys) rows_of_table.push_back({name, key, version});
    if (auto done = read_rows(table->second, rows_of_table, read.changes); !done) return std::unexpected(done.error());
  }
  auto ended = session_->run("COMMIT");
  if (!ended) return std::unexpected(ended.error());
  std::ranges::sort(read.changes, {}, &sync::Change::version);
  read.numbers = to_text(numbers);
  return read;
}

Sql<void> OutboxDrain::read_rows(const TableLayout& table, const std::vector<Entry>& entries,
                                 std::vector<sync::Change>& changes) {
  std::string same, wanted = "[";
  for (std::size_t i = 0; i < table.key.size(); ++i) {
    const std::string part = "(r.key->>" + std::to_string(i) + ")::" + table.column(table.key[i])->type;
    same += (i == 0 ? "t." : " AND t.") + quote_name(table.key[i]) + " = " + part;
  }
  for (std::size_t i = 0; i < entries.size(); ++i) {
    wanted += (i == 0 ? "" : ",") + ("{\"i\":" + std::to_string(i) + ",\"key\":" + entries[i].key + "}");
  }
  auto rows = session_->query("SELECT r.i, " + table.document("t") +
                                  " FROM jsonb_to_recordset($1::jsonb) AS r(i int, key jsonb) JOIN " + table.quoted() +
                                  " AS t ON " + same + table.present("t"),
                              {wanted + "]"});
  if (!rows) return std::unexpected(rows.error());
  const std::size_t first = changes.size();
  for (const Entry& entry : entries) {
    sync::Change change;
    change.object = table.name;
    change.version = entry.version;
    change.via = sync::Via::capture;
    change.kind = sync::ChangeKind::deleted;
    auto parts = parse_json(entry.key);
    std::vector<std::string> key;
    if (parts && parts->is_array()) {
      for (const Json& part : parts->get_array())
        key.emplace_back(part.is_string() ? std::string_view(part.get_string()) : "");
    }
    change.external_id = external_id_of(key);
    changes.push_back(std::move(change));
  }
  for (int row = 0; row < rows->size(); ++row) {
    sync::Change& change = changes[first + static_cast<std::size_t>(rows->number(row, 0))];
    auto document =
        parse_json(rows->text(row, 1), {.bytes_limit = limits::row_bytes, .depth_limit = limits::json_depth});
    if (!document) return std::unexpected(SqlFailure{"XX000", "", "", document.error().message});
    change.kind = sync::ChangeKind::upserted;
    change.document = std::move(*document);
  }
  return {};
}

}  // namespace lockstep::postgres
