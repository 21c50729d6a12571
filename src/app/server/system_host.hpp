// Makes a system's connector with everything it may touch: HTTP with its quota, durable state, worker threads.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "app/config/config.hpp"
#include "app/ports/vault.hpp"
#include "hub/hub.hpp"
#include "net/http_client.hpp"

namespace lockstep::app {

struct HostParts;
struct CredentialLine;

// HTTP to a remote, one line per credential: systems that use the same connector, origin, token (or OAuth client) and
// location share one budget, because the remote counts their calls together (Q1, Q2). A line lives as long as a
// system uses it, also across a reload.
class CredentialLines {
 public:
  std::shared_ptr<CredentialLine> line(const SystemConfig& system, const std::string& origin, const HostParts& parts);

 private:
  std::map<std::string, std::weak_ptr<CredentialLine>> lines_;  // by a hash of the credential
};

struct HostParts {
  net::EventLoop* loop = nullptr;
  net::HttpClient* client = nullptr;
  CredentialLines* lines = nullptr;
  Random* random = nullptr;
  Log* log = nullptr;
  std::shared_ptr<const Vault> vault;
  std::function<hub::Hub&()> hub;  // asked when a connector first uses its state: the hub is made after the connectors
};

// One running system. The connector lives as long as somebody holds it; its ports live as long as the connector.
struct HostedSystem {
  std::string fingerprint;  // of everything that the connector was made from: the same text, the same connector
  std::shared_ptr<connector::Connector> connector;
};

Result<HostedSystem> host_system(const SystemConfig& system, std::shared_ptr<const sync::Catalog> catalog,
                                 std::span<const connector::Factory> factories, const HostParts& parts);

// What the connector of this system would be made from.
std::string fingerprint_of(const SystemConfig& system);

}  // namespace lockstep::app
