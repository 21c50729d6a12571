#include "wire/pgoutput.hpp"

#include <charconv>
#include <cstdio>

namespace lockstep::wire::pgoutput {
namespace {

// 2000-01-01 in Unix time: PostgreSQL counts microseconds from there.
constexpr std::int64_t epoch_us = 946'684'800'000'000;

Time time_of(std::uint64_t us) {
  // Unsigned arithmetic: an absurd value wraps instead of overflowing.
  return Time(Duration(static_cast<std::int64_t>(us + static_cast<std::uint64_t>(epoch_us))));
}

// Reads from the front. After a failed read all further reads fail, so callers check once per message.
class Reader {
 public:
  Reader(std::string_view bytes, const Limits& limits) : bytes_(bytes), limits_(limits) {}

  std::uint64_t number(std::size_t size) {
    const std::string_view raw = take(size);
    std::uint64_t value = 0;
    for (const char byte : raw) value = value << 8 | static_cast<unsigned char>(byte);
    return value;
  }
  std::uint8_t byte() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }

  std::string name() {
    const std::size_t end = bytes_.find('\0');
    if (end == std::string_view::npos) return failed("a name has no end");
    if (end > limits_.name_bytes) return over("a name is too long");
    std::string text(take(end));
    take(1);
    return text;
  }

  std::string value(std::size_t size) {
    if (size > limits_.value_bytes) return over("a value is larger than the limit");
    return std::string(take(size));
  }

  std::string_view rest() { return take(bytes_.size()); }
  bool at_end() const { return bytes_.empty(); }

  std::string failed(std::string_view why) {
    if (!error_) error_ = Error{ErrorKind::corrupt, "replication stream: " + std::string(why), {}};
    bytes_ = {};
    return {};
  }
  std::string over(std::string_view why) {
    if (!error_) error_ = Error{ErrorKind::exhausted, "replication stream: " + std::string(why), {}};
    bytes_ = {};
    return {};
  }
  bool ok() const { return !error_; }
  const Error& error() const { return *error_; }

 private:
  std::string_view take(std::size_t size) {
    if (error_ || size > bytes_.size()) {
      failed("a message ends early");
      return {};
    }
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }

  std::string_view bytes_;
  const Limits& limits_;
  std::optional<Error> error_;
};

Tuple read_tuple(Reader& in, const Limits& limits) {
  Tuple tuple;
  const std::size_t count = in.u16();
  if (count > limits.columns) {
    in.over("a row has too many columns");
    return tuple;
  }
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    Cell cell;
    switch (in.byte()) {
      case 'n': cell.kind = CellKind::null; break;
      case 'u': cell.kind = CellKind::unchanged; break;
      case 't':
        cell.kind = CellKind::text;
        cell.text = in.value(in.u32());
        break;
      default: in.failed("unknown kind of column value"); break;
    }
    tuple.push_back(std::move(cell));
  }
  return tuple;
}

Begin read_begin(Reader& in) {
  Begin begin;
  begin.final_lsn = in.u64();
  begin.committed = time_of(in.u64());
  begin.xid = in.u32();
  return begin;
}

Commit read_commit(Reader& in) {
  Commit commit;
  in.byte();  // flags: unused
  commit.commit_lsn = in.u64();
  commit.end_lsn = in.u64();
  commit.committed = time_of(in.u64());
  return commit;
}

Relation read_relation(Reader& in, const Limits& limits) {
  Relation relation;
  relation.id = in.u32();
  relation.schema = in.name();
  if (relation.schema.empty()) relation.schema = "pg_catalog";  // the protocol's abbreviation
  relation.name = in.name();
  relation.identity = static_cast<char>(in.byte());
  const std::size_t count = in.u16();
  if (count > limits.columns) in.over("a table has too many columns");
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    Column column;
    column.key = (in.byte() & 1U) != 0;
    column.name = in.name();
    column.type = in.u32();
    column.modifier = static_cast<std::int32_t>(in.u32());
    relation.columns.push_back(std::move(column));
  }
  return relation;
}

OldTuple old_kind_of(Reader& in, std::uint8_t mark) {
  if (mark == 'K') return OldTuple::key;
  if (mark == 'O') return OldTuple::full;
  in.failed("unknown kind of old row");
  return OldTuple::none;
}

Update read_update(Reader& in, const Limits& limits) {
  Update update;
  update.relation = in.u32();
  std::uint8_t mark = in.byte();
  if (mark != 'N') {
    update.old_kind = old_kind_of(in, mark);
    update.old_row = read_tuple(in, limits);
    mark = in.byte();
  }
  if (mark != 'N') in.failed("an update has no new row");
  update.row = read_tuple(in, limits);
  return update;
}

Delete read_delete(Reader& in, const Limits& limits) {
  Delete gone;
  gone.relation = in.u32();
  gone.old_kind = old_kind_of(in, in.byte());
  gone.old_row = read_tuple(in, limits);
  return gone;
}

Truncate read_truncate(Reader& in, const Limits& limits) {
  Truncate truncate;
  const std::size_t count = in.u32();
  in.byte();  // options: CASCADE, RESTART IDENTITY
  if (count > limits.relations) in.over("a truncate names too many tables");
  for (std::size_t i = 0; i < count && in.ok(); ++i) truncate.relations.push_back(in.u32());
  return truncate;
}

LogicalMessage read_logical_message(Reader& in) {
  LogicalMessage message;
  message.transactional = (in.byte() & 1U) != 0;
  message.lsn = in.u64();
  message.prefix = in.name();
  message.content = in.value(in.u32());
  return message;
}

Message read_message(Reader& in, const Limits& limits) {
  switch (in.byte()) {
    case 'B': return read_begin(in);
    case 'C': return read_commit(in);
    case 'R': return read_relation(in, limits);
    case 'U': return read_update(in, limits);
    case 'D': return read_delete(in, limits);
    case 'T': return read_truncate(in, limits);
    case 'M': return read_logical_message(in);
    case 'I': {
      Insert insert;
      insert.relation = in.u32();
      if (in.byte() != 'N') in.failed("an insert has no new row");
      insert.row = read_tuple(in, limits);
      return insert;
    }
    case 'O': {
      Origin origin;
      origin.origin_lsn = in.u64();
      origin.name = in.name();
      return origin;
    }
    case 'Y': {
      Type type;
      type.id = in.u32();
      type.schema = in.name();
      type.name = in.name();
      return type;
    }
    default: in.failed("unknown message"); return Begin{};
  }
}

void put_u64(std::string& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift & 0xFFU));
}

}  // namespace

std::string lsn_text(Lsn lsn) {
  char text[20];
  std::snprintf(text, sizeof text, "%X/%X", static_cast<unsigned>(lsn >> 32), static_cast<unsigned>(lsn & 0xFFFFFFFFU));
  return text;
}

Result<Lsn> parse_lsn(std::string_view text) {
  const std::size_t slash = text.find('/');
  std::uint32_t high = 0, low = 0;
  if (slash != std::string_view::npos) {
    const char* middle = text.data() + slash;
    const char* end = text.data() + text.size();
    const auto first = std::from_chars(text.data(), middle, high, 16);
    const auto second = std::from_chars(middle + 1, end, low, 16);
    if (first.ec == std::errc() && first.ptr == middle && second.ec == std::errc() && second.ptr == end) {
      return Lsn{high} << 32 | low;
    }
  }
  return fail(ErrorKind::corrupt, "not a position in the write-ahead log");
}

Result<Frame> decode_frame(std::string_view bytes) {
  const Limits limits;
  Reader in(bytes, limits);
  Frame frame;
  switch (in.byte()) {
    case 'w': {
      XLogData data;
      data.start = in.u64();
      data.server_end = in.u64();
      data.sent = time_of(in.u64());
      data.payload = in.rest();
      frame = data;
      break;
    }
    case 'k': {
      Keepalive keepalive;
      keepalive.server_end = in.u64();
      keepalive.sent = time_of(in.u64());
      keepalive.reply_requested = in.byte() != 0;
      frame = keepalive;
      break;
    }
    default: in.failed("unknown frame");
  }
  if (in.ok() && !in.at_end()) in.failed("a frame is longer than it says");
  if (!in.ok()) return fail(in.error());
  return frame;
}

std::string encode(const StatusUpdate& update) {
  std::string out = "r";
  put_u64(out, update.written);
  put_u64(out, update.flushed);
  put_u64(out, update.applied);
  put_u64(out,
          static_cast<std::uint64_t>(update.now.time_since_epoch().count()) - static_cast<std::uint64_t>(epoch_us));
  out.push_back(update.reply_requested ? '\1' : '\0');
  return out;
}

Result<Message> decode_message(std::string_view bytes, const Limits& limits) {
  Reader in(bytes, limits);
  Message message = read_message(in, limits);
  if (in.ok() && !in.at_end()) in.failed("a message is longer than it says");
  if (!in.ok()) return fail(in.error());
  return message;
}

}  // namespace lockstep::wire::pgoutput
