-- What dashboards and the mirror look rows up by. An index counts as there when one begins with the same columns, whatever
-- its name: a mirror that is taken over has some, and unique keys are indexes too.

create or replace function ghl_mirror.ensure_index(tab text, variadic wanted text[]) returns void
  language plpgsql
  set search_path = ''
as $$
declare
  columns text;
begin
  if exists (
    select from pg_catalog.pg_index i
    where i.indrelid = format('public.%I', tab)::regclass and i.indisvalid and i.indpred is null and i.indexprs is null
      and (
        select array_agg(a.attname::text order by k.place)
        from unnest(i.indkey::int2[]) with ordinality as k (number, place)
        join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number
        where k.place <= cardinality(wanted)
      ) = wanted
  ) then
    return;
  end if;
  select string_agg(format('%I%s', name, case when name like '%\_at' then ' desc' else '' end), ', ')
    into columns from unnest(wanted) name;
  execute format('create index %I on public.%I (%s)',
    left(format('idx_%s_%s', tab, array_to_string(wanted, '_')), 63), tab, columns);
end
$$;
revoke all on function ghl_mirror.ensure_index(text, text[]) from public;

do $$
declare
  entity text;
  tab text;
  other record;
begin
  foreach entity in array array['contact', 'pipeline', 'opportunity', 'order', 'payment', 'review']
  loop
    tab := 'ghl_' || case entity when 'opportunity' then 'opportunities' else entity || 's' end;
    perform ghl_mirror.ensure_index(tab, 'source_id', format('ghl_%s_id', entity));
    perform ghl_mirror.ensure_index(tab, format('ghl_%s_id', entity));
    -- Newest first of one source, and of all that a user may see.
    perform ghl_mirror.ensure_index(tab, 'source_id', 'updated_at');
    perform ghl_mirror.ensure_index(tab, 'updated_at');
  end loop;

  for other in
    select * from (values
      ('user_sources', array['user_id', 'source_id']),
      ('user_sources', array['source_id']),
      ('ghl_sources', array['location_id']),
      ('ghl_contacts', array['email']),
      ('ghl_opportunities', array['contact_id']),
      ('ghl_opportunities', array['pipeline_id']),
      ('ghl_orders', array['contact_id']),
      ('ghl_payments', array['order_id']),
      ('ghl_reviews', array['contact_id']),
      ('ghl_reviews', array['source_id', 'created_at']),
      ('ghl_reviews', array['created_at']),
      ('ghl_sync_jobs', array['source_id', 'job_type', 'created_at']),
      ('ghl_sync_jobs', array['status']),
      ('ghl_sync_jobs', array['created_at'])
    ) as wanted (tab, columns)
  loop
    perform ghl_mirror.ensure_index(other.tab, variadic other.columns);
  end loop;
end
$$;
