// Copies of the store's file: made while it is in use, and put back.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/ids.hpp"
#include "base/result.hpp"

namespace lockstep::store {

struct BackupSummary {
  std::uint64_t bytes = 0;
  std::uint64_t records = 0;  // tombstones included
  Seq last_seq = 0;
};

// Writes one consistent state of `store` to `target`, for the owner only, checked and synced to the disk. Commits go on
// meanwhile. `conflict` when the target exists; `not_found` when there is no store.
Result<BackupSummary> back_up(const std::filesystem::path& store, const std::filesystem::path& target);

// Puts `backup` in the place of `store`; what stood there is kept at `aside`. Writes that were waiting will be read back
// before they are sent again. `unavailable` while a process uses the store,
// `corrupt` when the backup is damaged, `invalid` when it is no store of this or an earlier version.
Result<BackupSummary> restore(const std::filesystem::path& backup, const std::filesystem::path& store,
                              const std::filesystem::path& aside);

// What makes a restored store distrust its outbox: what was still to be written when the backup was made may have been
// written since, and is read back first (X2).
inline constexpr const char* distrust_outbox_sql =
    "UPDATE outbox SET state = 2, creates = 1, claimed_at = 0, waits_for = '' WHERE state IN (0, 1, 3)";

}  // namespace lockstep::store
