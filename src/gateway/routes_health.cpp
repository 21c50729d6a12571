// GET /healthz (the process runs), /readyz (it takes webhooks), /metrics (Prometheus text)
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "gateway/context.hpp"
#include "gateway/event_streams.hpp"

namespace lockstep::gateway {
namespace {

prometheus::MetricFamily family(std::string name, std::string help, prometheus::MetricType type) {
  prometheus::MetricFamily out;
  out.name = std::move(name);
  out.help = std::move(help);
  out.type = type;
  return out;
}

using Labels = std::vector<prometheus::ClientMetric::Label>;

void counter(prometheus::MetricFamily& into, double value, Labels labels) {
  prometheus::ClientMetric metric;
  metric.label = std::move(labels);
  metric.counter.value = value;
  into.metric.push_back(std::move(metric));
}

void gauge(prometheus::MetricFamily& into, double value, Labels labels) {
  prometheus::ClientMetric metric;
  metric.label = std::move(labels);
  metric.gauge.value = value;
  into.metric.push_back(std::move(metric));
}

std::string metrics_text(Context& context) {
  using prometheus::MetricType;
  const hub::Metrics now = context.hub.metrics();
  std::vector<prometheus::MetricFamily> out;
  auto inputs =
      family("lockstep_inputs_total", "Inputs by what became of them; accepted is their sum", MetricType::Counter);
  counter(inputs, static_cast<double>(now.applied), {{"disposition", "applied"}});
  counter(inputs, static_cast<double>(now.suppressed), {{"disposition", "suppressed"}});
  counter(inputs, static_cast<double>(now.parked), {{"disposition", "parked"}});
  counter(inputs, static_cast<double>(now.pending), {{"disposition", "pending"}});
  out.push_back(std::move(inputs));
  auto refused = family("lockstep_webhooks_refused_total", "Webhooks answered 4xx: bad signature or no sense",
                        MetricType::Counter);
  counter(refused, static_cast<double>(now.refused), {});
  out.push_back(std::move(refused));
  auto commits = family("lockstep_commits_total", "Transactions committed", MetricType::Counter);
  counter(commits, static_cast<double>(now.commits), {});
  out.push_back(std::move(commits));
  auto committed = family("lockstep_committed_inputs_total", "Inputs in these transactions", MetricType::Counter);
  counter(committed, static_cast<double>(now.committed_inputs), {});
  out.push_back(std::move(committed));
  auto writes = family("lockstep_writes_total", "Writes to systems by outcome", MetricType::Counter);
  counter(writes, static_cast<double>(now.writes_applied), {{"outcome", "applied"}});
  counter(writes, static_cast<double>(now.writes_retried), {{"outcome", "retried"}});
  counter(writes, static_cast<double>(now.writes_rejected), {{"outcome", "rejected"}});
  counter(writes, static_cast<double>(now.writes_unknown), {{"outcome", "unknown"}});
  out.push_back(std::move(writes));
  auto queued = family("lockstep_queued_inputs", "Inputs taken in and not yet committed", MetricType::Gauge);
  gauge(queued, static_cast<double>(now.queued), {});
  out.push_back(std::move(queued));
  auto commit_time = family("lockstep_commit_seconds", "Duration of the last commit", MetricType::Gauge);
  gauge(commit_time, std::chrono::duration<double>(now.commit_time_last).count(), {});
  out.push_back(std::move(commit_time));
  auto unstored = family("lockstep_unstored_seconds",
                         "How long no commit has gone through, 0 while they do: disk full?", MetricType::Gauge);
  const Duration lasts = now.unstored_since ? context.loop.clock().now() - *now.unstored_since : Duration{0};
  gauge(unstored, std::chrono::duration<double>(lasts).count(), {});
  out.push_back(std::move(unstored));
  auto streams = family("lockstep_event_streams", "Open event streams", MetricType::Gauge);
  gauge(streams, static_cast<double>(context.streams->size()), {});
  out.push_back(std::move(streams));
  auto connected = family("lockstep_system_connected", "1 while the system is reached", MetricType::Gauge);
  auto held = family("lockstep_system_held", "1 while a person must resume the writes", MetricType::Gauge);
  auto down = family("lockstep_system_down", "1 while the system does not answer", MetricType::Gauge);
  auto stalled =
      family("lockstep_system_stalled", "1 while writes have been due for long and none was done", MetricType::Gauge);
  auto silent = family("lockstep_webhooks_silent_seconds", "How long no webhook has come, when that is too long",
                       MetricType::Gauge);
  auto missed = family("lockstep_found_by_polls_total", "Changes that a webhook should have told", MetricType::Counter);
  for (const sync::SourceSchema& source : context.hub.catalog().sources()) {
    for (const hub::LaneStatus& lane : context.hub.lanes(source.source)) {
      const Labels labels{{"source", source.source.str()}, {"system", lane.system.str()}};
      gauge(connected, lane.connected ? 1 : 0, labels);
      gauge(held, lane.hold ? 1 : 0, labels);
      gauge(down, lane.retry_at ? 1 : 0, labels);
      gauge(stalled, lane.stalled ? 1 : 0, labels);
      gauge(silent, lane.silence ? std::chrono::duration<double>(*lane.silence).count() : 0, labels);
      counter(missed, static_cast<double>(lane.found_by_polls), labels);
    }
  }
  for (prometheus::MetricFamily* one : {&connected, &held, &down, &stalled, &silent, &missed})
    out.push_back(std::move(*one));
  return prometheus::TextSerializer().Serialize(out);
}

}  // namespace

void add_health_routes(Router& router, Context& context) {
  router.add({"GET", "/healthz", Needs::nothing, [&context](std::shared_ptr<Call> call) {
                call->answer(json_response(200, JsonObject{{"status", "ok"}, {"version", context.version}}));
              }});
  router.add({"GET", "/readyz", Needs::nothing, [&context](std::shared_ptr<Call> call) {
                const std::string_view status = context.hub.draining()                 ? "draining"
                                                : context.hub.metrics().unstored_since ? "unstored"
                                                                                       : "ready";
                call->answer(json_response(status == "ready" ? 200 : 503, JsonObject{{"status", status}}));
              }});
  router.add({"GET", "/metrics", Needs::caller, [&context](std::shared_ptr<Call> call) {
                if (!call->caller.sees_all()) {
                  return call->answer(
                      problem({ErrorKind::unauthorized, "metrics cover all sources: use a key for all of them", {}}));
                }
                wire::HttpResponse response;
                response.headers.add("Content-Type", "text/plain; version=0.0.4");
                response.body = metrics_text(context);
                call->answer(std::move(response));
              }});
}

}  // namespace lockstep::gateway
