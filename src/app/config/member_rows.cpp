#include "app/config/member_rows.hpp"

#include "access/limits.hpp"
#include "base/json.hpp"

namespace lockstep::app {
namespace {

std::optional<access::Grant> grant_of(const Json& row) {
  if (string_member(row, "user").empty() || string_member(row, "source").empty()) return std::nullopt;
  const Json* given = find_member(row, "role");
  if (given == nullptr || given->is_null())
    return access::Role::viewer;  // as row-level security has it (recipes/crm-mirror)
  if (string_member(row, "role") == access::kBusiness) {
    const std::string_view name = string_member(row, "business");
    if (name.empty() || name.size() > access::limits::kBusinessBytes) return std::nullopt;
    return access::Business{std::string(name)};
  }
  const auto role = access::role_named(string_member(row, "role"));
  return role && *role <= access::Role::owner ? std::optional<access::Grant>(*role) : std::nullopt;
}

}  // namespace

connector::TableRead read_of(const MemberTable& table) {
  connector::TableRead read;
  read.relation = table.table;
  read.columns = {{table.user, "user", "text"}, {table.source_column, "source", "text"}};
  if (!table.role.empty()) read.columns.push_back({table.role, "role", "text"});
  if (!table.business.empty()) read.columns.push_back({table.business, "business", "text"});
  read.limit = kMemberRowsLimit + 1;
  return read;
}

Result<std::vector<MemberRow>> member_rows(const std::vector<std::string>& texts) {
  if (texts.size() > kMemberRowsLimit) return fail(ErrorKind::exhausted, "the table has too many rows");
  std::vector<MemberRow> out;
  out.reserve(texts.size());
  for (const std::string& text : texts) {
    LOCKSTEP_TRY(row, parse_json(text));
    out.push_back(
        {std::string(string_member(row, "user")), SourceId(std::string(string_member(row, "source"))), grant_of(row)});
  }
  return out;
}

}  // namespace lockstep::app
