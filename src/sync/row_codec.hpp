// The parts of stored rows that a store only keeps and gives back, as compact JSON text: what it never searches by.
// Every store that keeps rows as text or columns uses these (docs/formats/store.md). Decoding fails with `corrupt`.
#pragma once

#include <string>
#include <string_view>

#include "sync/batch.hpp"

namespace lockstep::sync {

// change, reason and candidates of a row; the other members are columns.
std::string encode_inbox_body(const InboxRow& row);
Result<void> decode_inbox_body(std::string_view text, InboxRow& row);

// base, mine, theirs, their origins, rule and winner of a row; the other members are columns.
std::string encode_conflict_body(const ConflictRow& row);
Result<void> decode_conflict_body(std::string_view text, ConflictRow& row);

// A JSON object by field name: what a claimed write carries.
std::string encode_fields(const Fields& fields);
Result<Fields> decode_fields(std::string_view text);

// A JSON value that stands alone: the body of a journal entry, the value of a state row.
std::string encode_value(const Json& value);
Result<Json> decode_value(std::string_view text);

// Enumerators as they are stored. A number that names none is `corrupt`.
Result<OutboxState> outbox_state_from(std::int64_t number);
Result<WorkClass> work_class_from(std::int64_t number);
Result<InboxKind> inbox_kind_from(std::int64_t number);
Result<ErrorKind> error_kind_from_number(std::int64_t number);

}  // namespace lockstep::sync
