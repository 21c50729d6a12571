// The hub's limits, in one place. At a limit the hub refuses or waits; it never grows quietly (O3).
#pragma once

#include <chrono>
#include <cstddef>

namespace lockstep::hub {

// How changed rows are told (hub/row_batches.hpp).
struct RowBatching {
  std::size_t above = 0;  // rows of a source within `every` that are told one by one, the others at once; 0: all
  std::chrono::milliseconds every{250};
};

struct HubLimits {
  std::size_t queue_inputs_limit = 20'000;  // accepted by intake, not yet committed; then 429 (A2)
  std::size_t queue_bytes_limit = 64u << 20;
  std::size_t queue_inputs_per_source_limit = 10'000;  // so that one tenant can not fill the queue
  std::size_t batch_inputs_limit = 1'024;              // in one transaction
  std::size_t commit_attempts = 60;                    // of what is known already, on a disk with errors
  std::size_t lane_rows_limit = 500;                   // prepared for one lane at a time
  std::size_t fetches_parallel_limit = 4;              // readings by id at a time, per lane
  std::size_t pull_page_limit = 100;
  std::size_t pulls_parallel_limit = 4;  // entities that are pulled at a time, per lane
  std::size_t scan_page_limit = 500;
  // A scan in which more objects than this are missing deletes nothing and asks (a half-read list must not become a
  // mass deletion).
  std::size_t scan_missing_least = 10;
  std::size_t scan_missing_percent = 20;
  std::size_t jobs_kept_limit = 200;                   // ended jobs that can still be asked about
  std::size_t jobs_waiting_limit = 16;                 // ordered, for one system
  std::chrono::milliseconds job_patience{5 * 60'000};  // of an ordered job with a system that does not answer
  std::chrono::milliseconds job_row_wait{10'000};      // for a job's row to be written where it is seen
  std::chrono::milliseconds job_settle_wait{60'000};   // for what was read to be written to the other systems
  std::size_t dead_letter_page = 1'000;                // read, and tried again, at a time
  std::size_t dead_letter_groups = 200;
  std::size_t refused_listed = 100;   // of what was asked for in bulk
  std::size_t rework_page = 1'000;    // journal entries read at a time by undo and replay
  std::size_t rework_batch = 200;     // undone in one transaction
  std::size_t rework_known = 50'000;  // records that a replay remembers to have read
  std::size_t rework_attempts = 10;   // readings of one object before a replay gives up
  std::chrono::milliseconds connector_restart_first{1'000};
  std::chrono::milliseconds connector_restart_limit{60'000};
  std::chrono::milliseconds unauthorized_pause{60'000};
  std::chrono::milliseconds mirror_retry{10'000};    // after a first full pull that failed
  std::chrono::milliseconds catch_up_limit{60'000};  // writes wait so long at most for the first pull after a start
  std::size_t breaker_failures = 5;  // calls without an answer in a row; then the system is left alone for a while
  std::chrono::milliseconds breaker_first{1'000};
  std::chrono::milliseconds breaker_limit{60'000};
  std::chrono::milliseconds schedule_look{60'000};    // at the latest: the wall clock may have been set
  std::chrono::milliseconds watch_every{60'000};      // a lane looks after itself
  std::chrono::milliseconds stall_after{5 * 60'000};  // something was due this long, nothing was written: an alarm
  std::chrono::milliseconds gap_scan_after{10 *
                                           60'000};      // away for longer: what can not be pulled by time is read anew
  std::chrono::milliseconds silence_least{15 * 60'000};  // without webhooks, before anybody is alarmed
  std::size_t silence_gaps = 20;                         // and this many times the usual gap
  std::size_t silence_learned = 20;                      // webhooks, before the usual gap means anything
};

}  // namespace lockstep::hub
