#include "app/run/sandbox_host.hpp"

#include "net/http_server.hpp"

namespace lockstep::app {
namespace {

constexpr std::size_t kWebhooksParallel = 8;
constexpr std::chrono::seconds kWebhookDeadline{10};
constexpr std::size_t kBodyBytes = 4 << 20;

std::string origin_of(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const std::size_t end = scheme == std::string::npos ? std::string::npos : url.find('/', scheme + 3);
  return url.substr(0, end);
}

}  // namespace

struct SandboxHost::State {
  State(net::EventLoop& on, Log& to) : loop(on), log(to) {}

  void answer(const net::ServerRequest& request, std::shared_ptr<net::Exchange> exchange);
  void send_webhooks();
  Task<void> send(connector::SandboxWebhook webhook);
  void look_again();

  net::EventLoop& loop;
  Log& log;
  SandboxHostSettings settings;
  std::unique_ptr<connector::Sandbox> sandbox;
  std::unique_ptr<net::HttpClient> client;
  std::unique_ptr<net::HttpServer> server;
  std::vector<connector::SandboxWebhook> waiting;
  std::size_t sending = 0;
  std::optional<TimerId> timer;
  bool stopping = false;
  TaskScope tasks;
  std::shared_ptr<int> alive = std::make_shared<int>(0);
};

void SandboxHost::State::answer(const net::ServerRequest& request, std::shared_ptr<net::Exchange> exchange) {
  connector::SandboxAnswer reply = sandbox->handle(request.request);
  auto finish = [exchange = std::move(exchange), cut = reply.cut, response = std::move(reply.response)]() mutable {
    if (cut) {
      exchange->abort();
    } else {
      exchange->respond(std::move(response));
    }
  };
  if (reply.delay > Duration(0)) {
    loop.after(reply.delay, std::move(finish));
  } else {
    finish();
  }
  send_webhooks();
}

void SandboxHost::State::send_webhooks() {
  if (stopping) return;
  for (connector::SandboxWebhook& webhook : sandbox->due_webhooks(loop.clock().now()))
    waiting.push_back(std::move(webhook));
  while (!waiting.empty() && sending < kWebhooksParallel) {
    connector::SandboxWebhook next = std::move(waiting.front());
    waiting.erase(waiting.begin());
    ++sending;
    tasks.spawn(send(std::move(next)));
  }
  look_again();
}

void SandboxHost::State::look_again() {
  if (timer) loop.cancel(*timer);
  timer.reset();
  const auto next = sandbox->next_due();
  if (!next) return;
  const Duration wait = std::max<Duration>(*next - loop.clock().now(), std::chrono::milliseconds(1));
  timer = loop.after(wait, [this] {
    timer.reset();
    send_webhooks();
  });
}

Task<void> SandboxHost::State::send(connector::SandboxWebhook webhook) {
  net::ClientRequest request;
  request.origin = origin_of(webhook.url);
  request.request = std::move(webhook.request);
  request.deadline = kWebhookDeadline;
  Result<wire::HttpResponse> response = co_await client->send(std::move(request));
  sandbox->webhook_result(webhook.id, response ? std::optional(response->status) : std::nullopt);
  --sending;
  // Posted: this frame is still running.
  loop.post([this, still = std::weak_ptr(alive)] {
    if (!still.expired()) send_webhooks();
  });
}

SandboxHost::SandboxHost(std::unique_ptr<State> state) : state_(std::move(state)) {}
SandboxHost::~SandboxHost() {
  if (state_->timer) state_->loop.cancel(*state_->timer);
}

Result<std::unique_ptr<SandboxHost>> SandboxHost::start(const connector::SandboxFactory& factory,
                                                        SandboxHostSettings settings, net::EventLoop& loop,
                                                        Random& random, Log& log) {
  auto state = std::make_unique<State>(loop, log);
  LOCKSTEP_TRY(sandbox, factory.make(settings.options, loop.clock(), random));
  state->sandbox = std::move(sandbox);
  net::ClientSettings client_settings;
  client_settings.reach = net::AddressReach::any;  // webhooks go to this machine
  LOCKSTEP_TRY(client, net::HttpClient::make(loop, std::move(client_settings)));
  state->client = std::move(client);
  net::ServerSettings server_settings;
  server_settings.address = settings.address;
  server_settings.port = settings.port;
  server_settings.limits.body_bytes_limit = kBodyBytes;
  State* raw = state.get();
  LOCKSTEP_TRY(server,
               net::HttpServer::listen(loop, std::move(server_settings),
                                       [raw](net::ServerRequest request, std::shared_ptr<net::Exchange> exchange) {
                                         raw->answer(request, std::move(exchange));
                                       }));
  state->server = std::move(server);
  state->settings = std::move(settings);
  return std::unique_ptr<SandboxHost>(new SandboxHost(std::move(state)));
}

std::uint16_t SandboxHost::port() const { return state_->server->port(); }

std::string SandboxHost::origin() const { return "http://" + state_->settings.address + ":" + std::to_string(port()); }

connector::SandboxAnswer SandboxHost::call(const wire::HttpRequest& request) {
  connector::SandboxAnswer answer = state_->sandbox->handle(request);
  state_->send_webhooks();
  return answer;
}

void SandboxHost::stop(Action done) {
  State& state = *state_;
  state.stopping = true;
  if (state.timer) state.loop.cancel(*state.timer);
  state.timer.reset();
  state.server->close();
  if (state.tasks.idle()) {
    state.loop.post(std::move(done));
    return;
  }
  state.tasks.on_idle([&state, done = std::move(done)]() mutable { state.loop.post(std::move(done)); });
  state.client->close();
}

}  // namespace lockstep::app
