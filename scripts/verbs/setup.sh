# install what building and testing needs
#
# ./dev setup [group...]
#
# Installs Debian packages with apt-get (as root, or through sudo) and unpacks the headers of
# libphonenumber into build/deps. Groups: build test lint tidy fuzz postgres bench node browser, or all;
# without one: build and test. The other verbs call this themselves for what they need.
# "test" and "postgres" install postgresql-15, whose package also makes Debian's own cluster on port 5432;
# Lockstep's tests and demo do not use that one, they make their own in a temporary folder.
# "node" makes sure of Node 20, which Debian 12 does not have: npm brings it into build/deps/node.
# "browser" is Chromium, Node and the npm packages of tests/browser.

source scripts/packages.sh
source scripts/node.sh

verb_setup() {
  local groups=("$@") group from_debian=()
  ((${#groups[@]})) || groups=(build test)
  [[ ${groups[*]} == all ]] && groups=(build test lint tidy fuzz postgres bench node browser)
  for group in "${groups[@]}"; do
    declare -p "packages_$group" > /dev/null 2>&1 || die 2 "there is no group \"$group\": see ./dev setup --help"
    [[ $group == node ]] || from_debian+=("$group")
  done
  need "${from_debian[@]}"
  [[ " ${groups[*]} " != *" node "* ]] || use_node
  [[ " ${groups[*]} " != *" browser "* ]] || use_browser
  say "installed: ${groups[*]}"
}
