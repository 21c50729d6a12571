# people and faults for a while, then an audit: ./dev soak [MINUTES] [--seed N] [--contacts N]
#
# Builds the release preset and runs real processes for MINUTES (10 without a number) while people edit on all sides and
# the faults of ./dev recover strike at random moments. Then all sides must be equal field by field, with nothing
# acknowledged lost or doubled, accepted = applied + suppressed + parked + pending, and memory and descriptors may
# not have grown; else the exit code is 1. The faults follow from a seed, which is printed.
#   ./dev soak 30
#   ./dev soak 5 --seed 7     the same faults again
#   PRESET=dev ./dev soak 5   another preset

source scripts/packages.sh

verb_soak() {
  local preset=${PRESET:-release}
  need build test recover
  build "$preset" recover
  "build/$preset/tests/recover/recover" soak "$@"
}
