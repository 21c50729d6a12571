# What a write does beside the row.

times() { sql "select format('%s %s %s', (updated_at at time zone 'UTC')::date, (created_at at time zone 'UTC')::date, mirrored_at >= '$1') from $2"; }

# The program that brings GHL's times is not part of this.
part_of_CM_039_times_of_ghl_stay_and_the_mirrors_own_stands_apart() {
  local began tab id
  for tab in contact:contacts order:orders payment:payments review:reviews opportunity:opportunities; do
    id=ghl_${tab%%:*}_id tab=ghl_${tab##*:}
    began=$(sql "select clock_timestamp()")
    equal "$tab before" "f" "$(sql "select mirrored_at >= '$began' from $tab where source_id = '$A' limit 1")"
    sql "update $tab set updated_at = '2026-03-03Z', created_at = '2026-03-01Z', mirrored_at = '2001-01-01Z'"
    equal "$tab written" "2026-03-03 2026-03-01 t" "$(times "$began" "$tab where source_id = '$A' limit 1")"
    # Written again as it is: nothing has been mirrored.
    began=$(sql "select clock_timestamp()")
    sql "update $tab set updated_at = updated_at"
    equal "$tab unchanged" "2026-03-03 2026-03-01 f" "$(times "$began" "$tab where source_id = '$A' limit 1")"
    sql "insert into $tab (source_id, $id, updated_at, created_at, mirrored_at $([[ $tab != ghl_opportunities ]] || echo ', name'))
      values ('$EMPTY', 'new', '2026-03-03Z', '2026-03-01Z', '2001-01-01Z' $([[ $tab != ghl_opportunities ]] || echo ", 'x'"))"
    equal "$tab inserted" "2026-03-03 2026-03-01 t" "$(times "$began" "$tab where source_id = '$EMPTY'")"
  done
  # GHL has no time for a pipeline: the mirror's counts, unless the writer brings one.
  began=$(sql "select clock_timestamp()")
  sql "update ghl_pipelines set name = name || '!'"
  equal "a pipeline" "t t" "$(sql "select updated_at >= '$began', mirrored_at >= '$began' from ghl_pipelines limit 1" -F ' ')"
  sql "update ghl_pipelines set updated_at = '2026-03-03Z'"
  equal "a pipeline with a time" "2026-03-03" "$(sql "select (updated_at at time zone 'UTC')::date from ghl_pipelines limit 1")"
}

# That the program delivers changes, and what it does when it can not, is not part of this.
part_of_CM_044_no_trigger_can_undo_a_write() {
  equal "triggers that are not the two of 0005" 0 "$(sql "select count(*) from pg_trigger t join pg_proc p on p.oid = t.tgfoid
    where not t.tgisinternal and t.tgrelid::regclass::text = any ('{$(IFS=,; echo "${tables[*]}")}')
      and (p.oid::regprocedure::text not in ('ghl_mirror.touch_mirrored()', 'ghl_mirror.touch_updated()')
        or t.tgtype & 2 = 0)")"
  # A realtime service whose every function fails, and whose table refuses all.
  sql "create schema realtime; create table realtime.messages (topic text check (false));
    create function realtime.broadcast_changes(text, text, text, text, text, record, record, text) returns void
      language plpgsql as \$\$ begin raise exception 'realtime is broken'; end \$\$;
    create function realtime.send(jsonb, text, text, boolean) returns void
      language plpgsql as \$\$ begin raise exception 'realtime is broken'; end \$\$"
  migrate
  equal "insert, update, delete" "1 1 1" "$(as_service "with n as (insert into ghl_contacts (source_id, ghl_contact_id) values ('$A', 'x')
      returning 1) select count(*) from n;
    with n as (update ghl_contacts set phone = '1' where ghl_contact_id = 'x' returning 1) select count(*) from n;
    with n as (delete from ghl_contacts where ghl_contact_id = 'x' returning 1) select count(*) from n" | xargs)"
}
