# compile: ./dev build [preset] [targets]
#
# Presets: dev (sanitizers; the default), quick (no sanitizers, fastest to compile), release,
# tsan (ThreadSanitizer), clang (second compiler), fuzz. Targets are ninja's; without one: everything.

source scripts/packages.sh

verb_build() {
  local preset=dev
  if (($#)) && grep -qx -- "$1" <<< "$(preset_names)"; then
    preset=$1
    shift
  fi
  need build
  case $preset in clang | fuzz) need fuzz ;; esac
  build "$preset" "$@"
}
