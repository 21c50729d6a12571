// A connector that tells of each write it is given. From then on the write is on its way: what is heard later comes too late
// for it.
#pragma once

#include <functional>
#include <memory>

#include "connector/connector.hpp"

namespace lockstep::simulation {

class WatchedConnector final : public connector::Connector {
 public:
  using OnWrite = std::function<void(const connector::WriteRequest&)>;

  // `on_write` may be empty.
  WatchedConnector(std::unique_ptr<connector::Connector> inner, OnWrite on_write)
      : inner_(std::move(inner)), on_write_(std::move(on_write)) {}

  const connector::Capabilities& capabilities() const override { return inner_->capabilities(); }
  Task<Result<void>> start() override { return inner_->start(); }
  Task<void> stop() override { return inner_->stop(); }
  Task<std::vector<connector::CheckLine>> check() override { return inner_->check(); }
  Task<Result<std::vector<std::string>>> migrate() override { return inner_->migrate(); }
  Result<std::vector<sync::Change>> decode_webhook(const connector::WebhookRequest& request) override {
    return inner_->decode_webhook(request);
  }
  Task<Result<connector::PullPage>> pull(connector::PullRequest request) override {
    return inner_->pull(std::move(request));
  }
  Task<Result<std::optional<sync::Change>>> fetch(std::string object, std::string external_id,
                                                  sync::WorkClass work) override {
    return inner_->fetch(std::move(object), std::move(external_id), work);
  }
  Task<std::vector<connector::WriteResult>> write(std::vector<connector::WriteRequest> requests) override {
    for (const connector::WriteRequest& request : requests) {
      if (on_write_ && !request.external_id.empty()) on_write_(request);
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
  OnWrite on_write_;
};

}  // namespace lockstep::simulation
