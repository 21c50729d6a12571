// Requests from arbitrary bytes to the whole gateway with a hub behind it: the first line is "caller METHOD target",
// headers follow to an empty line, the rest is the body. Bodies, cursors, ETags, Last-Event-ID, filters and times are
// read here. Every request is answered once, none with 5xx (A2); what has no rights, or only reads, changes nothing.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "gateway/gateway_world.hpp"

namespace {

std::string_view take(std::string_view& text, std::string_view end) {
  const std::string_view part = text.substr(0, text.find(end));
  text.remove_prefix(std::min(text.size(), part.size() + end.size()));
  return part;
}

// What the HTTP server lets through: method, target and header lines without spaces at the wrong place or controls.
bool printable(std::string_view text, char least) {
  return std::ranges::all_of(text, [&](char c) { return c >= least && c != 0x7f; });
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  testing::GTEST_FLAG(break_on_failure) = true;  // the world of the tests says what it sees by expectations
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lockstep;
  using namespace lockstep::gateway;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  std::string_view line = take(input, "\n");
  const std::string caller(take(line, " "));
  const std::string method(take(line, " "));
  const std::string target(line);
  if (method.empty() || !printable(method, '!') || target.empty() || !printable(target, '!')) return -1;
  wire::HttpHeaders headers;
  for (int i = 0; i < 8; ++i) {
    std::string_view header = take(input, "\n");
    if (header.empty()) break;
    const std::string name(take(header, ": "));
    if (!printable(name, '!') || !printable(header, ' ')) return -1;
    if (wire::equal_without_case(name, "Authorization")) continue;
    headers.add(name, std::string(header));
  }
  World world;
  // The first record of every world has the same id, so that seeds can name it.
  (void)world.create("acme", "ada@example.com");
  const Seq before = world.store.open_reader()->last_seq().value_or(0);
  const auto answer = world.send(caller, method, target, std::string(input), headers);
  world.settle();
  if (!answer->response) std::abort();
  const unsigned status = answer->response->status;
  if (status >= 500) std::abort();
  if (status == 401 || status == 403 || method == "GET") {
    if (world.store.open_reader()->last_seq().value_or(0) != before) std::abort();
  }
  if (answer->body && answer->body->gone) answer->body->gone();
  return 0;
}
