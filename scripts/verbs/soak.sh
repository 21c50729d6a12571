# people and faults for a while, then an audit: ./dev soak [MINUTES] [--seed N] [--contacts N] [--rate N] [--fault-percent N] [--plot FILE]
#
# Builds the release preset and runs real processes for MINUTES (10 without a number) while people edit on all sides and
# the faults of ./dev recover strike at random moments. Then all sides must be equal field by field, with nothing
# acknowledged lost or doubled, accepted = applied + suppressed + parked + pending, and memory and descriptors may
# not have grown; else the exit code is 1. The faults follow from a seed, which is printed.
#
# --rate: edits a second of all three who edit, 60 without; 0: half of what they get through at most, which is measured first
# --fault-percent: so many of the CRM's calls and webhooks go wrong all the time, beside the faults that strike
# --plot: memory and waiting writes over time, as SVG
#   ./dev soak --minutes 30 --rate 0 --fault-percent 1 --plot docs/soak.svg   the run that is in the docs
#   ./dev soak 5 --seed 7     the same faults again
#   PRESET=dev ./dev soak 5   another preset

source scripts/packages.sh

verb_soak() {
  local preset=${PRESET:-release}
  need build test recover
  build "$preset" recover
  "build/$preset/tests/recover/recover" soak "$@"
}
