#include "connectors/gohighlevel/sandbox/refusal.hpp"

namespace lockstep::gohighlevel::sandbox {
namespace {

std::string_view status_name(unsigned status) {
  switch (status) {
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 413: return "Payload Too Large";
    case 422: return "Unprocessable Entity";
    case 429: return "Too Many Requests";
    default: return "Internal Server Error";
  }
}

}  // namespace

Refusal refusal(unsigned status, std::string_view message) {
  return {status, {{"statusCode", status}, {"message", message}, {"error", status_name(status)}}};
}

Refusal unprocessable(const std::vector<std::string>& problems) {
  Refusal out = refusal(422, "");
  out.body["message"] = JsonArray(problems.begin(), problems.end());
  return out;
}

}  // namespace lockstep::gohighlevel::sandbox
