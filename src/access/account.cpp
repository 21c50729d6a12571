#include "access/account.hpp"

#include <algorithm>

#include "access/limits.hpp"
#include "base/json.hpp"

namespace lockstep::access {
namespace {

constexpr std::int64_t kVersion = 1;
const std::string kAccounts = std::string(kAccessRows) + "account/";
const std::string kSessions = std::string(kAccessRows) + "session/";
const SystemName kSystem("access");

sync::StateRow row(std::string key, Json value) { return {SourceId(), kSystem, std::move(key), std::move(value)}; }

Time time_member(const Json& value, std::string_view key) {
  const Json* member = find_member(value, key);
  boost::system::error_code no_number;
  const auto ms = member == nullptr ? 0 : member->to_number<std::int64_t>(no_number);
  return from_epoch_ms(no_number ? 0 : ms);
}

Result<void> check_version(const sync::StateRow& row) {
  const Json* version = find_member(row.value, "v");
  if (version != nullptr && *version == Json(kVersion)) return {};
  return fail(ErrorKind::corrupt, "an account or session in the store was written by another version of Lockstep");
}

}  // namespace

bool Session::is_over(Time now) const {
  return now - used > limits::kSessionIdle || now - began > limits::kSessionLife;
}

sync::StateRow account_row(const Account& account) {
  JsonObject sources;
  for (const auto& [source, role] : account.rights.sources) sources[source.str()] = to_string(role);
  JsonObject businesses;
  for (const auto& [source, names] : account.rights.businesses)
    businesses[source.str()] = JsonArray(names.begin(), names.end());
  JsonObject value{{"v", kVersion},
                   {"password", account.password},
                   {"sources", std::move(sources)},
                   {"generation", account.generation},
                   {"created", to_epoch_ms(account.created)}};
  if (!businesses.empty()) value["businesses"] = std::move(businesses);
  if (account.everywhere) value["everywhere"] = to_string(*account.everywhere);
  if (account.made_by == MadeBy::owner) value["made_by"] = "owner";
  return row(kAccounts + account.name, std::move(value));
}

sync::StateRow account_erased(const std::string& name) { return row(kAccounts + name, nullptr); }

sync::StateRow session_row(const Session& session) {
  return row(kSessions + session.id, JsonObject{{"v", kVersion},
                                                {"account", session.account},
                                                {"generation", session.generation},
                                                {"began", to_epoch_ms(session.began)},
                                                {"used", to_epoch_ms(session.used)},
                                                {"agent", session.agent},
                                                {"address", session.address}});
}

sync::StateRow session_erased(const std::string& id) { return row(kSessions + id, nullptr); }

bool is_account_row(const sync::StateRow& row) { return row.key.starts_with(kAccounts); }
bool is_session_row(const sync::StateRow& row) { return row.key.starts_with(kSessions); }

Result<Account> read_account(const sync::StateRow& row) {
  LOCKSTEP_CHECK(check_version(row));
  Account out;
  out.name = row.key.substr(kAccounts.size());
  out.password = string_member(row.value, "password");
  out.everywhere = role_named(string_member(row.value, "everywhere"));
  out.generation = string_member(row.value, "generation");
  out.created = time_member(row.value, "created");
  if (string_member(row.value, "made_by") == "owner") out.made_by = MadeBy::owner;
  if (const Json* sources = find_member(row.value, "sources"); sources != nullptr && sources->is_object()) {
    for (const auto& [source, role] : sources->get_object()) {
      const auto known = role.is_string() ? role_named(role.get_string()) : std::nullopt;
      if (known) out.rights.sources.emplace(std::string(source), *known);
    }
  }
  if (const Json* sources = find_member(row.value, "businesses"); sources != nullptr && sources->is_object()) {
    for (const auto& [source, names] : sources->get_object()) {
      if (!names.is_array()) continue;
      for (const Json& one : names.get_array()) {
        if (one.is_string()) out.rights.add(SourceId(std::string(source)), Business{std::string(one.get_string())});
      }
    }
  }
  return out;
}

Result<Session> read_session(const sync::StateRow& row) {
  LOCKSTEP_CHECK(check_version(row));
  Session out;
  out.id = row.key.substr(kSessions.size());
  out.account = string_member(row.value, "account");
  out.generation = string_member(row.value, "generation");
  out.began = time_member(row.value, "began");
  out.used = time_member(row.value, "used");
  out.agent = string_member(row.value, "agent");
  out.address = string_member(row.value, "address");
  return out;
}

Result<std::string> account_name(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || std::string_view("@._+-").find(c) != std::string::npos;
  };
  if (out.empty() || out.size() > limits::kNameBytes || !std::ranges::all_of(out, plain))
    return fail(ErrorKind::invalid,
                "an account's name is an e-mail address, or up to 100 letters, digits and the signs @ . _ + -");
  return out;
}

Result<void> check_password(std::string_view password, std::string_view name) {
  if (password.size() < limits::kPasswordBytesMin)
    return fail(ErrorKind::invalid,
                "a password has " + std::to_string(limits::kPasswordBytesMin) + " characters or more");
  if (password.size() > limits::kPasswordBytesMax)
    return fail(ErrorKind::invalid, "a password has " + std::to_string(limits::kPasswordBytesMax) + " bytes at most");
  if (password == name || std::ranges::count(password, password.front()) == std::ssize(password))
    return fail(ErrorKind::invalid, "this password would be the first guess: choose another one");
  return {};
}

}  // namespace lockstep::access
