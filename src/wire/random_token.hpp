// A text that nobody can guess: 128 bits from the operating system, as 32 hexadecimal digits. For ids that are secrets.
#pragma once

#include <string>

namespace lockstep::wire {

std::string random_token();

}  // namespace lockstep::wire
