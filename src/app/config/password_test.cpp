#include "app/config/password.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::app {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(PasswordsIn, FindsThemInUrls) {
  EXPECT_THAT(passwords_in("postgres://u:hunter2@h/d"), ElementsAre("hunter2"));
  EXPECT_THAT(passwords_in("postgres://u:a%40b@h:5432/d"), ElementsAre("a%40b", "a@b"));
  EXPECT_THAT(passwords_in("postgres://u:a@b@h/d"), ElementsAre("a@b"));
  EXPECT_THAT(passwords_in("postgres://h/d?user=u&password=p%20q&sslpassword=r#password=no"),
              ElementsAre("p%20q", "p q", "r"));
  EXPECT_THAT(passwords_in("postgres://:only@h"), ElementsAre("only"));
  EXPECT_THAT(passwords_in("https://x:%zz@h"), ElementsAre("%zz"));
}

TEST(PasswordsIn, FindsThemInKeywords) {
  EXPECT_THAT(passwords_in("host=h password=hunter2 dbname=d"), ElementsAre("hunter2"));
  EXPECT_THAT(passwords_in("host=h password = hunter2"), ElementsAre("hunter2"));
  EXPECT_THAT(passwords_in(R"(password='it\'s a = b' host=h sslpassword=x)"),
              ElementsAre(R"(it\'s a = b)", "it's a = b", "x"));
  EXPECT_THAT(passwords_in("password='open"), ElementsAre("open"));
  EXPECT_THAT(passwords_in("host='a password=no' user=u"), IsEmpty());
}

TEST(PasswordsIn, FindsNoneWhereNoneIs) {
  for (const char* text : {"", "=", "password", "password=", "postgres://h/d", "postgres://u@h:5432/d",
                           "postgres://u:@h/d", "host=h dbname=d passfile=/x", "https://h/a:b@c", "https://h?token=x",
                           "./crm.db", "local password = doc.x return password", "password == value",
                           "doc.password = value", "://", "http://[::1]:8080"})
    EXPECT_THAT(passwords_in(text), IsEmpty()) << text;
}

}  // namespace
}  // namespace lockstep::app
