// The configurations in testdata/ and what they find around them. Tests only.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "app/config/environment.hpp"
#include "app/config/limits.hpp"

namespace lockstep::app {

inline std::filesystem::path example_folder() {
  return std::filesystem::path(LOCKSTEP_SOURCE_DIR) / "src/app/config/testdata";
}

// What the good ones need.
inline FixedEnvironment example_environment() {
  FixedEnvironment env;
  env.variables = {{"LOCKSTEP_API_KEY", "0123456789abcdef-ops"},
                   {"GHL_TOKEN", "pit-token"},
                   {"DATABASE_URL", "postgres://u:pw@db/app"},
                   {"JWT_SECRET", "0123456789abcdef0123456789abcdef"},
                   {"OTHER_LOCATION", "wxyz9876"},
                   {"EMPTY", ""}};
  env.files = {{"secrets/acme", "0123456789abcdef-acme\n"}, {"secrets/key.pem", "-----BEGIN PUBLIC KEY-----\nabc\n"}};
  return env;
}

inline std::string read_example(const std::filesystem::path& path) {
  auto text = ProcessEnvironment().file(path.string(), config_bytes_limit);
  EXPECT_TRUE(text) << path;
  return text.value_or("");
}

}  // namespace lockstep::app
