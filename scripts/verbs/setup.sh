# install what building and testing needs
#
# ./dev setup [group...]
#
# Installs Debian packages with apt-get (as root, or through sudo) and unpacks the headers of
# libphonenumber into build/deps. Groups: build test lint tidy fuzz postgres bench, or all;
# without one: build and test. The other verbs call this themselves for what they need.
# "postgres" installs postgresql-15, whose package also starts Debian's own cluster on port 5432.

source scripts/packages.sh

verb_setup() {
  local groups=("$@") group
  ((${#groups[@]})) || groups=(build test)
  [[ ${groups[*]} == all ]] && groups=(build test lint tidy fuzz postgres bench)
  for group in "${groups[@]}"; do
    declare -p "packages_$group" > /dev/null 2>&1 || die 2 "there is no group \"$group\": see ./dev setup --help"
  done
  need "${groups[@]}"
  say "installed: ${groups[*]}"
}
