# the table of acceptance tests: ./dev accept [PREFIX]
#
# A use case's checklist numbers its items: CM-001, AP-012. The test that proves one carries its number
# in front of its name: TEST(CrmMirror, CM_001_tables_have_their_columns). This runs those tests (with PREFIX
# only those: CM, or CM-001) and prints item, result and test. Items without a test are not in the table.

source scripts/packages.sh

verb_accept() {
  local prefix=${1:-} folder=build/dev filter='*.??_???*:*.???_???*:*.????_???*'
  [[ $prefix =~ ^([A-Z]{2,4}(-[0-9]{3})?)?$ ]] || die 2 "PREFIX is like CM or CM-001, not \"$prefix\""
  [[ -z $prefix ]] || filter="*.${prefix//-/_}*"
  need build test
  build dev
  rm -rf "$folder/test-results"
  mkdir -p "$folder/test-results"
  say "tests named after ${prefix:-checklist} items"
  (cd "$folder" && GTEST_FILTER=$filter UBSAN_OPTIONS=print_stacktrace=1 \
    ctest -LE house --output-on-failure --no-tests=ignore > test-results/output.txt) || true
  scripts/acceptance_table.pl "$prefix" "$folder"/test-results/*.xml || {
    say "the output is in $folder/test-results/output.txt"
    return 1
  }
}
