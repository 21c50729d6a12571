// Who calls, and what they may do. Every route, stream and message goes through one check: identify the caller, then
// ask Caller.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "sync/business.hpp"
#include "wire/http.hpp"

namespace lockstep::access {

enum class Role { viewer, editor, owner, admin };  // each may what those before it may

std::string_view to_string(Role role);
std::optional<Role> role_named(std::string_view name);

using Grants = std::map<SourceId, Role>;

// What somebody may see who has no role in a source: the records of these businesses. It is no role, so that whoever asks
// about roles is told that he has none (docs/decisions/0013-the-business-user.md).
inline constexpr std::string_view kBusiness = "business";  // what stands in place of a role
using BusinessGrants = std::map<SourceId, sync::Businesses>;

// One grant in one source.
struct Business {
  std::string name;  // never ""
  friend bool operator==(const Business&, const Business&) = default;
};
using Grant = std::variant<Role, Business>;

struct Rights {
  Grants sources = {};
  BusinessGrants businesses = {};

  bool empty() const { return sources.empty() && businesses.empty(); }
  // What two tables or an account and a table give adds up.
  void add(const SourceId& source, const Grant& grant);
  void add(const Rights& more);
  friend bool operator==(const Rights&, const Rights&) = default;
};

struct Caller {
  std::string name;                     // for the journal: "key ops", "user 5f3c…", "account ada"
  std::optional<Role> everywhere = {};  // in every source, also in those of tomorrow
  Grants sources = {};
  std::string person = {};   // the user or account, as tables of members name it; "": they are not asked
  std::string account = {};  // the local account that has signed in, and by which session; "" for everybody else
  std::string session = {};
  BusinessGrants businesses = {};

  bool sees_all() const { return everywhere.has_value(); }
  // The higher of what holds everywhere and there; nothing: the source does not exist for this caller.
  std::optional<Role> role_in(const SourceId& source) const;
  bool may_read(const SourceId& source) const { return role_in(source).has_value(); }
  bool may_edit(const SourceId& source) const;     // edits, retries, pulls
  bool may_operate(const SourceId& source) const;  // decisions, undo, people of the source
  // The businesses that he has instead of a role there; nullptr: he has a role, or nothing.
  const sync::Businesses* businesses_in(const SourceId& source) const;
  // All of the source, or some of it.
  bool may_see(const SourceId& source) const { return may_read(source) || businesses_in(source) != nullptr; }
  bool may_administer() const { return everywhere == Role::admin; }  // accounts

  friend bool operator==(const Caller&, const Caller&) = default;
};

class Access {
 public:
  virtual ~Access() = default;
  // `unauthorized` says what is missing, never what would have been right; `unavailable`: nobody can say now. Only the
  // headers that Credentials keeps are looked at: event streams keep these and ask again.
  virtual Result<Caller> identify(const wire::HttpHeaders& headers, Time now) const = 0;
  // Who asks, for a database that knows users by the claims of their tokens: null for whoever sends none. What the
  // claims say about rights here does not matter. `unauthorized`: a token that is not good, or not any more.
  virtual Result<Json> claims(const wire::HttpHeaders& headers, Time now) const = 0;
};

}  // namespace lockstep::access
