// The connector for GoHighLevel (HighLevel, LeadConnector): contacts with tags and custom fields, opportunities, pipelines.
// Puts the parts together: Api (calls, tokens), FieldCatalog, Reader, Puller, Writer, WebhookDecoder.
#pragma once

#include <memory>

#include "connectors/gohighlevel/puller.hpp"
#include "connectors/gohighlevel/webhook_decoder.hpp"
#include "connectors/gohighlevel/writer.hpp"

namespace lockstep::gohighlevel {

class GoHighLevel final : public connector::Connector {
 public:
  // `ports` has an HttpPort for settings.base_url.
  GoHighLevel(ConnectorSettings settings, WebhookDecoder decoder, const connector::Ports& ports);

  // `invalid` with all problems of the settings.
  static Result<std::unique_ptr<connector::Connector>> make(const connector::SystemSettings& system,
                                                            const connector::Ports& ports);

  const connector::Capabilities& capabilities() const override { return capabilities_; }
  Task<Result<void>> start() override;
  Task<void> stop() override;
  Task<std::vector<connector::CheckLine>> check() override;
  Task<Result<std::vector<std::string>>> migrate() override;
  Result<std::vector<sync::Change>> decode_webhook(const connector::WebhookRequest& request) override;
  Task<Result<connector::PullPage>> pull(connector::PullRequest request) override;
  Task<Result<std::optional<sync::Change>>> fetch(std::string object, std::string external_id,
                                                  sync::WorkClass work) override;
  Task<std::vector<connector::WriteResult>> write(std::vector<connector::WriteRequest> requests) override;
  Task<Result<std::optional<connector::Found>>> find(connector::WriteRequest request) override;
  Task<Result<void>> replace_credential(std::string token) override { return api_.replace_token(std::move(token)); }
  void capture(connector::CaptureSink& sink) override;

 private:
  Task<void> refresh_catalog();

  const std::unique_ptr<const ConnectorSettings> settings_;  // at a fixed address: the parts refer to it
  connector::Ports ports_;
  connector::Capabilities capabilities_;
  WebhookDecoder decoder_;
  Api api_;
  FieldCatalog catalog_;
  SeenVersions seen_;
  Reader reader_;
  Puller puller_;
  Writer writer_;
  TaskScope background_;
  std::vector<Completion<int>::Done> stopping_;
};

connector::Capabilities make_capabilities(const ConnectorSettings& settings);

}  // namespace lockstep::gohighlevel
