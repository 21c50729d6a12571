// A whole Lockstep for tests: simulated CRMs and the server as processes of their own, in a temporary folder.
#pragma once

#include <memory>
#include <mutex>

#include "tests/support/http.hpp"
#include "tests/support/people.hpp"
#include "tests/support/process.hpp"
#include "tests/support/sqlite_file.hpp"

namespace lockstep::tests {

// The program that is tested. LOCKSTEP_TEST_PROGRAM names another build of it.
std::string program();

// A folder that goes away with the test, unless it failed or keep() was called: then its place is printed.
class TestFolder {
 public:
  TestFolder();
  ~TestFolder();
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  void keep() { kept_ = true; }

 private:
  std::filesystem::path path_;
  bool kept_ = false;
};

// `lockstep sandbox gohighlevel`, and its control API: what a person does in the CRM.
class CrmSandbox {
 public:
  struct Settings {
    std::size_t contacts = 0;
    std::uint64_t burst = 1'000'000;  // tests of quota choose the vendor's 100
    std::string name = "crm";
  };
  CrmSandbox(const std::filesystem::path& folder, Settings settings);

  const std::string& origin() const { return origin_; }
  std::uint16_t port() const { return port_; }
  Process& process() { return process_; }

  // The bodies of the control API. null when the sandbox refused or did not answer.
  Json control(std::string_view method, const std::string& path, const Json& body = nullptr);
  void send_webhooks_to(const std::string& url);
  void faults(const Json& changes);
  void clear_faults();

  std::string create(const JsonObject& fields);  // the new contact's id, "" when refused
  bool edit(const std::string& id, const JsonObject& fields);
  std::vector<Json> contacts();
  People people();
  std::uint64_t writes(const std::string& kind = "");  // by the API; all kinds without one
  std::uint64_t calls(const std::string& route);
  std::uint64_t webhooks(const std::string& what);  // "fired", "delivered", …

 private:
  Process process_;
  std::string origin_;
  std::uint16_t port_ = 0;
  std::mutex mutex_;  // several threads may be people in the CRM
  std::unique_ptr<HttpConnection> connection_;
};

// The key of every sandbox with the default seed, as YAML.
std::string sandbox_public_key();

// One source of the configuration: a CRM and a database.
struct SourceParts {
  std::string id = "main";
  CrmSandbox* crm = nullptr;
  std::string crm_origin;  // where the server finds it, when that is not the sandbox itself
  std::string db = "{connector: sqlite, path: ./crm.db, poll_ms: 50}";
  std::string credentials = "token: {env: GHL_TOKEN}";
  std::string crm_settings = "search_settles_seconds: 10";  // more of them; the sandbox's index lags by little
  std::string poll = "{every: 1s}";
  std::string fields;  // more lines of the entity's fields, indented by ten
  std::string policy = "{authority: [crm, db]}";
};

class Server {
 public:
  explicit Server(const std::filesystem::path& folder) : folder_(folder) {}

  std::vector<SourceParts> sources;
  std::string document;  // the whole configuration, with @PORT@ for the port; else it is made of the parts
  std::string settings;  // more of the configuration's server, such as "log: {level: debug}"
  std::string access;    // of the configuration, such as "access: {api_keys: [...]}"
  std::map<std::string, std::string> environment = {{"GHL_TOKEN", "pit-sandbox"}};

  // Writes lockstep.yaml. A port that was learned is kept, so that webhooks find the server again.
  void write_config() const;
  std::filesystem::path config() const { return folder_ / "lockstep.yaml"; }

  // `lockstep <arguments> --config …`; the exit code.
  std::optional<int> command(std::vector<std::string> arguments);

  // Starts `lockstep up`; true when it listens. On the first time the sandboxes learn where webhooks go.
  bool start();
  void kill() { process_.kill(); }
  // SIGTERM; the exit code, nullopt when it did not end in time.
  std::optional<int> stop(std::chrono::milliseconds deadline = std::chrono::seconds(30));

  Process& process() { return process_; }
  std::uint16_t port() const { return port_; }
  std::unique_ptr<HttpConnection> connect() const { return std::make_unique<HttpConnection>(port_); }

  std::filesystem::path store() const { return folder_ / "data" / "lockstep.db"; }

  struct Counts {
    std::int64_t pending = -1, dead = -1, inbox = -1, records = -1, jobs = -1;
    bool idle() const { return pending == 0 && inbox == 0 && jobs == 0; }
  };
  // One line of /metrics, such as `lockstep_commits_total`; -1 when it is not there.
  double metric(const std::string& name) const;

  // All -1 when it does not answer.
  Counts counts(const std::string& source = "main", const HttpConnection::Headers& headers = {}) const;

 private:
  std::filesystem::path folder_;
  Process process_;
  std::uint16_t port_ = 0;
};

// The usual one: a CRM, an SQLite file crm.db, the server between them.
class Installation {
 public:
  explicit Installation(CrmSandbox::Settings crm_settings, SourceParts parts = {});

  // Migrates, starts, and waits until the mirror has ended.
  bool start(std::chrono::milliseconds deadline = std::chrono::seconds(60));

  TestFolder folder;
  CrmSandbox crm;
  Server server;

  SqliteFile& db();
  People db_people();
  // "" when both hold the same and nothing is under way; else what is wrong.
  std::string unsettled();
  // Waits for that; what was still wrong at the end.
  std::string settle(std::chrono::milliseconds deadline);

  // The same person on both sides, by e-mail.
  struct Pair {
    std::string email, crm_id, db_id;
  };
  std::vector<Pair> pairs();

 private:
  std::unique_ptr<SqliteFile> db_;
};

// Numbers that tests take from the environment, for their long forms.
std::size_t size_from(const char* variable, std::size_t standard);

// The test's own numbers, always printed.
void print_numbers(const std::string& text);

}  // namespace lockstep::tests
