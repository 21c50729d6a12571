-- A mirror that the original migrations made keeps its tables and rows; what stood in the way of its own writes, or let
-- others in, goes. On a new database, and when run again, there is nothing to do here.

do $$
declare
  mirrored constant text[] := array['ghl_contacts', 'ghl_opportunities', 'ghl_pipelines', 'ghl_orders', 'ghl_payments',
    'ghl_reviews', 'ghl_sync_jobs'];
  own constant text[] := mirrored || array['ghl_sources', 'user_sources'];
  found record;
begin
  -- The broadcast called a function that does not exist and so undid every write. The touch replaced GHL's own
  -- times with the server's clock; it has to go before 0003 fills a column.
  for found in
    select t.tgname, c.relname
    from pg_trigger t
    join pg_class c on c.oid = t.tgrelid
    join pg_proc p on p.oid = t.tgfoid
    where c.relnamespace = 'public'::regnamespace and c.relname = any (own) and not t.tgisinternal
      and (t.tgname in ('t_rt_broadcast_' || c.relname, 'trigger_' || c.relname || '_updated_at')
        or p.prosrc ~* 'realtime\.broadcast_changes')
      and p.pronamespace <> 'ghl_mirror'::regnamespace
  loop
    execute format('drop trigger %I on public.%I', found.tgname, found.relname);
    raise notice 'dropped the trigger % of %', found.tgname, found.relname;
  end loop;

  -- Policies are OR-ed: one that was meant for the service role and named no role opened everything to everybody.
  -- So none stays that is not made by 0004.
  for found in
    select policyname, tablename, roles, cmd, qual, with_check
    from pg_policies
    where schemaname = 'public' and tablename = any (own) and policyname not like 'ghl\_mirror\_%'
  loop
    execute format('drop policy %I on public.%I', found.policyname, found.tablename);
    raise notice 'dropped the policy "%" of %: % to %, using %, with check %', found.policyname, found.tablename, found.cmd,
      found.roles, coalesce(found.qual, '-'), coalesce(found.with_check, '-');
  end loop;

  -- Views hold no data. Ours have the same columns and more behind them, but not the same types and definitions.
  -- A view of yours that stands on one of them stops this with an error that names it; nothing has changed then.
  for found in
    select c.relname
    from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'v'
      and c.relname in ('v_ghl_contacts_recent', 'v_ghl_opportunities_report', 'v_ghl_pipeline_stage_summary',
        'v_ghl_revenue_summary', 'v_ghl_reviews_summary', 'v_ghl_reviews_recent', 'v_ghl_sync_status',
        'v_ghl_dashboard_summary')
      and coalesce(obj_description(c.oid, 'pg_class'), '') not like 'crm-mirror:%'
  loop
    execute format('drop view public.%I', found.relname);
    raise notice 'dropped the view %', found.relname;
  end loop;
end
$$;
