# What the verbs share. Sourced by ./dev, which has already changed into the root of the clone.

# Exit codes, the same as the program's own: 1 failed, 2 bad input, 3 bad environment.
say() { printf '== %s\n' "$*"; }
die() {
  local code=$1
  shift
  printf './dev: %s\n' "$*" >&2
  exit "$code"
}

as_root() {
  if [[ $(id -u) == 0 ]]; then
    "$@"
  elif command -v sudo > /dev/null; then
    sudo "$@"
  else
    die 3 "this needs root: run it as root, or install sudo, or run yourself: $*"
  fi
}

# Compilers at once: one per processor, but no more than memory allows (a sanitized file with Beast in it takes up to 2 GB).
job_count() {
  local processors memory_kb by_memory
  processors=$(nproc)
  memory_kb=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)
  by_memory=$((memory_kb / 2000000))
  ((by_memory < 1)) && by_memory=1
  echo $((processors < by_memory ? processors : by_memory))
}

# configure <preset>: ninja configures again by itself when a file changed, so an existing folder is left alone.
configure() {
  local preset=$1
  mkdir -p build
  if [[ -f build/$preset/build.ninja ]]; then return; fi
  say "configuring build/$preset"
  cmake --preset "$preset" > "build/configure-$preset.log" 2>&1 || {
    cat "build/configure-$preset.log" >&2
    die 1 "configuring failed"
  }
}

# build <preset> [targets]
build() {
  local preset=$1
  shift
  configure "$preset"
  say "building build/$preset${*:+: $*}"
  ninja -C "build/$preset" -j "$(job_count)" "$@"
}

# The presets a person can name.
preset_names() {
  sed -n 's/.*"name": "\([a-z]*\)".*/\1/p' CMakePresets.json | grep -vx base
}
