#include "store/paging.hpp"

#include <charconv>

namespace lockstep::store {

namespace {

Error bad_key(std::string_view text) {
  return Error{ErrorKind::invalid,
               "no page starts after \"" + std::string(text.substr(0, 40)) + "\": use the `next` of a page",
               {}};
}

bool read_seq(std::string_view text, Seq& seq) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seq);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::string outbox_page_key(const sync::OutboxKey& key) { return key.record.str() + "/" + key.system.str(); }
std::string inbox_page_key(Seq seq) { return std::to_string(seq); }
std::string conflict_page_key(const sync::ConflictRow& row) { return std::to_string(row.seq) + "/" + row.field; }

Result<OutboxPageKey> parse_outbox_page_key(std::string_view text) {
  if (text.empty()) return OutboxPageKey{};
  const std::size_t slash = text.rfind('/');  // system names hold no slash
  if (slash == std::string_view::npos) return fail(bad_key(text));
  return OutboxPageKey{std::string(text.substr(0, slash)), std::string(text.substr(slash + 1))};
}

Result<Seq> parse_inbox_page_key(std::string_view text) {
  Seq seq = 0;
  if (!text.empty() && !read_seq(text, seq)) return fail(bad_key(text));
  return seq;
}

Result<ConflictPageKey> parse_conflict_page_key(std::string_view text) {
  ConflictPageKey key;
  if (text.empty()) return key;
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || !read_seq(text.substr(0, slash), key.seq)) return fail(bad_key(text));
  key.field = text.substr(slash + 1);
  return key;
}

bool is_due_state(sync::OutboxState state) { return state == sync::OutboxState::waiting || is_claim_state(state); }

bool is_claim_state(sync::OutboxState state) {
  return state == sync::OutboxState::claimed || state == sync::OutboxState::unknown;
}

Result<void> check_batch(const sync::Batch& batch) {
  Seq expected = batch.first_seq;
  for (const sync::JournalEntry& entry : batch.journal) {
    if (entry.seq == 0 || entry.seq != expected) {
      return fail(ErrorKind::invalid, "journal entry " + std::to_string(entry.seq) + " stands where " +
                                          std::to_string(expected) + " belongs");
    }
    ++expected;
  }
  return {};
}

}  // namespace lockstep::store
