# A PostgreSQL server of its own in a temporary folder, on a unix socket only. Sourced by run.sh.

binaries=/usr/lib/postgresql/15/bin

# Programs of the server refuse root: then they run as the user postgres.
as_server() {
  if [[ $(id -u) == 0 ]]; then
    (cd / && setpriv --reuid=postgres --regid=postgres --init-groups -- "$@")
  else
    (cd / && "$@")
  fi
}

start_cluster() {
  cluster=$(mktemp -d /tmp/lockstep-recipe-XXXXXX)
  [[ $(id -u) != 0 ]] || chown postgres: "$cluster"
  trap stop_cluster EXIT
  {
    as_server "$binaries/initdb" -D "$cluster/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync &&
      as_server "$binaries/pg_ctl" -D "$cluster/data" -l "$cluster/server.log" -w -t 60 start -o \
        "-c listen_addresses='' -c unix_socket_directories='$cluster' -c fsync=off -c wal_level=logical -c shared_buffers=32MB"
  } > "$cluster.log" 2>&1 || {
    cat "$cluster.log" >&2
    return 1
  }
  export PGHOST=$cluster PGPORT=5432 PGUSER=postgres PGOPTIONS='-c client_min_messages=warning'
}

stop_cluster() {
  as_server "$binaries/pg_ctl" -D "$cluster/data" -m immediate -w -t 60 stop > /dev/null 2>&1
  rm -rf "$cluster" "$cluster.log"
}

# sql <statements> [psql options]: of the check's database, as its owner. Rows one per line, columns split by "|".
sql() {
  local statements=$1
  shift
  psql -X -q -A -t -v ON_ERROR_STOP=1 "$@" <<< "$statements"
}

# as <user id> <statements>: as a person with a token, through a role that can be nothing else.
as() { PGUSER=visitor sql "begin; set local role authenticated; set local request.jwt.claims = '{\"sub\": \"$1\"}'; $2; commit"; }
as_anonymous() { PGUSER=visitor sql "begin; set local role anon; set local request.jwt.claims = '{\"role\": \"anon\"}'; $1; commit"; }
as_service() { sql "begin; set local role service_role; $1; commit"; }

# migrate: all migrations in one transaction, as the README says.
migrate() {
  local file options=()
  for file in "$recipe"/migrations/*.sql; do options+=(-f "$file"); done
  psql -X -q -1 -v ON_ERROR_STOP=1 "$@" "${options[@]}"
}
