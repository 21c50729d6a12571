# kill the server under load, again and again: ./dev kill-loop [N]
#
# Kills `lockstep up` with SIGKILL at N random moments (100 without a number) while webhooks, API calls
# and SQL edits come in, starts it again, and checks that nothing acknowledged is lost, that nothing
# exists twice, and that both sides end equal. The choices follow from a seed, which is printed.
#   ./dev kill-loop 1000
#   SEED=7 ./dev kill-loop        the same choices again
#   PRESET=quick ./dev kill-loop  another preset

source scripts/packages.sh

verb_kill_loop() {
  local preset=${PRESET:-dev} kills=${1:-100} seed=${SEED:-$RANDOM}
  [[ $kills =~ ^[1-9][0-9]*$ ]] || die 2 "how many kills? \"$kills\" is no number"
  need build test
  build "$preset" lockstep whole_test
  say "$kills kills with SEED=$seed"
  LOCKSTEP_TEST_KILLS=$kills LOCKSTEP_TEST_SEED=$seed "build/$preset/tests/whole/whole_test" --gtest_filter='KillLoop.*' --gtest_brief=1
}
