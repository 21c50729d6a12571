// A system for tests of the hub: objects in a map, pages, writes that end as told. Everything completes on the loop.
#pragma once

#include <deque>
#include <map>
#include <string>

#include "connector/connector.hpp"
#include "connector/manual_loop.hpp"

namespace lockstep::hub {

class FakeSystem final : public connector::Connector {
 public:
  explicit FakeSystem(Loop& loop) : loop_(loop) {
    can_.kind = "fake";
    connector::ObjectInfo info;
    info.name = "*";
    info.pulls_incremental = true;
    can_.objects = {info};
    can_.write_batch_limit = 10;
    can_.write_parallel_limit = 2;
  }

  std::map<std::string, JsonObject> objects;
  std::deque<sync::OutcomeKind> next_outcomes;  // then everything is applied
  std::function<std::optional<connector::WriteResult>(const connector::WriteRequest&)> on_write;  // nullopt: as ever
  bool versions = true;  // else an observation says nothing of its age, and is read back
  Duration write_time{0};
  Duration fetch_time{0};
  Duration pull_time{0};           // of a page
  std::vector<std::string> pulls;  // "begin thing", "end thing": pages, as they went
  std::size_t pages_read = 0;
  std::function<void()> on_pull;               // before a page is read
  std::size_t pages_fail_after = 1'000'000;    // then pulls hang in retries
  std::map<std::string, std::size_t> fetched;  // how often, by id
  std::size_t finds = 0;
  std::map<std::string, std::string> made;  // ids by idempotency key: objects that find() knows to be ours
  std::size_t writes = 0;
  std::size_t calls = 0;                   // of write()
  bool outage = false;                     // writes do not get through
  std::vector<std::string> hidden;         // left out of lists, though they are there
  connector::CaptureSink* sink = nullptr;  // of a system that captures: set captures first
  void set_captures() { can_.captures = true; }
  void set_webhooks_only() {
    can_.objects.front().pulls_incremental = false;
    can_.objects.front().webhooks = true;
  }

  const connector::Capabilities& capabilities() const override { return can_; }
  Task<Result<void>> start() override { co_return Result<void>(); }
  Task<void> stop() override { co_return; }
  Task<std::vector<connector::CheckLine>> check() override { co_return std::vector<connector::CheckLine>(); }
  Task<Result<std::vector<std::string>>> migrate() override { co_return std::vector<std::string>(); }

  Result<std::vector<sync::Change>> decode_webhook(const connector::WebhookRequest& request) override {
    LOCKSTEP_TRY(body, parse_json(request.body));
    std::vector<sync::Change> out;
    out.push_back(observed(std::string(string_member(body, "id"))));
    return out;
  }

  Task<Result<connector::PullPage>> pull(connector::PullRequest request) override {
    if (on_pull) on_pull();
    if (pages_read >= pages_fail_after) co_return fail(ErrorKind::unavailable, "the system does not answer");
    ++pages_read;
    pulls.push_back("begin " + request.object);
    if (pull_time > Duration(0)) co_await connector::sleep_for(loop_, pull_time);
    pulls.push_back("end " + request.object);
    connector::PullPage page;
    page.last = true;
    if (request.object != "thing") co_return page;
    const std::string after = request.cursor.is_string() ? std::string(request.cursor.get_string()) : "";
    if (request.mode == connector::PullMode::incremental) co_return page;
    for (auto at = objects.upper_bound(after); at != objects.end(); ++at) {
      if (page.changes.size() == request.page_limit) {
        page.last = false;
        break;
      }
      if (std::find(hidden.begin(), hidden.end(), at->first) == hidden.end())
        page.changes.push_back(observed(at->first));
      page.cursor = Json(at->first);
    }
    page.total = objects.size();
    co_return page;
  }

  Task<Result<std::optional<sync::Change>>> fetch(std::string, std::string external_id, sync::WorkClass) override {
    ++fetched[external_id];
    if (fetch_time > Duration(0)) co_await connector::sleep_for(loop_, fetch_time);
    if (!objects.contains(external_id)) co_return std::optional<sync::Change>();
    co_return std::optional(observed(external_id));
  }

  Task<std::vector<connector::WriteResult>> write(std::vector<connector::WriteRequest> requests) override {
    ++calls;
    if (write_time > Duration(0)) co_await connector::sleep_for(loop_, write_time);
    std::vector<connector::WriteResult> out;
    for (const connector::WriteRequest& request : requests) {
      connector::WriteResult result;
      if (outage) {
        result.kind = sync::OutcomeKind::retry;
        result.reason = "no connection";
        out.push_back(std::move(result));
        continue;
      }
      if (std::optional<connector::WriteResult> told = on_write ? on_write(request) : std::nullopt) {
        out.push_back(std::move(*told));
        continue;
      }
      if (!next_outcomes.empty()) {
        result.kind = next_outcomes.front();
        next_outcomes.pop_front();
        result.reason = "as told";
      }
      if (result.kind == sync::OutcomeKind::applied) {
        ++writes;
        result.external_id = request.external_id.empty() ? "made-" + std::to_string(writes) : request.external_id;
        if (request.kind == sync::WriteKind::remove) {
          objects.erase(result.external_id);
        } else {
          for (const auto& [name, value] : request.document.get_object()) objects[result.external_id][name] = value;
        }
      }
      out.push_back(std::move(result));
    }
    co_return out;
  }

  Task<Result<std::optional<connector::Found>>> find(connector::WriteRequest request) override {
    ++finds;
    const auto own = made.find(request.idempotency_key);
    if (own != made.end()) co_return connector::Found(observed(own->second), connector::Maker::us);
    for (const auto& [id, object] : objects) {
      if (object == request.document.get_object()) co_return std::optional<connector::Found>(observed(id));
    }
    co_return std::optional<connector::Found>();
  }
  void capture(connector::CaptureSink& into) override { sink = &into; }

  sync::Change observed(const std::string& id) {
    sync::Change change;
    change.object = "thing";
    change.external_id = id;
    if (versions) change.version = ++version_;
    change.document = objects[id];
    return change;
  }

 private:
  Loop& loop_;
  connector::Capabilities can_;
  sync::Version version_ = 0;
};

}  // namespace lockstep::hub
