// Pages and their keys, the same for every store, so that they all give the same pages.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "store/limits.hpp"
#include "store/store.hpp"

namespace lockstep::store {

// Collects a page from rows offered in order. It stops at the page's limit, or when it has looked at
// limits::list_scan rows, so that a filter that matches little cannot make one read long.
template <class T>
class PageBuilder {
 public:
  explicit PageBuilder(const PageRequest& request)
      : limit_(std::clamp<std::size_t>(request.limit, 1, limits::page_items)) {}

  // Before each row: false when the page is complete and the row belongs to a later one.
  bool wants_more() {
    if (page_.items.size() < limit_ && scanned_ < limits::list_scan) return true;
    page_.next = last_key_;
    return false;
  }
  void skip(std::string key) {
    ++scanned_;
    last_key_ = std::move(key);
  }
  void add(std::string key, T item) {
    skip(std::move(key));
    page_.items.push_back(std::move(item));
  }
  Page<T> take() { return std::move(page_); }

 private:
  std::size_t limit_;
  std::size_t scanned_ = 0;
  std::string last_key_;
  Page<T> page_;
};

struct OutboxPageKey {
  std::string record;
  std::string system;
};
struct ConflictPageKey {
  Seq seq = 0;
  std::string field;
};

std::string outbox_page_key(const sync::OutboxKey& key);
std::string inbox_page_key(Seq seq);
std::string conflict_page_key(const sync::ConflictRow& row);

// "" gives the key before all others; anything that is no key of this kind is `invalid`.
Result<OutboxPageKey> parse_outbox_page_key(std::string_view text);
Result<Seq> parse_inbox_page_key(std::string_view text);
Result<ConflictPageKey> parse_conflict_page_key(std::string_view text);

// Due rows are those that an attempt can be made for, or has been made for.
bool is_due_state(sync::OutboxState state);
bool is_claim_state(sync::OutboxState state);

// What every store refuses before it looks at its data: journal entries that are not consecutive from first_seq.
Result<void> check_batch(const sync::Batch& batch);

}  // namespace lockstep::store
