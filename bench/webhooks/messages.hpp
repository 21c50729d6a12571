// Webhooks as the CRM sends them, complete with their signature, made before the clock starts.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/support/http.hpp"

namespace lockstep::bench {

struct Contact {
  std::string id;
  std::string email;
  std::string phone;
};

// The contacts that a simulated CRM holds.
std::vector<Contact> contacts_of(const Address& crm);

// An Ed25519 key pair.
class Signer {
 public:
  Signer();
  ~Signer();
  Signer(const Signer&) = delete;
  Signer& operator=(const Signer&) = delete;

  std::string sign_base64(const std::string& message) const;
  std::string public_key_base64() const;  // the raw 32 bytes

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Message i changes the first name of a contact and carries version first_version + i, which is its time in ms.
class Messages {
 public:
  // `next_version` is where the versions begin, and afterwards where the next messages begin.
  Messages(const Signer& signer, const std::vector<Contact>& contacts, const std::string& target, std::size_t count,
           std::uint64_t& next_version);

  std::size_t size() const { return requests_.size(); }
  const std::string& request(std::size_t i) const { return requests_[i]; }  // the bytes of the whole HTTP request
  const std::string& contact(std::size_t i) const { return contacts_[i % contacts_.size()].id; }
  std::uint64_t first_version() const { return first_version_; }
  std::size_t body_bytes() const { return body_bytes_; }

 private:
  std::vector<Contact> contacts_;
  std::vector<std::string> requests_;
  std::uint64_t first_version_;
  std::size_t body_bytes_ = 0;
};

}  // namespace lockstep::bench
