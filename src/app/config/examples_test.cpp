// The configurations in testdata/: the good ones load, the bad ones have exactly the problems that their comments
// expect, and the JSON Schema judges them as the loader does.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/config/config_shape.hpp"
#include "app/config/example_files.hpp"
#include "app/config/fake_factories.hpp"
#include "app/config/json_schema.hpp"
#include "app/config/load.hpp"
#include "app/config/node.hpp"

namespace lockstep::app {
namespace {

namespace fs = std::filesystem;

const fs::path testdata = example_folder();

std::vector<fs::path> files_in(const std::string& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(testdata / folder)) files.push_back(entry.path());
  std::ranges::sort(files);
  EXPECT_FALSE(files.empty()) << folder;
  return files;
}

std::vector<std::string> expected_problems(const std::string& text) {
  std::vector<std::string> expected;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto at = line.find("# expect: ");
    if (at != std::string::npos) expected.push_back("f:" + line.substr(at + 10));
  }
  return expected;
}

std::vector<std::string> found_problems(const std::string& text) {
  auto result = read_config(text, "f", fake_factories(), example_environment());
  std::vector<std::string> found;
  if (!result) {
    for (const auto& problem : result.error()) found.push_back(to_text(problem));
  }
  return found;
}

TEST(Examples, GoodOnesLoad) {
  for (const auto& file : files_in("good"))
    EXPECT_THAT(found_problems(read_example(file)), ::testing::IsEmpty()) << file;
}

TEST(Examples, BadOnesHaveExactlyTheProblemsTheyExpect) {
  for (const std::string folder : {"bad_shape", "bad_meaning"}) {
    for (const auto& file : files_in(folder)) {
      const std::string text = read_example(file);
      const auto expected = expected_problems(text);
      EXPECT_FALSE(expected.empty()) << file;
      EXPECT_THAT(found_problems(text), ::testing::UnorderedElementsAreArray(expected)) << file;
    }
  }
}

// The verdicts of python3-jsonschema, file name -> valid; empty when it is not installed.
std::map<std::string, bool> schema_verdicts() {
  const fs::path folder = fs::path(::testing::TempDir()) / fmt::format("lockstep-schema-{}", std::rand());
  fs::create_directories(folder);
  std::ofstream(folder / "schema.json") << pretty_json(to_json_schema(config_shape(fake_factories())));
  for (const std::string kind : {"good", "bad_shape", "bad_meaning"}) {
    for (const auto& file : files_in(kind)) {
      Problems problems("");
      std::ofstream(folder / fmt::format("{}-{}.input", kind, file.stem().string()))
          << lockstep::to_text(to_json(parse_yaml(read_example(file), problems)));
    }
  }
  std::ofstream(folder / "judge.py") << R"(
import glob, json, os, sys
import jsonschema
here = sys.argv[1]
schema = json.load(open(os.path.join(here, "schema.json")))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
with open(os.path.join(here, "verdicts"), "w") as out:
    for path in glob.glob(os.path.join(here, "*.input")):
        valid = validator.is_valid(json.load(open(path)))
        out.write(os.path.basename(path)[:-6] + (" 1\n" if valid else " 0\n"))
)";
  std::map<std::string, bool> verdicts;
  if (std::system("python3 -c 'import jsonschema' > /dev/null 2>&1") == 0) {
    EXPECT_EQ(std::system(fmt::format("python3 {0}/judge.py {0}", folder.string()).c_str()), 0);
    std::ifstream input(folder / "verdicts");
    std::string name;
    int valid = 0;
    while (input >> name >> valid) verdicts[name] = valid == 1;
  }
  fs::remove_all(folder);
  return verdicts;
}

TEST(Examples, TheJsonSchemaJudgesAsTheLoaderDoes) {
  const auto verdicts = schema_verdicts();
  if (verdicts.empty()) GTEST_SKIP() << "python3-jsonschema is not installed";
  EXPECT_EQ(verdicts.size(), files_in("good").size() + files_in("bad_shape").size() + files_in("bad_meaning").size());
  // What names mean is beyond a schema: files that are wrong only there are valid to it.
  for (const auto& [name, valid] : verdicts) EXPECT_EQ(valid, !name.starts_with("bad_shape")) << name;
}

}  // namespace
}  // namespace lockstep::app
