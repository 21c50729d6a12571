-- The tables of business-directory.yaml, and who sees what of them by SQL: the same as by Lockstep's API (docs/access.md).
-- For Supabase; elsewhere make its roles and auth.uid() first (recipes/crm-mirror/migrations/0001_callers.sql).
create table public.cities (id text primary key);
insert into public.cities values ('springfield');

create table public.profiles (
  id uuid primary key default gen_random_uuid(),
  city text not null references public.cities,
  business_id text, name text, phone text, status text, plan text
);
create table public.offers (
  id uuid primary key default gen_random_uuid(),
  city text not null references public.cities,
  business_id text, title text, terms text, status text
);
create table public.members (
  user_id uuid not null,
  city text not null references public.cities,
  role text not null check (role in ('viewer', 'editor', 'owner', 'business')),
  business_id text check ((role = 'business') = (business_id is not null) and business_id <> '')
);
create index on public.members (user_id);

-- Of a caller whom only Lockstep knows, a key or an account, it says itself what he may: {city: role}, and {city: [business]}.
create function public.told(setting text) returns jsonb
  language sql stable
  set search_path = ''
as $$ select coalesce(nullif(current_setting(setting, true), ''), '{}')::jsonb $$;

-- Cities in which the caller has a role. A business is none.
create function public.readable_cities() returns setof text
  language sql stable security definer
  set search_path = ''
as $$
  select city from public.members where user_id = (select auth.uid()) and role <> 'business'
  union
  select id from public.cities where public.told('lockstep.sources') ?| array[id, '*']
$$;

create function public.own_businesses() returns table (city text, business_id text)
  language sql stable security definer
  set search_path = ''
as $$
  select city, business_id from public.members where user_id = (select auth.uid()) and role = 'business'
  union
  select one.key, jsonb_array_elements_text(one.value) from jsonb_each(public.told('lockstep.businesses')) one
$$;

do $$
declare
  one text;
begin
  foreach one in array array['profiles', 'offers', 'members'] loop
    execute format('alter table public.%I enable row level security', one);
    execute format('revoke all on public.%I from public, anon, authenticated', one);
  end loop;
  -- For each entity with `business`: its city or its business must be the caller's. Both lists are read once per statement.
  foreach one in array array['profiles', 'offers'] loop
    execute format('grant select on public.%I to authenticated', one);
    execute format('create policy own on public.%I for select to authenticated using (
      city in (select public.readable_cities())
      or (city, business_id) in (select own.city, own.business_id from public.own_businesses() own))', one);
  end loop;
end
$$;
