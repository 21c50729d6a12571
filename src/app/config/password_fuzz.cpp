// Connection strings from arbitrary bytes: no crash, and what is found is never empty and never longer than the text.
#include "app/config/password.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const std::string& password : lockstep::app::passwords_in(text)) {
    if (password.empty() || password.size() > text.size()) std::abort();
  }
  return 0;
}
