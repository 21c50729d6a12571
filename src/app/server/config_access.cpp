#include "app/server/config_access.hpp"

#include <algorithm>

#include "wire/signature.hpp"

namespace lockstep::app {
namespace {

gateway::Role role_of(Role role) {
  switch (role) {
    case Role::admin: return gateway::Role::admin;
    case Role::owner: return gateway::Role::owner;
    case Role::editor: return gateway::Role::editor;
    case Role::viewer: return gateway::Role::viewer;
  }
  return gateway::Role::viewer;
}

std::optional<gateway::Role> role_named(std::string_view name) {
  if (name == "admin") return gateway::Role::admin;
  if (name == "owner") return gateway::Role::owner;
  if (name == "editor") return gateway::Role::editor;
  if (name == "viewer") return gateway::Role::viewer;
  return std::nullopt;
}

bool is_loopback(std::string_view host) { return host == "127.0.0.1" || host == "::1" || host == "localhost"; }

// "127.0.0.1:8080" -> "127.0.0.1", "[::1]:8080" -> "::1"
std::string_view host_of(std::string_view header) {
  if (header.starts_with('[')) return header.substr(1, header.find(']') - 1);
  return header.substr(0, header.rfind(':'));
}

}  // namespace

Result<Json> ConfigAccess::Issuer::verify(std::string_view token, Time now) const {
  return remote ? remote->verify(token, now) : verifier->verify(token, now);
}

Result<ConfigAccess::Issuer> ConfigAccess::issuer_of(const JwtIssuer& config, const AccessParts& parts,
                                                     const ConfigAccess* former) {
  Issuer out{config, std::nullopt, nullptr};
  wire::JwtSettings settings;
  settings.secret = config.secret;
  settings.public_key = config.public_key;
  settings.jwks = config.jwks;
  settings.issuer = config.issuer;
  settings.audience = config.audience;
  if (config.jwks_url.empty()) {
    LOCKSTEP_TRY(verifier, wire::JwtVerifier::make(std::move(settings)));
    out.verifier = std::move(verifier);
    return out;
  }
  if (former != nullptr) {
    const auto same = std::ranges::find(former->issuers_, config, &Issuer::config);
    if (same != former->issuers_.end()) out.remote = same->remote;
  }
  if (out.remote) {
    out.remote->refresh();
  } else {
    out.remote = std::make_shared<RemoteKeys>(
        *parts.loop, *parts.log, config.jwks_url, std::move(settings),
        [fetch = parts.fetch, config](RemoteKeys::Done done) { fetch(config, std::move(done)); });
  }
  return out;
}

Result<std::unique_ptr<ConfigAccess>> ConfigAccess::make(const Config& config, const AccessParts& parts,
                                                         const ConfigAccess* former) {
  std::unique_ptr<ConfigAccess> access(new ConfigAccess());
  for (const ApiKey& key : config.api_keys) {
    access->keys_.push_back(
        {wire::sha256(key.key), {"key " + key.name, role_of(key.role), key.sources.empty(), key.sources}});
  }
  for (const JwtIssuer& issuer : config.jwt_issuers) {
    LOCKSTEP_TRY(made, issuer_of(issuer, parts, former));
    access->issuers_.push_back(std::move(made));
  }
  access->open_to_local_ = config.api_keys.empty() && config.jwt_issuers.empty() && is_loopback(config.server.host);
  return access;
}

Result<gateway::Caller> ConfigAccess::identify(const wire::HttpHeaders& headers, Time now) const {
  std::string_view token = headers.get("Authorization");
  if (wire::equal_without_case(token.substr(0, 7), "bearer ")) {
    token.remove_prefix(7);
  } else {
    token = headers.get("X-API-Key");
  }
  if (!token.empty()) return std::ranges::count(token, '.') == 2 ? by_token(token, now) : by_key(token);
  if (open_to_local_) {
    // A page from elsewhere that resolves its own name to this machine sends that name as Host.
    if (is_loopback(host_of(headers.get("Host")))) return gateway::Caller{"local", gateway::Role::admin, true, {}};
    return fail(ErrorKind::unauthorized,
                "without keys in the configuration the API answers on this machine's own address only");
  }
  return fail(ErrorKind::unauthorized, "send an API key or a token: 'Authorization: Bearer …'");
}

Result<gateway::Caller> ConfigAccess::by_key(std::string_view key) const {
  const std::string digest = wire::sha256(key);
  const gateway::Caller* found = nullptr;
  for (const Key& known : keys_) {
    if (wire::equal_constant_time(known.digest, digest)) found = &known.caller;
  }
  if (found == nullptr) return fail(ErrorKind::unauthorized, "this API key is not known");
  return *found;
}

// Claims: `sub`; `role` and `sources` in `lockstep` or in `app_metadata.lockstep` (where Supabase keeps what users
// can not change themselves). A token that names no sources sees none.
Result<gateway::Caller> ConfigAccess::by_token(std::string_view token, Time now) const {
  Error refusal{ErrorKind::unauthorized, "no issuer of tokens is configured", {}};
  for (const Issuer& issuer : issuers_) {
    const Result<Json> claims = issuer.verify(token, now);
    if (!claims) {
      // An issuer that can not say yet may be the token's: the caller tries again rather than to sign out.
      if (refusal.kind != ErrorKind::unavailable) refusal = claims.error();
      if (refusal.kind == ErrorKind::not_found) refusal.kind = ErrorKind::unauthorized;
      continue;
    }
    const Json* ours = find_member(*claims, "lockstep");
    if (const Json* metadata = find_member(*claims, "app_metadata"); ours == nullptr && metadata != nullptr)
      ours = find_member(*metadata, "lockstep");
    gateway::Caller caller;
    caller.name = "user " + std::string(string_member(*claims, "sub"));
    if (ours == nullptr)
      return fail(ErrorKind::unauthorized, "the token has no 'lockstep' claim with role and sources");
    caller.role = role_named(string_member(*ours, "role")).value_or(gateway::Role::viewer);
    if (const Json* sources = find_member(*ours, "sources"); sources != nullptr && sources->is_array()) {
      for (const Json& source : sources->get_array()) {
        if (!source.is_string()) continue;
        if (source.get_string() == "*") caller.all_sources = true;
        caller.sources.emplace_back(std::string(source.get_string()));
      }
    }
    return caller;
  }
  return fail(std::move(refusal));
}

}  // namespace lockstep::app
