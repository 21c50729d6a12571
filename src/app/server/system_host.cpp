#include "app/server/system_host.hpp"

#include <algorithm>

#include "app/ports/client_transport.hpp"
#include "app/ports/data_folder.hpp"
#include "app/ports/thread_worker.hpp"
#include "connector/metered_http.hpp"
#include "wire/signature.hpp"

namespace lockstep::app {
namespace {

class HubState final : public connector::StatePort {
 public:
  HubState(const SystemConfig& system, std::function<hub::Hub&()> hub)
      : source_(system.settings.source), system_(system.settings.system), hub_(std::move(hub)) {}

  Task<Result<Json>> get(std::string key) override {
    Result<Json> value = co_await completion<Result<Json>>([&](Completion<Result<Json>>::Done done) {
      hub_().get_state(source_, system_, connector::stored_state_key(key), std::move(done));
    });
    co_return value;
  }

  Task<Result<void>> put(std::string key, Json value) override {
    Result<void> stored = co_await completion<Result<void>>([&](Completion<Result<void>>::Done done) {
      hub_().put_state({source_, system_, connector::stored_state_key(key), std::move(value)}, std::move(done));
    });
    co_return stored;
  }

 private:
  SourceId source_;
  SystemName system_;
  std::function<hub::Hub&()> hub_;
};

// Everything a connector stands on, in the order in which it goes away.
struct Instance {
  Instance(const SystemConfig& config, std::shared_ptr<const sync::Catalog> from, std::shared_ptr<CredentialLine> to,
           const HostParts& parts)
      : catalog(std::move(from)),
        line(std::move(to)),
        state(std::make_unique<HubState>(config, parts.hub), parts.vault, config.settings) {}

  std::shared_ptr<const sync::Catalog> catalog;  // the settings point into it
  std::shared_ptr<CredentialLine> line;
  SealedState state;
  std::unique_ptr<connector::Connector> connector;
};

// What the remote counts calls by: its address and who asks. Settings that only say how to work do not matter.
std::string credential_of(const SystemConfig& system, const std::string& origin) {
  const JsonObject& settings = system.settings.settings;
  JsonArray parts{system.connector, origin, static_cast<int>(system.reach)};
  for (const char* name : {"token", "location_id"}) parts.emplace_back(string_member(settings, name));
  // The refresh token is another one after each installation, the client stays.
  const Json* oauth = find_member(settings, "oauth");
  parts.emplace_back(oauth == nullptr ? "" : string_member(*oauth, "client_id"));
  return wire::hex_encode(wire::sha256(to_text(Json(std::move(parts)))));  // the settings hold secrets
}

}  // namespace

// The way to one remote with one credential.
struct CredentialLine {
  CredentialLine(const std::string& origin, const std::string& credential, NetworkReach reach, const HostParts& parts)
      : transport(*parts.client, origin, credential, reach), http(transport, quota, *parts.loop, *parts.log) {}

  ClientTransport transport;
  connector::Quota quota;
  connector::MeteredHttp http;
};

std::shared_ptr<CredentialLine> CredentialLines::line(const SystemConfig& system, const std::string& origin,
                                                      const HostParts& parts) {
  std::erase_if(lines_, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<CredentialLine>& known = lines_[credential_of(system, origin)];
  std::shared_ptr<CredentialLine> line = known.lock();
  if (!line)
    known = line = std::make_shared<CredentialLine>(origin, credential_of(system, origin), system.reach, parts);
  return line;
}

std::string fingerprint_of(const SystemConfig& system) {
  std::string text = system.connector + '\n' + to_text(system.settings.settings) + '\n' +
                     std::to_string(static_cast<int>(system.reach));
  for (const sync::EntitySchema* entity : system.settings.entities) {
    text += '\n' + entity->name.str();
    const sync::SystemBinding* binding = entity->binding(system.settings.system);
    if (binding == nullptr) continue;
    text += ' ' + binding->object;
    for (const sync::FieldBinding& field : binding->fields) {
      const sync::FieldSchema* schema = entity->find(field.field);
      text += '|' + field.field + '=' + field.path + ' ' + field.converter + ' ' +
              std::to_string(static_cast<int>(field.direction)) + ' ' +
              (schema == nullptr ? "" : std::to_string(static_cast<int>(schema->type)) + schema->target.str());
    }
  }
  return wire::hex_encode(wire::sha256(text));  // the settings hold secrets
}

Result<HostedSystem> host_system(const SystemConfig& system, std::shared_ptr<const sync::Catalog> catalog,
                                 std::span<const connector::Factory> factories, const HostParts& parts) {
  const auto factory = std::ranges::find(factories, system.connector, &connector::Factory::kind);
  if (factory == factories.end())
    return fail(ErrorKind::invalid, "this program has no connector '" + system.connector + "'");
  std::shared_ptr<CredentialLine> line;
  if (factory->uses_http)
    line = parts.lines->line(system, factory->origin ? factory->origin(system.settings.settings) : "", parts);
  auto instance = std::make_shared<Instance>(system, std::move(catalog), std::move(line), parts);
  connector::Ports ports;
  if (instance->line) ports.http = &instance->line->http;
  ports.state = &instance->state;
  ports.make_worker = [] { return std::make_unique<ThreadWorker>(); };
  ports.loop = parts.loop;
  ports.random = parts.random;
  ports.log = parts.log;
  LOCKSTEP_TRY(made, factory->make(system.settings, ports));
  instance->connector = std::move(made);
  connector::Connector* raw = instance->connector.get();
  return HostedSystem{fingerprint_of(system), std::shared_ptr<connector::Connector>(std::move(instance), raw)};
}

}  // namespace lockstep::app
