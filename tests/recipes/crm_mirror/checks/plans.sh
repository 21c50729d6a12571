# What the indexes are for, shown by plans.

CM_007_indexes_serve_the_newest_first_at_100_000_rows() {
  local missing
  missing=$(sql "
    with wanted (tab, columns) as (
      select tab, column_list from (values
        ('user_sources', 'user_id,source_id'), ('user_sources', 'source_id'),
        ('ghl_contacts', 'source_id'), ('ghl_contacts', 'ghl_contact_id'), ('ghl_contacts', 'source_id,updated_at'),
        ('ghl_contacts', 'updated_at'), ('ghl_contacts', 'email'),
        ('ghl_pipelines', 'source_id'), ('ghl_pipelines', 'ghl_pipeline_id'),
        ('ghl_opportunities', 'source_id'), ('ghl_opportunities', 'ghl_opportunity_id'),
        ('ghl_opportunities', 'source_id,updated_at'), ('ghl_opportunities', 'updated_at'),
        ('ghl_opportunities', 'contact_id'), ('ghl_opportunities', 'pipeline_id'),
        ('ghl_orders', 'source_id'), ('ghl_orders', 'ghl_order_id'), ('ghl_orders', 'contact_id'),
        ('ghl_payments', 'source_id'), ('ghl_payments', 'ghl_payment_id'), ('ghl_payments', 'order_id'),
        ('ghl_reviews', 'source_id'), ('ghl_reviews', 'ghl_review_id'), ('ghl_reviews', 'contact_id'),
        ('ghl_reviews', 'source_id,created_at'), ('ghl_reviews', 'created_at'),
        ('ghl_sync_jobs', 'source_id'), ('ghl_sync_jobs', 'status'), ('ghl_sync_jobs', 'created_at'),
        ('ghl_sync_jobs', 'source_id,job_type,created_at')) as w (tab, column_list)
    ), present as (
      select i.indrelid::regclass::text as tab, (select string_agg(a.attname, ',' order by k.place)
        from unnest(i.indkey::int2[]) with ordinality k (number, place)
        join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number) || ',' as columns
      from pg_index i where i.indisvalid and i.indpred is null
    )
    select coalesce(string_agg(format('%s (%s)', tab, columns), ' '), 'none') from wanted w
    where not exists (select from present p where p.tab = w.tab and starts_with(p.columns, w.columns || ','))")
  equal "missing indexes" none "$missing"

  # The tenant that looks has a fifth of the rows, and not the newest: walking all by time would read 80,000 first.
  sql "insert into ghl_contacts (source_id, ghl_contact_id, email, updated_at)
    select case when n <= 20000 then '$A' else '$B' end::uuid, 'bulk' || n, n || '@bulk.test', timestamptz '2026-02-01Z' + n * interval '1 minute'
    from generate_series(1, 100000) n"
  sql "vacuum analyze"
  uses_index "$VIEWER_A" "of a source" "select * from v_ghl_contacts_recent where source_id = '$A' limit 10" idx_ghl_contacts_source_id_updated_at
  uses_index "$BOTH" "of all sources" "select * from v_ghl_contacts_recent limit 10" idx_ghl_contacts_updated_at
  equal "and they are the newest" "bulk20000 bulk19999 bulk19998" "$(as "$VIEWER_A" "select string_agg(ghl_contact_id, ' ') from
    (select ghl_contact_id from v_ghl_contacts_recent where source_id = '$A' order by updated_at desc limit 3) newest")"
}

# uses_index <user id> <what> <query> <index>: as somebody who is mapped, so with the policies.
uses_index() {
  local plan rows
  plan=$(as "$1" "explain (analyze, costs off, timing off, summary off) $3")
  [[ $plan == *"Index Scan using $4 on ghl_contacts"* && $plan != *"Seq Scan on ghl_contacts"* ]] || fail "$2: not with $4: $plan"
  rows=$(sed -n "s/.*using $4 on ghl_contacts.* rows=\([0-9]*\) .*/\1/p" <<< "$plan")
  ((rows <= 20)) && [[ ! $plan =~ "Rows Removed by Filter: "[0-9]{2} ]] || fail "$2: reads more than it shows: $plan"
}
