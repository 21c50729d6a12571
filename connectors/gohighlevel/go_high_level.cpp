#include "connectors/gohighlevel/go_high_level.hpp"

#include "base/assert.hpp"
#include "connectors/gohighlevel/checker.hpp"

namespace lockstep::gohighlevel {

Result<std::unique_ptr<connector::Connector>> GoHighLevel::make(const connector::SystemSettings& system,
                                                                const connector::Ports& ports) {
  ReadSettings read = read_settings(system);
  if (!read.problems.empty()) {
    std::string text;
    for (const auto& problem : read.problems)
      text += (text.empty() ? "" : "; ") + problem.setting + " " + problem.message;
    return fail(ErrorKind::invalid, text);
  }
  auto decoder = WebhookDecoder::make(read.settings);
  if (!decoder) return fail(decoder.error());
  return std::make_unique<GoHighLevel>(std::move(read.settings), std::move(*decoder), ports);
}

GoHighLevel::GoHighLevel(ConnectorSettings settings, WebhookDecoder decoder, const connector::Ports& ports)
    : settings_(std::make_unique<const ConnectorSettings>(std::move(settings))),
      ports_(ports),
      capabilities_(make_capabilities(*settings_)),
      decoder_(std::move(decoder)),
      api_(*settings_, ports_),
      catalog_(api_, *settings_, ports_),
      reader_(api_, catalog_, *settings_, ports_, seen_),
      puller_(api_, reader_, *settings_, ports_, seen_),
      writer_(api_, catalog_, reader_, *settings_, *ports_.log, seen_) {
  LOCKSTEP_ASSERT(ports_.http != nullptr && ports_.state != nullptr,
                  "the factory asks for HTTP and every connector has state");
  background_.on_idle([this] {
    std::vector<Completion<int>::Done> stopping = std::move(stopping_);
    stopping_.clear();
    for (auto& done : stopping) ports_.loop->post([done = std::move(done)]() mutable { done(0); });
  });
}

Task<Result<void>> GoHighLevel::start() {
  Task<Result<void>> starting = api_.start();
  Result<void> started = co_await starting;
  if (!started) co_return started;
  Task<Result<void>> loading = catalog_.load();
  Result<void> loaded = co_await loading;
  if (!loaded) co_return loaded;
  // A location without mapped custom fields needs no catalog, and then a token without that scope will do.
  if (settings_->contact.custom_keys.empty() && settings_->opportunity.custom_keys.empty()) co_return Result<void>();
  Task<Result<void>> refreshing = catalog_.refresh(sync::WorkClass::live);
  Result<void> refreshed = co_await refreshing;
  const bool have_kept = catalog_.contact().size() + catalog_.opportunity().size() > 0;
  if (refreshed || !have_kept || refreshed.error().kind == ErrorKind::unauthorized) co_return refreshed;
  ports_.log->warning("gohighlevel_catalog_not_refreshed", {{"reason", refreshed.error().message}});
  co_return Result<void>();
}

Task<void> GoHighLevel::stop() {
  if (background_.idle()) co_return;
  Completion<int> ended([this](Completion<int>::Done done) { stopping_.push_back(std::move(done)); });
  co_await ended;
}

Task<std::vector<connector::CheckLine>> GoHighLevel::check() {
  Checker checker(api_, catalog_, *settings_);
  Task<std::vector<connector::CheckLine>> checking = checker.run();
  std::vector<connector::CheckLine> lines = co_await checking;
  co_return lines;
}

// The CRM has no tables; custom fields are the account owner's to make, and check() names the ones that are missing.
Task<Result<std::vector<std::string>>> GoHighLevel::migrate() { co_return std::vector<std::string>(); }

Task<void> GoHighLevel::refresh_catalog() {
  Task<void> refreshing = catalog_.refresh_for_unknown(sync::WorkClass::live);
  co_await refreshing;
}

Result<std::vector<sync::Change>> GoHighLevel::decode_webhook(const connector::WebhookRequest& request) {
  std::vector<std::string> unknown;
  auto changes = decoder_.decode(request, catalog_.contact(), catalog_.opportunity(), unknown);
  // The event's other fields count now; the new custom field is read with the next observation of the contact.
  if (!unknown.empty() && background_.idle()) background_.spawn(refresh_catalog());
  return changes;
}

Task<Result<connector::PullPage>> GoHighLevel::pull(connector::PullRequest request) {
  return puller_.pull(std::move(request));
}

Task<Result<std::optional<sync::Change>>> GoHighLevel::fetch(std::string object, std::string external_id,
                                                             sync::WorkClass work) {
  return reader_.fetch(std::move(object), std::move(external_id), work);
}

Task<std::vector<connector::WriteResult>> GoHighLevel::write(std::vector<connector::WriteRequest> requests) {
  std::vector<connector::WriteResult> results;
  for (connector::WriteRequest& request : requests) {
    Task<connector::WriteResult> writing = writer_.write(std::move(request));
    connector::WriteResult result = co_await writing;
    results.push_back(std::move(result));
  }
  co_return results;
}

Task<Result<std::optional<connector::Found>>> GoHighLevel::find(connector::WriteRequest request) {
  Result<std::optional<sync::Change>> seen = co_await reader_.find(std::move(request));
  co_return connector::Found::of(std::move(seen), connector::Maker::unknown);
}

// Changes come as webhooks and by polling; there is nothing to capture.
void GoHighLevel::capture(connector::CaptureSink& sink) { sink.status("webhooks and polling"); }

}  // namespace lockstep::gohighlevel
