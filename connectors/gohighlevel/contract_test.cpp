// What every connector must do, against the sandbox.
#include "connector/contract.hpp"

#include "connectors/gohighlevel/sandbox_test.hpp"

namespace lockstep::gohighlevel {
namespace {

class SandboxContract : public SandboxEndToEnd, public connector::ContractFixture {
 protected:
  connector::Connector& connector() override { return *crm; }
  connector::ManualLoop& loop() override { return SandboxEndToEnd::loop; }
  std::string object() override { return "contact"; }
  std::string text_path() override { return "firstName"; }
  std::string other_path() override { return "lastName"; }
  std::string unique_path() override { return "email"; }
  std::string unknown_id() override { return "nobodyHasThisId00001"; }
  // The CRM keeps no idempotency key: a contact is known again by its e-mail.
  JsonObject natural_key(const std::string& name) override {
    std::string address = name + "@example.com";
    std::ranges::replace(address, ' ', '.');
    return {{"email", address}};
  }
  sync::OutcomeKind repeated_create() override { return sync::OutcomeKind::duplicate; }

  std::string foreign_create(const Json& document) override {
    const Json made = control("POST", "contacts", to_text(document));
    return std::string(string_member(made.at("contact"), "id"));
  }
  void foreign_update(const std::string& id, const Json& document) override {
    control("PUT", "contacts/" + id, to_text(document));
  }
  void foreign_remove(const std::string& id) override { control("DELETE", "contacts/" + id); }
};

TEST_F(SandboxContract, WithAToken) {
  connect();
  connector::run_connector_contract(*this);
}

TEST_F(SandboxContract, WhenPullingBySearch) {
  connect({{"location_id", kLocation}, {"token", "pit-sandbox"}, {"full_pull", "search"}});
  connector::run_connector_contract(*this);
}

}  // namespace
}  // namespace lockstep::gohighlevel
