#include "bench/webhooks/messages.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include "base/clock.hpp"
#include "bench/support/machine.hpp"
#include "bench/support/rig.hpp"
#include "wire/signature.hpp"

namespace lockstep::bench {

std::vector<Contact> contacts_of(const Address& crm) {
  std::vector<Contact> out;
  for (;;) {
    const Json page = call_json(crm, "GET", fmt::format("/_sandbox/contacts?limit=100&offset={}", out.size()));
    const Json* list = find_member(page, "contacts");
    if (list == nullptr || list->as_array().empty()) return out;
    for (const Json& one : list->as_array()) {
      out.push_back({std::string(string_member(one, "id")), std::string(string_member(one, "email")),
                     std::string(string_member(one, "phone"))});
    }
  }
}

struct Signer::Impl {
  EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  EVP_MD_CTX* context = EVP_MD_CTX_new();
};

Signer::Signer() : impl_(std::make_unique<Impl>()) {}

Signer::~Signer() {
  EVP_MD_CTX_free(impl_->context);
  EVP_PKEY_free(impl_->key);
}

std::string Signer::sign_base64(const std::string& message) const {
  unsigned char signature[64];
  std::size_t size = sizeof signature;
  const std::vector<unsigned char> bytes(message.begin(), message.end());
  if (EVP_DigestSignInit(impl_->context, nullptr, nullptr, nullptr, impl_->key) != 1 ||
      EVP_DigestSign(impl_->context, signature, &size, bytes.data(), bytes.size()) != 1) {
    give_up("cannot sign");
  }
  return wire::base64_encode(std::string(std::begin(signature), std::end(signature)));
}

std::string Signer::public_key_base64() const {
  unsigned char key[32];
  std::size_t size = sizeof key;
  if (EVP_PKEY_get_raw_public_key(impl_->key, key, &size) != 1) give_up("the key pair has no public key");
  return wire::base64_encode(std::string(std::begin(key), std::end(key)));
}

Messages::Messages(const Signer& signer, const std::vector<Contact>& contacts, const std::string& target,
                   std::size_t count, std::uint64_t& next_version)
    : contacts_(contacts), first_version_(next_version) {
  requests_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const Contact& contact = contacts_[i % contacts_.size()];
    const std::uint64_t version = next_version++;
    const Time at(std::chrono::milliseconds(static_cast<std::int64_t>(version)));
    // Shaped like the documented ContactUpdate, about as long as one from a real account.
    JsonObject body{{"type", "ContactUpdate"},
                    {"locationId", location_id},
                    {"id", contact.id},
                    {"address1", "12 Mill Lane"},
                    {"city", "Utrecht"},
                    {"state", "UT"},
                    {"companyName", "Mill & Sons"},
                    {"country", "NL"},
                    {"source", "booking form"},
                    {"dateAdded", "2024-03-01T08:15:30.120Z"},
                    {"dnd", false},
                    {"firstName", fmt::format("Wilma {}", version)},
                    {"lastName", "de Molen"},
                    {"postalCode", "3511 AB"},
                    {"tags", JsonArray{"regular", "newsletter"}},
                    {"attachments", JsonArray{}},
                    {"timestamp", to_iso8601(at)},
                    {"webhookId", fmt::format("bench-{}", version)}};
    if (!contact.email.empty()) body["email"] = contact.email;
    if (!contact.phone.empty()) body["phone"] = contact.phone;
    const std::string text = to_text(body);
    body_bytes_ = text.size();
    requests_.push_back(
        fmt::format("POST {} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nX-GHL-Signature: "
                    "{}\r\nContent-Length: {}\r\n\r\n{}",
                    target, signer.sign_base64(text), text.size(), text));
  }
}

}  // namespace lockstep::bench
