// What killed tests and measurements leave behind: folders, disks mounted in them, database servers.
#pragma once

#include <functional>

namespace lockstep::tests {

// Removes what belongs to processes that are gone, and nothing else. How many folders it was.
std::size_t remove_leftovers();

// Does the work in a process of its own and returns its exit code. Whatever ends it, also SIGINT, SIGTERM or SIGHUP to
// this process: afterwards nothing of it is left. If this process is killed, the work ends and the next call cleans up.
int run_and_clean_up(const std::function<int()>& work);

}  // namespace lockstep::tests
