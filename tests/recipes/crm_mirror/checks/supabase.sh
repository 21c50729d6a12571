# A Supabase project, and a mirror there that the original migrations made.

# The database stays empty of the recipe: what comes first is the fixture.
supabase() {
  PGDATABASE=postgres sql "create database supabase template template0"
  export PGDATABASE=supabase
  psql -X -q -v ON_ERROR_STOP=1 -f "$here/supabase.sql"
}
forget_supabase() {
  PGDATABASE=postgres sql "drop database if exists supabase with (force)"
  sql "drop role if exists project, platform_auth, platform_realtime" -d postgres
}

all_rows() {
  local one
  for one in "${tables[@]}"; do
    # Not what the migration adds, and the key that moves away is compared where it goes.
    echo "$one"
    sql "select to_jsonb(t) - 'mirrored_at' - 'api_key_encrypted' from $one t order by id"
  done
}

part_of_CM_019_other_topics_stay_as_they_are() {
  trap forget_supabase EXIT
  supabase
  sql "create policy rooms on realtime.messages for select to authenticated using (topic like 'room:%' or topic like 'ghl:%');
    create policy room_senders on realtime.messages for insert to authenticated with check (true);
    insert into realtime.messages (topic, extension) values ('room:1', 'broadcast'), ('private:1', 'broadcast'),
      ('ghl:$A', 'broadcast'), ('ghl:$B', 'broadcast'), ('ghl:', 'broadcast'), ('ghl:nonsense', 'broadcast')"
  local topics="select coalesce(string_agg(topic, ' ' order by id), 'none') from realtime.messages"
  equal "before" "room:1 ghl:$A ghl:$B ghl: ghl:nonsense" "$(as "$VIEWER_A" "$topics")"
  PGUSER=project migrate
  psql -X -q -v ON_ERROR_STOP=1 -f "$here/seed.sql"
  equal "mapped to A" "room:1 ghl:$A" "$(as "$VIEWER_A" "$topics")"
  equal "mapped to none" "room:1" "$(as "$NOBODY" "$topics")"
  equal "anonymous" "none" "$(as_anonymous "$topics")"
  as "$OWNER_A" "insert into realtime.messages (topic, extension) values ('room:2', 'broadcast')"
  refused "row-level security" as "$OWNER_A" "insert into realtime.messages (topic, extension) values ('ghl:$A', 'broadcast')"
  equal "published for postgres_changes" 7 "$(sql "select count(*) from pg_publication_tables where pubname = 'supabase_realtime'")"
}

CM_072_a_mirror_of_the_original_migrations_is_adopted() {
  trap forget_supabase EXIT
  supabase
  PGUSER=project psql -X -q -v ON_ERROR_STOP=1 -f "$here/original.sql"
  # That it is the faulty one: no write stays, and everybody reads everything.
  refused "broadcast_changes" sql "insert into ghl_sync_jobs (location_id, job_type) values ('locA', 'contacts')"
  sed '/ghl_mirror/,/;$/d' "$here/seed.sql" > "$cluster/rows.sql"
  sql "set session_replication_role = replica;
    $(< "$cluster/rows.sql")
    update ghl_sources set api_key_encrypted = 'key of ' || name where name <> 'Empty';
    insert into user_sources (user_id, source_id) values ('$NOBODY', '$NOBODY');
    insert into ghl_contacts (source_id, ghl_contact_id, email) values (null, 'of no source', 'lost@x.test')"
  equal "everybody reads everything" 5 "$(as "$VIEWER_A" "select count(*) from ghl_contacts")"
  local before roles uid
  before=$(all_rows)
  roles=$(sql "select array_agg(r order by rolname) from pg_roles r where rolname in ('anon', 'authenticated', 'service_role')")
  uid=$(sql "select md5(prosrc) || proowner from pg_proc where oid = 'auth.uid()'::regprocedure")

  PGUSER=project migrate
  equal "rows" "$before" "$(all_rows)"
  equal "keys have moved" "Alpha=key of Alpha Beta=key of Beta|0" "$(sql "select string_agg(s.name || '=' || c.sealed, ' ' order by s.name),
    count(s.api_key_encrypted) from ghl_mirror.source_credentials c join ghl_sources s on s.id = c.source_id")"
  equal "old rows were mirrored when they were touched" 0 "$(sql "select count(*) from ghl_contacts where mirrored_at <> updated_at")"
  equal "roles and auth of the platform" "$roles $uid" "$(sql "select array_agg(r order by rolname) from pg_roles r
    where rolname in ('anon', 'authenticated', 'service_role')") $(sql "select md5(prosrc) || proowner from pg_proc
    where oid = 'auth.uid()'::regprocedure")"

  adopted_mirror_works
  # Again, and once more after the rows of no source have gone.
  before=$(all_rows)
  PGUSER=project migrate
  equal "rows after a second time" "$before" "$(all_rows)"
  equal "not validated" 2 "$(sql "select count(*) from pg_constraint where not convalidated")"
  sql "delete from user_sources where source_id = '$NOBODY'; delete from ghl_contacts where source_id is null"
  PGUSER=project migrate
  equal "validated" 0 "$(sql "select count(*) from pg_constraint where not convalidated")"
  equal columns "$(< "$here/expected/tables.txt")" "$(columns_of_tables)"
  equal keys "$(< "$here/expected/keys.txt")" "$(keys_of_tables)"
  equal "indexes that are there twice" 1 "$(sql "select count(*) - count(distinct (indrelid, indkey::text)) from pg_index
    where indrelid::regclass::text like '%\_sources'")"
}

adopted_mirror_works() {
  equal "a write stays, with GHL's time" "2026-04-04" "$(as_service "insert into ghl_sync_jobs (source_id, location_id, job_type)
      values ('$A', 'locA', 'pipelines');
    update ghl_contacts set updated_at = '2026-04-04Z' where ghl_contact_id = 'ct2';
    select (updated_at at time zone 'UTC')::date from ghl_contacts where ghl_contact_id = 'ct2'")"
  equal "of A only" "3/0" "$(as "$VIEWER_A" "select count(*) filter (where source_id = '$A') || '/' ||
    count(*) filter (where source_id is distinct from '$A') from ghl_contacts")"
  equal "through the view, too" 0 "$(as "$VIEWER_A" "select count(*) from v_ghl_contacts_recent where source_id <> '$A'")"
  equal "a payment does not double an order" "150" "$(sql "select total_order_amount from v_ghl_revenue_summary where source_id = '$A'")"
  local one
  for one in "${tables[@]}" "${views[@]}" "${reports[@]}"; do
    refused "permission denied" as_anonymous "select count(*) from $one"
    [[ $one == user_sources ]] || refused "" as "$OWNER_A" "insert into $one (id) values (gen_random_uuid())"
  done
  refused ghl_contacts_has_a_source sql "insert into ghl_contacts (ghl_contact_id) values ('x')"
}
