// Dead letters in bulk: what they have in common, and trying again or giving up any number of them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/task.hpp"
#include "sync/batch.hpp"

namespace lockstep::hub {

struct PeopleContext;

struct DeadLetterFilter {
  std::optional<SystemName> system;
  std::optional<ErrorKind> error_kind;
  std::string error;                 // case-blind part of the error, as it is or as a group shows it; "" for any
  std::optional<Time> since_before;  // pending since before then
  std::optional<Time> since_after;
};

// Errors that are the same but for numbers, addresses and ids.
struct DeadLetterGroup {
  SystemName system;
  ErrorKind error_kind = ErrorKind::invalid;
  std::string error;
  std::uint64_t count = 0;
  Time first, last;  // when the oldest and the newest of them became pending
  RecordId example;
};

struct DeadLetterGroups {
  std::vector<DeadLetterGroup> groups;  // the largest first
  std::uint64_t others = 0;             // dead letters of groups beyond the limit
};

enum class DeadLetterAction { retry, discard, count };

struct DeadLetterOrder {
  DeadLetterAction action = DeadLetterAction::count;
  DeadLetterFilter filter;
  std::string reason;  // discard
  std::string actor;
};

struct DeadLettersDone {
  std::uint64_t matched = 0;
  std::uint64_t done = 0;
  struct Refused {
    RecordId record;
    std::string detail;
  };
  std::uint64_t refused_count = 0;
  std::vector<Refused> refused;  // the first ones
};

// The error without what differs from record to record.
std::string common_text(std::string_view error);
bool matches(const sync::OutboxRow& row, const DeadLetterFilter& filter);

// Both read page by page, so that other readers are not held up. The context outlives them.
Task<Result<DeadLetterGroups>> group_dead_letters(PeopleContext& context, SourceId source, DeadLetterFilter filter);
Task<Result<DeadLettersDone>> work_dead_letters(PeopleContext& context, SourceId source, DeadLetterOrder order);

}  // namespace lockstep::hub
