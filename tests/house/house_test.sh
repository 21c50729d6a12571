#!/usr/bin/env bash
# house_test.sh <root of the clone> <C++ compiler> <result file>
#
# Builds a miniature tree with this repository's own cmake/Modules.cmake and lint, plants one violation
# per case and expects it to be noticed. The first case is the same tree without a violation: without it
# every other case could pass for a wrong reason.
set -uo pipefail
root=$1 compiler=$2 results=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree build=$work/build
here=$root/tests/house

# --- the miniature: low <- left, right <- top, and a connector ---

module() {  # module <folder> <lockstep_module arguments...>
  local folder=$tree/$1
  shift
  mkdir -p "$folder"
  echo "lockstep_module($*)" > "$folder/CMakeLists.txt"
}

plant_clean_tree() {
  rm -rf "$tree"
  mkdir -p "$tree/tests"
  cp "$here/miniature.cmake" "$tree/CMakeLists.txt"
  echo "lockstep_add_subfolders()" > "$tree/tests/CMakeLists.txt"
  module src/low low RANK 0 DEPS
  module src/left left RANK 10 DEPS low
  module src/right right RANK 10 DEPS low
  module src/connector connector RANK 30 DEPS low left
  module src/top top RANK 40 DEPS left TEST_DEPS right
  module connectors/shop shop RANK 35 DEPS connector
  local name
  for name in low left right connector top; do
    printf '#pragma once\nint %s();\n' "$name" > "$tree/src/$name/$name.hpp"
  done
  echo 'int low() { return 1; }' > "$tree/src/low/low.cpp"
  printf '#include "low/low.hpp"\nint left() { return low(); }\n' > "$tree/src/left/left.cpp"
  printf '#include "low/low.hpp"\nint right() { return low(); }\n' > "$tree/src/right/right.cpp"
  printf '#include "left/left.hpp"\nint connector() { return left(); }\n' > "$tree/src/connector/connector.cpp"
  printf '#include "left/left.hpp"\nint top() { return left(); }\n' > "$tree/src/top/top.cpp"
  printf '#include "right/right.hpp"\nint main() { return right() - 1; }\n' > "$tree/src/top/top_test.cpp"
  printf '#include "connector/connector.hpp"\nint shop() { return connector(); }\n' > "$tree/connectors/shop/shop.cpp"
}

configure() { cmake -G Ninja -S "$tree" -B "$build" -DCMAKE_CXX_COMPILER="$compiler" -DHOUSE_ROOT="$root"; }
compile() { configure && ninja -C "$build"; }
lint() { "$root/scripts/lint_sources.pl" "$tree"; }

# --- running cases ---

passed=0 failed=0 cases=""
record() {  # record <name> [what went wrong]
  if [[ -z ${2:-} ]]; then
    passed=$((passed + 1))
    cases+="<testcase classname=\"house\" name=\"$1\" status=\"run\"/>"$'\n'
  else
    failed=$((failed + 1))
    echo "FAILED $1: $2"
    cases+="<testcase classname=\"house\" name=\"$1\" status=\"run\"><failure message=\"see the output\"/></testcase>"$'\n'
  fi
}
skip() {
  echo "skipped $1: $2"
  cases+="<testcase classname=\"house\" name=\"$1\" status=\"run\"><skipped message=\"$2\"/></testcase>"$'\n'
}

accepted() {  # accepted <name> <command...>
  local name=$1 output
  shift
  if output=$("$@" 2>&1); then record "$name"; else record "$name" "must be accepted, but: $output"; fi
}
refused() {  # refused <name> <what the message must contain> <command...>
  local name=$1 text=$2 output
  shift 2
  if output=$("$@" 2>&1); then
    record "$name" "was not noticed"
  elif [[ $(tr -s ' \n' ' ' <<< "$output") != *"$text"* ]]; then
    record "$name" "refused, but not for this reason ($text): $output"
  else
    record "$name"
  fi
  plant_clean_tree
}

plant_clean_tree
accepted a_clean_tree_builds compile
accepted a_clean_tree_passes_lint lint

# --- the order of the modules, when CMake configures ---

module src/low low RANK 0 DEPS left
refused a_dependency_that_points_up "low depends on left, which is not below it" configure

module src/right right RANK 10 DEPS low left
refused neighbours_of_one_rank "right (rank 10) must not depend on left (rank 10)" configure

module connectors/shop shop RANK 35 DEPS connector right
refused a_connector_with_a_dependency_of_its_own_choice "connector shop must not depend on right" configure

module connectors/shop shop RANK 45 DEPS connector
refused a_connector_that_lifts_its_rank "connector shop must have RANK 35" configure

# --- sources ---

mkdir -p "$tree/tests/lost"
echo 'int main() {}' > "$tree/tests/lost/lost_test.cpp"
refused a_test_that_no_target_uses "tests/lost/lost_test.cpp" configure

module src/low/nested nested RANK 5 DEPS low
echo 'target_compile_definitions(lockstep_nested PRIVATE NESTED)' >> "$tree/src/low/nested/CMakeLists.txt"
echo 'add_subdirectory(nested)' >> "$tree/src/low/CMakeLists.txt"
printf '#ifndef NESTED\n#error compiled by the module above\n#endif\n' > "$tree/src/low/nested/nested.cpp"
accepted a_nested_folder_keeps_its_sources compile
plant_clean_tree

# --- what includes do not show, when the linker runs ---

printf 'int left();\nint right() { return left(); }\n' > "$tree/src/right/right.cpp"
refused a_call_past_the_declared_dependencies "left()" compile

# --- includes and words ---

printf '#include "left/left.hpp"\n' >> "$tree/src/right/right.cpp"
refused an_include_of_a_neighbour "right must not include left" lint

printf '#include "low/low.hpp"\n' >> "$tree/src/top/top.cpp"
refused an_include_of_a_dependency_of_a_dependency "top must not include low" lint

printf '#include "right/right.hpp"\n' >> "$tree/src/top/top.cpp"
refused a_test_dependency_in_the_library "top must not include right" lint

printf '#include "connectors/shop/shop.hpp"\n' >> "$tree/src/top/top.cpp"
refused an_include_of_a_connector "top must not include shop" lint

mkdir "$tree/src/left/detail"
printf '#include "left/detail/inner.hpp"\n' >> "$tree/src/top/top.cpp"
refused a_detail_of_another_module "is a detail of left" lint

printf '#include "../low/low.hpp"\n' >> "$tree/src/left/left.cpp"
refused a_relative_include "include from the root" lint

printf '#include <boost/asio.hpp>\n' >> "$tree/src/left/left.hpp"
refused asio_outside_net "Asio and Beast stay inside" lint

yes '// a line' | head -n 501 >> "$tree/src/left/left.cpp"
refused a_file_that_is_too_long "the limit is 500" lint

echo 'int left();' > "$tree/src/left/left.hpp"
refused a_header_without_pragma_once "needs #pragma once" lint

echo 'void f() { std::this_thread::sleep_for(1s); }' >> "$tree/src/top/top_test.cpp"
refused a_sleeping_unit_test "does not sleep" lint

echo 'void f() { std::cout << 1; }' >> "$tree/src/left/left.cpp"
refused printing_below_app "only app/ writes to the terminal" lint

echo 'int decode_left(std::string_view bytes);' >> "$tree/src/left/left.hpp"
refused a_decoder_without_a_fuzzer "decode_left() decodes bytes" lint

echo 'See [this](src/low/low.hpp) and [that](src/low/gone.hpp).' > "$tree/README.md"
refused a_link_that_leads_nowhere "leads nowhere: src/low/gone.hpp" lint

mkdir -p "$tree/recipes/shop"
echo 'int x;' > "$tree/recipes/shop/shop.cpp"
refused code_in_a_recipe "a recipe is configuration" lint

echo '// TODO: later' >> "$tree/src/left/left.cpp"
refused a_note_to_oneself "do it, or write an issue" lint

if command -v clang-tidy-19 > /dev/null; then
  cp "$root/.clang-tidy" "$tree/"
  cp "$here/dropped_result.cpp.in" "$tree/dropped_result.cpp"
  refused a_dropped_result "bugprone-unused-return-value" \
    clang-tidy-19 --quiet "$tree/dropped_result.cpp" -- -std=c++23 -I"$root/src"
else
  skip a_dropped_result "clang-tidy-19 is not installed: ./dev setup tidy"
fi

# --- the count at the end of ./dev test ---

summary() {  # summary <ctest says failed: 0 or 1>: of the files in $work/results
  "$root/scripts/summarize_tests.pl" "$work/results" "$1"
}
mkdir "$work/results"
cp "$here"/results/* "$work/results/"
refused the_count_is_of_cases "2 skipped: Pair.waits: no database here alone: no server here failed: Pair.breaks \
leaky: the binary ended badly though no case failed (see its output above) \
crashed: failed without counting cases (see its output above) 3 passed, 3 failed" summary 1
rm "$work/results"/*
refused no_tests_are_a_failure "0 passed, 1 failed" summary 0

# --- the table of ./dev accept ---

table() { "$root/scripts/acceptance_table.pl" AB "$work/checklist.txt" -- "$work/results"/*.xml | tr -s ' \n' ' '; }
table_is() { [[ $(table) == "$1 " ]] || { table; return 1; }; }
printf '# of a use case\nAB-001 one\nAB-002 two\nAB-003 three\nAB-004 four\nAB-005 five\nXY-001 other\n' > "$work/checklist.txt"
cat > "$work/results/pair.xml" << 'XML'
<testcase classname="T" name="AB_001_is_so" status="run"/><testcase classname="T" name="part_of_AB_002_is" status="run"/>
<testcase classname="T" name="AB_003_x" status="run"><skipped message="none"/></testcase>
<testcase classname="T" name="AB_003_y" status="run"/><testcase classname="T" name="XY_001_other" status="run"/>
<testcase classname="T" name="AB_005_not_run" status="notrun"/><testcase classname="T" name="unnumbered" status="run"/>
XML
accepted acceptance_counts_items_and_not_their_parts table_is "AB-001 passed one T.AB_001_is_so \
AB-002 missing two T.part_of_AB_002_is (a part) AB-003 missing three T.AB_003_x (skipped) T.AB_003_y (passed) AB-004 missing four \
AB-005 missing five 1 passed, 0 failed, 4 missing"
echo '<testcase classname="U" name="part_of_AB_001_z" status="run"><failure message="no"/></testcase>' > "$work/results/more.xml"
accepted acceptance_fails_with_a_part table_is "AB-001 FAILED one T.AB_001_is_so (passed) U.part_of_AB_001_z \
AB-002 missing two T.part_of_AB_002_is (a part) AB-003 missing three T.AB_003_x (skipped) T.AB_003_y (passed) AB-004 missing four \
AB-005 missing five 0 passed, 1 failed, 4 missing"
rm "$work/results"/*

# --- the script ---

every_verb_explains_itself() {
  local file verb text list
  list=$("$root/dev") || return 1
  for file in "$root"/scripts/verbs/*.sh; do
    verb=$(basename "$file" .sh)
    bash -n "$file" || return 1
    text=$("$root/dev" "$verb" --help) || return 1
    [[ $text == *"./dev $verb"* ]] || { echo "$verb: its help does not show how it is called"; return 1; }
    grep -q "^  $verb " <<< "$list" || { echo "$verb is not in the list"; return 1; }
    grep -q "\`./dev $verb" "$root/CONTRIBUTING.md" || { echo "$verb is not in CONTRIBUTING.md"; return 1; }
  done
}
accepted every_verb_explains_itself every_verb_explains_itself
refused an_unknown_verb 'there is no verb "brew"' "$root/dev" brew

printf '<testsuites>\n%s</testsuites>\n' "$cases" > "$results"
echo "house: $passed passed, $failed failed"
((failed == 0))
