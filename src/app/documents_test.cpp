// The files that are made from the program's tables, and the examples, fit the program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "app/commands/starter.hpp"
#include "app/config/config_shape.hpp"
#include "app/config/json_schema.hpp"
#include "app/config/limits.hpp"
#include "app/config/load.hpp"
#include "app/config/reference.hpp"
#include "app/connectors.hpp"

namespace lockstep::app {
namespace {

const std::filesystem::path root = LOCKSTEP_SOURCE_DIR;

std::string read(const std::filesystem::path& path) {
  auto text = ProcessEnvironment().file(path.string(), config_bytes_limit);
  EXPECT_TRUE(text) << path;
  return text.value_or("");
}

// With LOCKSTEP_UPDATE set the file is rewritten instead of held against the program.
void expect_content(const std::filesystem::path& path, const std::string& content) {
  if (std::getenv("LOCKSTEP_UPDATE") != nullptr) std::ofstream(path) << content;
  EXPECT_EQ(read(path), content) << "repair it with: LOCKSTEP_UPDATE=1 app_test";
}

// Every variable is set, every file is there.
class GenerousEnvironment final : public Environment {
 public:
  std::optional<std::string> variable(const std::string& name) const override {
    return "postgres://localhost/value-of-" + name;
  }
  Result<std::string> file(const std::string& path, std::size_t) const override { return "content of " + path; }
};

TEST(Documents, TheConnectorsHaveDifferentKinds) {
  std::vector<std::string> kinds;
  for (const auto& factory : connector_factories()) kinds.push_back(factory.kind);
  std::ranges::sort(kinds);
  EXPECT_EQ(std::ranges::adjacent_find(kinds), kinds.end());
}

TEST(Documents, TheSchemaFileIsTheProgramsSchema) {
  expect_content(root / "docs/config.schema.json", pretty_json(to_json_schema(config_shape(connector_factories()))));
}

// Places of the settings that an editor could say nothing about.
void undescribed(const Json& schema, const std::string& place, std::vector<std::string>& out) {
  if (schema.is_array()) {
    for (const Json& item : schema.get_array()) undescribed(item, place, out);
  }
  if (!schema.is_object()) return;
  for (const auto& [key, value] : schema.get_object()) {
    if (key == "if") continue;  // a condition
    if (key == "properties") {
      for (const auto& [name, property] : value.as_object()) {
        if (string_member(property, "description").empty()) out.push_back(place + "/" + std::string(name));
      }
    }
    undescribed(value, place + "/" + std::string(key), out);
  }
}

TEST(Documents, EverySettingIsDescribed) {
  std::vector<std::string> places;
  undescribed(JsonObject{{"properties", JsonObject{{"a", JsonObject()}}}}, "", places);
  EXPECT_THAT(places, ::testing::ElementsAre("/a")) << "it would notice";
  places.clear();
  undescribed(to_json_schema(config_shape(connector_factories())), "", places);
  EXPECT_THAT(places, ::testing::IsEmpty());
}

TEST(Documents, TheReferenceOfTheConfigurationIsTheProgramsReference) {
  const std::string text = read(root / "docs/configuration.md");
  const std::string begin = "<!-- begin: lockstep schema --reference -->\n", end = "<!-- end -->";
  const auto from = text.find(begin), to = text.find(end);
  ASSERT_NE(from, std::string::npos);
  ASSERT_NE(to, std::string::npos);
  expect_content(
      root / "docs/configuration.md",
      text.substr(0, from + begin.size()) + to_reference(config_shape(connector_factories())) + text.substr(to));
}

TEST(Documents, EveryExampleLoads) {
  std::size_t count = 0;
  const auto factories = connector_factories();
  for (const auto& entry : std::filesystem::directory_iterator(root / "examples")) {
    if (entry.path().extension() != ".yaml") continue;
    ++count;
    const auto config =
        read_config(read(entry.path()), entry.path().filename().string(), factories, GenerousEnvironment());
    std::string problems;
    if (!config) {
      for (const auto& problem : config.error()) problems += to_text(problem) + "\n";
    } else {
      for (const auto& warning : config->warnings)
        problems += entry.path().filename().string() + ": warning: " + warning + "\n";
    }
    EXPECT_EQ(problems, "");
  }
  EXPECT_GE(count, 3u);
}

TEST(Documents, InitWritesTheFirstExample) { EXPECT_EQ(starter_config(), read(root / "examples/crm-sqlite.yaml")); }

}  // namespace
}  // namespace lockstep::app
