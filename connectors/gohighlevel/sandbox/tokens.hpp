// Who may call: private integration tokens, and OAuth grants whose refresh token dies when it is used.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "connectors/gohighlevel/sandbox/refusal.hpp"
#include "connectors/gohighlevel/sandbox/settings.hpp"
#include "wire/http.hpp"

namespace lockstep::gohighlevel::sandbox {

// What a presented token allows.
struct Grant {
  std::string location_id;
  std::vector<std::string> scopes;
  std::string bucket;  // of the quota
};

class Tokens {
 public:
  explicit Tokens(std::vector<PrivateToken> private_tokens, std::vector<OAuthClient> clients);

  void add(PrivateToken token);
  const std::unordered_map<std::string, PrivateToken>& private_tokens() const { return private_tokens_; }
  const std::map<std::string, OAuthClient, std::less<>>& clients() const { return clients_; }

  // 401 with the vendor's message when the header holds no live token.
  Outcome<Grant> authenticate(std::string_view authorization, Time now) const;

  // What the user's consent on the vendor's page gives; good for one exchange.
  Outcome<std::string> make_code(const std::string& client_id, const std::string& location_id, Random& random);
  // POST /oauth/token: `form` has passed its schema.
  Outcome<JsonObject> exchange(const JsonObject& form, Time now, Random& random);
  // POST /oauth/reconnect: a new code for a location in which the app is installed.
  Outcome<JsonObject> reconnect(const JsonObject& body, Time now, Random& random);
  // Kills the presented access token; private tokens are not affected.
  void revoke(std::string_view authorization);
  // Kills every access token, as when the vendor rotates its signing key.
  void revoke_all();

 private:
  struct Issued {
    std::string client_id;
    std::string location_id;
    Time expires;
  };

  JsonObject issue(const OAuthClient& client, const std::string& location_id, Time now, Random& random);

  std::unordered_map<std::string, PrivateToken> private_tokens_;
  std::map<std::string, OAuthClient, std::less<>> clients_;
  std::set<std::pair<std::string, std::string>> installed_;  // client and location
  std::unordered_map<std::string, Issued> codes_;
  std::unordered_map<std::string, Issued> access_;
  std::unordered_map<std::string, Issued> refresh_;
};

}  // namespace lockstep::gohighlevel::sandbox
