# Reports, and money.

CM_058_report_of_run_times_of_7_days() {
  sql "delete from ghl_sync_jobs;
    insert into ghl_sync_jobs (source_id, location_id, job_type, status, created_at, started_at, completed_at) values
      ('$A', 'locA', 'contacts', 'completed', now() - interval '1 day', now() - interval '1 day', now() - interval '1 day' + interval '4 s'),
      ('$B', 'locB', 'contacts', 'failed', now() - interval '6 days 23 hours', now() - interval '6 days', now() - interval '6 days' + interval '8 s'),
      ('$A', 'locA', 'contacts', 'running', now(), now(), null),
      ('$A', 'locA', 'contacts', 'failed', now() - interval '7 days 1 minute', now() - interval '8 days', now()),
      ('$A', 'locA', 'orders', 'completed', now(), now() - interval '3 s', now())"
  equal report "contacts 6 3 1,orders 3 1 0" "$(sql "select string_agg(format('%s %s %s %s', job_type,
    trim_scale(average_duration_seconds), total_runs, failed_runs), ',' order by job_type) from v_ghl_sync_durations")"
}

CM_059_report_of_the_time_since_the_last_update() {
  sql "delete from ghl_reviews where source_id = '$A'; update ghl_contacts set updated_at = now() - interval '1 hour'
    where ghl_contact_id = 'ct2'; update ghl_orders set updated_at = now() - interval '2 days' where ghl_order_id = 'or1' and source_id = '$A';
    update ghl_orders set updated_at = now() - interval '3 days' where ghl_order_id = 'or2';
    insert into ghl_sync_jobs (source_id, location_id, job_type, status, completed_at) values
      ('$A', 'locA', 'orders', 'completed', now() - interval '5 minutes'), ('$A', 'locA', 'orders', 'failed', now())"
  equal "each entity of each source" "3 6 18" "$(sql "select count(distinct source_id), count(distinct entity), count(*)
    from v_ghl_freshness" -F ' ')"
  # Seconds go by between two statements.
  equal "contacts, by GHL's time" t "$(sql "select seconds_since_update between 3600 and 3660 from v_ghl_freshness
    where source_id = '$A' and entity = 'contacts'")"
  equal "orders, and their last good run" "t t" "$(sql "select seconds_since_update between 172800 and 172860,
    seconds_since_sync between 300 and 360 from v_ghl_freshness where source_id = '$A' and entity = 'orders'" -F ' ')"
  equal "none" "" "$(sql "select seconds_since_update from v_ghl_freshness where source_id = '$A' and entity = 'reviews'")"
  equal "every other entity" "2026-01-07 2026-01-03 $(sql "select current_date")" "$(sql "select string_agg(((last_update at time zone 'UTC')::date)::text,
    ' ' order by entity) from v_ghl_freshness where source_id = '$A' and entity in ('opportunities', 'payments', 'pipelines')")"
}

CM_060_report_of_the_most_active_sources_of_30_days() {
  sql "delete from ghl_sync_jobs;
    insert into ghl_sync_jobs (source_id, location_id, job_type, created_at)
      select '$A'::uuid, 'locA', 'contacts', now() - n * interval '10 days' from generate_series(1, 9) n
      union all select '$B', 'locB', 'orders', now() - n * interval '9 days' from generate_series(1, 9) n
      union all select '$EMPTY', 'locC', 'orders', now() - interval '31 days'"
  equal report "Beta 3 9,Alpha 2 10" "$(sql "select string_agg(format('%s %s %s', source_name, sync_count,
    extract(day from now() - last_sync)), ',') from v_ghl_source_activity")"
}

CM_071_amounts_of_several_currencies_have_no_sum() {
  local report="select coalesce(total_order_amount::text, 'no sum'), order_amounts_by_currency, coalesce(total_payment_amount::text, 'no sum'),
    payment_amounts_by_currency"
  equal "one currency, written in two ways" '150|{"USD": 150}|100|{"USD": 100}' \
    "$(sql "$report from v_ghl_revenue_summary where source_id = '$A'")"
  sql "insert into ghl_orders (source_id, ghl_order_id, amount, metadata) values ('$A', 'euro', 7, '{\"currency\": \"EUR\"}')"
  local view
  for view in v_ghl_revenue_summary v_ghl_dashboard_summary; do
    equal "$view" 'no sum|{"EUR": 7, "USD": 150}|100|{"USD": 100}' "$(sql "$report from $view where source_id = '$A'")"
  done
  # What does not say its currency may be of another one.
  sql "insert into ghl_payments (source_id, ghl_payment_id, amount, metadata) values ('$A', 'says nothing', 3, null)"
  equal unknown 'no sum|{"EUR": 7, "USD": 150}|no sum|{"USD": 100, "unknown": 3}' \
    "$(sql "$report from v_ghl_dashboard_summary where source_id = '$A'")"
  # No other view adds amounts of orders or payments; those of opportunities are in the one currency of their location.
  equal "views that add" "v_ghl_dashboard_summary v_ghl_pipeline_stage_summary v_ghl_revenue_summary" "$(sql "
    select string_agg(viewname, ' ' order by viewname) from pg_views where schemaname = 'public' and definition ~* '(sum|avg)\([^)]*amount'")"
  equal "of opportunities only" t "$(sql "select pg_get_viewdef('v_ghl_pipeline_stage_summary'::regclass) !~ 'ghl_(orders|payments)'
    and pg_get_viewdef('v_ghl_dashboard_summary'::regclass) !~ 'ghl_(orders|payments)'")"
}
