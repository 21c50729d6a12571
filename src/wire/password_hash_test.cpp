#include "wire/password_hash.hpp"

#include <gtest/gtest.h>

namespace lockstep::wire {
namespace {

TEST(PasswordHash, OnlyThePasswordFits) {
  const Result<std::string> hash = hash_password("correct horse battery", kCheapestPassword);
  ASSERT_TRUE(hash);
  EXPECT_TRUE(hash->starts_with("$argon2id$v=19$m=8,t=1,p=1$")) << *hash;
  EXPECT_TRUE(password_matches(*hash, "correct horse battery"));
  EXPECT_FALSE(password_matches(*hash, "correct horse batterz"));
  EXPECT_FALSE(password_matches(*hash, ""));
  EXPECT_NE(*hash, *hash_password("correct horse battery", kCheapestPassword)) << "salted";
}

TEST(PasswordHash, WhatIsNoHashFitsNothing) {
  EXPECT_FALSE(password_matches("", ""));
  EXPECT_FALSE(password_matches("$argon2id$", "x"));
  EXPECT_FALSE(password_matches(std::string(1'000, 'x'), "x"));
}

// What an attacker with the store has to pay for each guess.
TEST(PasswordHash, CostsWhatItShould) {
  const Result<std::string> hash = hash_password("correct horse battery");
  ASSERT_TRUE(hash);
  EXPECT_TRUE(hash->starts_with("$argon2id$v=19$m=65536,t=3,p=1$")) << *hash;
}

}  // namespace
}  // namespace lockstep::wire
