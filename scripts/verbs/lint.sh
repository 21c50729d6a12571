# check style and layers: ./dev lint [--quick | --all]
#
# 1. scripts/lint_sources.pl: includes against the DEPS lines, file length, banned calls and words
# 2. clang-format-19
# 3. clang-tidy-19 on the .cpp files changed since origin/main (or since the last commit)
#
#   --quick   without clang-tidy (this is what ./dev test runs)
#   --all     clang-tidy on every file; takes minutes

source scripts/packages.sh

verb_lint() {
  local mode=${1:-changed} status=0
  case $mode in changed | --quick | --all) ;; *) die 2 "lint knows --quick and --all, not \"$mode\"" ;; esac
  need lint
  say "layers, length, words"
  scripts/lint_sources.pl || status=1
  say "format"
  lint_format || status=1
  if [[ $mode != --quick ]]; then
    lint_tidy "$mode" || status=1
  fi
  if ((status)); then echo "lint: failed"; else echo "lint: clean"; fi
  return "$status"
}

# Tracked and new C++ files, without what is deleted but not committed yet.
cpp_files() {
  local file
  git ls-files --cached --others --exclude-standard -- "$@" | sort -u | while read -r file; do
    if [[ -f $file ]]; then echo "$file"; fi
  done
}

lint_format() {
  local files
  mapfile -t files < <(cpp_files '*.cpp' '*.hpp')
  ((${#files[@]})) || return 0
  # Of each finding the place; what is wrong with it, ./dev fmt shows by repairing it.
  if ! clang-format-19 --dry-run -Werror "${files[@]}" 2> build/format.log; then
    grep -E '^[^ ]+:[0-9]+:[0-9]+: error:' build/format.log | cut -d: -f1,2 | sort -uV | sed 's/$/: format/'
    echo "./dev fmt <files> repairs this"
    return 1
  fi
}

lint_tidy() {
  need build tidy
  mkdir -p build
  configure clang
  local files base
  if [[ $1 == --all ]]; then
    mapfile -t files < <(cpp_files 'src/*.cpp' 'connectors/*.cpp' 'simulation/*.cpp' 'tests/*.cpp' 'bench/*.cpp')
  else
    base=$(git merge-base HEAD origin/main 2> /dev/null || git rev-parse HEAD)
    mapfile -t files < <({
      git diff --name-only --diff-filter=d "$base" -- '*.cpp'
      git ls-files --others --exclude-standard -- '*.cpp'
    } | sort -u)
  fi
  say "clang-tidy on ${#files[@]} files"
  ((${#files[@]})) || return 0
  rm -rf build/tidy
  mkdir -p build/tidy
  export -f tidy_one
  printf '%s\n' "${files[@]}" | xargs -P "$(job_count)" -I{} bash -c 'tidy_one {}' && return 0
  # A finding in a header comes once per file that includes it.
  grep -hE ' (error|warning): ' build/tidy/* | sed "s|^$PWD/||" | sort -uV
  say "with the code lines: build/tidy"
  return 1
}

tidy_one() {
  local log=build/tidy/${1//\//_}.log
  if clang-tidy-19 -p build/clang --quiet "$1" > "$log" 2>&1; then echo "  $1"; else echo "  $1: findings"; return 1; fi
}
