// How changed rows reach those who listen: one by one, or, while many change at once, gathered into one message ROWS
// for all rows of a source that changed within a moment. The last state of each row is told, once.
//
// Only the topics of rows are gathered: the protocol of postgres_changes knows single changes only. While rows are
// gathered nothing else of their source is told on its topic, so that it stays in order; what a batch holds counts as
// told at the batch's sequence, which is not below that of any of its rows (P1). On the loop's thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/loop.hpp"
#include "fanout/topic_hub.hpp"
#include "hub/limits.hpp"

namespace lockstep::hub {

class RowBatches {
 public:
  RowBatches(Loop& loop, fanout::TopicHub& events) : loop_(loop), events_(events) {}
  ~RowBatches();
  RowBatches(const RowBatches&) = delete;
  RowBatches& operator=(const RowBatches&) = delete;

  void set(RowBatching settings) { settings_ = settings; }
  // `row` as RowEvents makes it; `key` tells it from the other rows of its source.
  void publish(std::shared_ptr<fanout::Message> row, const std::string& key, Time at);
  // Tells what is gathered.
  void flush();

 private:
  struct Gathered {
    std::shared_ptr<const fanout::RowChange> change;  // null: made and deleted again, nothing to tell
    std::string text;
  };
  struct Window {
    std::size_t rows = 0;  // since it began
    bool gathers = false;
    std::vector<Gathered> gathered;
    std::unordered_map<std::string, std::size_t> places;  // by key
    std::size_t bytes = 0;
    TimerId timer{};
  };

  void gather(Window& window, const fanout::Message& row, const std::string& key, Time at);
  void tell(const SourceId& source, Window& window);
  void begin(const SourceId& source, Window& window);
  void end(const SourceId& source);

  Loop& loop_;
  fanout::TopicHub& events_;
  RowBatching settings_;
  std::map<SourceId, Window> windows_;  // of sources with changes right now
  std::uint32_t told_ = 0;
};

}  // namespace lockstep::hub
