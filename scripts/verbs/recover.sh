# how fast it is well again: ./dev recover [--runs N] [--seed N] [--json FILE] [FAULT...]
#
# Builds the release preset and strikes real processes with faults (SIGKILL, a full disk, a killed database, a CRM that
# answers rubbish …) while people edit on all sides, 10 times each, and prints the time until it serves again and until
# all sides are equal. Each run ends with an audit: nothing acknowledged may be lost or doubled, else the exit code
# is 1. Docs: docs/recovery.md. Some faults need root; what is not possible here is said.
# What a killed run leaves (its PostgreSQL, mounted disks, folders) the next one removes.
#   ./dev recover                        all of them, about 35 minutes
#   ./dev recover --runs 3 kill crm-cut
#   PRESET=quick ./dev recover           another preset

source scripts/packages.sh

verb_recover() {
  local preset=${PRESET:-release}
  need build test recover
  build "$preset" recover
  "build/$preset/tests/recover/recover" recover "$@"
}
