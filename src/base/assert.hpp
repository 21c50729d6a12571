// A broken assumption is a bug: it stops the process, in release builds too, so that
// a wrong state never reaches the disk. Expected failures are Results, never assertions.
#pragma once

namespace lockstep {

[[noreturn]] void assertion_failed(const char* condition, const char* why, const char* file, int line);

}  // namespace lockstep

// `why` says why the condition must hold.
#define LOCKSTEP_ASSERT(condition, why) \
  ((condition) ? void(0) : ::lockstep::assertion_failed(#condition, why, __FILE__, __LINE__))
