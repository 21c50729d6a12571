// Any request to a sandbox with some data in it: it must answer JSON (the page and the keys apart) and keep its promises.
// Input: the method and target in the first line, then the body.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.hpp"
#include "base/json.hpp"
#include "connectors/gohighlevel/sandbox/sandbox.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lockstep;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view line = input.substr(0, input.find('\n'));
  const auto space = line.find(' ');
  wire::HttpRequest request;
  request.method = std::string(line.substr(0, space));
  if (space != std::string_view::npos) request.target = std::string(line.substr(space + 1));
  if (line.size() < input.size()) request.body = std::string(input.substr(line.size() + 1));
  request.headers = {{"Authorization", "Bearer pit-sandbox"}, {"Version", "2021-07-28"}};
  request.headers.add("Content-Type",
                      request.target.starts_with("/oauth") ? "application/x-www-form-urlencoded" : "application/json");
  // The sizes a seeding may have are the host's concern, not the decoders'.
  if (request.target.starts_with("/_sandbox/seed")) return 0;

  ManualClock clock;
  SeededRandom random(1);
  auto settings = gohighlevel::SandboxSettings::demo();
  settings.webhooks.registrations.push_back({"http://127.0.0.1:9/", {}, ""});
  gohighlevel::Sandbox sandbox(std::move(settings), clock, random);
  sandbox.handle({"POST", "/_sandbox/seed", {}, R"({"contacts":5,"opportunities":3})"});
  const auto reply = sandbox.handle(request);
  const bool json = reply.response.headers.get("Content-Type").starts_with("application/json");
  if (json) LOCKSTEP_ASSERT(parse_json(reply.response.body, {64 << 20, 64}).has_value(), "every answer is JSON");
  for (const auto& delivery : sandbox.due_webhooks(clock.now())) {
    LOCKSTEP_ASSERT(parse_json(delivery.request.body).has_value(), "every event is JSON");
    sandbox.webhook_result(delivery.delivery_id, 200);
  }
  return 0;
}
