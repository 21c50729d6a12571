#include "wire/frame.hpp"

namespace lockstep::wire {

Frame::Frame(FrameKind kind, std::initializer_list<std::string_view> parts) : kind_(kind) {
  std::size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  std::string out;
  out.reserve(size + 10);
  out += static_cast<char>(kind == FrameKind::text ? 0x81 : 0x82);
  const auto big_endian = [&](int bytes) {
    for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(size >> (8 * i) & 0xff);
  };
  if (size < 126) {
    big_endian(1);
  } else if (size < 65536) {
    out += static_cast<char>(126);
    big_endian(2);
  } else {
    out += static_cast<char>(127);
    big_endian(8);
  }
  header_ = static_cast<std::uint8_t>(out.size());
  for (const std::string_view part : parts) out += part;
  bytes_ = std::make_shared<const std::string>(std::move(out));
}

Frame Frame::unframed(std::string bytes) {
  Frame out;
  out.bytes_ = std::make_shared<const std::string>(std::move(bytes));
  return out;
}

}  // namespace lockstep::wire
