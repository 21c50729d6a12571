// How many files and sockets the process may have open.
#pragma once

#include <cstddef>

namespace lockstep::app {

// Raises the limit as far as the system lets this user, and returns it. When it can not be asked for or raised, what
// holds now (POSIX guarantees 20).
std::size_t raise_open_files();

// How many connections a server may accept, so that the store, the databases and calls to other systems never lack
// a descriptor: at most `wanted`, and three quarters of what is left of `open_files` after `refused`.
std::size_t affordable_connections(std::size_t wanted, std::size_t open_files, std::size_t refused);

}  // namespace lockstep::app
