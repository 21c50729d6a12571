#include "net/detail/output_queue.hpp"

#include <array>
#include <charconv>
#include <utility>

#include "base/assert.hpp"

namespace lockstep::net::detail {

void OutputQueue::add(std::string bytes) { push({std::move(bytes), nullptr, Kind::plain}); }

void OutputQueue::add_shared(std::shared_ptr<const std::string> bytes) { push({{}, std::move(bytes), Kind::plain}); }

void OutputQueue::add_chunk(std::shared_ptr<const std::string> bytes) {
  LOCKSTEP_ASSERT(!bytes->empty(), "an empty chunk would end the body");
  push({{}, std::move(bytes), Kind::chunk});
}

void OutputQueue::push(Item item) {
  const std::size_t size = item.bytes().size();
  if (size == 0) return;
  pending_bytes_ += size;
  waiting_.push_back(std::move(item));
}

void OutputQueue::start_batch() {
  batch_.clear();
  chunk_heads_.clear();
  pieces_.clear();
  next_piece_ = 0;
  batch_.swap(waiting_);
  // Views point into these strings, so the vector must not move them.
  std::size_t runs = 0;
  for (std::size_t i = 0; i < batch_.size(); ++i) {
    if (batch_[i].kind == Kind::chunk && (i == 0 || batch_[i - 1].kind != Kind::chunk)) ++runs;
  }
  chunk_heads_.reserve(runs);
  for (std::size_t i = 0; i < batch_.size();) {
    if (batch_[i].kind == Kind::plain) {
      pieces_.push_back(batch_[i++].bytes());
      continue;
    }
    std::size_t end = i;
    std::size_t size = 0;
    while (end < batch_.size() && batch_[end].kind == Kind::chunk) size += batch_[end++].bytes().size();
    std::array<char, 20> digits{};
    const auto last = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16).ptr;
    std::string& head = chunk_heads_.emplace_back(digits.data(), last);
    head += "\r\n";
    pending_bytes_ += head.size() + 2;
    pieces_.push_back(head);
    for (; i < end; ++i) pieces_.push_back(batch_[i].bytes());
    pieces_.push_back("\r\n");
  }
}

std::span<const std::string_view> OutputQueue::gather() {
  if (next_piece_ == pieces_.size()) start_batch();
  return std::span<const std::string_view>(pieces_).subspan(next_piece_);
}

void OutputQueue::consume(std::size_t bytes) {
  pending_bytes_ -= bytes;
  while (bytes > 0) {
    std::string_view& piece = pieces_[next_piece_];
    if (bytes < piece.size()) {
      piece.remove_prefix(bytes);
      return;
    }
    bytes -= piece.size();
    ++next_piece_;
  }
  if (next_piece_ == pieces_.size()) {
    batch_.clear();
    pieces_.clear();
    next_piece_ = 0;
  }
}

}  // namespace lockstep::net::detail
