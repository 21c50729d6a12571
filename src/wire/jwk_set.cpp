#include "wire/jwk_set.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "wire/signature.hpp"

namespace lockstep::wire {
namespace {

std::string number(const Json& jwk, std::string_view name) {
  return base64url_decode(string_member(jwk, name)).value_or("");
}

std::optional<JwtKey> key_of(const Json& jwk) {
  const std::string_view kind = string_member(jwk, "kty");
  Result<JwtKey> key = fail(ErrorKind::invalid, "a kind of key that is not known");
  if (kind == "RSA") key = JwtKey::from_rsa(number(jwk, "n"), number(jwk, "e"));
  if (kind == "EC" && string_member(jwk, "crv") == "P-256") key = JwtKey::from_p256(number(jwk, "x"), number(jwk, "y"));
  if (!key) return std::nullopt;
  return std::move(*key);
}

// What the issuer says the key is for. Members that are not there allow everything.
bool is_for(const Json& jwk, std::string_view algorithm) {
  if (find_member(jwk, "alg") != nullptr && string_member(jwk, "alg") != algorithm) return false;
  if (find_member(jwk, "use") != nullptr && string_member(jwk, "use") != "sig") return false;
  const Json* operations = find_member(jwk, "key_ops");
  return operations == nullptr ||
         (operations->is_array() && std::ranges::any_of(operations->get_array(), [](auto& one) {
            return one.is_string() && one.get_string() == "verify";
          }));
}

}  // namespace

const JwtKey* JwkSet::find(std::string_view id) const {
  const auto at = std::ranges::find_if(entries_, [&](const Entry& one) { return one.id && *one.id == id; });
  return at == entries_.end() ? nullptr : &at->key;
}

Result<JwkSet> parse_jwk_set(std::string_view text) {
  const auto refuse = [](std::string reason) { return fail(ErrorKind::invalid, std::move(reason)); };
  if (text.size() > kJwkSetBytesLimit) return refuse("the key set is too large");
  const Result<Json> json = parse_json(text, {.bytes_limit = kJwkSetBytesLimit, .depth_limit = 8});
  if (!json) return refuse("the key set is no JSON");
  const Json* keys = find_member(*json, "keys");
  if (keys == nullptr || !keys->is_array()) return refuse("this is no key set: it has no \"keys\"");
  if (keys->get_array().size() > kJwkSetKeysLimit) return refuse("the key set has too many keys");
  std::vector<JwkSet::Entry> entries;
  for (const Json& jwk : keys->get_array()) {
    if (!jwk.is_object()) return refuse("this is no key set: one of its keys is no object");
    if (find_member(jwk, "d") != nullptr)
      return refuse("the key set holds a private key: it is not secret any more and must be replaced");
    std::optional<JwtKey> key = key_of(jwk);
    if (!key || !is_for(jwk, key->algorithm())) continue;
    std::optional<std::string> id;
    if (const Json* kid = find_member(jwk, "kid")) {
      if (!kid->is_string() || kid->get_string().size() > kJwkIdBytesLimit)
        return refuse("a key's id is no short text");
      id = std::string(kid->get_string());
      const auto same = [&](const JwkSet::Entry& other) { return other.id == id; };
      if (std::ranges::any_of(entries, same)) return refuse("two keys of the key set have the same id");
    }
    entries.push_back({std::move(id), std::move(*key)});
  }
  if (entries.empty()) return refuse("the key set has no key for RS256 (RSA, 2048 bits at least) or ES256 (P-256)");
  return JwkSet(std::move(entries));
}

}  // namespace lockstep::wire
