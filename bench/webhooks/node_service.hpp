// The service that a team would write by hand, for comparison: node/server.mjs on a private PostgreSQL.
#pragma once

#include <memory>

#include "bench/support/child.hpp"
#include "bench/support/machine.hpp"
#include "bench/webhooks/messages.hpp"
#include "tests/support/postgres_cluster.hpp"

namespace lockstep::bench {

class NodeService {
 public:
  // Nothing, and a line that says why, when Node or PostgreSQL are not installed.
  static std::unique_ptr<NodeService> start(const Folder& folder, const Signer& signer);
  const Address& address() const { return address_; }
  double cpu_seconds() const { return child_->cpu_seconds(); }  // of Node, without PostgreSQL

 private:
  NodeService(const Folder& folder, const Signer& signer);

  tests::PostgresCluster postgres_;
  std::unique_ptr<Child> child_;
  Address address_;
};

}  // namespace lockstep::bench
