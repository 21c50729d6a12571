#include "sync/phone.hpp"

#include <gtest/gtest.h>

#include "sync/arbitrary_json.hpp"

namespace lockstep::sync {
namespace {

struct Case {
  const char *text, *region, *form;
};

TEST(PhoneTest, Forms) {
  constexpr Case cases[] = {
      {"(202) 555-0101", "US", "+12025550101"},
      {"1-202-555-0101", "US", "+12025550101"},
      {"202.555.0101", "US", "+12025550101"},
      {"+1 202 555 0101", "NL", "+12025550101"},
      {"tel:+12025550101", "NL", "+12025550101"},
      {"202\u00A0555\u20110101", "US", "+12025550101"},
      {"06-12345678", "NL", "+31612345678"},
      {"0031 6 12345678", "NL", "+31612345678"},
      {"011 31 6 12345678", "US", "+31612345678"},
      {"31612345678", "NL", "+31612345678"},
      {"020 7946 0000", "GB", "+442079460000"},
      {"+44 (0)20 7946 0000", "US", "+442079460000"},
      {"030 123456", "DE", "+4930123456"},
      {"06 1234 5678", "IT", "+390612345678"},  // Italy keeps its leading zero
      {"011 15-2345-6789", "AR", "+5491123456789"},
      {"0412 345 678", "AU", "+61412345678"},
      {"098765 43210", "IN", "+919876543210"},
      {"202-555-0101 ext. 5", "US", "+12025550101;ext=5"},
      {"202-555-0101 x5", "US", "+12025550101;ext=5"},
      {"+1 202 555 0101;ext=5", "US", "+12025550101;ext=5"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(phone_form(c.text, c.region), c.form) << c.text;
    EXPECT_EQ(phone_form(c.form, c.region), c.form) << c.text;
    EXPECT_EQ(phone_form(c.form, "ZZ"), c.form) << "a form does not depend on the region: " << c.text;
    EXPECT_TRUE(is_phone_form(c.form)) << c.form;
  }
}

TEST(PhoneTest, WhatIsNoNumberStays) {
  constexpr Case cases[] = {
      {"0612345678", "US", ""},  // a Dutch number must not become +1 061…
      {"555-0101", "US", ""},    // local only: no area code
      {"call me on 2025550101", "US", ""},
      {"202-555-0101 (work)", "US", ""},
      {"2025550101 / 2025550102", "US", ""},
      {"1-800-FLOWERS", "US", ""},
      {"+999", "US", ""},
      {"+", "US", ""},
      {"12", "US", ""},
      {"2025550101", "XX", ""},  // no such region
      {"202-555-0101 ext", "US", ""},
      {"202-555-0101 ext. 1234567890123", "US", ""},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(phone_form(c.text, c.region), c.text);
    EXPECT_FALSE(is_phone_form(c.text)) << c.text;
  }
  const std::string long_text(500, '1');
  EXPECT_EQ(phone_form(long_text, "US"), long_text);
}

// The shortcut for North American numbers says what the library says.
TEST(PhoneTest, ShortcutAgreesWithTheLibrary) {
  EXPECT_TRUE(rc::check([] {
    const auto number = *rc::gen::inRange<std::uint64_t>(2'000'000'000, 10'000'000'000);
    const std::string text = "+1" + std::to_string(number);
    RC_ASSERT(phone_form_parsed(text, "US") == text);
    RC_ASSERT(phone_form_parsed(text, "NL") == text);
    RC_ASSERT(phone_form(text, "NL") == text);
    RC_ASSERT(is_phone_form(text));
  }));
}

TEST(PhoneTest, CacheAgreesWithTheLibraryAndFormsAreStable) {
  EXPECT_TRUE(rc::check([] {
    const auto text = *phone_text();
    const auto region = *rc::gen::elementOf(std::vector<std::string>{"US", "NL", "GB", "AR", "IT", "MX", "BR", "BS"});
    const std::string form = phone_form(text, region);
    RC_ASSERT(form == phone_form_parsed(text, region));
    RC_ASSERT(form == phone_form(text, region));
    RC_ASSERT(phone_form_parsed(form, region) == form);
  }));
}

}  // namespace
}  // namespace lockstep::sync
