#include "connector/redact.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "connector/limits.hpp"

namespace lockstep::connector {
namespace {

TEST(Redact, HidesPersonalData) {
  EXPECT_EQ(redact("contact jane.doe+x@example.com exists"), "contact *** exists");
  EXPECT_EQ(redact("phone +1 (555) 010-0199 is taken"), "phone *** is taken");
  EXPECT_EQ(redact("number 00493012345678."), "number ***.");
  EXPECT_EQ(redact("name \"Jane Doe\" is not valid"), "name \"***\" is not valid");
  EXPECT_EQ(redact("value 'x y' refused"), "value '***' refused");
}

TEST(Redact, HidesSecrets) {
  EXPECT_EQ(redact("Authorization: Bearer abcdef123456"), "Authorization: Bearer ***");
  EXPECT_EQ(redact("token pit-00000000-0000-4000-8000-000000000000"), "token ***");
  EXPECT_EQ(redact("jwt eyJhbGciOi.eyJzdWIi.c2ln"), "jwt ***");
  EXPECT_EQ(redact("key abcdefghijklmnopqrstuvwxyz0123456789ABCDEF"), "key ***");
}

TEST(Redact, KeepsWhatHelps) {
  for (const char* text :
       {"property additionalEmails should not exist", "This location does not allow duplicated contacts.",
        "Contact with id nmFmQEsNgz6AVpgLVUJ0 not found", "Invalid Operator (gt) passed for field date_updated",
        "stage e93ba61a-53b3-45e7-985a-c7732dbcdb69 doesn't exist", "status 422", "Cannot GET /oauth/x"}) {
    EXPECT_EQ(redact(text), text);
  }
}

TEST(Redact, HidesTheValuesThatWereSent) {
  const Json document = {
      {"firstName", "Janina"}, {"tags", {"gold", "VIP list"}}, {"dnd", true}, {"customFields", {{"income", 123456}}}};
  EXPECT_EQ(redact("firstName JANINA is refused, so is vip list and 123456", document),
            "firstName *** is refused, so is *** and ***");
}

TEST(Redact, OwnTextsKeepTheirNames) {
  EXPECT_EQ(redact_own("no system 'crmm' in source 'main'"), "no system 'crmm' in source 'main'");
  EXPECT_EQ(redact_own("there is no record 01m7z8ajw61y336jjxnh8jz0f5"),
            "there is no record 01m7z8ajw61y336jjxnh8jz0f5");
  EXPECT_EQ(redact_own("the limit is 1048576 bytes, until 2026-11-21T08:00:00Z"),
            "the limit is 1048576 bytes, until 2026-11-21T08:00:00Z");
  EXPECT_EQ(redact_own("'ann@example.com' is no field"), "'***' is no field");
  EXPECT_EQ(redact_own("there is no record +1 (202) 555-0143"), "there is no record ***");
  EXPECT_EQ(redact_own("there is no entity 'pit-12345678'"), "there is no entity '***'");
}

TEST(Redact, CutsLongTextsBetweenCharacters) {
  const std::string out = redact(std::string(limits::kRedactedTextBytes - 1, 'a') + "ää");
  EXPECT_EQ(out, std::string(limits::kRedactedTextBytes - 1, 'a') + "…");
}

TEST(Redact, TargetsKeepNamesOnly) {
  EXPECT_EQ(redact_target("/contacts/search/duplicate?locationId=abc&email=a%40b.c"),
            "/contacts/search/duplicate?locationId=***&email=***");
  EXPECT_EQ(redact_target("/contacts/"), "/contacts/");
  EXPECT_EQ(redact("GET /x?email=abc&n=1 failed"), "GET /x?email=***&n=*** failed");
}

RC_GTEST_PROP(RedactProperty, NoAddressSurvives, (const std::string& before, const std::string& after)) {
  const std::string address = "someone@example.org";
  RC_ASSERT(redact(before + " " + address + " " + after).find(address) == std::string::npos);
}

RC_GTEST_PROP(RedactProperty, NoSentValueSurvives, (const std::string& text)) {
  const auto value = *rc::gen::container<std::string>(rc::gen::inRange('a', 'z'));
  RC_PRE(value.size() >= 3U);
  const Json document = {{"v", value}};
  RC_ASSERT(redact(text + value + text, document).find(value) == std::string::npos);
}

}  // namespace
}  // namespace lockstep::connector
