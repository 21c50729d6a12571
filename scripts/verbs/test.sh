# build with sanitizers and run all tests: ./dev test [filter]
#
# Unit tests first, in parallel, with some hundred seeds of the simulator among them (`seeds`), then the tests of the
# whole program, then those with the client libraries of npm, then those of the page in Chromium.
# Built with AddressSanitizer and UndefinedBehaviorSanitizer. The last line counts test cases: "N passed, N failed".
# Skipped ones are listed with their reasons.
#
#   ./dev test                 everything
#   ./dev test sync            the tests of one module or suite (ctest -N in build/dev lists them)
#   ./dev test '*Merge*'       the test cases whose name matches, GoogleTest style
#   PRESET=tsan ./dev test     another preset: tsan, quick, release

source scripts/packages.sh
source scripts/node.sh

verb_test() {
  local preset=${PRESET:-dev} filter=${1:-} status=0
  local folder=build/$preset targets=() selected=() not_first='whole|browser|node' browser=no node=no
  # Whatever ends this early (a package, a compiler error), the last line is a count.
  trap 'echo "nothing was tested"; echo "0 passed, 1 failed"' EXIT
  need build test lint
  [[ $preset != clang ]] || need fuzz
  configure "$preset"
  if [[ -n $filter ]]; then
    if has_test "$folder" -R "^$filter\$"; then
      selected=(-R "^$filter\$")
      # A module's tests need nothing but their own program; the house rules and the SQL of a recipe not even that.
      if has_test "$folder" -R "^$filter\$" -L 'house|recipe'; then
        targets=(build.ninja)
      elif [[ $filter == @(browser|realtime|schedules|seeds) ]]; then
        targets=(lockstep)
      elif ! has_test "$folder" -R "^$filter\$" -L whole; then
        targets=("${filter}_test")
      fi
    else
      export GTEST_FILTER=$filter
      [[ $filter == *[*.]* ]] || GTEST_FILTER="*$filter*"
      not_first='whole|browser|node|house|recipe|seeds'
    fi
  fi
  if [[ -z $filter || $filter == browser ]]; then
    browser=yes
    use_browser
  fi
  if [[ -z $filter || $filter == @(realtime|schedules) ]]; then
    node=yes
    use_realtime_clients
  fi
  build "$preset" "${targets[@]}"

  rm -rf "$folder/test-results"
  mkdir -p "$folder/test-results"
  export UBSAN_OPTIONS=print_stacktrace=1
  say "unit tests"
  run_ctest "$folder" unit -LE "$not_first" -j "$(nproc)" "${selected[@]}" || status=1
  say "tests of the whole program"
  run_ctest "$folder" whole -L whole "${selected[@]}" || status=1
  if [[ $node == yes ]]; then
    say "tests with the client libraries"
    run_ctest "$folder" node -L node -j "$(nproc)" "${selected[@]}" || status=1
  fi
  if [[ $browser == yes ]]; then
    say "tests of the page in a browser"
    run_ctest "$folder" browser -L browser "${selected[@]}" || status=1
  fi

  # The summary decides, and no fault that ctest saw may be missing from it.
  trap - EXIT
  scripts/summarize_tests.pl "$folder/test-results" "$status"
}

# has_test <build folder> <ctest arguments>
has_test() {
  local folder=$1
  shift
  grep -q 'Total Tests: [1-9]' <<< "$(cd "$folder" && ctest -N "$@")"
}

# run_ctest <build folder> <name of the result file> [ctest arguments]
run_ctest() {
  local folder=$1 name=$2
  shift 2
  (cd "$folder" && ctest --output-on-failure --no-tests=ignore --output-junit "test-results/ctest-$name.junit" "$@")
}
