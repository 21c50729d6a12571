# run the simulator: ./dev sim [arguments of lockstep sim]
#
# Builds the release preset and runs `lockstep sim`: a CRM, a database, people, faults and crashes from a seed, with an
# audit of every run (docs/simulator.md). Without arguments 2,000 seeds, about two minutes on two cores.
#   ./dev sim --seeds 20000 --coverage
#   ./dev sim --seed 4711 --trace
#   ./dev sim --seeds 500 --plan simulation/plans/crashes.plan

source scripts/packages.sh

verb_sim() {
  need build
  build release lockstep
  if (($# == 0)); then set -- --seeds 2000 --coverage; fi
  build/release/lockstep sim "$@"
}
