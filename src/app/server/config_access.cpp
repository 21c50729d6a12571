#include "app/server/config_access.hpp"

#include <algorithm>

#include "access/accounts.hpp"
#include "access/session_token.hpp"
#include "wire/signature.hpp"

namespace lockstep::app {
namespace {

std::string_view token_of(const wire::HttpHeaders& headers) {
  const std::string_view given = headers.get("Authorization");
  const std::string_view token =
      wire::equal_without_case(given.substr(0, 7), "bearer ") ? given.substr(7) : headers.get("X-API-Key");
  return token.empty() ? access::session_cookie(headers) : token;
}

bool is_jwt(std::string_view token) { return std::ranges::count(token, '.') == 2; }

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
    gateway::Caller caller;
    caller.name = "key " + key.name;
    if (key.sources.empty() && key.business.empty()) caller.everywhere = key.role;
    for (const SourceId& source : key.sources) {
      if (key.business.empty()) {
        caller.sources[source] = key.role;
      } else {
        caller.businesses[source].insert(key.business);
      }
    }
    access->keys_.push_back({wire::sha256(key.key), std::move(caller)});
  }
  for (const JwtIssuer& issuer : config.jwt_issuers) {
    LOCKSTEP_TRY(made, issuer_of(issuer, parts, former));
    access->issuers_.push_back(std::move(made));
  }
  access->accounts_ = parts.accounts;
  access->no_keys_ = config.api_keys.empty() && config.jwt_issuers.empty();
  access->on_loopback_ = access::is_loopback(config.server.host);
  return access;
}

Result<gateway::Caller> ConfigAccess::identify(const wire::HttpHeaders& headers, Time now) const {
  const std::string_view token = token_of(headers);
  if (token.starts_with(access::kSessionPrefix)) return by_session(token);
  if (!token.empty()) return is_jwt(token) ? by_token(token, now) : by_key(token);
  if (is_open_to_local()) {
    // A page from elsewhere that resolves its own name to this machine sends that name as Host.
    if (access::is_loopback(access::host_of(headers.get("Host"))))
      return gateway::Caller{"local", gateway::Role::admin};
    return fail(ErrorKind::unauthorized,
                "without keys and accounts the API answers on this machine's own address only");
  }
  return fail(ErrorKind::unauthorized, "sign in, or send an API key or a token: 'Authorization: Bearer …'");
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

Result<gateway::Caller> ConfigAccess::by_session(std::string_view token) const {
  Result<gateway::Caller> caller = accounts_->identify(token);
  if (!caller || caller->person.empty() || !members_ || !members_->are_configured()) return caller;
  // What the account itself holds stands here and is known, whatever becomes of somebody's database.
  const Result<access::Rights> more = members_->of(caller->person);
  if (!more) return caller;
  access::Rights all{std::move(caller->sources), std::move(caller->businesses)};
  all.add(*more);
  caller->sources = std::move(all.sources);
  caller->businesses = std::move(all.businesses);
  return caller;
}

Result<Json> ConfigAccess::claims(const wire::HttpHeaders& headers, Time now) const {
  const std::string_view token = token_of(headers);
  return is_jwt(token) ? verified(token, now) : Result<Json>(Json());
}

Result<Json> ConfigAccess::verified(std::string_view token, Time now) const {
  Error refusal{ErrorKind::unauthorized, "no issuer of tokens is configured", {}};
  for (const Issuer& issuer : issuers_) {
    Result<Json> claims = issuer.verify(token, now);
    if (claims) return claims;
    // An issuer that can not say yet may be the token's: the caller tries again rather than to sign out.
    if (refusal.kind != ErrorKind::unavailable) refusal = claims.error();
    if (refusal.kind == ErrorKind::not_found) refusal.kind = ErrorKind::unauthorized;
  }
  return fail(std::move(refusal));
}

// With tables of members: `sub` is the user in them, and nothing else in the token gives a right. Otherwise `role` and
// `sources` in `lockstep` or in `app_metadata.lockstep` (where Supabase keeps what users can not change themselves). A
// token that names no sources sees none, and one with a role that is none, or a business without a name, neither.
Result<gateway::Caller> ConfigAccess::by_token(std::string_view token, Time now) const {
  LOCKSTEP_TRY(claims, verified(token, now));
  gateway::Caller caller;
  caller.person = string_member(claims, "sub");
  caller.name = "user " + caller.person;
  if (members_ && members_->are_configured()) {
    if (caller.person.empty()) return fail(ErrorKind::unauthorized, "the token names nobody ('sub')");
    LOCKSTEP_TRY(rights, members_->of(caller.person));
    caller.sources = std::move(rights.sources);
    caller.businesses = std::move(rights.businesses);
    return caller;
  }
  const Json* ours = find_member(claims, "lockstep");
  if (const Json* metadata = find_member(claims, "app_metadata"); ours == nullptr && metadata != nullptr)
    ours = find_member(*metadata, "lockstep");
  if (ours == nullptr) return fail(ErrorKind::unauthorized, "the token has no 'lockstep' claim with role and sources");
  const std::string_view named = string_member(*ours, "role");
  const auto role = named.empty() ? std::optional(gateway::Role::viewer) : access::role_named(named);
  const std::string_view business = named == access::kBusiness ? string_member(*ours, "business") : "";
  if (!role && business.empty()) return caller;
  const Json* sources = find_member(*ours, "sources");
  if (sources == nullptr || !sources->is_array()) return caller;
  for (const Json& source : sources->get_array()) {
    if (!source.is_string()) continue;
    const SourceId id{std::string(source.get_string())};
    if (!role) {
      // There is no business of all sources: each has its own.
      caller.businesses[id].insert(std::string(business));
      continue;
    }
    if (id.str() == "*") caller.everywhere = role;
    caller.sources[id] = *role;
  }
  return caller;
}

}  // namespace lockstep::app
