// A connector that tells of each write it is given, and of those that come too early.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "connector/connector.hpp"

namespace lockstep::simulation {

class WatchedConnector final : public connector::Connector {
 public:
  using OnWrite = std::function<void(const connector::WriteRequest&)>;
  // Each may be empty.
  struct Watch {
    OnWrite on_write;   // to an object: it is on its way, what is heard from now on comes too late for it
    OnWrite on_unread;  // it has not been asked since the start what people did in between, though there was the time
  };
  // What is read takes so long at most; then writes go out all the same.
  static constexpr std::chrono::seconds kReadWithin{60};

  // The clock outlives it.
  WatchedConnector(std::unique_ptr<connector::Connector> inner, const Clock& clock, Watch watch)
      : inner_(std::move(inner)), clock_(clock), watch_(std::move(watch)) {}

  const connector::Capabilities& capabilities() const override { return inner_->capabilities(); }
  Task<Result<void>> start() override {
    Result<void> started = co_await inner_->start();
    started_ = clock_.now();
    read_ = false;
    co_return started;
  }
  Task<void> stop() override { return inner_->stop(); }
  Task<std::vector<connector::CheckLine>> check() override { return inner_->check(); }
  Task<Result<std::vector<std::string>>> migrate() override { return inner_->migrate(); }
  Result<std::vector<sync::Change>> decode_webhook(const connector::WebhookRequest& request) override {
    return inner_->decode_webhook(request);
  }
  Task<Result<connector::PullPage>> pull(connector::PullRequest request) override {
    Result<connector::PullPage> page = co_await inner_->pull(std::move(request));
    if (page && page->last) read_ = true;
    co_return page;
  }
  Task<Result<std::optional<sync::Change>>> fetch(std::string object, std::string external_id,
                                                  sync::WorkClass work) override {
    return inner_->fetch(std::move(object), std::move(external_id), work);
  }
  Task<std::vector<connector::WriteResult>> write(std::vector<connector::WriteRequest> requests) override {
    const Time now = clock_.now();
    const bool early = !read_ && now >= started_ && now < started_ + kReadWithin;  // a clock that was set says nothing
    for (const connector::WriteRequest& request : requests) {
      if (early && watch_.on_unread) watch_.on_unread(request);
      if (watch_.on_write && !request.external_id.empty()) watch_.on_write(request);
    }
    return inner_->write(std::move(requests));
  }
  Task<Result<std::optional<connector::Found>>> find(connector::WriteRequest request) override {
    return inner_->find(std::move(request));
  }
  Task<Result<void>> replace_credential(std::string credential) override {
    return inner_->replace_credential(std::move(credential));
  }
  void capture(connector::CaptureSink& sink) override { inner_->capture(sink); }
  connector::Tables* tables() override { return inner_->tables(); }

 private:
  std::unique_ptr<connector::Connector> inner_;
  const Clock& clock_;
  Watch watch_;
  Time started_{};
  bool read_ = false;  // something to its end, since the start
};

}  // namespace lockstep::simulation
