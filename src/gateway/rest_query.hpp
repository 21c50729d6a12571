// What a Supabase dashboard asks at /rest/v1/{relation}, in PostgREST's dialect: supabase-js turns
// `.from("v").select("a, b:c").eq("d", 1).order("e").range(0, 9)` into such a query. Pure. Names and values are only
// taken apart here; the connector writes the SQL.
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "connector/tables.hpp"
#include "wire/http.hpp"

namespace lockstep::gateway {

// An error in PostgREST's shape: what its clients show and look at.
struct RestRefusal {
  unsigned status = 400;
  std::string code;  // "PGRST100", or the database's SQLSTATE
  std::string message;
  std::string details = {};  // "": null
  std::string hint = {};     // "": null
};

enum class RestShape {
  list,
  one,  // Accept: application/vnd.pgrst.object+json
};

struct RestQuery {
  connector::TableRead read;  // without a role
  RestShape shape = RestShape::list;
};

inline constexpr std::uint64_t rest_rows_limit = 1'000;  // of one answer, as Supabase has it

// `target` and `headers` of a GET or HEAD. More rows than the limit are not refused: the answer ends there.
std::expected<RestQuery, RestRefusal> parse_rest_query(std::string_view relation, const wire::Target& target,
                                                       const wire::HttpHeaders& headers);

// "0-24/573", "0-24/*", "*/0".
std::string content_range(std::uint64_t offset, std::size_t rows, std::optional<std::uint64_t> total);

}  // namespace lockstep::gateway
