// Preloaded into a process, it shows that process a wall clock that is off by the seconds in the file which
// LOCKSTEP_FALSE_CLOCK names: 8 bytes, mapped, so that the clock jumps the moment somebody writes them. Steady clocks
// stay as they are, as in a real jump. It allocates nothing and asks the kernel itself, because allocators ask for the
// time before anything else is ready.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>

namespace {

std::atomic<const volatile std::int64_t*> offset = nullptr;

__attribute__((constructor)) void map_offset() {
  const char* path = std::getenv("LOCKSTEP_FALSE_CLOCK");
  const int file = path == nullptr ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  void* const mapped = mmap(nullptr, sizeof(std::int64_t), PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (mapped != MAP_FAILED) offset = static_cast<const volatile std::int64_t*>(mapped);
}

bool is_wall(clockid_t clock) {
  return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI;
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* out) {
  const long answer = syscall(SYS_clock_gettime, clock, out);
  const volatile std::int64_t* const off = offset;
  if (answer == 0 && off != nullptr && is_wall(clock)) out->tv_sec += *off;
  return static_cast<int>(answer);
}

int gettimeofday(timeval* out, void*) {
  timespec now{};
  const int answer = clock_gettime(CLOCK_REALTIME, &now);
  if (answer == 0) *out = {now.tv_sec, now.tv_nsec / 1000};
  return answer;
}

time_t time(time_t* out) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != nullptr) *out = now.tv_sec;
  return now.tv_sec;
}

}  // extern "C"
