-- Who may see and do what. A user is mapped to sources (`user_sources`) as viewer, editor or owner: all three read, owners
-- also manage the mappings of their sources. Nobody but the service role writes the mirror.

-- What Lockstep says of a caller whom only it knows, one of its own API keys or accounts: the role in a source, as JSON
-- {source: role}, "*" for all. It is set beside the claims, for a read of Lockstep's own; no client of PostgREST sets either.
create or replace function ghl_mirror.told_role(source uuid) returns text
  language sql stable
  set search_path = ''
as $$
  select coalesce(told ->> source::text, told ->> '*')
  from (select nullif(current_setting('lockstep.sources', true), '')::jsonb as told) setting
$$;

-- The sources that the caller may read. It reads past the policies of user_sources, which themselves need it. A table that was
-- there before may hold other roles: of a part of a source, or of none.
create or replace function ghl_mirror.readable_sources() returns setof uuid
  language sql stable security definer
  set search_path = ''
as $$
  select source_id from public.user_sources
  where user_id = (select auth.uid()) and coalesce(role, 'viewer') in ('viewer', 'editor', 'owner')
  union
  select id from public.ghl_sources where ghl_mirror.told_role(id) is not null
$$;

-- Whether the caller is at least `needed` ('viewer', 'editor', 'owner') of a source. A mapping without a role is a viewer's.
create or replace function ghl_mirror.may(source uuid, needed text) returns boolean
  language sql stable security definer
  set search_path = ''
as $$
  select exists (
    select from public.user_sources
    where user_id = (select auth.uid()) and source_id = source
      and array_position(array['viewer', 'editor', 'owner'], coalesce(role, 'viewer'))
        >= array_position(array['viewer', 'editor', 'owner'], needed)
  )
$$;

revoke all on function ghl_mirror.told_role(uuid), ghl_mirror.readable_sources(), ghl_mirror.may(uuid, text) from public;
grant execute on function ghl_mirror.told_role(uuid), ghl_mirror.readable_sources(), ghl_mirror.may(uuid, text)
  to authenticated, service_role;

-- Nothing in this schema is called by name by an end user; policies and views do not need the right to look into it.
revoke all on schema ghl_mirror from public, anon, authenticated;
grant usage on schema ghl_mirror to service_role;
revoke all on ghl_mirror.source_credentials from public, anon, authenticated;
grant all on ghl_mirror.source_credentials to service_role;
alter table ghl_mirror.source_credentials enable row level security;
drop policy if exists ghl_mirror_service on ghl_mirror.source_credentials;
create policy ghl_mirror_service on ghl_mirror.source_credentials to service_role using (true) with check (true);

grant usage on schema public to anon, authenticated, service_role;

do $$
declare
  one text;
begin
  foreach one in array array['user_sources', 'ghl_sources', 'ghl_contacts', 'ghl_pipelines', 'ghl_opportunities',
    'ghl_orders', 'ghl_payments', 'ghl_reviews', 'ghl_sync_jobs']
  loop
    execute format('alter table public.%I enable row level security', one);
    -- Supabase gives all rights on new tables to its three roles by default; only what is meant stays.
    execute format('revoke all on public.%I from public, anon, authenticated', one);
    execute format('grant select on public.%I to authenticated', one);
    execute format('grant all on public.%I to service_role', one);

    execute format('drop policy if exists ghl_mirror_service on public.%I', one);
    execute format('create policy ghl_mirror_service on public.%I to service_role using (true) with check (true)', one);

    if one <> 'user_sources' then
      execute format('drop policy if exists ghl_mirror_read on public.%I', one);
      -- An array is computed once per statement and can be looked up in an index.
      execute format('create policy ghl_mirror_read on public.%I for select to authenticated
        using (%I = any (array(select ghl_mirror.readable_sources())))', one,
        case one when 'ghl_sources' then 'id' else 'source_id' end);
    end if;
  end loop;
end
$$;

drop policy if exists ghl_mirror_read on public.user_sources;
create policy ghl_mirror_read on public.user_sources for select to authenticated
  using (user_id = (select auth.uid()) or ghl_mirror.may(source_id, 'owner')
    or ghl_mirror.told_role(source_id) in ('owner', 'admin'));

-- A mapping never moves to another source or user: it is deleted, and another one is made.
grant insert (user_id, source_id, role), update (role), delete on public.user_sources to authenticated;
drop policy if exists ghl_mirror_owner_insert on public.user_sources;
create policy ghl_mirror_owner_insert on public.user_sources for insert to authenticated
  with check (user_id is not null and ghl_mirror.may(source_id, 'owner'));
drop policy if exists ghl_mirror_owner_update on public.user_sources;
create policy ghl_mirror_owner_update on public.user_sources for update to authenticated
  using (ghl_mirror.may(source_id, 'owner')) with check (ghl_mirror.may(source_id, 'owner'));
drop policy if exists ghl_mirror_owner_delete on public.user_sources;
create policy ghl_mirror_owner_delete on public.user_sources for delete to authenticated
  using (ghl_mirror.may(source_id, 'owner'));
