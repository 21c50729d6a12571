#!/usr/bin/env bash
# run.sh <recipe's folder> <result file> [part of a check's name]
#
# The SQL of the recipe against a real PostgreSQL. A check is a function in checks/: CM_001_… proves the item CM-001 of the
# checklist wholly, part_of_CM_010_… proves what SQL can of it. Each has a database of its own.
set -uo pipefail
recipe=$(readlink -f "$1") results=$2 only=${3:-${ONLY:-}}
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
source "$here/cluster.sh"

if [[ ! -x $binaries/initdb ]]; then
  echo "PostgreSQL 15 is not installed: ./dev setup postgres" >&2
  exit 3
fi

# Two tenants and what the checks call them; people are mapped in seed.sql.
A=aaaaaaaa-0000-4000-8000-000000000001 B=bbbbbbbb-0000-4000-8000-000000000002 EMPTY=cccccccc-0000-4000-8000-000000000003
VIEWER_A=00000000-0000-4000-8000-0000000000a1 EDITOR_A=00000000-0000-4000-8000-0000000000a2
OWNER_A=00000000-0000-4000-8000-0000000000a3 OWNER_B=00000000-0000-4000-8000-0000000000b3
BOTH=00000000-0000-4000-8000-0000000000c1 NOBODY=00000000-0000-4000-8000-0000000000d1
tables=(user_sources ghl_sources ghl_contacts ghl_pipelines ghl_opportunities ghl_orders ghl_payments ghl_reviews ghl_sync_jobs)
views=(v_ghl_contacts_recent v_ghl_opportunities_report v_ghl_pipeline_stage_summary v_ghl_revenue_summary
  v_ghl_reviews_summary v_ghl_reviews_recent v_ghl_sync_status v_ghl_dashboard_summary)
reports=(v_ghl_sync_durations v_ghl_freshness v_ghl_source_activity)

# --- what checks say ---

fail() {
  echo "$*" >&2
  exit 1
}
# equal <what> <expected> <actual>
equal() { [[ $2 == "$3" ]] || fail "$1: expected"$'\n'"$2"$'\n'"but it is"$'\n'"$3"; }
# refused <part of the error> <command...>
refused() {
  local text=$1 output
  shift
  if output=$("$@" 2>&1); then fail "must be refused: $* (it gave: $output)"; fi
  [[ $output == *"$text"* ]] || fail "refused, but not for this reason ($text): $output"
}

# --- running ---

passed=0 failed=0 cases=""
plain() { sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/"/\&quot;/g' | tr '\n' ' ' | tr -d '\000-\010\013\014\016-\037'; }

run_check() {  # run_check <name>
  local name=$1 output began=$EPOCHREALTIME
  export PGDATABASE=postgres
  # Not as a condition of an if: there `set -e` does nothing.
  output=$(
    exec 2>&1
    set -e
    sql "create database one template seeded"
    export PGDATABASE=one
    "$name"
  )
  if [[ $? == 0 ]]; then
    passed=$((passed + 1))
    cases+="<testcase classname=\"crm_mirror\" name=\"$name\" status=\"run\"/>"$'\n'
    echo "ok    $name ($(((${EPOCHREALTIME/./} - ${began/./}) / 1000)) ms)"
  else
    failed=$((failed + 1))
    cases+="<testcase classname=\"crm_mirror\" name=\"$name\" status=\"run\"><failure message=\"$(plain <<< "$output")\"/></testcase>"$'\n'
    echo "FAIL  $name: $output"
  fi
  sql "drop database if exists one with (force)"
}

start_cluster || exit 3
PGDATABASE=postgres sql "create database seeded" || exit 3
if ! { migrate -d seeded && sql "create role visitor login noinherit in role anon, authenticated" -d seeded &&
  psql -X -q -v ON_ERROR_STOP=1 -d seeded -f "$here/seed.sql"; }; then
  echo "the recipe's migrations do not run on an empty database" >&2
  exit 1
fi

for file in "$here"/checks/*.sh; do source "$file"; done
for name in $(compgen -A function | grep -E '^(part_of_)?CM_[0-9]{3}_' | sort); do
  [[ $name != *"$only"* ]] || run_check "$name"
done

mkdir -p "$(dirname "$results")"
printf '<testsuites>\n%s</testsuites>\n' "$cases" > "$results"
echo "crm_mirror: $passed passed, $failed failed"
((failed == 0))
