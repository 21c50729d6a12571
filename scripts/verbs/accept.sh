# the table of acceptance tests: ./dev accept [PREFIX]
#
# A use case's checklist numbers its items: CM-001, AP-012; recipes/*/checklist.txt lists them. The test that proves one
# carries its number in front of its name, in whatever language: TEST(CrmMirror, CM_001_tables_have_their_columns). One that
# proves a part is called part_of_CM_001_… and does not make the item pass. This runs those tests (with PREFIX only those: CM,
# or CM-001) and prints each item with its result and tests; the last line is "N passed, N failed, N missing".

source scripts/packages.sh
source scripts/node.sh

verb_accept() {
  local prefix=${1:-} folder=build/dev filter='*.??_???*:*.???_???*:*.????_???*'
  [[ $prefix =~ ^([A-Z]{2,4}(-[0-9]{3})?)?$ ]] || die 2 "PREFIX is like CM or CM-001, not \"$prefix\""
  # GoogleTest's suites take a filter, the others a part of the name.
  if [[ -n $prefix ]]; then
    filter="*.${prefix//-/_}*:*.part_of_${prefix//-/_}*"
    export ONLY=${prefix//-/_}
    [[ $prefix == *-* ]] || ONLY+=_
  else
    filter+=':*.part_of_*'
  fi
  need build test
  use_realtime_clients
  use_browser
  build dev
  rm -rf "$folder/test-results"
  mkdir -p "$folder/test-results"
  say "tests named after ${prefix:-checklist} items"
  (cd "$folder" && GTEST_FILTER=$filter UBSAN_OPTIONS=print_stacktrace=1 \
    ctest -LE 'house|seeds' --output-on-failure --no-tests=ignore > test-results/output.txt) || true
  scripts/acceptance_table.pl "$prefix" recipes/*/checklist.txt -- "$folder"/test-results/*.xml || {
    say "the output is in $folder/test-results/output.txt"
    return 1
  }
}
