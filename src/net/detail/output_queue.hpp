// What a connection still has to write, as a list of pieces for one gather write. No sockets here.
//
// Pieces are owned strings (heads, small bodies) or shared ones (stream payloads, never copied). Consecutive
// stream payloads that wait together become one HTTP chunk.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::net::detail {

class OutputQueue {
 public:
  void add(std::string bytes);
  void add_shared(std::shared_ptr<const std::string> bytes);
  void add_chunk(std::shared_ptr<const std::string> bytes);  // framed as (part of) an HTTP chunk; not empty

  bool empty() const { return pending_bytes_ == 0; }
  std::size_t pending_bytes() const { return pending_bytes_; }

  // Nothing of an earlier gather() is left over.
  bool batch_done() const { return next_piece_ == pieces_.size(); }
  // What to write next, in order: everything queued when the last batch was used up. Valid until consume().
  std::span<const std::string_view> gather();
  // `bytes` of what gather() gave have been written.
  void consume(std::size_t bytes);

 private:
  enum class Kind { plain, chunk };
  struct Item {
    std::string owned;
    std::shared_ptr<const std::string> shared;
    Kind kind = Kind::plain;
    std::string_view bytes() const { return shared ? std::string_view(*shared) : std::string_view(owned); }
  };

  void push(Item item);
  void start_batch();

  std::vector<Item> waiting_;
  std::vector<Item> batch_;               // owns what pieces_ point into
  std::vector<std::string> chunk_heads_;  // likewise
  std::vector<std::string_view> pieces_;
  std::size_t next_piece_ = 0;
  std::size_t pending_bytes_ = 0;
};

}  // namespace lockstep::net::detail
