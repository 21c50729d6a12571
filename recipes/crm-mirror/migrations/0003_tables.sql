-- Nine tables. Names, types, defaults and keys are those of the original migrations, so that both kinds of mirror are the
-- same afterwards. Beyond them: `mirrored_at`, foreign keys and checks that keep rows from being nobody's.

create table if not exists public.ghl_sources (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  location_id text not null unique,
  api_key_encrypted text,
  created_at timestamptz default now(),
  updated_at timestamptz default now()
);

create table if not exists public.user_sources (
  id uuid primary key default gen_random_uuid(),
  user_id uuid references auth.users (id) on delete cascade,
  source_id uuid not null,
  role text default 'viewer' check (role in ('owner', 'editor', 'viewer')),
  created_at timestamptz default now(),
  unique (user_id, source_id)
);

create table if not exists public.ghl_contacts (
  id uuid primary key default gen_random_uuid(),
  source_id uuid references public.ghl_sources (id) on delete cascade,
  ghl_contact_id text not null,
  email text,
  phone text,
  first_name text,
  last_name text,
  tags text[] default '{}',
  custom_fields jsonb default '{}',
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  deleted_at timestamptz,
  unique (source_id, ghl_contact_id)
);

create table if not exists public.ghl_pipelines (
  id uuid primary key default gen_random_uuid(),
  source_id uuid references public.ghl_sources (id) on delete cascade,
  ghl_pipeline_id text not null,
  name text not null,
  stages jsonb default '[]',
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  unique (source_id, ghl_pipeline_id)
);

create table if not exists public.ghl_opportunities (
  id uuid primary key default gen_random_uuid(),
  source_id uuid references public.ghl_sources (id) on delete cascade,
  ghl_opportunity_id text not null,
  contact_id uuid references public.ghl_contacts (id) on delete set null,
  pipeline_id uuid references public.ghl_pipelines (id) on delete set null,
  stage_id text,
  name text not null,
  amount numeric default 0,
  status text,
  custom_fields jsonb default '{}',
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  deleted_at timestamptz,
  unique (source_id, ghl_opportunity_id)
);

create table if not exists public.ghl_orders (
  id uuid primary key default gen_random_uuid(),
  source_id uuid references public.ghl_sources (id) on delete cascade,
  ghl_order_id text not null,
  contact_id uuid references public.ghl_contacts (id) on delete set null,
  amount numeric default 0,
  status text,
  metadata jsonb default '{}',
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  unique (source_id, ghl_order_id)
);

create table if not exists public.ghl_payments (
  id uuid primary key default gen_random_uuid(),
  source_id uuid references public.ghl_sources (id) on delete cascade,
  ghl_payment_id text not null,
  order_id uuid references public.ghl_orders (id) on delete set null,
  amount numeric default 0,
  status text,
  payment_method text,
  metadata jsonb default '{}',
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  unique (source_id, ghl_payment_id)
);

create table if not exists public.ghl_reviews (
  id uuid primary key default gen_random_uuid(),
  source_id uuid references public.ghl_sources (id) on delete cascade,
  ghl_review_id text not null,
  contact_id uuid references public.ghl_contacts (id) on delete set null,
  rating integer check (rating between 1 and 5),
  review_text text,
  reviewer_name text,
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  unique (source_id, ghl_review_id)
);

create table if not exists public.ghl_sync_jobs (
  id uuid primary key default gen_random_uuid(),
  source_id uuid references public.ghl_sources (id) on delete cascade,
  location_id text not null,
  job_type text not null,
  status text default 'pending' check (status in ('pending', 'running', 'completed', 'failed')),
  progress jsonb default '{}',
  error text,
  started_at timestamptz,
  completed_at timestamptz,
  created_at timestamptz default now()
);

-- Credentials have a place of their own that no end user can read.
create table if not exists ghl_mirror.source_credentials (
  source_id uuid primary key references public.ghl_sources (id) on delete cascade,
  sealed text not null,
  updated_at timestamptz not null default now()
);

do $$
declare
  entity text;
  rule record;
  orphans boolean;
begin
  -- When the mirror wrote a row. Until now that was what `updated_at` held, so that is what old rows get.
  foreach entity in array array['ghl_contacts', 'ghl_pipelines', 'ghl_opportunities', 'ghl_orders', 'ghl_payments',
    'ghl_reviews']
  loop
    if not exists (select from pg_attribute
        where attrelid = format('public.%I', entity)::regclass and attname = 'mirrored_at' and not attisdropped) then
      execute format('alter table public.%I add column mirrored_at timestamptz', entity);
      execute format('update public.%I set mirrored_at = coalesce(updated_at, now())', entity);
      execute format('alter table public.%I alter mirrored_at set default now(), alter mirrored_at set not null', entity);
    end if;
  end loop;

  -- Every row belongs to a source. A mirror that is taken over may hold rows that belong to none: they stay, and the rule
  -- holds for all that is written from now on. Run again when they are gone, and it is validated.
  for rule in
    select 'user_sources' as tab, 'user_sources_source_id_fkey' as name,
      'foreign key (source_id) references public.ghl_sources (id) on delete cascade' as body,
      'select from public.user_sources m where not exists (select from public.ghl_sources s where s.id = m.source_id)'
        as offenders
    union all
    select t, t || '_has_a_source', 'check (source_id is not null)',
      format('select from public.%I where source_id is null', t)
    from unnest(array['ghl_contacts', 'ghl_pipelines', 'ghl_opportunities', 'ghl_orders', 'ghl_payments', 'ghl_reviews',
      'ghl_sync_jobs']) t
  loop
    if not exists (select from pg_constraint
        where conrelid = format('public.%I', rule.tab)::regclass and conname = rule.name) then
      execute format('alter table public.%I add constraint %I %s not valid', rule.tab, rule.name, rule.body);
    end if;
    if exists (select from pg_constraint
        where conrelid = format('public.%I', rule.tab)::regclass and conname = rule.name and not convalidated) then
      execute format('select exists (%s)', rule.offenders) into orphans;
      if orphans then
        raise notice '% holds rows of no source: they stay, % is not validated', rule.tab, rule.name;
      else
        execute format('alter table public.%I validate constraint %I', rule.tab, rule.name);
      end if;
    end if;
  end loop;

  -- What every user of a source could read moves to where none can, and the old place stays empty.
  insert into ghl_mirror.source_credentials (source_id, sealed)
    select id, api_key_encrypted from public.ghl_sources where api_key_encrypted is not null
    on conflict (source_id) do nothing;
  update public.ghl_sources set api_key_encrypted = null where api_key_encrypted is not null;
  if not exists (select from pg_constraint
      where conrelid = 'public.ghl_sources'::regclass and conname = 'ghl_sources_credentials_live_elsewhere') then
    alter table public.ghl_sources add constraint ghl_sources_credentials_live_elsewhere
      check (api_key_encrypted is null);
  end if;
end
$$;
