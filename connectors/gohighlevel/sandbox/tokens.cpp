#include "connectors/gohighlevel/sandbox/tokens.hpp"

#include "connectors/gohighlevel/sandbox/limits.hpp"
#include "connectors/gohighlevel/sandbox/state.hpp"

namespace lockstep::gohighlevel::sandbox {
namespace {

std::string_view bearer(std::string_view authorization) {
  constexpr std::string_view kScheme = "Bearer ";
  if (authorization.size() <= kScheme.size() ||
      !wire::equal_without_case(authorization.substr(0, kScheme.size()), kScheme))
    return {};
  return authorization.substr(kScheme.size());
}

std::string random_text(std::string_view prefix, Random& random) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string out(prefix);
  for (int word = 0; word < 3; ++word) {
    std::uint64_t bits = random.next();
    for (int i = 0; i < 16; ++i, bits >>= 4) out += kHex[bits & 15];
  }
  return out;
}

}  // namespace

Tokens::Tokens(std::vector<PrivateToken> private_tokens, std::vector<OAuthClient> clients) {
  for (PrivateToken& token : private_tokens) add(std::move(token));
  for (OAuthClient& client : clients) clients_.emplace(client.client_id, client);
}

void Tokens::add(PrivateToken token) {
  if (private_tokens_.size() < limits::tokens_max) private_tokens_[token.token] = std::move(token);
}

Outcome<Grant> Tokens::authenticate(std::string_view authorization, Time now) const {
  const std::string token(bearer(authorization));
  if (const auto found = private_tokens_.find(token); found != private_tokens_.end()) {
    return Grant{found->second.location_id, found->second.scopes, token + "|" + found->second.location_id};
  }
  if (token.starts_with("pit-")) return refuse(401, "Invalid Private Integration token");
  const auto found = access_.find(token);
  if (found == access_.end()) return refuse(401, "Invalid JWT");
  if (found->second.expires <= now) return refuse(401, "Invalid token: access token is invalid");
  const OAuthClient& client = clients_.find(found->second.client_id)->second;
  return Grant{found->second.location_id, client.scopes, client.client_id + "|" + found->second.location_id};
}

Outcome<std::string> Tokens::make_code(const std::string& client_id, const std::string& location_id, Random& random) {
  if (!clients_.contains(client_id)) return refuse(400, "No such client");
  if (codes_.size() >= limits::tokens_max) return refuse(400, "Too many codes wait for their exchange");
  std::string code = random_text("code-", random);
  codes_[code] = {client_id, location_id, {}};
  return code;
}

Outcome<JsonObject> Tokens::exchange(const JsonObject& form, Time now, Random& random) {
  const auto client = clients_.find(text_of(form, "client_id"));
  if (client == clients_.end() || client->second.client_secret != text_of(form, "client_secret")) {
    return refuse(401, "Invalid client: client is invalid");
  }
  const std::string_view grant_type = text_of(form, "grant_type");
  if (grant_type == "client_credentials")
    return refuse(400, "Invalid grant: client_credentials is not supported for a location");
  auto& store = grant_type == "refresh_token" ? refresh_ : codes_;
  const std::string presented(text_of(form, grant_type == "refresh_token" ? "refresh_token" : "code"));
  const auto found = store.find(presented);
  const bool expired = found != store.end() && &store == &refresh_ && found->second.expires <= now;
  if (found == store.end() || expired || found->second.client_id != client->first) {
    return refuse(400, grant_type == "refresh_token" ? "Invalid grant: refresh token is invalid"
                                                     : "Invalid grant: authorization code is invalid");
  }
  const std::string location_id = found->second.location_id;
  store.erase(found);  // used: it never works again
  std::erase_if(access_, [&](const auto& item) { return item.second.expires <= now; });
  if (access_.size() >= limits::tokens_max || refresh_.size() >= limits::tokens_max)
    return refuse(400, "Too many tokens");
  return issue(client->second, location_id, now, random);
}

Outcome<JsonObject> Tokens::reconnect(const JsonObject& body, Time now, Random& random) {
  const auto client = clients_.find(text_of(body, "clientKey"));
  if (client == clients_.end() || client->second.client_secret != text_of(body, "clientSecret"))
    return refuse(401, "Invalid client: client is invalid");
  const std::string location_id(text_of(body, "locationId"));
  if (!installed_.contains({client->first, location_id})) return refuse(400, "The app is not installed here");
  auto code = make_code(client->first, location_id, random);
  if (!code) return std::unexpected(std::move(code.error()));
  return JsonObject{{"authorizationCode", std::move(*code)},
                    {"expiresAt", to_iso8601(now + std::chrono::minutes(10))},
                    {"traceId", random_text("trace-", random)}};
}

JsonObject Tokens::issue(const OAuthClient& client, const std::string& location_id, Time now, Random& random) {
  const std::string access = random_text("sandbox-access-", random);
  const std::string refresh = random_text("sandbox-refresh-", random);
  installed_.emplace(client.client_id, location_id);
  access_[access] = {client.client_id, location_id, now + client.access_token_life};
  refresh_[refresh] = {client.client_id, location_id, now + client.refresh_token_life};
  std::string scope;
  for (const std::string& item : client.scopes) scope.append(scope.empty() ? "" : " ").append(item);
  return {{"access_token", access},
          {"token_type", "Bearer"},
          {"expires_in", client.access_token_life / std::chrono::seconds(1)},
          {"refresh_token", refresh},
          {"scope", scope},
          {"userType", "Location"},
          {"locationId", location_id},
          {"userId", "sandboxUser000000001"},
          {"isBulkInstallation", false}};
}

void Tokens::revoke(std::string_view authorization) { access_.erase(std::string(bearer(authorization))); }

void Tokens::revoke_all() { access_.clear(); }

}  // namespace lockstep::gohighlevel::sandbox
