# Tables, views and indexes.

columns_of_tables() {
  sql "select format('%s.%s %s %s%s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
      case when a.attnotnull then 'not null' else 'null' end, ' default ' || pg_get_expr(d.adbin, d.adrelid))
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
      and a.attname <> 'mirrored_at'
    order by c.relname collate \"C\", a.attname collate \"C\""
}

keys_of_tables() {
  sql "select conrelid::regclass || ': ' || pg_get_constraintdef(oid) from pg_constraint
    where connamespace = 'public'::regnamespace
      and conname !~ '_has_a_source\$' and conname <> 'ghl_sources_credentials_live_elsewhere'
    order by conrelid::regclass::text collate \"C\", pg_get_constraintdef(oid) collate \"C\""
}

CM_001_nine_tables_have_their_columns_and_keys() {
  equal columns "$(< "$here/expected/tables.txt")" "$(columns_of_tables)"
  equal keys "$(< "$here/expected/keys.txt")" "$(keys_of_tables)"
  # What is there beyond them, and that it is all.
  equal "columns beyond" "ghl_contacts ghl_opportunities ghl_orders ghl_payments ghl_pipelines ghl_reviews" "$(sql "
    select string_agg(table_name, ' ' order by table_name) from information_schema.columns
    where table_schema = 'public' and column_name = 'mirrored_at' and is_nullable = 'NO' and column_default = 'now()'
      and data_type = 'timestamp with time zone'")"
  refused ghl_contacts_has_a_source sql "insert into ghl_contacts (ghl_contact_id) values ('of nobody')"
  refused user_sources_source_id_fkey sql "insert into user_sources (user_id, source_id) values ('$NOBODY', '$NOBODY')"
  refused ghl_sources_credentials_live_elsewhere sql "update ghl_sources set api_key_encrypted = 'readable'"
}

CM_002_eight_views_have_their_columns_and_meaning() {
  equal "columns at the front, in order" "$(< "$here/expected/columns.txt")" "$(while IFS=: read -r view names; do
    sql "select '$view: ' || string_agg(attname, ' ' order by attnum) from pg_attribute
      where attrelid = '$view'::regclass and attnum between 1 and $(wc -w <<< "$names")"
  done < "$here/expected/columns.txt")"
  equal "views with the rights of the caller" "11" "$(sql "select count(*) from pg_class
    where relkind = 'v' and relnamespace = 'public'::regnamespace and reloptions @> array['security_invoker=true']")"

  local view names list rows=""
  while IFS=: read -r view names; do
    list=$(sql "select string_agg(case
        when t.typname = 'timestamptz' then format('(%I at time zone ''UTC'')::date', attname)
        when t.typname = 'numeric' then format('trim_scale(%I)', attname)
        else quote_ident(attname) end, ', ' order by attnum)
      from pg_attribute a join pg_type t on t.oid = a.atttypid
      where attrelid = '$view'::regclass and attnum between 1 and $(wc -w <<< "$names") and attname <> 'source_id'")
    rows+=$view$'\n'$(sql "select $list from $view where source_id = '$A' order by 1, 2")$'\n'
  done < <(sort_like_expected)
  equal rows "$(< "$here/expected/rows.txt")" "${rows%$'\n'}"
}
sort_like_expected() {
  local view
  for view in "${views[@]}"; do grep "^$view:" "$here/expected/columns.txt"; done
}

CM_003_orders_count_once_and_payments_without_order_count() {
  sql "insert into ghl_payments (source_id, ghl_payment_id, amount, metadata)
    values ('$A', 'without an order', 11, '{\"currency\": \"USD\"}'), ('$EMPTY', 'only this', 5, '{}')"
  equal "two payments for the first order, one for none" "2|150|3|111" "$(sql "select total_orders, total_order_amount,
    total_payments, total_payment_amount from v_ghl_revenue_summary where source_id = '$A'")"
  sql "delete from ghl_payments where ghl_payment_id = 'without an order'"
  equal "of the checklist" "150|2" "$(sql "select total_order_amount, total_payments from v_ghl_revenue_summary
    where source_id = '$A'")"
  equal "a source with nothing but a payment" "0|0|1|5" "$(sql "select total_orders, total_order_amount, total_payments,
    total_payment_amount from v_ghl_revenue_summary where source_id = '$EMPTY'")"
}

CM_004_dashboard_and_revenue_agree() {
  sql "select setseed(0.5)" > /dev/null
  sql "insert into ghl_sources (name, location_id) select 'source ' || n, 'loc ' || n from generate_series(1, 40) n;
    insert into ghl_orders (source_id, ghl_order_id, amount, metadata)
      select id, 'order ' || n, (random() * 1000)::int, case (random() * 3)::int when 0 then '{}' when 1 then '{\"currency\": \"USD\"}'
        else null end::jsonb from ghl_sources, generate_series(1, 5) n where random() < 0.5;
    insert into ghl_payments (source_id, order_id, ghl_payment_id, amount, metadata)
      select source_id, case when random() < 0.7 then id end, id || ' ' || n, (random() * 1000)::int, metadata
      from ghl_orders, generate_series(1, 3) n where random() < 0.6"
  # Against sums that no view made.
  equal "sources that differ" "0 of 43" "$(sql "
    with truth as (
      select s.id, (select count(*) from ghl_orders where source_id = s.id) as orders,
        (select count(*) from ghl_payments where source_id = s.id) as payments,
        (select coalesce(sum(amount), 0) from ghl_orders where source_id = s.id) as order_amount,
        (select coalesce(sum(amount), 0) from ghl_payments where source_id = s.id) as payment_amount
      from ghl_sources s
    )
    select count(*) filter (where r.source_id is null or d.source_id is null
        or (r.total_orders, r.total_payments) <> (t.orders, t.payments)
        or (r.total_orders, r.total_payments, r.total_order_amount, r.total_payment_amount) is distinct from
          (d.total_orders, d.total_payments, d.total_order_amount, d.total_payment_amount)
        or coalesce(r.total_order_amount, t.order_amount) <> t.order_amount
        or coalesce(r.total_payment_amount, t.payment_amount) <> t.payment_amount) || ' of ' || count(*)
    from truth t left join v_ghl_revenue_summary r on r.source_id = t.id left join v_ghl_dashboard_summary d on d.source_id = t.id")"
  equal "that have sums to compare" t "$(sql "select count(*) > 10 from v_ghl_revenue_summary where total_order_amount > 0")"
}

# The program that marks rows as deleted, and restores them, is not part of this.
part_of_CM_005_deleted_rows_vanish_and_come_back() {
  local counts="select (select count(*) from v_ghl_contacts_recent), (select count(*) from v_ghl_opportunities_report),
    (select sum(opportunity_count) from v_ghl_pipeline_stage_summary), (select sum(total_contacts) from v_ghl_dashboard_summary),
    (select sum(total_opportunities) from v_ghl_dashboard_summary), (select sum(total_opportunity_amount) from v_ghl_dashboard_summary),
    (select string_agg(contact_display_name, ',' order by id) from v_ghl_opportunities_report),
    (select string_agg(display_name, ',' order by id) from v_ghl_reviews_recent)"
  local before="3|3|3|3|3|107|Sam Sample,Unknown,Bea Beta|Rae,Sam Sample,Anonymous"
  equal before "$before" "$(sql "$counts")"
  sql "update ghl_contacts set deleted_at = now() where ghl_contact_id = 'ct1'"
  equal "contacts deleted" "1|3|3|1|3|107|Unknown,Unknown,Unknown|Rae,Anonymous,Anonymous" "$(sql "$counts")"
  sql "update ghl_opportunities set deleted_at = now()
    where ghl_opportunity_id = 'op1'"
  equal deleted "1|1|1|1|1|60|Unknown|Rae,Anonymous,Anonymous" "$(sql "$counts")"
  sql "update ghl_contacts set deleted_at = null where ghl_contact_id = 'ct1'; update ghl_opportunities set deleted_at = null
    where ghl_opportunity_id = 'op1'"
  equal restored "$before" "$(sql "$counts")"
}

CM_006_display_names() {
  sql "delete from ghl_contacts;
    with c as (
      insert into ghl_contacts (source_id, ghl_contact_id, first_name, last_name, email) values
        ('$A', '1', 'Sam', 'Sample', 's@x.test'), ('$A', '2', 'Sam', null, 's@x.test'), ('$A', '3', null, 'Sample', 's@x.test'),
        ('$A', '4', null, null, 's@x.test'), ('$A', '5', null, null, null), ('$A', '6', '', ' ', 's@x.test'),
        ('$A', '7', 'Sam', '', '')
      returning id, ghl_contact_id
    )
    insert into ghl_opportunities (source_id, ghl_opportunity_id, name, contact_id)
      select '$A'::uuid, 'n' || ghl_contact_id, 'x', id from c union all select '$A', 'n8', 'x', null"
  equal names "Sam Sample,Sam,Sample,s@x.test,Unknown,s@x.test,Sam,Unknown" "$(sql "
    select string_agg(contact_display_name, ',' order by ghl_opportunity_id) from v_ghl_opportunities_report
    where ghl_opportunity_id like 'n%'")"
}

CM_008_a_source_without_rows_has_zeros() {
  equal revenue "0|0|0|0|0||" "$(sql "select total_orders, total_order_amount, total_payments, total_payment_amount,
    unique_customers, first_order_date, latest_order_date from v_ghl_revenue_summary where source_id = '$EMPTY'")"
  equal reviews "0||0|0|0|0|0||" "$(sql "select total_reviews, average_rating, five_star_count, four_star_count,
    three_star_count, two_star_count, one_star_count, first_review_date, latest_review_date from v_ghl_reviews_summary
    where source_id = '$EMPTY'")"
  equal dashboard "0|0|0|0|0|0|0|0|" "$(sql "select total_contacts, total_opportunities, total_opportunity_amount, total_orders,
    total_order_amount, total_payments, total_payment_amount, total_reviews, average_rating from v_ghl_dashboard_summary
    where source_id = '$EMPTY'")"
}

CM_009_sync_status_is_the_newest_job_and_runs_on() {
  equal "one row each, the newest" "Alpha contacts completed 4,Beta orders completed 5" "$(sql "select string_agg(format('%s %s %s %s',
    source_name, job_type, status, trim_scale(duration_seconds)), ',' order by source_name, job_type) from v_ghl_sync_status")"
  sql "insert into ghl_sync_jobs (source_id, location_id, job_type, status, started_at) values ('$A', 'locA', 'contacts', 'running', now())"
  local first second
  first=$(sql "select duration_seconds from v_ghl_sync_status where source_id = '$A' and job_type = 'contacts' and status = 'running'")
  second=$(sql "select duration_seconds from v_ghl_sync_status where source_id = '$A' and job_type = 'contacts'")
  equal "grows while it runs" t "$(sql "select 0 <= $first and $first < $second")"
  equal "rows" 2 "$(sql "select count(*) from v_ghl_sync_status")"
}
