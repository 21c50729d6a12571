-- Only where Supabase Realtime is: who may join the private channels `ghl:{source}`. No trigger sends anything: changes are
-- read from the log after they are committed, so a broken realtime service can not undo a write.

do $$
declare
  tab text;
begin
  if to_regclass('realtime.messages') is not null then
    -- As restriction: whatever other policies allow, a topic of ghl: is for those who are mapped to its source. It says
    -- nothing about other topics. As permission: those may listen.
    drop policy if exists ghl_source_broadcast_receivers on realtime.messages;
    create policy ghl_source_broadcast_receivers on realtime.messages for select to authenticated
      using (topic like 'ghl:%' and substr(topic, 5) = any (array(select r::text from ghl_mirror.readable_sources() r)));
    drop policy if exists ghl_source_topics on realtime.messages;
    create policy ghl_source_topics on realtime.messages as restrictive for select to authenticated
      using (topic not like 'ghl:%' or substr(topic, 5) = any (array(select r::text from ghl_mirror.readable_sources() r)));
    drop policy if exists ghl_source_no_anonymous on realtime.messages;
    create policy ghl_source_no_anonymous on realtime.messages as restrictive for select to anon
      using (topic not like 'ghl:%');
    -- What is sent on these topics comes from the mirror, not from clients.
    drop policy if exists ghl_source_no_senders on realtime.messages;
    create policy ghl_source_no_senders on realtime.messages as restrictive for insert to anon, authenticated
      with check (topic not like 'ghl:%');
  end if;

  -- Clients that use `postgres_changes` of Supabase.
  if exists (select from pg_publication where pubname = 'supabase_realtime' and not puballtables) then
    foreach tab in array array['ghl_contacts', 'ghl_opportunities', 'ghl_pipelines', 'ghl_orders', 'ghl_payments',
      'ghl_reviews', 'ghl_sync_jobs']
    loop
      if not exists (select from pg_publication_tables
          where pubname = 'supabase_realtime' and schemaname = 'public' and tablename = tab) then
        execute format('alter publication supabase_realtime add table public.%I', tab);
      end if;
    end loop;
  end if;
end
$$;
