# What the verbs need from Debian 12, in groups; `./dev setup` and the verbs themselves install them.
# Everything is a Debian package or, for the client tests, comes from npm.

packages_build=(
  g++ cmake ninja-build ccache mold pkg-config
  libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev
  libssl-dev libsodium-dev libsqlite3-dev libpq-dev liblua5.4-dev
  libfmt-dev libspdlog-dev libyaml-cpp-dev prometheus-cpp-dev libcli11-dev libjemalloc-dev
  libphonenumber8 libprotobuf-dev libabsl-dev
  libgtest-dev libgmock-dev librapidcheck-dev libbenchmark-dev
)
packages_test=(perl openssl python3-jsonschema postgresql-15)
packages_lint=(perl clang-format-19)
packages_tidy=(clang-19 clang-tidy-19)
packages_fuzz=(clang-19 libclang-rt-19-dev llvm-19)
packages_postgres=(postgresql-15)
packages_recover=(nftables)
packages_bench=(wrk hyperfine)
packages_node=(nodejs npm)
packages_browser=(chromium fonts-liberation)

# libphonenumber-dev depends on Boost 1.74, which cannot be installed beside 1.81: only its headers are needed
# (they include those of protobuf and absl, which are installed).
phonenumber_header=build/deps/usr/include/phonenumbers/phonenumberutil.h

# missing_packages <packages...>: prints those that are not installed.
missing_packages() {
  local package
  local -A installed=()
  while read -r package; do installed[$package]=1; done < <(
    dpkg-query -W -f='${Package} ${db:Status-Status}\n' "$@" 2> /dev/null | sed -n 's/ installed$//p' || true
  )
  for package in "$@"; do
    if [[ -z ${installed[$package]:-} ]]; then
      echo "$package"
      installed[$package]=1  # two groups may name it
    fi
  done
}

apt_updated=no
apt_update() {
  [[ $apt_updated == no ]] || return 0
  say "apt-get update"
  as_root apt-get -q update > build/apt.log 2>&1 || {
    tail -n 20 build/apt.log >&2
    die 3 "apt-get update failed (the whole output is in build/apt.log)"
  }
  apt_updated=yes
}

install_packages() {
  command -v apt-get > /dev/null || die 3 "this is not Debian (no apt-get); install yourself: $*"
  apt_update
  say "apt-get install $*"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "$@" > build/apt.log 2>&1 || {
    tail -n 30 build/apt.log >&2
    die 3 "apt-get install failed (the whole output is in build/apt.log)"
  }
}

unpack_phonenumber_headers() {
  local folder
  folder=$(mktemp -d)
  say "unpacking the headers of libphonenumber-dev into build/deps"
  # A machine whose package lists were cleaned away finds nothing before an update.
  (cd "$folder" && apt-get -q download libphonenumber-dev > /dev/null 2>&1) || {
    apt_update
    (cd "$folder" && apt-get -q download libphonenumber-dev 2>&1 | grep -v '^W:') || true
  }
  ls "$folder"/libphonenumber-dev_*.deb > /dev/null 2>&1 || die 3 "apt-get download libphonenumber-dev brought nothing"
  mkdir -p build/deps
  dpkg -x "$folder"/libphonenumber-dev_*.deb build/deps
  rm -r "$folder"
}

# need <groups...>: installs what is missing; says nothing when nothing is.
need() {
  local group wanted=() missing=()
  mkdir -p build
  for group in "$@"; do
    local -n packages=packages_$group
    wanted+=("${packages[@]}")
  done
  mapfile -t missing < <(missing_packages "${wanted[@]}")
  if ((${#missing[@]})); then install_packages "${missing[@]}"; fi
  if [[ " $* " == *" build "* && ! -f $phonenumber_header ]]; then unpack_phonenumber_headers; fi
}
