#include "connectors/postgres/replication.hpp"

#include <algorithm>

#include "connectors/postgres/limits.hpp"

namespace lockstep::postgres {

namespace pgoutput = wire::pgoutput;

namespace {

SqlFailure broken_stream(std::string detail) { return {"", "", "", std::move(detail)}; }

struct FreeCopy {
  void operator()(char* bytes) const { PQfreemem(bytes); }
};

}  // namespace

Replication::Replication(Settings settings, std::shared_ptr<History> history,
                         std::shared_ptr<connector::CaptureLink> link)
    : settings_(std::move(settings)),
      history_(std::move(history)),
      server_(history_->server_at_start()),
      decoder_(settings_.schema, std::make_shared<const Layout>()),
      link_(std::move(link)) {}

void Replication::run() {
  std::chrono::milliseconds pause = limits::reconnect_first;
  while (!link_->stopping()) {
    forget_stream();
    std::optional<SqlFailure> failure;
    if (auto connected = connect(); !connected) {
      failure = connected.error();
    } else {
      link_->status("logical replication (pgoutput), slot " + settings_.slot);
      pause = limits::reconnect_first;
      failure = stream();
    }
    session_.reset();
    if (!failure) return;
    link_->status("logical replication is interrupted: " + postgres::describe(*failure));
    const Duration until = clock_.monotonic() + pause;
    while (!link_->stopping() && clock_.monotonic() < until) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - clock_.monotonic());
      link_->wait(-1, left + std::chrono::milliseconds(1));
      link_->take_acks();
    }
    pause = std::min(pause * 2, limits::reconnect_most);
  }
}

void Replication::forget_stream() {
  // What was read and is not durable comes again: the slot starts at the acknowledged position.
  first_delivery_ = last_delivery_ + 1;
  in_flight_.clear();
  pending_.clear();
  pending_bytes_ = 0;
  in_transaction_ = false;
  read_end_ = 0;
  status_wanted_ = false;
}

Sql<void> Replication::connect() {
  auto opened = Session::open(settings_, SessionKind::replication);
  if (!opened) return std::unexpected(opened.error());
  session_ = std::move(*opened);
  if (auto read = read_tables(); !read) return read;
  if (auto met = meet_server(); !met) return met;
  if (auto ready = prepare_slot(); !ready) return ready;
  next_ = Next::again;
  auto started = session_->run("START_REPLICATION SLOT " + quote_name(settings_.slot) +
                               " LOGICAL 0/0 (proto_version '1', publication_names " +
                               quote_text(quote_name(settings_.publication)) + ")");
  if (!started) return std::unexpected(started.error());
  status_at_ = heard_at_ = clock_.monotonic();
  return {};
}

Sql<void> Replication::meet_server() {
  auto server = read_server(*session_);
  if (!server) return std::unexpected(server.error());
  base_ = history_->base_of(*server);
  if (server_ != *server) {
    durable_ = reported_ = 0;
    // B4: what the old server had passed on and the new one never had is noticed by reading everything, as is what was
    // written before the slot stood. A slot that moved along makes that no better.
    if (!server_.empty()) next_ = Next::anew;
    server_ = std::move(*server);
  }
  return {};
}

Sql<void> Replication::prepare_slot() {
  // Only simple queries are understood on a replication connection.
  auto publication = session_->run("SELECT 1 FROM pg_publication WHERE pubname = " + quote_text(settings_.publication));
  if (!publication) return std::unexpected(publication.error());
  if (publication->size() == 0) {
    return std::unexpected(
        SqlFailure{"42704", "", "", "publication " + settings_.publication + " does not exist: run migrate"});
  }
  auto slot = session_->run(
      "SELECT wal_status, plugin, (coalesce(confirmed_flush_lsn, '0/0') - '0/0'::pg_lsn)::bigint, active FROM "
      "pg_replication_slots WHERE slot_name = " +
      quote_text(settings_.slot));
  if (!slot) return std::unexpected(slot.error());
  if (slot->size() == 0) return make_slot("replication slot " + settings_.slot + " was gone");
  if (slot->text(0, 1) != "pgoutput") {
    return std::unexpected(SqlFailure{
        "55000", "", "", "slot " + settings_.slot + " belongs to another plug-in: name another with the setting slot"});
  }
  const bool invalidated = slot->text(0, 0) == "lost";
  if (invalidated || next_ == Next::anew) {
    auto dropped = session_->run("SELECT pg_drop_replication_slot(" + quote_text(settings_.slot) + ")");
    if (!dropped) return std::unexpected(dropped.error());
    return make_slot(
        "replication slot " + settings_.slot +
        (invalidated ? " was invalidated: the database has removed its log" : " could not be read any more"));
  }
  const pgoutput::Lsn confirmed = slot->number(0, 2);
  if (durable_ != 0 && confirmed > durable_) {
    // Nobody but us acknowledges: it is another slot of the same name.
    lost("replication slot " + settings_.slot + " was made anew by somebody else");
  }
  durable_ = std::max(durable_, confirmed);
  return {};
}

Sql<void> Replication::make_slot(const std::string& why) {
  auto made = session_->run("SELECT (lsn - '0/0'::pg_lsn)::bigint FROM pg_create_logical_replication_slot(" +
                            quote_text(settings_.slot) + ", 'pgoutput')");
  if (!made) return std::unexpected(made.error());
  durable_ = made->number(0, 0);
  // B4: said after the slot stands, so that the pull that follows and the stream overlap.
  lost(why);
  return {};
}

std::optional<SqlFailure> Replication::stream() {
  const std::chrono::milliseconds status_interval = std::min(limits::status_interval, settings_.stream_silence / 3);
  while (!link_->stopping()) {
    if (auto taken = take_acks(); !taken) return taken.error();
    const Duration now = clock_.monotonic();
    if (status_wanted_ || durable_ > reported_ || now - status_at_ >= status_interval) {
      if (auto sent = send_status(); !sent) return sent.error();
    }
    // Back-pressure: nothing is read while too much is not durable. The server buffers in its log.
    if (in_flight_.size() >= limits::capture_in_flight) {
      link_->wait(-1, status_interval / 2);
      heard_at_ = clock_.monotonic();  // nobody has listened
      continue;
    }
    char* raw = nullptr;
    const int size = PQgetCopyData(session_->raw(), &raw, 1);
    const std::unique_ptr<char, FreeCopy> bytes(raw);
    if (size > 0) {
      heard_at_ = clock_.monotonic();
      if (auto handled = handle({raw, static_cast<std::size_t>(size)}); !handled) return handled.error();
    } else if (size == 0) {
      if (!in_transaction_) flush();
      // The connection may be gone without a word, or whoever stands between may hang: TCP alone does not tell.
      if (clock_.monotonic() - heard_at_ > settings_.stream_silence) return broken_stream("nothing is heard of it");
      const auto woke = link_->wait(PQsocket(session_->raw()), status_interval / 2);
      if (woke == connector::CaptureLink::Woke::by_socket && PQconsumeInput(session_->raw()) == 0)
        return session_->last_failure();
    } else {
      const Rows end(PQgetResult(session_->raw()));
      SqlFailure failure = session_->last_failure();
      // 42704: the publication did not exist at a point of the log that must be decoded; it never will.
      if (failure.detail.find("publication") != std::string::npos &&
          failure.detail.find("does not exist") != std::string::npos)
        next_ = Next::anew;
      return failure;
    }
  }
  if (auto sent = send_status(); !sent) return sent.error();  // what is durable need not be sent again after a restart
  PQputCopyEnd(session_->raw(), nullptr);
  return std::nullopt;
}

Sql<void> Replication::take_acks() {
  for (const connector::Ack& ack : link_->take_acks()) {
    if (ack.delivery < first_delivery_) continue;
    if (!ack.durable) return std::unexpected(broken_stream("changes could not be committed here and are read again"));
    const auto found = std::ranges::find(in_flight_, ack.delivery, &InFlight::delivery);
    if (found != in_flight_.end()) found->durable = true;
  }
  while (!in_flight_.empty() && in_flight_.front().durable) {
    durable_ = std::max(durable_, in_flight_.front().end);
    in_flight_.pop_front();
  }
  return {};
}

Sql<void> Replication::handle(std::string_view bytes) {
  auto frame = pgoutput::decode_frame(bytes);
  if (!frame) return std::unexpected(broken_stream(frame.error().message));
  if (const auto* data = std::get_if<pgoutput::XLogData>(&*frame)) return handle_message(data->payload);
  const auto& keepalive = std::get<pgoutput::Keepalive>(*frame);
  if (!in_transaction_) {
    flush();
    // Everything up to here concerned other tables: the server may discard it.
    if (in_flight_.empty()) {
      durable_ = std::max(durable_, keepalive.server_end);
    } else {
      in_flight_.back().end = std::max(in_flight_.back().end, keepalive.server_end);
    }
  }
  status_wanted_ = status_wanted_ || keepalive.reply_requested;
  return {};
}

Sql<void> Replication::handle_message(std::string_view payload) {
  auto message = pgoutput::decode_message(payload);
  if (!message) return std::unexpected(broken_stream(message.error().message));
  if (const auto* begin = std::get_if<pgoutput::Begin>(&*message)) {
    version_ = base_ + begin->final_lsn;
    in_transaction_ = true;
    return {};
  }
  if (const auto* commit = std::get_if<pgoutput::Commit>(&*message)) {
    in_transaction_ = false;
    read_end_ = commit->end_lsn;
    if (pending_.size() >= limits::capture_batch || pending_bytes_ >= limits::capture_batch_bytes) flush();
    return {};
  }
  if (const auto* relation = std::get_if<pgoutput::Relation>(&*message)) return describe(*relation);
  if (const auto* insert = std::get_if<pgoutput::Insert>(&*message))
    return add(decoder_.insert(*insert, version_), payload.size());
  if (const auto* update = std::get_if<pgoutput::Update>(&*message))
    return add(decoder_.update(*update, version_), payload.size());
  if (const auto* gone = std::get_if<pgoutput::Delete>(&*message))
    return add(decoder_.remove(*gone, version_), payload.size());
  if (const auto* truncate = std::get_if<pgoutput::Truncate>(&*message)) {
    for (const std::uint32_t id : truncate->relations) {
      const std::string table = decoder_.table_of(id);
      if (table.empty()) continue;
      lost("table " + table + " was truncated: which rows it held is not in the stream");
    }
  }
  return {};  // origins, types and messages say nothing about rows
}

Sql<void> Replication::describe(const pgoutput::Relation& relation) {
  auto known = decoder_.describe(relation);
  if (!known) return std::unexpected(broken_stream(known.error().message));
  return *known == RowDecoder::Known::yes ? Sql<void>() : read_tables();
}

Sql<void> Replication::read_tables() {
  auto reader = Session::open(settings_, SessionKind::sql);
  if (!reader) return std::unexpected(reader.error());
  auto layout = read_layout(**reader, settings_);
  if (!layout) return std::unexpected(broken_stream(layout.error().message));
  decoder_.use(std::make_shared<const Layout>(std::move(*layout)));
  return {};
}

Sql<void> Replication::add(Result<std::vector<sync::Change>> changes, std::size_t bytes) {
  if (!changes) {
    if (changes.error().kind != ErrorKind::not_found) return std::unexpected(broken_stream(changes.error().message));
    lost(changes.error().message);
    return {};
  }
  for (auto& change : *changes) pending_.push_back(std::move(change));
  pending_bytes_ += bytes;
  // O3: a huge transaction goes out in pieces. It is acknowledged as a whole: `read_end_` moves with its commit.
  if (pending_.size() >= limits::capture_batch || pending_bytes_ >= limits::capture_batch_bytes) flush();
  return {};
}

void Replication::flush() {
  if (pending_.empty()) {
    if (in_flight_.empty()) {
      durable_ = std::max(durable_, read_end_);
    } else {
      in_flight_.back().end = std::max(in_flight_.back().end, read_end_);
    }
    return;
  }
  in_flight_.push_back({++last_delivery_, read_end_, false});
  link_->deliver(last_delivery_, std::exchange(pending_, {}));
  pending_bytes_ = 0;
}

// B3, B4: nothing after it is acknowledged to the server before the loss is durable here.
void Replication::lost(const std::string& reason) {
  flush();
  in_flight_.push_back({++last_delivery_, read_end_, false});
  link_->lost(last_delivery_, reason);
}

Sql<void> Replication::send_status() {
  pgoutput::StatusUpdate update;
  update.written = update.flushed = update.applied = durable_;
  update.now = clock_.now();
  update.reply_requested = clock_.monotonic() - heard_at_ >= settings_.stream_silence / 3;
  const std::string bytes = pgoutput::encode(update);
  if (PQputCopyData(session_->raw(), bytes.data(), static_cast<int>(bytes.size())) != 1 ||
      PQflush(session_->raw()) != 0) {
    return std::unexpected(session_->last_failure());
  }
  reported_ = durable_;
  status_at_ = clock_.monotonic();
  status_wanted_ = false;
  return {};
}

}  // namespace lockstep::postgres
