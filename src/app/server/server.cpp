#include "app/server/server.hpp"

#include <algorithm>
#include <map>

#include "app/ports/open_files.hpp"
#include "app/ports/sealed_store.hpp"
#include "app/ports/stored_accounts.hpp"
#include "app/server/config_access.hpp"
#include "app/server/key_fetcher.hpp"
#include "app/server/members.hpp"
#include "app/server/system_host.hpp"
#include "app/server/table_reader.hpp"
#include "base/random.hpp"
#include "gateway/gateway.hpp"
#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "net/worker_thread.hpp"

namespace lockstep::app {
namespace {

constexpr std::chrono::minutes kPruneEvery{10};
constexpr std::chrono::hours kMarkersKept{24 * 7};  // a vendor's redeliveries end within hours
constexpr std::chrono::hours kJournalKept{24 * 90};
constexpr std::size_t kPruneRows = 5'000;

// Hands the request to whichever access is in force: a reload replaces it.
class CurrentAccess final : public gateway::Access {
 public:
  void replace(std::unique_ptr<ConfigAccess> access) { access_ = std::move(access); }
  const ConfigAccess* get() const { return access_.get(); }
  void ask(std::shared_ptr<const Members> members) { access_->ask(std::move(members)); }
  Result<gateway::Caller> identify(const wire::HttpHeaders& headers, Time now) const override {
    return access_->identify(headers, now);
  }
  Result<Json> claims(const wire::HttpHeaders& headers, Time now) const override {
    return access_->claims(headers, now);
  }

 private:
  std::unique_ptr<ConfigAccess> access_;
};

gateway::Served served_of(const Config& config) {
  gateway::Served served;
  for (const FunctionConfig& one : config.functions) {
    served.functions.emplace(one.name, gateway::Function{one.system, one.entities, one.mode, one.source, one.settings,
                                                         one.upstream, one.wait});
  }
  if (config.rest) served.rest = gateway::RestTarget{config.rest->source, config.rest->system};
  return served;
}

// As the source's own entity has it; none where the source has no such entity.
std::optional<hub::JobRecording> recording_of(const Config& config, const SystemConfig& system) {
  const sync::SourceSchema* schema = config.catalog->find(system.settings.source);
  if (!config.jobs || schema == nullptr || schema->find(config.jobs->entity) == nullptr) return std::nullopt;
  hub::JobRecording out{config.jobs->entity, {}};
  for (const auto& [field, setting] : config.jobs->settings) {
    const Json* value = system.settings.settings.if_contains(setting);
    if (value != nullptr) out.fields[field] = *value;
  }
  return out;
}

}  // namespace

struct Server::State {
  explicit State(ServerParts given) : parts(given) {}

  Result<hub::Setup> make_setup(const Config& config);
  // Whoever connects is answered once the loop runs.
  Result<std::unique_ptr<net::HttpServer>> listen(const ServerConfig& config);
  AccessParts access_parts();
  void follow_members(const Config& config);
  void prune_later();

  ServerParts parts;
  SeededRandom random{random_seed()};
  std::unique_ptr<store::SqliteStore> store;
  std::shared_ptr<const Vault> vault;
  KeyFetcher key_fetcher;
  std::unique_ptr<net::HttpClient> client;
  CredentialLines lines;
  std::unique_ptr<hub::Hub> hub;  // before the threads in destruction order: they end first
  std::unique_ptr<lockstep::access::Accounts> accounts;
  TableReader table_reader;
  std::shared_ptr<Members> members;  // shared with the access that asks them
  CurrentAccess access;
  std::unique_ptr<gateway::Gateway> gateway;
  std::unique_ptr<net::HttpServer> http;
  std::map<std::pair<SourceId, SystemName>, HostedSystem> hosted;
  net::WorkerThread writer;
  net::WorkerThread readers;
  net::WorkerThread hasher;
  std::optional<TimerId> prune_timer;
  ServerConfig running;
};

Result<hub::Setup> Server::State::make_setup(const Config& config) {
  hub::Setup setup;
  setup.catalog = config.catalog;
  setup.row_batching = config.row_batching;
  HostParts host{parts.loop, client.get(), &lines, &random, parts.log, vault, [this]() -> hub::Hub& { return *hub; }};
  std::map<std::pair<SourceId, SystemName>, HostedSystem> next;
  for (const SourceConfig& source : config.sources) {
    for (const SystemConfig& system : source.systems) {
      const auto key = std::pair(system.settings.source, system.settings.system);
      const auto old = hosted.find(key);
      HostedSystem one;
      if (old != hosted.end() && old->second.fingerprint == fingerprint_of(system)) {
        one = old->second;
      } else {
        LOCKSTEP_TRY(made, host_system(system, config.catalog, parts.factories, host));
        one = std::move(made);
      }
      hub::SystemSetup entry;
      entry.settings = system.settings;
      entry.connector = one.connector;
      entry.kind = system.connector;
      const auto ms = [](const std::optional<Duration>& time) {
        return time ? std::chrono::duration_cast<std::chrono::milliseconds>(*time) : std::chrono::milliseconds(0);
      };
      entry.poll_every = ms(system.pull.every);
      entry.full_every = ms(system.pull.full_every);
      entry.guard = system.guard;
      entry.recording = recording_of(config, system);
      entry.schedules = system.schedules;
      entry.migrates_at_start = system.settings.settings.contains("migrations");  // SQL of the user's own
      setup.systems.push_back(std::move(entry));
      next.emplace(key, std::move(one));
    }
  }
  hosted = std::move(next);
  return setup;
}

AccessParts Server::State::access_parts() {
  return {parts.loop, parts.log, accounts.get(), [this](const JwtIssuer& issuer, RemoteKeys::Done done) {
            key_fetcher.fetch(*client, issuer.jwks_url, issuer.reach, std::move(done));
          }};
}

Result<std::unique_ptr<net::HttpServer>> Server::State::listen(const ServerConfig& config) {
  net::ServerSettings settings;
  settings.address = config.host;
  settings.port = config.port;
  settings.limits.body_bytes_limit = config.body_bytes_limit;
  settings.limits.connections_limit =
      affordable_connections(config.connections_limit, raise_open_files(), settings.limits.refused_connections_limit);
  if (settings.limits.connections_limit < config.connections_limit) {
    parts.log->info("limits.connections", {{"limit", settings.limits.connections_limit},
                                           {"wanted", config.connections_limit},
                                           {"hint", "the system allows too few open files: ulimit -n"}});
  }
  settings.limits.connections_per_address_limit =
      config.connections_per_address_limit.value_or(std::max<std::size_t>(settings.limits.connections_limit / 2, 1));
  return net::HttpServer::listen(*parts.loop, std::move(settings),
                                 [this](net::ServerRequest request, std::shared_ptr<net::Exchange> exchange) {
                                   gateway->handle(std::move(request), std::move(exchange));
                                 });
}

void Server::State::follow_members(const Config& config) {
  MembersParts made{parts.loop, parts.log,
                    [this](const MemberTable& table, connector::TableRead read, TableReader::Done done) {
                      const auto at = hosted.find({table.source, table.system});
                      table_reader.read(at == hosted.end() ? nullptr : at->second.connector, std::move(read),
                                        std::move(done));
                    },
                    [this](const std::set<std::string>& users) { gateway->rights_changed(users); }};
  const auto former = std::exchange(members, nullptr);
  members = std::make_shared<Members>(std::move(made), config.members, former.get());
  if (former) former->stop();
  access.ask(members);
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::start(Config config, ServerParts parts) {
  auto state = std::make_unique<State>(parts);
  state->running = config.server;
  LOCKSTEP_TRY(opened, open_sealed_store(config.server));
  state->store = std::move(opened.store);
  state->vault = std::move(opened.vault);
  LOCKSTEP_TRY(client, net::HttpClient::make(*parts.loop, {}));
  state->client = std::move(client);
  LOCKSTEP_TRY(http, state->listen(config.server));  // a taken port is told before anything runs
  state->http = std::move(http);
  LOCKSTEP_TRY(
      accounts,
      open_accounts(*state->store, *state->vault,
                    {parts.loop,
                     parts.log,
                     &state->hasher,
                     [at = state.get()](sync::StateRow row, lockstep::access::Accounts::Done done) {
                       at->hub->put_state(std::move(row), std::move(done));
                     },
                     {},
                     [at = state.get()](const std::string& account) { at->gateway->rights_changed({account}); }}));
  state->accounts = std::move(accounts);
  LOCKSTEP_TRY(access, ConfigAccess::make(config, state->access_parts(), nullptr));
  state->access.replace(std::move(access));
  LOCKSTEP_TRY(setup, state->make_setup(config));
  state->hub = std::make_unique<hub::Hub>(
      hub::Parts{state->store.get(), &state->writer, &state->readers, parts.loop, &state->random, parts.log},
      std::move(setup));
  state->gateway = std::make_unique<gateway::Gateway>(gateway::GatewayParts{
      state->hub.get(), &state->access, parts.loop, &state->random, parts.log, state->accounts.get(), parts.version});

  state->gateway->serve(served_of(config));

  state->hub->start();
  state->follow_members(config);
  state->prune_later();
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

std::uint16_t Server::port() const { return state_->http->port(); }

std::optional<std::string> Server::setup_token() {
  const ConfigAccess& access = *state_->access.get();
  if (!access.has_no_way_in() || access.is_open_to_local()) return std::nullopt;
  return state_->accounts->open_setup();
}

// Old markers and journal entries go a little at a time, on the writer's thread.
void Server::State::prune_later() {
  prune_timer = parts.loop->after(kPruneEvery, [this] {
    writer.post([this, now = parts.loop->clock().now()] {
      const Result<std::size_t> gone = store->prune(now - kMarkersKept, now - kJournalKept, kPruneRows);
      if (!gone) parts.log->warning("store.prune_failed", {{"error", gone.error().message}});
    });
    prune_later();
  });
}

Result<void> Server::reload(Config config) {
  State& state = *state_;
  if (state.hub->draining()) return fail(ErrorKind::conflict, "the server is stopping");
  LOCKSTEP_TRY(access, ConfigAccess::make(config, state.access_parts(), state.access.get()));
  if (config.server.host != state.running.host || config.server.port != state.running.port ||
      config.server.data_folder != state.running.data_folder) {
    state.parts.log->warning("reload.restart_needed",
                             {{"what", "server.listen and server.data take effect at the next start"}});
  }
  LOCKSTEP_TRY(setup, state.make_setup(config));
  state.access.replace(std::move(access));
  state.hub->reload(std::move(setup));
  state.follow_members(config);
  state.gateway->serve(served_of(config));
  return {};
}

void Server::drain(Action done) {
  State& state = *state_;
  if (state.prune_timer) state.parts.loop->cancel(*state.prune_timer);
  if (state.members) state.members->stop();
  state.hub->drain([&state, done = std::move(done)]() mutable {
    state.gateway->close_streams();
    state.http->drain([&state, done = std::move(done)]() mutable {
      state.client->close();
      state.parts.loop->post(std::move(done));  // after the ends of the calls that were on their way
    });
  });
}

}  // namespace lockstep::app
