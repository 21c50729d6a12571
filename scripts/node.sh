# Node 20 or newer, for what is JavaScript: the tests in a browser and a benchmark. Debian 12's own is 18; the npm
# package "node" brings a newer one, which goes into build/deps/node and nowhere else.

node_local=build/deps/node/node_modules/node/bin

node_is_new_enough() {
  local version
  version=$("$1" --version 2> /dev/null) || return 1
  [[ $version =~ ^v([0-9]+)\. ]] && ((BASH_REMATCH[1] >= 20))
}

# Puts a node and an npm that are new enough first in PATH, installing them when there are none.
use_node() {
  if [[ -x $node_local/node ]]; then
    PATH=$PWD/$node_local:$PATH
  elif ! node_is_new_enough node || ! command -v npm > /dev/null; then
    need node
    if ! node_is_new_enough node; then
      say "npm install node@20 into build/deps/node"
      npm install --loglevel=error --no-fund --no-audit --prefix build/deps/node node@20 > build/npm.log 2>&1 || {
        tail -n 20 build/npm.log >&2
        die 3 "npm could not bring node 20 (the whole output is in build/npm.log)"
      }
      PATH=$PWD/$node_local:$PATH
    fi
  fi
  export PATH
}

# npm_packages <folder>: what its package-lock.json names, when it is not there or another one was there.
npm_packages() {
  local folder=$1
  [[ $folder/package-lock.json -nt $folder/node_modules/.package-lock.json ]] || return 0
  say "npm ci in $folder"
  npm ci --loglevel=error --no-fund --no-audit --prefix "$folder" > build/npm.log 2>&1 || {
    tail -n 20 build/npm.log >&2
    die 3 "npm ci failed in $folder (the whole output is in build/npm.log)"
  }
}

# The client libraries that the tests of realtime drive.
use_realtime_clients() {
  use_node
  npm_packages tests/realtime
}

# All that the tests in a browser need.
use_browser() {
  need browser
  use_node
  npm_packages tests/browser
  npm_packages tests/realtime  # the client libraries, which run on a page as well
}
