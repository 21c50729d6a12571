#include "connectors/gohighlevel/token_keeper.hpp"

#include <algorithm>

#include "connectors/gohighlevel/answers.hpp"
#include "connectors/gohighlevel/limits.hpp"
#include "wire/signature.hpp"

namespace lockstep::gohighlevel {
namespace {

constexpr const char* kStateKey = "secret/oauth";
constexpr const char* kTokenKey = "secret/token";  // one that an owner has set
constexpr std::size_t kTokenLimit = 4'096;
constexpr std::int64_t kLifeMost = 366 * 86'400;
constexpr std::int64_t kLifeAssumed = 86'399;  // what the docs show

std::string either(const Json& body, std::string_view snake, std::string_view camel) {
  std::string_view value = string_member(body, snake);
  if (value.empty()) value = string_member(body, camel);
  return std::string(value);
}

std::chrono::seconds life_of(const Json& body) {
  for (const char* name : {"expires_in", "expiresIn"}) {
    const Json* value = find_member(body, name);
    if (value != nullptr && value->is_int64() && value->get_int64() > 0) {
      return std::chrono::seconds(std::min(value->get_int64(), kLifeMost));
    }
  }
  return std::chrono::seconds(kLifeAssumed);
}

// What was asked for will not be given, whenever it is asked.
bool refused(const Answer& answer) {
  return answer.status >= 400 && answer.status < 500 && answer.status != 429 && answer.status != 408;
}

}  // namespace

TokenKeeper::TokenKeeper(const ConnectorSettings& settings, const connector::Ports& ports)
    : settings_(settings), ports_(ports), token_(settings.token) {
  if (settings_.oauth) pair_.refresh = settings_.oauth->refresh_token;
}

std::string TokenKeeper::fingerprint() const {
  return wire::hex_encode(wire::sha256(settings_.oauth->client_id + "\n" + settings_.oauth->refresh_token))
      .substr(0, 16);
}

std::string TokenKeeper::token_fingerprint() const {
  return wire::hex_encode(wire::sha256("token\n" + settings_.token)).substr(0, 16);
}

Task<Result<void>> TokenKeeper::load_token() {
  Task<Result<Json>> reading = ports_.state->get(kTokenKey);
  Result<Json> kept = co_await reading;
  if (!kept) co_return fail(kept.error());
  // A new one in the settings goes before what was set.
  const std::string_view token = string_member(*kept, "token");
  if (!token.empty() && string_member(*kept, "instead_of") == token_fingerprint()) token_ = token;
  co_return Result<void>();
}

Task<Result<void>> TokenKeeper::replace(std::string token) {
  if (settings_.oauth)
    co_return fail(ErrorKind::invalid, "the account is connected by OAuth: its tokens are renewed by themselves");
  const auto plain = [](unsigned char c) { return c > ' ' && c < 0x7f; };
  if (token.empty() || token.size() > kTokenLimit || !std::ranges::all_of(token, plain))
    co_return fail(ErrorKind::invalid, "a private integration token has only letters, digits and signs, no blanks");
  Json row = JsonObject{{"token", token}, {"instead_of", token_fingerprint()}};
  Task<Result<void>> keeping = ports_.state->put(kTokenKey, std::move(row));
  const Result<void> kept = co_await keeping;
  if (kept) token_ = std::move(token);
  co_return kept;
}

Task<Result<void>> TokenKeeper::load() {
  if (!settings_.oauth) {
    Task<Result<void>> loading = load_token();
    const Result<void> loaded = co_await loading;
    co_return loaded;
  }
  Task<Result<Json>> reading = ports_.state->get(kStateKey);
  Result<Json> kept = co_await reading;
  if (!kept) co_return fail(kept.error());
  // Kept tokens descend from the refresh token of the settings; a new one in the settings starts over.
  if (string_member(*kept, "of") != fingerprint()) co_return Result<void>();
  pair_.access = string_member(*kept, "access_token");
  pair_.refresh = string_member(*kept, "refresh_token");
  const Json* expires = find_member(*kept, "expires_at_ms");
  if (expires != nullptr && expires->is_int64()) pair_.expires = from_epoch_ms(expires->get_int64());
  co_return Result<void>();
}

Task<Result<std::string>> TokenKeeper::get() {
  if (!settings_.oauth) co_return token_;
  const bool fresh = !pair_.access.empty() && ports_.loop->clock().now() + limits::kTokenSpare < pair_.expires;
  if (fresh) co_return pair_.access;
  Task<Result<std::string>> refreshing = refresh();
  Result<std::string> token = co_await refreshing;
  co_return token;
}

Task<Result<std::string>> TokenKeeper::renew(std::string refused) {
  if (!settings_.oauth) {
    if (token_ != refused) co_return token_;  // replaced since
    co_return fail(ErrorKind::unauthorized,
                   "the private integration token is refused: create a new one and set it as `token`");
  }
  // Somebody else has refreshed since.
  if (!pair_.access.empty() && pair_.access != refused) co_return pair_.access;
  Task<Result<std::string>> refreshing = refresh();
  Result<std::string> token = co_await refreshing;
  co_return token;
}

Task<Result<std::string>> TokenKeeper::refresh() {
  if (dead_) co_return fail(*dead_);
  if (refreshing_) {  // Q3: one at a time, because each one ends the refresh token that it used
    Completion<Result<std::string>> joined(
        [this](Completion<Result<std::string>>::Done done) { waiting_.push_back(std::move(done)); });
    Result<std::string> token = co_await joined;
    co_return token;
  }
  refreshing_ = true;
  Task<Result<std::string>> alone = refresh_alone();
  Result<std::string> token = co_await alone;
  refreshing_ = false;
  std::vector<Completion<Result<std::string>>::Done> waiting = std::move(waiting_);
  waiting_.clear();
  for (auto& done : waiting) done(token);
  co_return token;
}

wire::HttpRequest TokenKeeper::token_request(std::string_view grant_type, std::string_view name,
                                             std::string_view value) const {
  const OAuthGrant& grant = *settings_.oauth;
  const bool camel = settings_.v3();
  const auto field = [](std::string_view key, std::string_view text) {
    return std::string(key) + "=" + wire::percent_encode(text);
  };
  wire::HttpRequest request;
  request.method = "POST";
  request.target = "/oauth/token";
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}};
  if (camel) request.headers.add("Version", settings_.version);
  request.body = field(camel ? "clientId" : "client_id", grant.client_id) + "&" +
                 field(camel ? "clientSecret" : "client_secret", grant.client_secret) + "&" +
                 field(camel ? "grantType" : "grant_type", grant_type) + "&" + field(name, value) + "&" +
                 field(camel ? "userType" : "user_type", "Location");
  return request;
}

wire::HttpRequest TokenKeeper::reconnect_request() const {
  wire::HttpRequest request;
  request.method = "POST";
  request.target = "/oauth/reconnect";
  request.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}};
  if (settings_.v3()) request.headers.add("Version", settings_.version);
  request.body = to_text(JsonObject{{"clientKey", settings_.oauth->client_id},
                                    {"clientSecret", settings_.oauth->client_secret},
                                    {"locationId", settings_.location_id}});
  return request;
}

Task<Result<Answer>> TokenKeeper::ask(wire::HttpRequest request) {
  connector::HttpCall call;
  call.request = std::move(request);
  call.metered = false;
  Task<Result<wire::HttpResponse>> sending = ports_.http->send(std::move(call));
  Result<wire::HttpResponse> response = co_await sending;
  // Whatever happened to the refresh, the API call that wanted the token was not sent.
  if (!response)
    co_return fail(Error{ErrorKind::unavailable, "the access token could not be refreshed: " + response.error().message,
                         response.error().retry_after});
  Answer answer{response->status, response->headers, {}};
  if (auto body = parse_json(response->body, {limits::kResponseBytes, limits::kJsonDepth}))
    answer.body = std::move(*body);
  if (!answer.ok() && !refused(answer))
    co_return fail(Error{ErrorKind::unavailable,
                         "the access token could not be refreshed: HTTP " + std::to_string(answer.status),
                         retry_after(answer)});
  co_return answer;
}

Error TokenKeeper::end(unsigned status) {
  dead_ = Error{ErrorKind::unauthorized,
                "the OAuth grant is not valid any more: install the app again and set the new refresh_token (HTTP " +
                    std::to_string(status) + ")",
                {}};
  ports_.log->error("gohighlevel_grant_ended", {{"status", status}});
  return *dead_;
}

// The answer holds a new pair. `unauthorized`: the vendor does not know the installation any more either.
Task<Result<Answer>> TokenKeeper::reconnect(unsigned status) {
  Task<Result<Answer>> reconnecting = ask(reconnect_request());
  Result<Answer> code = co_await reconnecting;
  if (!code) co_return fail(code.error());
  const std::string granted = either(code->body, "authorizationCode", "authorization_code");
  if (refused(*code) || granted.empty()) co_return fail(end(status));
  Task<Result<Answer>> exchanging = ask(token_request("authorization_code", "code", granted));
  Result<Answer> answer = co_await exchanging;
  if (!answer) co_return fail(answer.error());
  if (refused(*answer)) co_return fail(end(answer->status));
  ports_.log->warning("gohighlevel_grant_taken_up", {{"status", status}});
  co_return answer;
}

Task<Result<std::string>> TokenKeeper::refresh_alone() {
  if (!unstored_) {
    Task<Result<Answer>> asking =
        ask(token_request("refresh_token", settings_.v3() ? "refreshToken" : "refresh_token", pair_.refresh));
    Result<Answer> answer = co_await asking;
    if (answer && refused(*answer)) {
      Task<Result<Answer>> reconnecting = reconnect(answer->status);
      answer = co_await reconnecting;
    }
    if (!answer) co_return fail(answer.error());
    Pair pair{either(answer->body, "access_token", "accessToken"),
              either(answer->body, "refresh_token", "refreshToken"),
              ports_.loop->clock().now() + life_of(answer->body)};
    if (pair.access.empty())
      co_return fail(ErrorKind::unavailable, "the access token could not be refreshed: the answer holds none");
    if (pair.refresh.empty()) pair.refresh = pair_.refresh;
    unstored_ = std::move(pair);
  }
  Task<Result<std::string>> storing = store_and_use();
  Result<std::string> token = co_await storing;
  co_return token;
}

Task<Result<std::string>> TokenKeeper::store_and_use() {
  JsonObject kept{{"of", fingerprint()},
                  {"access_token", unstored_->access},
                  {"refresh_token", unstored_->refresh},
                  {"expires_at_ms", to_epoch_ms(unstored_->expires)}};
  Task<Result<void>> putting = ports_.state->put(kStateKey, std::move(kept));
  Result<void> stored = co_await putting;
  if (!stored) {
    // Q3: not used before it is on the disk. It is kept and stored with the next attempt; the old one is spent.
    co_return fail(ErrorKind::unavailable, "the refreshed token could not be stored: " + stored.error().message);
  }
  pair_ = std::move(*unstored_);
  unstored_.reset();
  co_return pair_.access;
}

}  // namespace lockstep::gohighlevel
