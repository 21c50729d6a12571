# format C++ files in place: ./dev fmt [--all | files]
#
# Without files: those changed since the last commit, and new ones. Style: .clang-format.

source scripts/packages.sh

verb_fmt() {
  need lint
  local files=("$@")
  if [[ ${1:-} == --all ]]; then
    mapfile -t files < <(git ls-files -- '*.cpp' '*.hpp')
  elif ((!${#files[@]})); then
    mapfile -t files < <({
      git diff --name-only --diff-filter=d HEAD -- '*.cpp' '*.hpp'
      git ls-files --others --exclude-standard -- '*.cpp' '*.hpp'
    } | sort -u)
  fi
  say "clang-format on ${#files[@]} files"
  ((${#files[@]})) || return 0
  clang-format-19 -i "${files[@]}"
}
