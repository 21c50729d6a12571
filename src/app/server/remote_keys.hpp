// The keys of an issuer of tokens that publishes them at an address (a JWKS), and their rotation. On the loop's thread.
//
// The set is fetched at once, every 10 minutes, and when a token names a key that it does not have, then at most once a
// minute. The keys that are known stay in force until a whole new set is there, whatever happens to the fetches: an
// issuer that is down signs nobody out. Without a set every token is refused.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/log.hpp"
#include "base/loop.hpp"
#include "wire/jwt.hpp"

namespace lockstep::app {

class RemoteKeys {
 public:
  using Done = std::move_only_function<void(Result<std::string>)>;
  // Gets the text of the set. Calls `done` once, on the loop's thread; it may do so when these keys are gone.
  using Fetch = std::function<void(Done)>;

  static constexpr std::chrono::minutes kFetchEvery{10};
  static constexpr std::chrono::minutes kFetchApart{1};  // after a failure, and for keys that are not known

  // `address` is for the log. Of `settings` the issuer and the audience count.
  RemoteKeys(Loop& loop, Log& log, std::string address, wire::JwtSettings settings, Fetch fetch);
  ~RemoteKeys();
  RemoteKeys(const RemoteKeys&) = delete;
  RemoteKeys& operator=(const RemoteKeys&) = delete;

  // As JwtVerifier::verify, but `unavailable` while nobody can say: there are no keys yet, or those on their way may be
  // the token's.
  Result<Json> verify(std::string_view token, Time now);
  // Fetches now, unless a fetch is on its way.
  void refresh();

 private:
  void take(Result<std::string> text);

  Loop& loop_;
  Log& log_;
  std::string address_;
  wire::JwtSettings settings_;
  Fetch fetch_;
  std::optional<wire::JwtVerifier> verifier_;
  Duration began_at_{};  // the last fetch
  bool fetching_ = false;
  std::optional<TimerId> timer_;
  std::shared_ptr<const int> alive_ = std::make_shared<const int>(0);  // an answer may come later than the end
};

}  // namespace lockstep::app
