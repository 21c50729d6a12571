# Who sees and does what, by direct SQL as the roles that PostgREST uses.

# seen_by <user id>: rows of each table and view as the person sees them: "table=of A/of B/of no tenant".
seen_by() {
  local one where list=""
  for one in "${tables[@]}" "${views[@]}" v_ghl_freshness v_ghl_source_activity; do
    where=source_id
    [[ $one != ghl_sources ]] || where=id
    list+="select '$one=' || count(*) filter (where $where = '$A') || '/' || count(*) filter (where $where = '$B') || '/' ||
      count(*) filter (where $where not in ('$A', '$B')) from $one;"
  done
  as "$1" "$list" | tr '\n' ' '
}

rows_of_a="ghl_sources=1/0/0 ghl_contacts=3/0/0 ghl_pipelines=1/0/0 ghl_opportunities=3/0/0 ghl_orders=2/0/0 ghl_payments=2/0/0 \
ghl_reviews=2/0/0 ghl_sync_jobs=2/0/0 v_ghl_contacts_recent=2/0/0 v_ghl_opportunities_report=2/0/0 v_ghl_pipeline_stage_summary=1/0/0 \
v_ghl_revenue_summary=1/0/0 v_ghl_reviews_summary=1/0/0 v_ghl_reviews_recent=2/0/0 v_ghl_sync_status=1/0/0 \
v_ghl_dashboard_summary=1/0/0 v_ghl_freshness=6/0/0 v_ghl_source_activity=1/0/0 "
recent_jobs="update ghl_sync_jobs set created_at = now() - interval '1 hour', started_at = now() - interval '1 hour',
  completed_at = now() - interval '59 minutes'"

part_of_CM_010_a_person_sees_only_mapped_sources() {
  sql "$recent_jobs"
  equal "viewer of A" "user_sources=1/0/0 $rows_of_a" "$(seen_by "$VIEWER_A")"
  equal "owner of A" "user_sources=4/0/0 $rows_of_a" "$(seen_by "$OWNER_A")"
  equal "nobody" "$(sed -E 's/=[0-9]+/=0/g' <<< "user_sources=0/0/0 $rows_of_a")" "$(seen_by "$NOBODY")"
  equal "the report over all sources" "contacts 2" "$(as "$VIEWER_A" "select string_agg(job_type || ' ' || total_runs, ',')
    from v_ghl_sync_durations")"
  # Whoever brings no claims, or claims without a user, is nobody.
  equal "no claims" 0 "$(PGUSER=visitor sql "begin; set local role authenticated; select count(*) from ghl_contacts; commit")"
  equal "no user" 0 "$(PGUSER=visitor sql "begin; set local role authenticated; set local request.jwt.claims = '{}';
    select count(*) from ghl_contacts; commit")"
}

part_of_CM_010_queries_written_by_hand_show_no_more() {
  equal "asked for by its id" 0 "$(as "$VIEWER_A" "select count(*) from ghl_contacts where source_id = '$B' or email like 'secret%'")"
  equal "through references and aggregates" "0|0" "$(as "$VIEWER_A" "select (select count(*) from ghl_pipelines where name like 'Secret%'),
    (select count(*) from ghl_opportunities o join ghl_contacts c on c.source_id <> o.source_id)")"
  # A reference into another tenant's rows shows nothing of them.
  sql "insert into ghl_opportunities (source_id, ghl_opportunity_id, name, contact_id, pipeline_id)
    values ('$A', 'crossed', 'x', 'b0000000-0000-4000-8000-000000000001', 'b1000000-0000-4000-8000-000000000001')"
  equal "through a crossed reference" "Unknown||" "$(as "$VIEWER_A" "select contact_display_name, contact_email, pipeline_name
    from v_ghl_opportunities_report where ghl_opportunity_id = 'crossed'")"
  # A function that tells what it is shown, so cheap that the planner would like to ask it first.
  local told
  told=$(PGOPTIONS='-c client_min_messages=notice' as "$VIEWER_A" "create function pg_temp.tell(value text) returns boolean
    language plpgsql cost 0.0000001 as \$\$ begin raise notice 'told %', value; return true; end \$\$;
    select count(*) from ghl_contacts where pg_temp.tell(email);
    select count(*) from v_ghl_contacts_recent where pg_temp.tell(email)" 2>&1)
  [[ $told == *"told sam@a.test"* && $told != *b.test* ]] || fail "the function was shown: $told"
  refused "permission denied" as "$VIEWER_A" "set local role service_role; select count(*) from ghl_contacts"
  refused "query would be affected by row-level security" as "$VIEWER_A" "set local row_security = off; select count(*) from ghl_contacts"
}

# Lockstep asks for callers whom only it knows, and says what they may.
part_of_CM_010_what_lockstep_says_of_its_own_callers_is_for_reading() {
  told() { PGUSER=visitor sql "begin; set local role authenticated; set local lockstep.sources = '$1'; $2; commit"; }
  local count="select count(*) filter (where source_id = '$A') || '/' || count(*) filter (where source_id = '$B') from ghl_contacts"
  local mappings="select count(*) from user_sources where source_id = '$A'"
  equal "a viewer of A" "3/0 0" "$(told "{\"$A\": \"viewer\"}" "$count; $mappings" | tr '\n' ' ' | sed 's/ $//')"
  equal "an owner of A" "3/0 4" "$(told "{\"$A\": \"owner\"}" "$count; $mappings" | tr '\n' ' ' | sed 's/ $//')"
  equal "of all" "3/1" "$(told '{"*": "viewer"}' "$count")"
  equal "nothing" "0/0" "$(told '{}' "$count")"
  refused "row-level security" told '{"*": "admin"}' "insert into user_sources (user_id, source_id, role) values ('$NOBODY', '$A', 'viewer')"
  equal "no right to remove" 0 "$(told '{"*": "admin"}' "with done as (delete from user_sources returning 1) select count(*) from done")"
  refused "permission denied" told '{"*": "admin"}' "delete from ghl_contacts"
}

# That running subscriptions end is not part of this.
part_of_CM_011_mappings_count_at_once() {
  equal "mapped to both" "3/1" "$(as "$BOTH" "select count(*) filter (where source_id = '$A') || '/' ||
    count(*) filter (where source_id = '$B') from ghl_contacts")"
  sql "delete from user_sources where user_id = '$BOTH' and source_id = '$A'"
  equal "mapping removed" "0/1" "$(as "$BOTH" "select count(*) filter (where source_id = '$A') || '/' ||
    count(*) filter (where source_id = '$B') from ghl_contacts")"
}

part_of_CM_012_anonymous_callers_get_nothing() {
  local one
  for one in "${tables[@]}" "${views[@]}" "${reports[@]}"; do
    refused "permission denied" as_anonymous "select count(*) from $one"
  done
  refused "permission denied" as_anonymous "select ghl_mirror.readable_sources()"
  refused "permission denied" as_anonymous "insert into ghl_contacts (ghl_contact_id) values ('x')"
}

# Syncs are triggered through the program, credentials are not set by SQL.
part_of_CM_013_owners_manage_mappings_and_nobody_else() {
  local map="insert into user_sources (user_id, source_id, role) values ('$NOBODY', '$A', 'viewer')" one
  for one in "$VIEWER_A" "$EDITOR_A" "$OWNER_B" "$NOBODY"; do
    refused "row-level security" as "$one" "$map"
    equal "no right to change" 0 "$(as "$one" "with done as (update user_sources set role = 'owner' where source_id = '$A'
      returning 1) select count(*) from done")"
    equal "no right to remove" 0 "$(as "$one" "with done as (delete from user_sources where source_id = '$A' returning 1)
      select count(*) from done")"
  done
  as "$OWNER_A" "$map"
  equal "a new viewer sees" 3 "$(as "$NOBODY" "select count(*) from ghl_contacts")"
  as "$OWNER_A" "update user_sources set role = 'editor' where user_id = '$NOBODY'"
  equal "promoted" editor "$(as "$NOBODY" "select role from user_sources")"
  refused "permission denied" as "$OWNER_A" "update user_sources set source_id = '$B' where user_id = '$NOBODY'"
  refused "row-level security" as "$OWNER_A" "insert into user_sources (user_id, source_id) values ('$NOBODY', '$B')"
  as "$OWNER_A" "delete from user_sources where user_id = '$NOBODY'"
  equal "removed" 0 "$(as "$NOBODY" "select count(*) from ghl_contacts")"
  equal "a mapping without a role is a viewer's" "t|f" "$(sql "begin; set local request.jwt.claims = '{\"sub\": \"$BOTH\"}';
    select ghl_mirror.may('$B', 'viewer'), ghl_mirror.may('$B', 'editor'); commit")"
  # A table that was there before may take other roles: they let nobody in, here as in the program.
  sql "alter table user_sources drop constraint user_sources_role_check;
    insert into user_sources (user_id, source_id, role) values ('$NOBODY', '$A', 'business')"
  equal "a role that is none of a source" 0 "$(as "$NOBODY" "select count(*) from ghl_contacts")"
}

# Edits through the program are not part of this.
part_of_CM_014_nobody_writes_the_mirror_by_sql() {
  local one person output writes="" tries=0
  for one in "${tables[@]:1}"; do
    writes+="insert into $one (id) values (gen_random_uuid()); update $one set created_at = now(); delete from $one; truncate $one cascade;"
    tries=$((tries + 4))
  done
  for person in "$VIEWER_A" "$EDITOR_A" "$OWNER_A"; do
    output=$(PGUSER=visitor sql "set role authenticated; set request.jwt.claims = '{\"sub\": \"$person\"}'; $writes" -v ON_ERROR_STOP=0 2>&1)
    equal "refusals of $tries writes" "$tries" "$(grep -c 'ERROR:  permission denied for table' <<< "$output")"
  done
  refused "cannot update view" as "$OWNER_A" "update v_ghl_contacts_recent set email = 'x'"
  refused "cannot delete from view" as "$OWNER_A" "delete from v_ghl_contacts_recent"
}

part_of_CM_015_the_service_role_reads_and_writes_all() {
  equal "all rows" "4/4" "$(as_service "update ghl_contacts set phone = '+15550100009'; select count(*) || '/' ||
    count(*) filter (where phone = '+15550100009') from ghl_contacts")"
  equal "people can not become it" "f f" "$(sql "select pg_has_role('authenticated', 'service_role', 'member'),
    pg_has_role('anon', 'service_role', 'member')" -F ' ')"
  equal "and none of the three signs in or passes row-level security" 0 "$(sql "select count(*) from pg_roles
    where rolname in ('anon', 'authenticated', 'service_role') and (rolcanlogin or rolbypassrls or rolsuper)")"
}

part_of_CM_016_credentials_are_out_of_reach() {
  local one
  for one in "$VIEWER_A" "$OWNER_A"; do
    refused "permission denied" as "$one" "select sealed from ghl_mirror.source_credentials"
    equal "what the source shows" "Alpha|" "$(as "$one" "select name, api_key_encrypted from ghl_sources")"
  done
  refused "permission denied" as_anonymous "select sealed from ghl_mirror.source_credentials"
  equal "the service" "sealed-of-alpha" "$(as_service "select sealed from ghl_mirror.source_credentials")"
  # Even when somebody grants the table by mistake, no policy shows a row of it.
  sql "grant usage on schema ghl_mirror to authenticated; grant select on all tables in schema ghl_mirror to authenticated"
  equal "granted by mistake" 0 "$(as "$OWNER_A" "select count(*) from ghl_mirror.source_credentials")"
}
