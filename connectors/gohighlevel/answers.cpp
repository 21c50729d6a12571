#include "connectors/gohighlevel/answers.hpp"

#include <algorithm>
#include <array>

#include "connector/quota.hpp"
#include "connector/redact.hpp"
#include "connectors/gohighlevel/codec_parts.hpp"

namespace lockstep::gohighlevel {
namespace {

using sync::OutcomeKind;

std::vector<std::string> messages(const Answer& answer) {
  const Json* message = find_member(answer.body, "message");
  if (message != nullptr && message->is_array()) return text_list(message);
  std::string text(string_member(answer.body, "message"));
  if (text.empty()) text = string_member(answer.body, "error");
  if (text.empty()) text = string_member(answer.body, "detail");
  // The OAuth list endpoints of v3 nest it (FACTS section 4).
  if (text.empty()) {
    if (const Json* error = find_member(answer.body, "error")) text = string_member(*error, "message");
  }
  return text.empty() ? std::vector<std::string>() : std::vector<std::string>{text};
}

bool mentions(const Answer& answer, std::initializer_list<std::string_view> words) {
  const std::string text = fold(vendor_message(answer));
  return std::ranges::any_of(words, [&](std::string_view word) { return text.find(word) != std::string::npos; });
}

OutcomeKind outcome_of(const Answer& answer) {
  switch (answer.status) {
    case 401:
    case 403: return OutcomeKind::unauthorized;
    // Without the vendor's message something in between has answered: that says nothing about the object (L1).
    case 404: return vendor_message(answer).empty() ? OutcomeKind::unknown : OutcomeKind::not_found;
    case 408: return OutcomeKind::unknown;
    case 409: return OutcomeKind::conflict;
    case 425:
    case 429: return OutcomeKind::retry;
    default: break;
  }
  // X2: whether a 5xx came before or after the write took effect can not be told apart.
  if (answer.status >= 500 || answer.status < 200) return OutcomeKind::unknown;
  return OutcomeKind::rejected;
}

}  // namespace

std::string vendor_message(const Answer& answer) {
  std::string out;
  for (const std::string& message : messages(answer)) out += (out.empty() ? "" : ", ") + message;
  return out;
}

bool is_hopeless_unauthorized(const Answer& answer) {
  return mentions(answer, {"not authorized for this scope", "version header"});
}

bool says_not_found(const Answer& answer) {
  if (answer.status == 404) {
    return outcome_of(answer) == OutcomeKind::not_found &&
           !mentions(answer, {"cannot get", "cannot put", "cannot post", "cannot delete"});
  }
  return answer.status == 400 && mentions(answer, {"not found", "does not exist", "doesn't exist", "no longer exists"});
}

bool says_done(const Answer& answer) {
  if (!answer.ok()) return false;
  return std::ranges::any_of(std::array{"succeded", "succeeded", "success"}, [&](const char* name) {
    const Json* value = find_member(answer.body, name);
    return value != nullptr && *value == Json(true);
  });
}

std::optional<std::string> duplicate_of(const Answer& answer) {
  if (answer.status != 400 && answer.status != 409) return std::nullopt;
  if (!mentions(answer, {"duplicate"}) && string_member(answer.body, "code") != "OPPORTUNITY_NO_DUPLICATE")
    return std::nullopt;
  const Json* meta = find_member(answer.body, "meta");
  if (meta == nullptr) return "";
  std::string id(string_member(*meta, "contactId"));
  if (id.empty()) id = string_member(*meta, "existingId");
  return id;
}

std::vector<std::string> refused_properties(const Answer& answer) {
  constexpr std::string_view kBefore = "property ";
  constexpr std::string_view kAfter = " should not exist";
  std::vector<std::string> out;
  if (answer.status != 422 && answer.status != 400) return out;
  for (const std::string& message : messages(answer)) {
    if (message.size() <= kBefore.size() + kAfter.size() || !message.starts_with(kBefore) || !message.ends_with(kAfter))
      continue;
    out.push_back(message.substr(kBefore.size(), message.size() - kBefore.size() - kAfter.size()));
  }
  return out;
}

bool is_plain_validation(const Answer& answer) {
  return mentions(answer, {"should not", "must ", "is not valid", "invalid", "required", "should be", "is not a"});
}

std::optional<std::chrono::milliseconds> retry_after(const Answer& answer) {
  wire::HttpResponse head;
  head.status = answer.status;
  head.headers = answer.headers;
  // A date in Retry-After needs a clock that this code does not have; the quota reads those. The vendor sends none.
  if (answer.headers.get("Retry-After").find(',') != std::string_view::npos) head.headers.set("Retry-After", "");
  const connector::QuotaSigns signs = connector::read_quota_signs(head, Time{});
  std::optional<Duration> wait = signs.retry_after;
  if (!wait && signs.day_remaining == 0 && signs.day_reset) wait = signs.day_reset;
  if (!wait && answer.status == 429) wait = signs.burst_window;
  if (!wait) return std::nullopt;
  return std::chrono::ceil<std::chrono::milliseconds>(*wait);
}

Error read_error(const Answer& answer, std::string_view what) {
  const std::string text =
      std::string(what) + ": HTTP " + std::to_string(answer.status) + " " + connector::redact(vendor_message(answer));
  switch (outcome_of(answer)) {
    case OutcomeKind::unauthorized: return {ErrorKind::unauthorized, text, {}};
    case OutcomeKind::not_found: return {ErrorKind::not_found, text, {}};
    case OutcomeKind::retry: return {ErrorKind::rate_limited, text, retry_after(answer)};
    case OutcomeKind::unknown: return {ErrorKind::unavailable, text, retry_after(answer)};  // a read changes nothing
    default: return {ErrorKind::invalid, text, {}};
  }
}

connector::WriteResult write_failure(const Answer& answer, const Json& document) {
  connector::WriteResult out;
  out.kind = outcome_of(answer);
  out.reason =
      "HTTP " + std::to_string(answer.status) + " " + connector::redact(vendor_message(answer), document);  // O4
  if (out.kind == OutcomeKind::retry || out.kind == OutcomeKind::unknown) out.retry_after = retry_after(answer);
  if (answer.status >= 300 && answer.status < 400) out.reason += " (a redirect: is base_url right?)";
  return out;
}

connector::WriteResult write_failure(const Error& error) {
  connector::WriteResult out;
  out.reason = error.message;
  out.retry_after = error.retry_after;
  switch (error.kind) {
    case ErrorKind::unavailable:
    case ErrorKind::rate_limited:
    case ErrorKind::exhausted: out.kind = OutcomeKind::retry; break;
    case ErrorKind::unauthorized: out.kind = OutcomeKind::unauthorized; break;
    case ErrorKind::invalid: out.kind = OutcomeKind::rejected; break;
    case ErrorKind::not_found: out.kind = OutcomeKind::not_found; break;
    case ErrorKind::conflict:
    case ErrorKind::maybe_applied:
    case ErrorKind::corrupt: out.kind = OutcomeKind::unknown; break;
  }
  return out;
}

}  // namespace lockstep::gohighlevel
