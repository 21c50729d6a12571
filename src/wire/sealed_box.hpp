// Sealing of small secrets: XChaCha20-Poly1305 with a key of 32 bytes and a random nonce of 24 bytes.
//
// A box opens only with its key and only in its place: `place` is authenticated with the content, so that a box that
// was moved, changed or cut opens nowhere. What a box does not hide: its length, and that an older box of the same
// place was put back.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lockstep::wire {

// The bytes are wiped when the key goes. Copies are keys of their own.
class SealingKey {
 public:
  // `invalid` when the text is not 64 hex digits; the message does not show it.
  static Result<SealingKey> parse(std::string_view text);
  static Result<SealingKey> random();

  SealingKey(const SealingKey&) = default;
  SealingKey& operator=(const SealingKey&) = default;
  ~SealingKey();

  std::string text() const;                          // 64 hex digits: the key itself
  const std::string& name() const { return name_; }  // 8 hex digits that tell keys apart and give nothing away

  // Raw bytes: nonce, then content and tag.
  std::string seal(std::string_view content, std::string_view place) const;
  // nullopt: another key, another place, or not what seal() has made.
  std::optional<std::string> open(std::string_view box, std::string_view place) const;

 private:
  SealingKey() = default;
  void name_it();

  std::array<unsigned char, 32> bytes_{};
  std::string name_;
};

}  // namespace lockstep::wire
