// Lockstep as a user runs it: the real program, a configuration file, and a simulated CRM.
#pragma once

#include <map>
#include <string>

#include "bench/support/child.hpp"
#include "bench/support/http.hpp"
#include "bench/support/machine.hpp"

namespace lockstep::bench {

inline constexpr double rest_seconds = 0.5;
inline constexpr const char* sandbox_token = "pit-sandbox";
inline constexpr const char* location_id = "sandboxLocation00001";

// A simulated CRM with this many contacts.
class Crm {
 public:
  struct Settings {
    std::size_t contacts = 100;
    std::uint64_t burst = 0;  // calls per 10 s; 0: as many as the vendor allows
  };
  Crm(const Folder& folder, Settings settings);

  const Address& address() const { return address_; }
  void latency(std::chrono::milliseconds time) const;  // of each answer from now on
  std::uint64_t calls() const;                         // that it has taken so far
  void forget_calls() const;
  // The settings of the system "crm", as members of a YAML mapping.
  std::string system_settings() const;

 private:
  Child child_;
  Address address_;
};

// A running server with source "main". The configuration's `sources` are given as text.
class Lockstep {
 public:
  // `secrets`: what the configuration takes from the environment, beside the token of the simulated CRM.
  Lockstep(const Folder& folder, const std::string& sources, std::map<std::string, std::string> secrets = {});

  const Address& address() const { return address_; }
  Child& child() { return child_; }
  Json status() const;                           // of source "main"
  std::uint64_t last_seq() const;                // of its journal
  double metric(const std::string& name) const;  // of /metrics; 0 when it is not there
  std::uint64_t records() const;
  // Returns when every mirror has ended, nothing waits to be written and the journal has stood still for
  // rest_seconds; ends the measurement after `limit`.
  void wait_until_idle(std::chrono::seconds limit) const;

 private:
  Child child_;
  Address address_;
};

// Contacts with the usual fields, in the systems "crm" and "db", or in one of them.
enum class Ends { crm, db, crm_and_db };
std::string contact_entity(Ends ends);

}  // namespace lockstep::bench
