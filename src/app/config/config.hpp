// What lockstep.yaml says, ready to use: names resolved, secrets fetched, defaults filled in.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "access/caller.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "connector/connector.hpp"
#include "hub/guard.hpp"
#include "hub/limits.hpp"
#include "hub/schedule.hpp"
#include "sync/schema.hpp"

namespace lockstep::app {

enum class LogFormat {
  automatic,  // for people on a terminal, JSON lines elsewhere
  text,
  json,
};

// Keys that seal secrets on the disk, 64 hex digits each.
struct SealingConfig {
  std::string key;                    // secret; "": the key file in the data folder
  std::vector<std::string> old_keys;  // secrets; they only open
};

struct ServerConfig {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;  // 0: a free one
  std::string data_folder;    // absolute, or relative to the working folder
  std::string public_url;     // without a slash at the end; "" when not given
  LogLevel log_level = LogLevel::info;
  LogFormat log_format = LogFormat::automatic;
  std::size_t body_bytes_limit = 1 << 20;
  std::size_t connections_limit = 20'000;
  std::optional<std::size_t> connections_per_address_limit;  // none: half of connections_limit
  SealingConfig sealing;
};

using access::Role;

struct ApiKey {
  std::string name;
  std::string key;  // secret
  Role role = Role::viewer;
  std::vector<SourceId> sources;  // none: all of them
  std::string business;           // "": it has the role; else this business of those sources, and no role
};

// Where what is called over HTTP may be.
enum class NetworkReach {
  outside,  // at public addresses; elsewhere only when its URL is written as an address, or as localhost
  any,
};

// One issuer of tokens. Exactly one of the first four.
struct JwtIssuer {
  std::string secret;                          // HS256
  std::string public_key;                      // PEM: RS256, ES256
  std::string jwks;                            // a key set: RS256, ES256
  std::string jwks_url;                        // where the issuer publishes its key set
  NetworkReach reach = NetworkReach::outside;  // of jwks_url
  std::string issuer;                          // "" accepts any
  std::string audience;                        // "" accepts any

  friend bool operator==(const JwtIssuer&, const JwtIssuer&) = default;
};

// A table that says which user may see which source.
struct MemberTable {
  SourceId source;  // whose system it is read from
  SystemName system;
  std::string table;
  std::string user;  // columns
  std::string source_column;
  std::string role;                         // "": everybody in it is a viewer
  std::string business;                     // "": it names none
  Duration hold = std::chrono::minutes(1);  // how long what was read holds when nothing can be read

  friend bool operator==(const MemberTable&, const MemberTable&) = default;
};

struct PullSchedule {
  std::optional<Duration> every;       // none: never by itself
  std::optional<Duration> full_every;  // none: never by itself
};

struct SystemConfig {
  std::string connector;  // Factory::kind
  NetworkReach reach = NetworkReach::outside;
  hub::GuardSettings guard;
  connector::SystemSettings settings;
  PullSchedule pull;
  std::vector<hub::Schedule> schedules;
};

// Whose tables dashboards read.
struct RestConfig {
  SourceId source;
  SystemName system;
};

// A function that dashboards call.
struct FunctionConfig {
  std::string name;
  SystemName system;
  std::vector<std::pair<EntityName, std::string>> entities;  // and what answers call them
  std::string mode = "incremental";
  std::string source = "source_id";
  std::vector<std::pair<std::string, std::string>> settings;  // member of the body, setting of the system
  std::string upstream;
  Duration wait = std::chrono::minutes(5);
};

// Ordered jobs as records.
struct JobsConfig {
  EntityName entity;
  std::vector<std::pair<std::string, std::string>> settings;  // field, setting of the system
};

struct SourceConfig {
  SourceId id;
  std::string title;  // for people; the id when not given
  std::vector<SystemConfig> systems;
};

// Moved, never copied: the settings of the systems point into the catalog.
struct Config {
  std::string file;
  ServerConfig server;
  std::vector<ApiKey> api_keys;
  std::vector<JwtIssuer> jwt_issuers;
  std::vector<MemberTable> members;
  std::vector<SourceConfig> sources;
  std::optional<RestConfig> rest;
  hub::RowBatching row_batching;
  std::vector<FunctionConfig> functions;
  std::optional<JobsConfig> jobs;
  std::shared_ptr<const sync::Catalog> catalog;  // shared: batches in flight keep the old one through a reload
  std::vector<std::string> secrets;              // every secret value, for redaction (O4)
  std::vector<std::string> warnings;             // for people; nothing here keeps the program from running

  Config() = default;
  Config(Config&&) = default;
  Config& operator=(Config&&) = default;
  Config(const Config&) = delete;
  Config& operator=(const Config&) = delete;
  ~Config() = default;
};

}  // namespace lockstep::app
