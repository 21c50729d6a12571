# plant bugs and see them caught: ./dev mutants [NAME...]
#
# Each file of simulation/mutants is one realistic bug: a line that says what it is, and a patch. Every one is built into
# a copy of the sources (build/mutants) and run in the simulator until a seed fails, SEEDS at most (2,000); what none of
# them catches is tried with the fault plans of simulation/plans, one after the other. Prints which seed caught it, of
# which plan, and what was violated; exit code 1: one was not caught, or a patch does not apply any more. That the seeds
# pass without a bug is what ./dev sim shows.
#   ./dev mutants tags-replaced clock-stands
#   SEEDS=10000 ./dev mutants

source scripts/packages.sh

# Plants the bug in the copy, or takes it out again.
mutant_apply() {
  local tree=$1 name=$2
  patch -s -d "$tree" -p1 < "simulation/mutants/$name.patch" > build/mutants/patch.log 2>&1 || return 1
  echo "$name" > build/mutants/planted
}
mutant_revert() {
  local tree=$1 name=$2
  patch -s -R -d "$tree" -p1 < "simulation/mutants/$name.patch" && rm -f build/mutants/planted
}

mutant_what() { head -1 "simulation/mutants/$1.patch"; }

# The first failing seed and its invariant, or nothing. mutant_run TREE SEEDS [PLAN]
mutant_run() {
  local tree=$1 seeds=$2
  # It fails when it has found something.
  (cd "$tree" && build/release/lockstep sim --seeds "$seeds" --failures 1 --jobs 2 ${3:+--plan "$3"} 2>/dev/null || true) |
    sed -n 's/^seed \([0-9]*\) violates \([A-Za-z0-9]*\).*/\1 \2/p' | head -1
}

verb_mutants() {
  local seeds=${SEEDS:-2000} tree=build/mutants/tree missed=0 caught=0 name plan found began seed invariant
  (($#)) || set -- $(cd simulation/mutants && ls | sed 's/\.patch$//')
  need build
  mkdir -p "$tree"
  # Left by a run that was interrupted.
  if [[ -f build/mutants/planted ]]; then mutant_revert "$tree" "$(< build/mutants/planted)" || rm -rf "$tree"; fi
  mkdir -p "$tree"
  # As it is now: what has gone goes here too, what has been built stays. Every file is new, or an object with the bug of
  # the run before would count as built from it.
  find "$tree" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
  git ls-files -z --cached --others --exclude-standard | tar --null --files-from=- -cf - | tar -xmf - -C "$tree"
  say "building them without a bug"
  (cd "$tree" && ./dev build release lockstep) > build/mutants/build.log 2>&1 || die 1 "that failed: see build/mutants/build.log"
  printf '%-34s %8s %-10s %7s  %s\n' 'planted bug' 'seed' 'violates' 'seconds' 'what it is'
  for name in "$@"; do
    [[ -f simulation/mutants/$name.patch ]] || die 2 "there is no simulation/mutants/$name.patch"
    began=$SECONDS
    if ! mutant_apply "$tree" "$name"; then
      printf '%-34s %s\n' "$name" 'the patch does not apply any more: make it anew'
      missed=$((missed + 1))
    else
      if (cd "$tree" && ./dev build release lockstep) > "build/mutants/$name.log" 2>&1; then
        found=$(mutant_run "$tree" "$seeds")
        for plan in simulation/plans/*.plan; do
          [[ -n $found ]] && break
          found=$(mutant_run "$tree" "$seeds" "$plan")
          found=${found:+$(basename "$plan" .plan):$found}
        done
        [[ -n $found ]] && caught=$((caught + 1)) || missed=$((missed + 1))
        read -r seed invariant <<< "${found:-none -}"
        printf '%-34s %8s %-10s %7s  %s\n' "$name" "$seed" "$invariant" $((SECONDS - began)) "$(mutant_what "$name")"
      else
        printf '%-34s %s\n' "$name" "does not build: see build/mutants/$name.log"
        missed=$((missed + 1))
      fi
      mutant_revert "$tree" "$name"
    fi
  done
  say "$caught caught, $missed not, of $# planted bugs; $seeds seeds at most"
  ((missed == 0))
}
