#include "app/ports/key_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "store/temporary_folder.hpp"

namespace lockstep::app {
namespace {

using std::filesystem::perms;
using ::testing::HasSubstr;

class KeyFileTest : public ::testing::Test {
 protected:
  store::TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "secret.key";

  void write(const std::string& text, perms mode = perms::owner_read) const {
    std::ofstream(path) << text;
    std::filesystem::permissions(path, mode);
  }
  std::string content() const {
    std::ostringstream out;
    out << std::ifstream(path).rdbuf();
    return out.str();
  }
};

TEST_F(KeyFileTest, IsMadeOnceForTheOwnerOnly) {
  const auto none = read_key_file(path);
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
  const auto made = make_key_file(path);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(std::filesystem::status(path).permissions(), perms::owner_read | perms::owner_write);
  const auto read = read_key_file(path);
  ASSERT_TRUE(read && *read);
  EXPECT_EQ((*read)->text(), made->text());
  EXPECT_EQ(content(), made->text() + "\n");

  const auto again = make_key_file(path);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::conflict);
  EXPECT_EQ(content(), made->text() + "\n") << "a key is never overwritten";
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1) << "no draft is left";
}

TEST_F(KeyFileTest, ADraftThatACrashLeftIsNoKey) {
  std::ofstream(path.string() + ".new") << "half a k";
  EXPECT_FALSE(read_key_file(path).value());
  ASSERT_TRUE(make_key_file(path));
  EXPECT_TRUE(read_key_file(path).value());
}

TEST_F(KeyFileTest, WhatIsNoKeyIsRefusedAndNotShown) {
  for (const std::string& text : {std::string(), std::string("zz-not-a-key"), std::string(1000, 'a')}) {
    std::filesystem::remove(path);
    write(text);
    const auto refused = read_key_file(path);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
    EXPECT_THAT(refused.error().message, HasSubstr("secret.key: a key is 64 hex digits"));
    if (!text.empty()) {
      EXPECT_THAT(refused.error().message, ::testing::Not(HasSubstr(text)));
    }
  }
}

TEST_F(KeyFileTest, AKeyThatOthersMayReadIsRefused) {
  for (const perms open : {perms::group_read, perms::others_read, perms::group_write}) {
    std::filesystem::remove(path);
    write(std::string(64, 'a'), perms::owner_read | open);
    const auto refused = read_key_file(path);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::unauthorized);
    EXPECT_THAT(refused.error().message, HasSubstr("chmod 600"));
  }
}

}  // namespace
}  // namespace lockstep::app
