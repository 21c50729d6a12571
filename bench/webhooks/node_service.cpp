#include "bench/webhooks/node_service.hpp"

#include "bench/support/machine.hpp"

namespace lockstep::bench {

std::unique_ptr<NodeService> NodeService::start(const Folder& folder, const Signer& signer) {
  if (!in_path("node") || !tests::PostgresCluster::installed()) {
    print_line("no comparison with a Node service: it needs node, npm and PostgreSQL 15");
    return nullptr;
  }
  if (!std::filesystem::exists(std::filesystem::path(LOCKSTEP_NODE_SERVICE) / "node_modules")) {
    run({{"npm", "ci", "--no-fund", "--no-audit", "--loglevel=error"},
         LOCKSTEP_NODE_SERVICE,
         folder.path() / "npm.log"});
  }
  return std::unique_ptr<NodeService>(new NodeService(folder, signer));
}

NodeService::NodeService(const Folder& folder, const Signer& signer) {
  if (!postgres_.started()) give_up("PostgreSQL did not start: " + postgres_.log());
  Command command{{"node", "server.mjs"}, LOCKSTEP_NODE_SERVICE, folder.path() / "node.log", {}};
  const std::string url = postgres_.url();  // "host=/folder port=…"
  const std::string host = url.substr(5, url.find(' ') - 5);
  command.environment = {
      {"NODE_ENV", "production"}, {"PGHOST", host}, {"PGUSER", "postgres"}, {"PUBLIC_KEY", signer.public_key_base64()}};
  child_ = std::make_unique<Child>(command);
  address_ = Address::of(child_->wait_for_line("listening on "));
}

}  // namespace lockstep::bench
