#include "app/server/remote_keys.hpp"

namespace lockstep::app {

RemoteKeys::RemoteKeys(Loop& loop, Log& log, std::string address, wire::JwtSettings settings, Fetch fetch)
    : loop_(loop), log_(log), address_(std::move(address)), settings_(std::move(settings)), fetch_(std::move(fetch)) {
  refresh();
}

RemoteKeys::~RemoteKeys() {
  if (timer_) loop_.cancel(*timer_);
}

void RemoteKeys::refresh() {
  if (fetching_) return;
  if (timer_) loop_.cancel(*timer_);
  timer_.reset();
  fetching_ = true;
  began_at_ = loop_.clock().monotonic();
  fetch_([this, alive = std::weak_ptr(alive_)](Result<std::string> text) {
    if (!alive.expired()) take(std::move(text));
  });
}

void RemoteKeys::take(Result<std::string> text) {
  fetching_ = false;
  settings_.jwks = text ? std::move(*text) : std::string();
  Result<wire::JwtVerifier> next = text ? wire::JwtVerifier::make(settings_) : fail(text.error());
  if (next) {
    verifier_ = std::move(*next);
    log_.debug("jwks.fetched", {{"address", address_}});
  } else {
    log_.warning("jwks.failed", {{"address", address_},
                                 {"error", next.error().message},
                                 {"hint", verifier_ ? "the keys fetched before stay in force"
                                                    : "tokens of this issuer are refused until there are keys"}});
  }
  timer_ = loop_.after(next ? kFetchEvery : kFetchApart, [this] {
    timer_.reset();
    refresh();
  });
}

Result<Json> RemoteKeys::verify(std::string_view token, Time now) {
  if (verifier_) {
    Result<Json> claims = verifier_->verify(token, now);
    if (claims || claims.error().kind != ErrorKind::not_found) return claims;
    if (loop_.clock().monotonic() - began_at_ >= kFetchApart) refresh();
    if (!fetching_) return fail(ErrorKind::unauthorized, claims.error().message);
  }
  return fail(Error{ErrorKind::unavailable, "the keys of the token's issuer are being fetched: try again",
                    std::chrono::seconds(1)});
}

}  // namespace lockstep::app
