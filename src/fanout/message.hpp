// One message of the hub. Its content is JSON text, written once; each protocol wraps it once, whatever the number of
// subscribers, when the first of them needs it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "base/json.hpp"
#include "wire/frame.hpp"

namespace lockstep::fanout {

// A row as a table shows it, before and after a change: what the filter of a client looks at.
struct RowChange {
  std::string schema;
  std::string table;
  std::string operation;  // INSERT, UPDATE, DELETE
  JsonObject record;      // empty for DELETE
  JsonObject old_record;  // empty for INSERT
};

enum class Content { entry, row, broadcast, presence };

class Message {
 public:
  Content content = Content::entry;
  Seq seq = 0;             // of the journal; 0: not committed, not kept
  std::uint32_t part = 0;  // of several with one sequence, from 0
  SourceId source;
  EntityName entity;
  std::vector<std::string> topics;
  std::string event;                     // its name: "change", "INSERT"
  std::string text;                      // JSON, or raw bytes when bytes_only
  bool bytes_only = false;               // a client's broadcast that is no JSON
  std::shared_ptr<const RowChange> row;  // of a row
  std::string change_text;               // of a row: as postgres_changes tells it
  // Whose it is, for those who have only a business in the source; "" nobody's. What has gone from one to another is told to
  // each in words of its own, never with the other's content (P2).
  std::string business_before;
  std::string business;
  std::shared_ptr<const Message> for_former;
  std::shared_ptr<const Message> for_next;
  std::uint64_t sender = 0;  // of a broadcast: who does not get it back; 0 for none

  // The frame under this key, made by the first who asks. The key names protocol, version and what else goes into it.
  // Only so many are kept (O3): clients that each want another form get one each.
  wire::Frame frame(std::string_view key, const std::function<wire::Frame()>& make) const {
    for (const auto& [known, frame] : frames_) {
      if (known == key) return frame;
    }
    wire::Frame made = make();
    if (frames_.size() < kFramesKept) frames_.emplace_back(key, made);
    return made;
  }
  std::size_t frames() const { return frames_.size(); }
  std::size_t bytes() const {
    const std::size_t others = (for_former ? for_former->bytes() : 0) + (for_next ? for_next->bytes() : 0);
    return text.size() + 2 * change_text.size() + 400 + others;
  }

 private:
  static constexpr std::size_t kFramesKept = 8;
  mutable std::vector<std::pair<std::string, wire::Frame>> frames_;  // on the loop's thread only
};

}  // namespace lockstep::fanout
