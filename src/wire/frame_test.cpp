#include "wire/frame.hpp"

#include <gtest/gtest.h>

namespace lockstep::wire {
namespace {

TEST(Frame, HasTheHeaderOfItsLength) {  // RFC 6455, 5.2 and 5.7
  EXPECT_EQ(*text_frame("Hello").bytes(), "\x81\x05Hello");
  EXPECT_EQ(*text_frame({"He", "", "llo"}).bytes(), "\x81\x05Hello");
  EXPECT_EQ(binary_frame(std::string(125, 'x')).bytes()->substr(0, 2), "\x82\x7d");
  EXPECT_EQ(binary_frame(std::string(126, 'x')).bytes()->substr(0, 4), std::string("\x82\x7e\x00\x7e", 4));
  EXPECT_EQ(binary_frame(std::string(256, 'x')).bytes()->substr(0, 4), std::string("\x82\x7e\x01\x00", 4));
  EXPECT_EQ(binary_frame(std::string(65535, 'x')).bytes()->substr(0, 4), "\x82\x7e\xff\xff");
  EXPECT_EQ(binary_frame(std::string(65536, 'x')).bytes()->substr(0, 10),
            std::string("\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10));
}

TEST(Frame, GivesItsPayloadBack) {
  for (const std::size_t size : {0u, 1u, 125u, 126u, 65535u, 65536u}) {
    const std::string payload(size, 'p');
    EXPECT_EQ(text_frame(payload).payload(), payload) << size;
  }
  EXPECT_EQ(Frame().payload(), "");
  EXPECT_FALSE(Frame());
}

}  // namespace
}  // namespace lockstep::wire
