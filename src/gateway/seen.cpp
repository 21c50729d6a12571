#include "gateway/seen.hpp"

#include <utility>

namespace lockstep::gateway {
namespace {

constexpr std::chrono::seconds kWriteAfter{1};
constexpr std::size_t kReadersLimit = 1'000;  // of a source
const std::string kKey = "seen";
const SystemName kReaders("app");

}  // namespace

JsonObject to_json(const std::map<std::string, Seen::Mark>& marks) {
  JsonObject out;
  for (const auto& [reader, mark] : marks) {
    out[reader] = JsonObject{{"seq", mark.seq}, {"at", to_iso8601(mark.at)}};
  }
  return out;
}

Seen::Seen(Context& context) : context_(context) {
  auto rows = std::make_shared<Result<std::vector<sync::StateRow>>>();
  context_.hub.read([rows](store::Reader& reader) { *rows = reader.states(kKey); },
                    [this, rows, alive = std::weak_ptr(alive_)] {
                      if (!alive.expired() && *rows) take(**rows);
                    });
}

void Seen::take(const std::vector<sync::StateRow>& rows) {
  for (const sync::StateRow& row : rows) {
    if (row.key != kKey || row.system != kReaders || !row.value.is_object()) continue;
    for (const auto& [reader, told] : row.value.get_object()) {
      const Json* seq = find_member(told, "seq");
      const Result<Time> at = parse_iso8601(string_member(told, "at"));
      if (seq == nullptr || !seq->is_number() || !at) continue;
      boost::system::error_code error;
      const Mark kept{seq->to_number<Seq>(error), *at};
      Mark& mark = sources_[row.source].marks[std::string(reader)];
      if (!error && kept.seq > mark.seq) mark = kept;
    }
  }
}

Seen::~Seen() {
  if (timer_) context_.loop.cancel(*timer_);
}

Result<void> Seen::tell(const Identity& identity, const TopicName& topic, const Json& seq) {
  if (!topic.is_data() || !identity.may_read(topic.source))
    return fail(ErrorKind::unauthorized, "you may not read this topic");
  if (context_.hub.catalog().find(topic.source) == nullptr)
    return fail(ErrorKind::not_found, "there is no such source");
  boost::system::error_code error;
  const auto number = seq.is_number() ? seq.to_number<Seq>(error) : Seq{0};
  if (error || number == 0 || number > context_.hub.events().last_seq())
    return fail(ErrorKind::invalid, "seq is the number of an event that there is");
  Readers& readers = sources_[topic.source];
  const std::string& name = identity.caller->name;
  if (!readers.marks.contains(name) && readers.marks.size() >= kReadersLimit)
    return fail(ErrorKind::exhausted, "too many readers");
  Mark& mark = readers.marks[name];
  if (number > mark.seq) {
    mark = {number, context_.loop.clock().now()};
    readers.changed = true;
    write_later();
  }
  return {};
}

std::map<std::string, Seen::Mark> Seen::of(const SourceId& source) const {
  const auto at = sources_.find(source);
  return at == sources_.end() ? std::map<std::string, Mark>() : at->second.marks;
}

void Seen::write_later() {
  if (timer_) return;
  timer_ = context_.loop.after(kWriteAfter, [this] {
    timer_.reset();
    write();
  });
}

// Many marks, one row of state for each source.
void Seen::write() {
  for (auto& [source, readers] : sources_) {
    if (!std::exchange(readers.changed, false)) continue;
    context_.hub.put_state({source, kReaders, kKey, to_json(readers.marks)}, [&context = context_](Result<void> done) {
      // It is told again with the next mark.
      if (!done) context.log.warning("seen.not_kept", {{"error", done.error().message}});
    });
  }
}

}  // namespace lockstep::gateway
