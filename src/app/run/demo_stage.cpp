#include "app/run/demo_stage.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "app/commands/live_systems.hpp"

namespace lockstep::app {
namespace {

// What the demo keeps equal. The visitor finds it as lockstep.yaml in the demo's folder.
constexpr std::string_view kEntities = R"yaml(    entities:
      contact:
        fields:
          email: email
          phone: {type: phone, region: US}
          first_name: text
          last_name: text
          city: text
          tags: {type: set, policy: union}
        policy: {authority: [crm, db]}
        match: [email, phone]
        systems:
          crm: {object: contact, fields: {first_name: firstName, last_name: lastName, "*": "*"}}
          db: {object: contacts, fields: "*"}
      opportunity:
        fields:
          title: text
          amount: decimal
          status: {type: enumeration, options: [open, won, lost, abandoned]}
          pipeline: text
          stage: text
          contact: {type: reference, target: contact}
        policy: {authority: [crm, db]}
        systems:
          crm:
            object: opportunity
            fields:
              title: name
              amount: {path: monetaryValue, converter: number}
              pipeline: pipelineId
              stage: pipelineStageId
              status: status
              contact: contactId
          db: {object: opportunities, fields: {contact: contact_id, "*": "*"}}
      pipeline:
        fields:
          name: text
          stages: json
        policy: {authority: [crm]}
        deletes: detach
        systems:
          crm: {object: pipeline, fields: {name: {path: name, direction: read}, stages: {path: stages, direction: read}}, creates: false, deletes: false}
          db: {object: pipelines, fields: "*"}
)yaml";

Result<void> write_file(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::trunc);
  out << text;
  out.close();
  if (!out) return fail(ErrorKind::unavailable, "cannot write " + path);
  return {};
}

std::string indented(const JsonObject& settings) {
  std::string out;
  for (const auto& [name, value] : settings) {
    // JSON is YAML; the token stands in a file of its own, because secrets never stand in the configuration.
    out += fmt::format("        {}: {}\n", std::string_view(name),
                       name == "token" ? "{file: crm_token}" : lockstep::to_text(value));
  }
  return out;
}

}  // namespace

Result<void> DemoStage::write_configuration(const DemoSettings& settings, const connector::SandboxFactory& sandbox,
                                            const connector::SandboxOptions& options, std::uint16_t port) {
  const JsonObject crm = sandbox.connector_settings(options, crm_->origin());
  LOCKSTEP_CHECK(write_file(folder_ + "/crm_token", std::string(string_member(Json(crm), "token"))));
  std::string db =
      "      db:\n        connector: sqlite\n        path: " + folder_ + "/business.db\n        poll_ms: 20\n";
  if (settings.store == DemoStore::postgres) {
    LOCKSTEP_CHECK(write_file(folder_ + "/database_url", postgres_->connection()));
    db = "      db:\n        connector: postgres\n        url: {file: database_url}\n";
  }
  return write_file(folder_ + "/lockstep.yaml",
                    fmt::format("# Written by `lockstep demo`.\nversion: 1\n\nserver:\n  listen: 127.0.0.1:{}\n  data: "
                                "./data\n  log: {{level: warning}}\n\n"
                                "sources:\n  - id: demo\n    systems:\n      crm:\n        connector: {}\n{}        "
                                "poll: {{every: 30s}}\n{}{}",
                                port, sandbox.kind, indented(crm), db, kEntities));
}

Result<std::unique_ptr<DemoStage>> DemoStage::set_up(const DemoSettings& settings, CommandContext& context,
                                                     std::span<const connector::SandboxFactory> sandboxes,
                                                     const std::string& version, net::EventLoop& loop) {
  const auto sandbox = std::ranges::find(sandboxes, "gohighlevel", &connector::SandboxFactory::kind);
  if (sandbox == sandboxes.end())
    return fail(ErrorKind::invalid, "this program was built without the GoHighLevel sandbox");
  std::unique_ptr<DemoStage> stage(new DemoStage(loop, LogSettings{LogLevel::warning, LogFormat::automatic, {}}));
  stage->folder_ = settings.folder;
  if (stage->folder_.empty()) {
    std::string name = std::filesystem::temp_directory_path() / "lockstep-demo-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) return fail(ErrorKind::unavailable, "cannot make a temporary folder");
    stage->folder_ = name;
    stage->own_folder_ = true;
  }
  std::error_code error;
  std::filesystem::create_directories(stage->folder_, error);
  stage->folder_ = std::filesystem::absolute(stage->folder_);
  // PostgreSQL runs as another user when we are root: it must get through to its folder.
  if (settings.store == DemoStore::postgres && chmod(stage->folder_.c_str(), 0755) != 0)
    return fail(ErrorKind::unavailable, "cannot open the folder");
  if (settings.store == DemoStore::postgres) {
    LOCKSTEP_TRY(cluster, PrivatePostgres::start(stage->folder_ + "/postgres"));
    stage->postgres_ = std::move(cluster);
  }

  SandboxHostSettings host;
  LOCKSTEP_TRY(crm, SandboxHost::start(*sandbox, host, loop, stage->random_, stage->log_));
  stage->crm_ = std::move(crm);
  const auto seeded = stage->crm_->call(sandbox->seed_request(settings.contacts, settings.opportunities, 1));
  if (seeded.response.status >= 300)
    return fail(ErrorKind::invalid, "the sandbox refused the seed: " + seeded.response.body);

  for (std::uint16_t port = settings.port;; port = 0) {
    LOCKSTEP_CHECK(stage->write_configuration(settings, *sandbox, host.options, port));
    ConfigResult config = load_config(stage->folder_ + "/lockstep.yaml", context.factories, context.environment);
    if (!config) return fail(ErrorKind::invalid, "the demo's own configuration: " + config.error().front().message);
    // As `lockstep migrate` does; the CRM needs nothing.
    LOCKSTEP_TRY(systems, LiveSystems::make(
                              context.factories,
                              [](const SystemConfig&) -> Result<std::unique_ptr<connector::StatePort>> {
                                return std::make_unique<MemoryState>();
                              },
                              stage->log_));
    for (const SystemConfig& system : config->sources.front().systems) {
      if (system.connector == sandbox->kind) continue;
      LOCKSTEP_TRY(done, systems->migrate(system));
    }
    auto server = Server::start(std::move(*config), {&loop, &stage->log_, context.factories, version});
    if (!server && port != 0) {
      context.out.line("Cannot " + server.error().message + ". The demo takes any that is free.");
      continue;
    }
    if (!server) return fail(server.error());
    stage->server_ = std::move(*server);
    break;
  }
  if (settings.store == DemoStore::postgres) {
    LOCKSTEP_TRY(database, open_postgres_demo(stage->postgres_->connection()));
    stage->database_ = std::move(database);
  } else {
    LOCKSTEP_TRY(database, open_sqlite_demo(stage->folder_ + "/business.db"));
    stage->database_ = std::move(database);
  }
  const auto hooked = stage->crm_->call(sandbox->webhook_request(stage->url() + "/hooks/demo/crm"));
  if (hooked.response.status >= 300)
    return fail(ErrorKind::invalid, "the sandbox refused the webhook: " + hooked.response.body);
  return stage;
}

DemoStage::~DemoStage() {
  server_.reset();
  database_.reset();
  postgres_.reset();
  std::error_code ignored;
  if (own_folder_) std::filesystem::remove_all(folder_, ignored);
}

std::string DemoStage::url() const { return "http://127.0.0.1:" + std::to_string(server_->port()); }

void DemoStage::take_down(Action done) {
  server_->drain([this, done = std::move(done)]() mutable { crm_->stop(std::move(done)); });
}

Result<Json> DemoStage::crm_call(const std::string& method, const std::string& target, const Json& body) {
  wire::HttpRequest request;
  request.method = method;
  request.target = "/_sandbox/" + target;
  if (!body.is_null()) {
    request.headers.add("Content-Type", "application/json");
    request.body = lockstep::to_text(body);
  }
  const connector::SandboxAnswer answer = crm_->call(request);
  if (answer.response.status >= 300) return fail(ErrorKind::invalid, "the CRM refused: " + answer.response.body);
  return parse_json(answer.response.body, {.bytes_limit = 64 << 20});
}

}  // namespace lockstep::app
