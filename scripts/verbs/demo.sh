# a running Lockstep with a simulated CRM: ./dev demo [--postgres] [--once]
#
# Installs what is missing, builds the release program and runs `lockstep demo`. Everything after
# `demo` goes to the program; `./dev demo -- --help` prints its own help.
# --postgres additionally makes sure that postgresql-15 is installed.

source scripts/packages.sh

verb_demo() {
  need build
  local argument
  for argument in "$@"; do
    if [[ $argument == --postgres ]]; then need postgres; fi
  done
  build release lockstep
  [[ ${1:-} == -- ]] && shift
  exec build/release/lockstep demo "$@"
}
