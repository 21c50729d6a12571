// The path up to the first newline, then JSON: what is set is got, and a broken path changes nothing.
#include <cstddef>
#include <cstdint>

#include "base/assert.hpp"
#include "sync/mapping.hpp"
#include "sync/path.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace lockstep;
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  const std::size_t line = input.find('\n');
  const std::string_view path = input.substr(0, line);
  auto document = parse_json(line == std::string_view::npos ? "{}" : input.substr(line + 1));
  if (!document) return 0;
  const Json before = *document;
  const bool broken = sync::check_path(path).has_value();
  sync::get_path(*document, path);
  sync::set_path(*document, path, 42);
  const Json* back = sync::get_path(*document, path);
  LOCKSTEP_ASSERT(broken ? *document == before : back != nullptr && *back == Json(42), "what is set is got");
  return 0;
}
