-- `updated_at` and `created_at` of mirrored rows are GHL's times. When the mirror itself wrote a row stands in
-- `mirrored_at`, whatever the writer says. A write that changes nothing is no write.

create or replace function ghl_mirror.touch_mirrored() returns trigger
  language plpgsql
  set search_path = ''
as $$
begin
  new.mirrored_at := now();
  return new;
end
$$;

-- For rows whose time GHL does not tell: it is the mirror's, unless the writer knows better.
create or replace function ghl_mirror.touch_updated() returns trigger
  language plpgsql
  set search_path = ''
as $$
begin
  if new.updated_at is not distinct from old.updated_at then
    new.updated_at := now();
  end if;
  return new;
end
$$;

do $$
declare
  entity text;
begin
  foreach entity in array array['ghl_contacts', 'ghl_pipelines', 'ghl_opportunities', 'ghl_orders', 'ghl_payments',
    'ghl_reviews']
  loop
    execute format('create or replace trigger %I before insert on public.%I
      for each row execute function ghl_mirror.touch_mirrored()', 'trigger_' || entity || '_mirrored_insert', entity);
    execute format('create or replace trigger %I before update on public.%I for each row
      when (old.* is distinct from new.*)
      execute function ghl_mirror.touch_mirrored()', 'trigger_' || entity || '_mirrored_update', entity);
  end loop;

  -- GHL gives no time for a pipeline, and a source is configuration, not a row of GHL.
  foreach entity in array array['ghl_pipelines', 'ghl_sources']
  loop
    execute format('create or replace trigger %I before update on public.%I for each row
      when (old.* is distinct from new.*)
      execute function ghl_mirror.touch_updated()', 'trigger_' || entity || '_updated_at', entity);
  end loop;
end
$$;
