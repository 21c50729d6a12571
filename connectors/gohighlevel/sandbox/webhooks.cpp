#include "connectors/gohighlevel/sandbox/webhooks.hpp"

#include <algorithm>
#include <cmath>

#include "connectors/gohighlevel/sandbox/limits.hpp"

namespace lockstep::gohighlevel::sandbox {
namespace {

bool listens(const WebhookRegistration& registration, std::string_view type, std::string_view location_id) {
  if (!registration.location_id.empty() && registration.location_id != location_id) return false;
  return registration.events.empty() || std::ranges::find(registration.events, type) != registration.events.end();
}

std::string make_webhook_id(Random& random) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx";
  for (char& c : out) {
    if (c == 'x') c = kHex[random.next() & 15];
  }
  return out;
}

// At most `size` bytes, without a torn UTF-8 sequence at the end.
std::string cut(const std::string& text, std::size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return text.substr(0, size);
}

wire::HttpRequest make_request(const std::string& url, std::string body, const Signer& signer) {
  wire::HttpRequest request;
  request.method = "POST";
  const auto scheme_end = url.find("://");
  const auto host = scheme_end == std::string::npos ? 0 : scheme_end + 3;
  const auto path = url.find('/', host);
  request.target = path == std::string::npos ? "/" : url.substr(path);
  request.headers.add("Host", url.substr(host, path == std::string::npos ? std::string::npos : path - host));
  request.headers.add("Content-Type", "application/json");
  request.headers.add("X-GHL-Signature", signer.ed25519(body));
  if (std::string legacy = signer.rsa_sha256(body); !legacy.empty())
    request.headers.add("X-WH-Signature", std::move(legacy));
  request.body = std::move(body);
  return request;
}

}  // namespace

Webhooks::Webhooks(WebhookSettings settings, std::string app_id, Signer signer, const Clock& clock, Random& random,
                   Faults& faults)
    : settings_(std::move(settings)),
      app_id_(std::move(app_id)),
      signer_(std::move(signer)),
      clock_(clock),
      random_(random),
      faults_(faults) {
  for (const WebhookRegistration& registration : settings_.registrations) add(registration);
}

std::optional<std::uint64_t> Webhooks::add(WebhookRegistration registration) {
  if (registrations_.size() >= limits::registrations_max) return std::nullopt;
  const std::uint64_t id = registrations_.empty() ? 1 : registrations_.rbegin()->first + 1;
  registrations_.emplace(id, std::move(registration));
  return id;
}

bool Webhooks::wants(std::string_view type, const std::string& location_id) const {
  return std::ranges::any_of(registrations_, [&](const auto& item) { return listens(item.second, type, location_id); });
}

void Webhooks::emit(std::string_view type, const std::string& location_id, JsonObject payload, Time at) {
  payload["type"] = type;
  if (!faults_.hits(Fault::webhook_undated, type, random_)) payload["timestamp"] = to_iso8601(at);
  payload["webhookId"] = make_webhook_id(random_);
  payload["appId"] = app_id_;
  payload["versionId"] = settings_.version_id;
  const std::string body = to_text(payload);
  for (const auto& [id, registration] : registrations_) {
    if (!listens(registration, type, location_id)) continue;
    ++counts_.fired;
    if (faults_.hits(Fault::webhook_lost, type, random_)) {
      ++counts_.lost;
      continue;
    }
    enqueue(type, registration.url, body);
    if (faults_.hits(Fault::webhook_doubled, type, random_)) enqueue(type, registration.url, body);
  }
}

void Webhooks::enqueue(std::string_view type, const std::string& url, const std::string& body) {
  if (waiting_.size() >= limits::webhooks_queued_max) {
    ++counts_.dropped;
    return;
  }
  Time due = clock_.now() + settings_.delay;
  if (faults_.hits(Fault::webhook_delayed, type, random_)) due += faults_.duration(Fault::webhook_delayed, random_);
  const std::uint64_t id = ++last_id_;
  waiting_.emplace(id, Waiting{url, body, 0, due});
  schedule_.emplace(due, id);
  if (recent_.size() >= limits::recent_max) recent_.pop_front();
  recent_.push_back({id, std::string(type), url, clock_.now(), 0, "waiting", cut(body, limits::recent_body_bytes_max)});
}

std::vector<WebhookDelivery> Webhooks::due(Time now) {
  std::vector<WebhookDelivery> out;
  while (!schedule_.empty() && schedule_.begin()->first <= now) {
    const std::uint64_t id = schedule_.begin()->second;
    schedule_.erase(schedule_.begin());
    Waiting& waiting = waiting_.at(id);
    ++waiting.attempts;
    ++counts_.attempts;
    note(id, "sent");
    out.push_back({id, waiting.url, make_request(waiting.url, waiting.body, signer_), waiting.attempts});
  }
  return out;
}

std::optional<Duration> Webhooks::retry_delay(unsigned attempts, std::optional<unsigned> status) {
  using namespace std::chrono_literals;
  Duration delay{};
  if (settings_.retry_rule == RetryRule::only_429) {
    if (status != 429u || attempts > 6) return std::nullopt;
    delay = 10min;
  } else {
    if (attempts > 12) return std::nullopt;
    delay = std::min<Duration>(1min * (1 << (attempts - 1)), 6h);
  }
  const double jitter = 1.0 + 0.2 * random_.fraction();
  return Duration(std::llround(static_cast<double>(delay.count()) * jitter * settings_.retry_time_scale));
}

void Webhooks::result(std::uint64_t delivery_id, std::optional<unsigned> status) {
  const auto found = waiting_.find(delivery_id);
  if (found == waiting_.end() || schedule_.contains({found->second.due, delivery_id})) return;
  const std::string answer = status ? std::to_string(*status) : "no answer";
  if (status && *status >= 200 && *status < 300) {
    ++counts_.delivered;
    note(delivery_id, answer);
    waiting_.erase(found);
    return;
  }
  const auto delay = retry_delay(found->second.attempts, status);
  if (!delay) {
    ++counts_.given_up;
    note(delivery_id, "given up (" + answer + ")");
    waiting_.erase(found);
    return;
  }
  note(delivery_id, answer);
  found->second.due = clock_.now() + *delay;
  schedule_.emplace(found->second.due, delivery_id);
}

std::optional<Time> Webhooks::next_due() const {
  if (schedule_.empty()) return std::nullopt;
  return schedule_.begin()->first;
}

void Webhooks::note(std::uint64_t delivery_id, std::string_view outcome) {
  const auto found = std::ranges::find(recent_, delivery_id, &WebhookRecord::delivery_id);
  if (found == recent_.end()) return;
  if (outcome == "sent") ++found->attempts;
  found->outcome = outcome;
}

}  // namespace lockstep::gohighlevel::sandbox
