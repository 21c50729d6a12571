#include "wire/jwt.hpp"

#include <algorithm>

#include "wire/jwk_set.hpp"
#include "wire/signature.hpp"

namespace lockstep::wire {
namespace {

constexpr std::size_t kTokenBytesLimit = 16 << 10;

std::optional<Time> time_claim(const Json& claims, std::string_view name) {
  const Json* value = find_member(claims, name);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  const double seconds = value->to_number<double>();
  if (!(seconds >= 0 && seconds < 1e11)) return std::nullopt;
  return Time(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds)));
}

bool has_audience(const Json& claims, const std::string& audience) {
  const Json* value = find_member(claims, "aud");
  if (value == nullptr) return false;
  if (value->is_string()) return value->get_string() == audience;
  return value->is_array() && std::ranges::any_of(value->get_array(), [&](const Json& one) {
           return one.is_string() && one.get_string() == audience;
         });
}

}  // namespace

struct JwtVerifier::Impl {
  JwtSettings settings;
  JwkSet keys;

  Result<const JwtKey*> key_for(const Json& header) const {
    const std::string_view algorithm = string_member(header, "alg");
    // A key of the configuration has no name: whatever the token calls it.
    const Json* id = settings.jwks.empty() ? nullptr : find_member(header, "kid");
    const JwtKey* key = id == nullptr ? keys.only() : keys.find(string_member(header, "kid"));
    if (key == nullptr && id == nullptr)
      return fail(ErrorKind::unauthorized, "the token does not say which key has signed it");
    if (key == nullptr && (algorithm == "RS256" || algorithm == "ES256"))
      return fail(ErrorKind::not_found, "the token is signed with a key that its issuer does not have");
    if (key == nullptr || algorithm != key->algorithm())
      return fail(ErrorKind::unauthorized, "the token uses an algorithm that is not accepted");
    return key;
  }
};

Result<JwtVerifier> JwtVerifier::make(JwtSettings settings) {
  if (!settings.secret.empty() + !settings.public_key.empty() + !settings.jwks.empty() != 1)
    return fail(ErrorKind::invalid, "an issuer of tokens needs either a secret, a public key or a key set");
  if (!settings.jwks.empty()) {
    LOCKSTEP_TRY(keys, parse_jwk_set(settings.jwks));
    return JwtVerifier(std::make_shared<const Impl>(std::move(settings), std::move(keys)));
  }
  LOCKSTEP_TRY(key,
               settings.secret.empty() ? JwtKey::from_pem(settings.public_key) : JwtKey::from_secret(settings.secret));
  return JwtVerifier(std::make_shared<const Impl>(std::move(settings), JwkSet({{std::nullopt, std::move(key)}})));
}

Result<Json> JwtVerifier::verify(std::string_view token, Time now) const {
  const auto refuse = [](std::string reason) { return fail(ErrorKind::unauthorized, std::move(reason)); };
  if (token.size() > kTokenBytesLimit) return refuse("the token is too long");
  const std::size_t first = token.find('.');
  const std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos)
    return refuse("this is no token");
  const auto header_text = base64url_decode(token.substr(0, first));
  const auto payload_text = base64url_decode(token.substr(first + 1, second - first - 1));
  const auto signature = base64url_decode(token.substr(second + 1));
  if (!header_text || !payload_text || !signature) return refuse("this is no token");
  const Result<Json> header = parse_json(*header_text);
  if (!header) return refuse("the token uses an algorithm that is not accepted");
  LOCKSTEP_TRY(key, impl_->key_for(*header));
  if (find_member(*header, "crit") != nullptr) return refuse("the token needs extensions that are not known");
  if (!key->verify(token.substr(0, second), *signature)) return refuse("the token's signature is not valid");
  const Result<Json> claims = parse_json(*payload_text);
  if (!claims || !claims->is_object()) return refuse("this is no token");
  const auto expires = time_claim(*claims, "exp");
  if (!expires) return refuse("the token does not say when it expires");
  if (now >= *expires + impl_->settings.leeway) return refuse("the token has expired: sign in again");
  for (const char* start : {"nbf", "iat"}) {  // nobody has been issued a token in the future
    if (find_member(*claims, start) == nullptr) continue;
    const auto not_before = time_claim(*claims, start);
    if (!not_before || now + impl_->settings.leeway < *not_before) return refuse("the token is not valid yet");
  }
  if (!impl_->settings.issuer.empty() && string_member(*claims, "iss") != impl_->settings.issuer)
    return refuse("the token is from another issuer");
  if (!impl_->settings.audience.empty() && !has_audience(*claims, impl_->settings.audience))
    return refuse("the token is meant for somebody else");
  return *claims;
}

}  // namespace lockstep::wire
