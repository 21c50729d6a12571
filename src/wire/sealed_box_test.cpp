#include "wire/sealed_box.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wire/signature.hpp"

namespace lockstep::wire {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

SealingKey key(char digit) { return SealingKey::parse(std::string(64, digit)).value(); }

TEST(SealedBoxTest, OpensWithItsKeyInItsPlace) {
  const std::string content("refresh\0token", 13);
  for (const std::string& text : {std::string(), std::string("x"), content, std::string(100'000, 'y')}) {
    const std::string box = key('1').seal(text, "here");
    EXPECT_EQ(key('1').open(box, "here"), text);
    EXPECT_EQ(key('2').open(box, "here"), std::nullopt);
    EXPECT_EQ(key('1').open(box, "there"), std::nullopt);
    EXPECT_EQ(key('1').open(box, ""), std::nullopt);
  }
}

TEST(SealedBoxTest, HidesTheContentAndIsNeverTheSameTwice) {
  const SealingKey sealing = key('a');
  const std::string one = sealing.seal("a-secret-token", "here");
  EXPECT_THAT(one, Not(HasSubstr("secret")));
  EXPECT_NE(one, sealing.seal("a-secret-token", "here"));
}

TEST(SealedBoxTest, EveryChangedOrMissingByteIsNoticed) {
  const SealingKey sealing = key('a');
  const std::string box = sealing.seal("token", "here");
  for (std::size_t at = 0; at < box.size(); ++at) {
    std::string changed = box;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_EQ(sealing.open(changed, "here"), std::nullopt) << at;
    EXPECT_EQ(sealing.open(box.substr(0, at), "here"), std::nullopt) << at;
  }
  EXPECT_EQ(sealing.open(box + '\0', "here"), std::nullopt);
}

// Known answer: draft-irtf-cfrg-xchacha-03, A.3.1.
TEST(SealedBoxTest, OpensWhatTheDraftHasSealed) {
  const auto sealing = SealingKey::parse("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
  ASSERT_TRUE(sealing);
  const std::string nonce = "404142434445464748494a4b4c4d4e4f5051525354555657";
  const std::string sealed =
      "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216"
      "cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff921f9664c97637da9768812f615c68b13"
      "b52ec0875924c1c7987947deafd8780acf49";
  const auto opened = sealing->open(hex_decode(nonce + sealed).value(), hex_decode("50515253c0c1c2c3c4c5c6c7").value());
  EXPECT_EQ(
      opened,
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would "
      "be it.");
}

TEST(SealingKeyTest, IsReadAsHexAndNeverShown) {
  EXPECT_EQ(SealingKey::parse(std::string(64, 'a'))->text(), std::string(64, 'a'));
  for (const std::string& text : {std::string(), std::string(63, 'a'), std::string(66, 'a'), std::string(64, 'g')}) {
    const auto refused = SealingKey::parse(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
    if (text.size() > 8) {
      EXPECT_THAT(refused.error().message, Not(HasSubstr(text)));
    }
  }
}

TEST(SealingKeyTest, NamesTellKeysApart) {
  const auto one = SealingKey::random();
  const auto two = SealingKey::random();
  ASSERT_TRUE(one && two);
  EXPECT_NE(one->text(), two->text());
  EXPECT_NE(one->name(), two->name());
  EXPECT_EQ(one->name().size(), 8U);
  EXPECT_EQ(SealingKey::parse(one->text())->name(), one->name());
  EXPECT_THAT(one->text(), Not(HasSubstr(one->name())));
}

}  // namespace
}  // namespace lockstep::wire
