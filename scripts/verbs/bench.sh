# measure: ./dev bench [name] [arguments of that benchmark]
#
# Builds the release preset and runs bench/<name>: its program <name>_bench or, where other programs take
# part, the script bench/<name>/run, which gets the build folder as its first argument.
# Without a name: all of them, one after the other. Leave the machine alone meanwhile.
#   ./dev bench store --benchmark_filter=Commit

source scripts/packages.sh
source scripts/node.sh

verb_bench() {
  local names=() name
  if (($#)); then
    names=("$1")
    shift
    [[ ${names[0]} =~ ^[a-z0-9_]+$ && -d bench/${names[0]} ]] ||
      die 2 "there is no benchmark \"${names[0]}\"; there are: $(bench_names | tr '\n' ' ')"
  else
    mapfile -t names < <(bench_names)
  fi
  need build bench postgres
  if [[ " ${names[*]} " == *" webhooks "* || " ${names[*]} " == *" realtime "* ]]; then use_node; fi
  if [[ " ${names[*]} " == *" sql_live "* ]]; then use_realtime_clients; fi
  for name in "${names[@]}"; do
    if [[ -x bench/$name/run ]]; then
      build release lockstep
      say "bench/$name"
      "bench/$name/run" build/release "$@"
    else
      build release "${name}_bench"
      say "bench/$name"
      "build/release/bench/$name/${name}_bench" "$@"
    fi
  done
}

bench_names() {
  local folder
  for folder in bench/*/; do
    if [[ -x ${folder}run ]] || grep -q "_bench " "${folder}CMakeLists.txt"; then basename "$folder"; fi
  done
}
