#include "bench/support/rig.hpp"

#include <fmt/format.h>

#include <fstream>
#include <sstream>
#include <thread>

namespace lockstep::bench {
namespace {

constexpr std::chrono::milliseconds kBetweenLooks{50};
constexpr int kLooksAtRest = static_cast<int>(rest_seconds * 1'000) / static_cast<int>(kBetweenLooks.count());

Command sandbox_command(const Folder& folder, const Crm::Settings& settings) {
  std::vector<std::string> words{LOCKSTEP_PROGRAM,
                                 "sandbox",
                                 "gohighlevel",
                                 "--port",
                                 "0",
                                 "--opportunities",
                                 "0",
                                 "--contacts",
                                 std::to_string(settings.contacts)};
  if (settings.burst > 0) words.insert(words.end(), {"--burst", std::to_string(settings.burst)});
  return {std::move(words), folder.path(), folder.path() / "sandbox.log"};
}

std::filesystem::path write_config(const Folder& folder, const std::string& sources) {
  const std::filesystem::path path = folder.path() / "lockstep.yaml";
  std::ofstream(path) << "version: 1\nserver: {listen: \"127.0.0.1:0\", data: ./data, log: {level: warning}}\n"
                      << sources;
  return path;
}

// What the systems need and lack is made first, as a user would.
Command server_command(const Folder& folder, const std::string& sources, std::map<std::string, std::string> secrets) {
  const std::string config = write_config(folder, sources);
  secrets.emplace("GHL_TOKEN", sandbox_token);
  run({{LOCKSTEP_PROGRAM, "migrate", "--config", config}, folder.path(), folder.path() / "migrate.log", secrets});
  return {{LOCKSTEP_PROGRAM, "up", "--config", config}, folder.path(), folder.path() / "up.log", std::move(secrets)};
}

double number(const Json& json, std::string_view key) {
  const Json* member = find_member(json, key);
  return member != nullptr && member->is_number() ? member->to_number<double>() : 0;
}

}  // namespace

Crm::Crm(const Folder& folder, Settings settings)
    : child_(sandbox_command(folder, settings)),
      address_(Address::of(child_.wait_for_line("gohighlevel sandbox at "))) {}

void Crm::latency(std::chrono::milliseconds time) const {
  call_json(address_, "PUT", "/_sandbox/faults",
            fmt::format(R"({{"latency": {{"rate": {}, "fixed_ms": {}}}}})", time.count() > 0 ? 1 : 0, time.count()));
}

std::uint64_t Crm::calls() const {
  const Json state = call_json(address_, "GET", "/_sandbox/state");
  const Json* calls = find_member(state, "calls");
  return calls == nullptr ? 0 : static_cast<std::uint64_t>(number(*calls, "total"));
}

void Crm::forget_calls() const { call_json(address_, "DELETE", "/_sandbox/counts"); }

std::string Crm::system_settings() const {
  std::string text = "connector: gohighlevel, poll: {every: never, full_every: never}";
  text += ", token: {env: GHL_TOKEN}";
  for (const char* key : {"location_id", "base_url", "webhook_public_key"}) {
    text += fmt::format(", {}: {}", key, child_.wait_for_line(std::string("    ") + key + ": "));
  }
  return text;
}

Lockstep::Lockstep(const Folder& folder, const std::string& sources, std::map<std::string, std::string> secrets)
    : child_(server_command(folder, sources, std::move(secrets))),
      address_(Address::of(child_.wait_for_line("listening on "))) {}

Json Lockstep::status() const { return call_json(address_, "GET", "/api/v1/sources/main/status"); }

std::uint64_t Lockstep::last_seq() const { return static_cast<std::uint64_t>(number(status(), "last_seq")); }

std::uint64_t Lockstep::records() const {
  const Json now = status();
  const Json* counts = find_member(now, "counts");
  return counts == nullptr ? 0 : static_cast<std::uint64_t>(number(*counts, "records"));
}

double Lockstep::metric(const std::string& name) const {
  std::istringstream lines(call(address_, "GET", "/metrics").body);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name + " ")) return std::stod(line.substr(name.size() + 1));
  }
  return 0;
}

void Lockstep::wait_until_idle(std::chrono::seconds limit) const {
  const auto end = std::chrono::steady_clock::now() + limit;
  std::uint64_t seq_before = 0;
  int quiet = 0;
  while (std::chrono::steady_clock::now() < end) {
    const Json now = status();
    const auto seq = static_cast<std::uint64_t>(number(now, "last_seq"));
    const Json* jobs = find_member(now, "jobs");
    const Json* counts = find_member(now, "counts");
    const bool busy =
        jobs == nullptr || !jobs->as_array().empty() || counts == nullptr || number(*counts, "pending") > 0;
    quiet = !busy && seq == seq_before ? quiet + 1 : 0;
    if (quiet == kLooksAtRest) return;
    seq_before = seq;
    std::this_thread::sleep_for(kBetweenLooks);
  }
  give_up("it never came to rest: " + to_text(status()));
}

std::string contact_entity(Ends ends) {
  std::string text = R"(    entities:
      contact:
        fields: {email: email, phone: {type: phone, region: US}, first_name: text, last_name: text, city: text}
        policy: latest
        match: [email, phone]
        systems:
)";
  if (ends != Ends::db)
    text += "          crm: { object: contact, fields: {first_name: firstName, last_name: lastName, \"*\": \"*\"} }\n";
  if (ends != Ends::crm) text += "          db: { object: contacts, fields: \"*\" }\n";
  return text;
}

}  // namespace lockstep::bench
