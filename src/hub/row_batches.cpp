#include "hub/row_batches.hpp"

#include <utility>

#include "hub/event_text.hpp"
#include "hub/row_events.hpp"

namespace lockstep::hub {
namespace {

// What a reader may have waiting is 256 KiB.
constexpr std::size_t kBatchBytes = 96 << 10;
constexpr std::size_t kBatchRows = 1'000;
// Behind the entry and all single rows that share its sequence.
constexpr std::uint32_t kFirstBatchPart = 1u << 20;

// Two changes of one row as one; nullptr when they leave nothing to tell.
std::shared_ptr<const fanout::RowChange> merged(const fanout::RowChange& first, const fanout::RowChange& last) {
  if (first.operation == "INSERT" && last.operation == "DELETE") return nullptr;
  auto out = std::make_shared<fanout::RowChange>(last);
  out->old_record = first.old_record;
  if (first.operation == "INSERT") out->operation = "INSERT";
  if (first.operation == "DELETE") out->operation = "UPDATE";
  return out;
}

}  // namespace

RowBatches::~RowBatches() {
  for (const auto& [source, window] : windows_) loop_.cancel(window.timer);
}

void RowBatches::publish(std::shared_ptr<fanout::Message> row, const std::string& key, Time at) {
  const SourceId source = row->source;
  row->topics = {row_topic(source), change_topic(source), change_topic({})};
  const auto known = windows_.find(source);
  if (known == windows_.end() && settings_.above == 0) return events_.publish(std::move(row));
  Window& window = known == windows_.end() ? windows_[source] : known->second;
  if (known == windows_.end()) begin(source, window);
  ++window.rows;
  if (window.rows > settings_.above) window.gathers = true;
  if (!window.gathers) return events_.publish(std::move(row));
  row->topics.erase(row->topics.begin());
  gather(window, *row, key, at);
  events_.publish(std::move(row));
  if (window.bytes >= kBatchBytes || window.gathered.size() >= kBatchRows) tell(source, window);
}

void RowBatches::gather(Window& window, const fanout::Message& row, const std::string& key, Time at) {
  const auto known = window.places.find(key);
  if (known == window.places.end()) {
    window.places.emplace(key, window.gathered.size());
    window.gathered.push_back({row.row, row.text});
    window.bytes += row.text.size();
    return;
  }
  Gathered& held = window.gathered[known->second];
  window.bytes -= held.text.size();
  held.change = merged(*held.change, *row.row);
  held.text = held.change ? row_text(*held.change, at, row.seq) : "";
  window.bytes += held.text.size();
  if (!held.change) window.places.erase(known);
}

void RowBatches::tell(const SourceId& source, Window& window) {
  std::string rows;
  for (const Gathered& one : std::exchange(window.gathered, {})) {
    if (!one.change) continue;
    rows += rows.empty() ? "" : ",";
    rows += one.text;
  }
  window.places.clear();
  window.bytes = 0;
  if (rows.empty()) return;
  auto message = std::make_shared<fanout::Message>();
  message->content = fanout::Content::row;
  message->seq = events_.last_seq();
  message->part = kFirstBatchPart + told_++;
  message->source = source;
  message->topics = {row_topic(source)};
  message->event = "ROWS";
  message->text = "{\"operation\":\"ROWS\",\"rows\":[" + rows + "],\"timestamp\":\"" + to_iso8601(loop_.clock().now()) +
                  "\",\"seq\":" + std::to_string(message->seq) + "}";
  events_.publish(std::move(message));
}

void RowBatches::begin(const SourceId& source, Window& window) {
  window.timer = loop_.after(settings_.every, [this, source] { end(source); });
}

// Goes on gathering until the changes have become few again.
void RowBatches::end(const SourceId& source) {
  Window& window = windows_.at(source);
  tell(source, window);
  if (window.rows == 0 || settings_.above == 0) {
    windows_.erase(source);
    return;
  }
  window.gathers = window.rows > settings_.above;
  window.rows = 0;
  begin(source, window);
}

void RowBatches::flush() {
  for (auto& [source, window] : windows_) tell(source, window);
}

}  // namespace lockstep::hub
