# run the fuzzers: ./dev fuzz [name] [--seconds N]
#
# Builds every *_fuzz.cpp with clang-19 and libFuzzer (AddressSanitizer and UndefinedBehaviorSanitizer on).
# Without a name: a smoke run over all of them, 10 seconds each. With one: that fuzzer, 60 seconds.
# The seeds of thing_fuzz.cpp are in corpus/thing/ beside it; what a run finds goes to
# build/fuzz/corpus/<fuzzer>/, an input that breaks something to build/fuzz/crashes/. Once fixed, add
# that input to the seeds.
#   build/fuzz/.../<fuzzer> <file>   runs one input again

source scripts/packages.sh

verb_fuzz() {
  local name="" seconds="" status=0
  while (($#)); do
    case $1 in
      --seconds)
        [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || die 2 "--seconds needs a number"
        seconds=$2
        shift
        ;;
      -*) die 2 "fuzz does not know $1" ;;
      *) name=$1 ;;
    esac
    shift
  done
  need build fuzz
  build fuzz build.ninja
  if [[ -n $name ]]; then
    grep -q "^$name " build/fuzz/fuzzers.txt ||
      die 2 "there is no fuzzer \"$name\"; there are: $(cut -d' ' -f1 build/fuzz/fuzzers.txt | tr '\n' ' ')"
    build fuzz "$name"
    fuzz_one "${seconds:-60}" "$name"
    return
  fi
  build fuzz fuzzers
  [[ -s build/fuzz/fuzzers.txt ]] || die 1 "there are no fuzzers"
  export -f fuzz_one say
  cut -d' ' -f1 build/fuzz/fuzzers.txt | xargs -P "$(nproc)" -I{} bash -c 'fuzz_one "$@"' _ "${seconds:-10}" {} || status=1
  ((status)) && echo "fuzz: failed" || echo "fuzz: $(wc -l < build/fuzz/fuzzers.txt) fuzzers, nothing found"
  return "$status"
}

# fuzz_one <seconds> <name>: one line when it is well, the whole output when it is not.
fuzz_one() {
  local seconds=$1 name=$2 program seeds found=build/fuzz/corpus/$2 log=build/fuzz/$2.log
  read -r _ program seeds < <(grep "^$name " build/fuzz/fuzzers.txt)
  mkdir -p "$found" build/fuzz/crashes
  [[ -d $seeds ]] || seeds=""
  if "$program" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/crashes/$name-" "$found" $seeds > "$log" 2>&1; then
    say "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs in $seconds s, nothing found"
  else
    cat "$log"
    say "$name: FAILED (input in build/fuzz/crashes)"
    return 1
  fi
}
