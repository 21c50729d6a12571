#include "tests/support/installation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "tests/support/owner.hpp"

namespace lockstep::tests {
namespace {

constexpr std::chrono::seconds kStart{30};

std::uint16_t port_of(const std::string& line) {
  const std::size_t at = line.rfind(':');
  return static_cast<std::uint16_t>(std::stoul(line.substr(at + 1)));
}

std::uint64_t count_of(const Json& value, std::initializer_list<std::string_view> path) {
  const Json* at = &value;
  for (const std::string_view name : path) {
    at = find_member(*at, name);
    if (at == nullptr) return 0;
  }
  return at->to_number<std::uint64_t>();
}

std::string source_text(const SourceParts& source) {
  return "  - id: " + source.id +
         "\n"
         "    systems:\n"
         "      crm:\n"
         "        connector: gohighlevel\n"
         "        location_id: sandboxLocation00001\n"
         "        " +
         source.credentials +
         "\n"
         "        base_url: " +
         (source.crm_origin.empty() ? source.crm->origin() : source.crm_origin) +
         "\n"
         "        webhook_public_key: " +
         sandbox_public_key() + "\n" + (source.crm_settings.empty() ? "" : "        " + source.crm_settings + "\n") +
         "        poll: " + source.poll +
         "\n"
         "      db: " +
         source.db +
         "\n"
         "    entities:\n"
         "      contact:\n"
         "        fields:\n"
         "          email: email\n"
         "          phone: {type: phone, region: US}\n"
         "          first_name: text\n"
         "          last_name: text\n"
         "          city: text\n"
         "          tags: {type: set, policy: union}\n" +
         source.fields + "        policy: " + source.policy +
         "\n"
         "        match: [email, phone]\n"
         "        systems:\n"
         "          crm: {object: contact, fields: {first_name: firstName, last_name: lastName, \"*\": \"*\"}}\n"
         "          db: {object: contacts, fields: \"*\"}\n";
}

}  // namespace

std::string program() {
  const char* other = std::getenv("LOCKSTEP_TEST_PROGRAM");
  return other == nullptr || *other == '\0' ? LOCKSTEP_PROGRAM : other;
}

std::string sandbox_public_key() {
  return R"("-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEACd7YC6+PLTebNaba8AJNe6oaYImiKiZFlvLuqi3G0OY=\n-----END PUBLIC KEY-----\n")";
}

TestFolder::TestFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "lockstep-whole-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("tests need a place for temporary files");
  path_ = pattern;
  note_owner(path_);
}

TestFolder::~TestFolder() {
  if (kept_ || testing::Test::HasFailure()) {
    std::printf("[  files   ] %s\n", path_.c_str());
    std::error_code gone;
    std::filesystem::remove(owner_file(path_), gone);  // else it counts as left over
    return;
  }
  std::error_code ignored;  // what is left is in the system's temporary folder
  std::filesystem::remove_all(path_, ignored);
}

CrmSandbox::CrmSandbox(const std::filesystem::path& folder, Settings settings)
    : process_({{program(), "sandbox", "gohighlevel", "--port", "0", "--contacts", std::to_string(settings.contacts),
                 "--opportunities", "0", "--burst", std::to_string(settings.burst)},
                {},
                folder,
                settings.name}) {
  const auto line = process_.wait_for_line("sandbox at http://", kStart);
  if (!line) throw std::runtime_error("the sandbox did not start: " + process_.log());
  origin_ = line->substr(line->find("http://"));
  port_ = port_of(*line);
  connection_ = std::make_unique<HttpConnection>(port_);
}

Json CrmSandbox::control(std::string_view method, const std::string& path, const Json& body) {
  const std::lock_guard lock(mutex_);
  const auto reply = connection_->call(method, "/_sandbox/" + path, body.is_null() ? "" : to_text(body));
  return reply && reply->status < 300 ? reply->json() : Json();
}

void CrmSandbox::send_webhooks_to(const std::string& url) { control("POST", "webhooks", JsonObject{{"url", url}}); }

void CrmSandbox::faults(const Json& changes) { control("PUT", "faults", changes); }

void CrmSandbox::clear_faults() { control("DELETE", "faults"); }

std::string CrmSandbox::create(const JsonObject& fields) {
  const Json made = control("POST", "contacts", fields);
  const Json* contact = find_member(made, "contact");
  return contact == nullptr ? "" : std::string(string_member(*contact, "id"));
}

bool CrmSandbox::edit(const std::string& id, const JsonObject& fields) {
  return !control("PUT", "contacts/" + id, fields).is_null();
}

std::vector<Json> CrmSandbox::contacts() {
  const Json all = control("GET", "contacts");
  const Json* list = find_member(all, "contacts");
  if (list == nullptr) throw std::runtime_error("the sandbox does not answer");
  return {list->get_array().begin(), list->get_array().end()};
}

People CrmSandbox::people() {
  People out;
  for (const Json& contact : contacts()) out.push_back(person_from_crm(contact));
  std::ranges::sort(out);
  return out;
}

std::uint64_t CrmSandbox::writes(const std::string& kind) {
  const Json state = control("GET", "state");
  return kind.empty() ? count_of(state, {"writes", "total"}) : count_of(state, {"writes", "byKind", kind});
}

std::uint64_t CrmSandbox::calls(const std::string& route) {
  return count_of(control("GET", "state"), {"calls", "byRoute", route});
}

std::uint64_t CrmSandbox::webhooks(const std::string& what) {
  return count_of(control("GET", "state"), {"webhooks", what});
}

void Server::write_config() const {
  if (!document.empty()) {
    std::string text = document;
    for (std::size_t at = text.find("@PORT@"); at != std::string::npos; at = text.find("@PORT@"))
      text.replace(at, 6, std::to_string(port_));
    std::ofstream(config()) << text;
    return;
  }
  std::string text = "version: 1\nserver: {listen: \"127.0.0.1:" + std::to_string(port_) + "\", data: ./data" +
                     (settings.empty() ? "" : ", " + settings) + "}\n";
  if (!access.empty()) text += access + "\n";
  text += "sources:\n";
  for (const SourceParts& source : sources) text += source_text(source);
  std::ofstream(config()) << text;
}

std::optional<int> Server::command(std::vector<std::string> arguments) {
  const std::string name = arguments.front();
  arguments.insert(arguments.begin(), program());
  arguments.insert(arguments.end(), {"--config", config().string()});
  Process process({std::move(arguments), environment, folder_, name});
  return process.wait(std::chrono::seconds(60));
}

bool Server::start() {
  const bool first = port_ == 0;
  process_.kill();
  process_ = Process({{program(), "up", "--config", config().string()}, environment, folder_, "up"});
  const auto line = process_.wait_for_line("listening on http://", kStart);
  if (!line) return false;
  port_ = port_of(*line);
  if (!first) return true;
  write_config();
  for (const SourceParts& source : sources) {
    source.crm->send_webhooks_to("http://127.0.0.1:" + std::to_string(port_) + "/hooks/" + source.id + "/crm");
  }
  return true;
}

std::optional<int> Server::stop(std::chrono::milliseconds deadline) {
  process_.signal(SIGTERM);
  return process_.wait(deadline);
}

Server::Counts Server::counts(const std::string& source, const HttpConnection::Headers& headers) const {
  HttpConnection connection(port_);
  const auto reply = connection.call("GET", "/api/v1/sources/" + source + "/status", {}, headers);
  if (!reply || reply->status != 200) return {};
  const Json status = reply->json();
  const auto count = [&](const char* name) { return static_cast<std::int64_t>(count_of(status, {"counts", name})); };
  return {count("pending"), count("dead"), count("inbox"), count("records"),
          static_cast<std::int64_t>(status.at("jobs").get_array().size())};
}

double Server::metric(const std::string& name) const {
  HttpConnection connection(port_);
  const auto reply = connection.call("GET", "/metrics");
  if (!reply || reply->status != 200) return -1;
  const std::size_t at = ("\n" + reply->body).find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::stod(reply->body.substr(at + name.size()));
}

Installation::Installation(CrmSandbox::Settings crm_settings, SourceParts parts)
    : crm(folder.path(), std::move(crm_settings)), server(folder.path()) {
  parts.crm = &crm;
  server.sources.push_back(std::move(parts));
  server.write_config();
}

bool Installation::start(std::chrono::milliseconds deadline) {
  return server.command({"migrate"}) == 0 && server.start() && settle(deadline).empty();
}

SqliteFile& Installation::db() {
  if (!db_) db_ = std::make_unique<SqliteFile>(folder.path() / "crm.db");
  return *db_;
}

People Installation::db_people() {
  People out;
  for (const Row& row : db().query("SELECT * FROM contacts")) out.push_back(person_from_row(row));
  std::ranges::sort(out);
  return out;
}

std::vector<Installation::Pair> Installation::pairs() {
  std::map<std::string, std::string> ids;
  for (const Row& row : db().query("SELECT id, email FROM contacts WHERE email IS NOT NULL"))
    ids[row.at("email")] = row.at("id");
  std::vector<Pair> out;
  for (const Json& contact : crm.contacts()) {
    const std::string email(string_member(contact, "email"));
    if (ids.contains(email)) out.push_back({email, std::string(string_member(contact, "id")), ids[email]});
  }
  std::ranges::sort(out, {}, &Pair::email);
  return out;
}

std::string Installation::unsettled() {
  const Server::Counts counts = server.counts();
  if (counts.pending < 0) return "the server does not answer";
  if (!counts.idle()) {
    return "pending " + std::to_string(counts.pending) + ", inbox " + std::to_string(counts.inbox) + ", jobs " +
           std::to_string(counts.jobs);
  }
  return difference(crm.people(), db_people());
}

std::string Installation::settle(std::chrono::milliseconds deadline) {
  std::string wrong;
  eventually(deadline, [&] {
    wrong = unsettled();
    if (!wrong.empty()) pause(std::chrono::milliseconds(200));
    return wrong.empty();
  });
  return wrong;
}

std::size_t size_from(const char* variable, std::size_t standard) {
  const char* text = std::getenv(variable);
  return text == nullptr || *text == '\0' ? standard : std::stoull(text);
}

void print_numbers(const std::string& text) {
  std::printf("[ numbers  ] %s\n", text.c_str());
  std::fflush(stdout);
}

}  // namespace lockstep::tests
