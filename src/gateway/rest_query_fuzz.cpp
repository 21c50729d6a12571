// Queries in PostgREST's dialect from arbitrary bytes: the query, then a line of each header that is looked at. What is
// read stays within its limits and can be asked.
#include <cstdint>
#include <cstdlib>

#include "gateway/rest_query.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lockstep;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto line = [&] {
    const std::string_view part = input.substr(0, input.find('\n'));
    input.remove_prefix(std::min(input.size(), part.size() + 1));
    return std::string(part);
  };
  const wire::Target target = wire::parse_target("/rest/v1/v?" + line());
  wire::HttpHeaders headers;
  for (const char* name : {"Range", "Accept", "Prefer", "Range-Unit"}) headers.add(name, line());
  const auto query = gateway::parse_rest_query("v", target, headers);
  if (!query) {
    if (query.error().status < 400 || query.error().code.empty() || query.error().message.empty()) std::abort();
    return 0;
  }
  if (query->read.limit > gateway::rest_rows_limit) std::abort();
  for (const auto& filter : query->read.filters) {
    if (filter.kind == connector::TableFilter::Kind::compare ? filter.column.empty() && filter.values.size() > 1000
                                                             : filter.parts.empty())
      std::abort();
  }
  return 0;
}
