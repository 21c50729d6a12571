#include "app/server/system_host.hpp"

#include <algorithm>

#include "connector/metered_http.hpp"
#include "net/worker_thread.hpp"
#include "wire/signature.hpp"

namespace lockstep::app {
namespace {

class ClientTransport final : public connector::Transport {
 public:
  ClientTransport(net::HttpClient& client, std::string origin) : client_(client), origin_(std::move(origin)) {}

  Task<Result<wire::HttpResponse>> send(wire::HttpRequest request, std::chrono::milliseconds deadline) override {
    net::ClientRequest call;
    call.origin = origin_;
    call.request = std::move(request);
    call.deadline = deadline;
    auto response = co_await client_.send(std::move(call));
    co_return response;
  }

 private:
  net::HttpClient& client_;
  std::string origin_;
};

class ThreadWorker final : public connector::WorkerPort {
 public:
  void run(Action job) override { thread_.post(std::move(job)); }

 private:
  net::WorkerThread thread_;
};

class HubState final : public connector::StatePort {
 public:
  HubState(const SystemConfig& system, std::function<hub::Hub&()> hub)
      : source_(system.settings.source), system_(system.settings.system), hub_(std::move(hub)) {}

  Task<Result<Json>> get(std::string key) override {
    Result<Json> value = co_await completion<Result<Json>>([&](Completion<Result<Json>>::Done done) {
      hub_().get_state(source_, system_, kPrefix + key, std::move(done));
    });
    co_return value;
  }

  Task<Result<void>> put(std::string key, Json value) override {
    Result<void> stored = co_await completion<Result<void>>([&](Completion<Result<void>>::Done done) {
      hub_().put_state({source_, system_, kPrefix + key, std::move(value)}, std::move(done));
    });
    co_return stored;
  }

 private:
  static constexpr const char* kPrefix = "connector/";  // apart from the hub's own keys

  SourceId source_;
  SystemName system_;
  std::function<hub::Hub&()> hub_;
};

// Everything a connector stands on, in the order in which it goes away.
struct Instance {
  Instance(const SystemConfig& config, std::shared_ptr<const sync::Catalog> from, const connector::Factory& factory, const HostParts& parts)
      : catalog(std::move(from)),
        transport(*parts.client, factory.uses_http && factory.origin ? factory.origin(config.settings.settings) : ""),
        http(transport, quota, *parts.loop, *parts.log),
        state(config, parts.hub) {}

  std::shared_ptr<const sync::Catalog> catalog;  // the settings point into it
  ClientTransport transport;
  connector::Quota quota;
  connector::MeteredHttp http;
  HubState state;
  std::unique_ptr<connector::Connector> connector;
};

}  // namespace

std::string fingerprint_of(const SystemConfig& system) {
  std::string text = system.connector + '\n' + to_text(system.settings.settings);
  for (const sync::EntitySchema* entity : system.settings.entities) {
    text += '\n' + entity->name.str();
    const sync::SystemBinding* binding = entity->binding(system.settings.system);
    if (binding == nullptr) continue;
    text += ' ' + binding->object;
    for (const sync::FieldBinding& field : binding->fields) {
      const sync::FieldSchema* schema = entity->find(field.field);
      text += '|' + field.field + '=' + field.path + ' ' + field.converter + ' ' + std::to_string(static_cast<int>(field.direction)) + ' ' +
              (schema == nullptr ? "" : std::to_string(static_cast<int>(schema->type)) + schema->target.str());
    }
  }
  return wire::hex_encode(wire::sha256(text));  // the settings hold secrets
}

Result<HostedSystem> host_system(const SystemConfig& system, std::shared_ptr<const sync::Catalog> catalog,
                                 std::span<const connector::Factory> factories, const HostParts& parts) {
  const auto factory = std::ranges::find(factories, system.connector, &connector::Factory::kind);
  if (factory == factories.end()) return fail(ErrorKind::invalid, "this program has no connector '" + system.connector + "'");
  auto instance = std::make_shared<Instance>(system, std::move(catalog), *factory, parts);
  connector::Ports ports;
  if (factory->uses_http) ports.http = &instance->http;
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
