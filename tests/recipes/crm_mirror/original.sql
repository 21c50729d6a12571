-- A mirror as the original migrations leave it, faults included: the touch that replaces GHL's times, the broadcast that
-- undoes every write, the policies without a role, the readable key, the missing foreign key.
create table ghl_sources (id uuid primary key default gen_random_uuid(), name text not null, location_id text not null unique,
  api_key_encrypted text, created_at timestamptz default now(), updated_at timestamptz default now());
create table user_sources (id uuid primary key default gen_random_uuid(),
  user_id uuid references auth.users (id) on delete cascade, source_id uuid not null,
  role text default 'viewer' check (role in ('owner', 'editor', 'viewer')), created_at timestamptz default now(),
  unique (user_id, source_id));
create index idx_user_sources_source_id on user_sources (source_id);
create index idx_user_sources_lookup on user_sources (user_id, source_id);

create table ghl_contacts (id uuid primary key default gen_random_uuid(), source_id uuid references ghl_sources (id) on delete cascade,
  ghl_contact_id text not null, email text, phone text, first_name text, last_name text, tags text[] default '{}',
  custom_fields jsonb default '{}', created_at timestamptz default now(), updated_at timestamptz default now(),
  deleted_at timestamptz, unique (source_id, ghl_contact_id));
create table ghl_pipelines (id uuid primary key default gen_random_uuid(), source_id uuid references ghl_sources (id) on delete cascade,
  ghl_pipeline_id text not null, name text not null, stages jsonb default '[]', created_at timestamptz default now(),
  updated_at timestamptz default now(), unique (source_id, ghl_pipeline_id));
create table ghl_opportunities (id uuid primary key default gen_random_uuid(), source_id uuid references ghl_sources (id) on delete cascade,
  ghl_opportunity_id text not null, contact_id uuid references ghl_contacts (id) on delete set null,
  pipeline_id uuid references ghl_pipelines (id) on delete set null, stage_id text, name text not null, amount numeric default 0,
  status text, custom_fields jsonb default '{}', created_at timestamptz default now(), updated_at timestamptz default now(),
  deleted_at timestamptz, unique (source_id, ghl_opportunity_id));
create table ghl_orders (id uuid primary key default gen_random_uuid(), source_id uuid references ghl_sources (id) on delete cascade,
  ghl_order_id text not null, contact_id uuid references ghl_contacts (id) on delete set null, amount numeric default 0, status text,
  metadata jsonb default '{}', created_at timestamptz default now(), updated_at timestamptz default now(),
  unique (source_id, ghl_order_id));
create table ghl_payments (id uuid primary key default gen_random_uuid(), source_id uuid references ghl_sources (id) on delete cascade,
  ghl_payment_id text not null, order_id uuid references ghl_orders (id) on delete set null, amount numeric default 0, status text,
  payment_method text, metadata jsonb default '{}', created_at timestamptz default now(), updated_at timestamptz default now(),
  unique (source_id, ghl_payment_id));
create table ghl_reviews (id uuid primary key default gen_random_uuid(), source_id uuid references ghl_sources (id) on delete cascade,
  ghl_review_id text not null, contact_id uuid references ghl_contacts (id) on delete set null,
  rating integer check (rating >= 1 and rating <= 5), review_text text, reviewer_name text, created_at timestamptz default now(),
  updated_at timestamptz default now(), unique (source_id, ghl_review_id));
create table ghl_sync_jobs (id uuid primary key default gen_random_uuid(), source_id uuid references ghl_sources (id) on delete cascade,
  location_id text not null, job_type text not null,
  status text default 'pending' check (status in ('pending', 'running', 'completed', 'failed')), progress jsonb default '{}',
  error text, started_at timestamptz, completed_at timestamptz, created_at timestamptz default now());

create function update_ghl_updated_at() returns trigger language plpgsql as $$
begin
  new.updated_at = now();
  return new;
end
$$;
create function ghl_broadcast() returns trigger language plpgsql security definer as $$
begin
  perform realtime.broadcast_changes('ghl:' || coalesce(new.source_id, old.source_id)::text, tg_op, tg_op, tg_table_name, tg_table_schema,
    new, old, jsonb_build_object('table', tg_table_name));
  return null;
end
$$;
do $$
declare
  one text;
begin
  foreach one in array array['sources', 'contacts', 'pipelines', 'opportunities', 'orders', 'payments', 'reviews', 'sync_jobs'] loop
    if one <> 'sync_jobs' then
      execute format('create trigger trigger_ghl_%1$s_updated_at before update on ghl_%1$s for each row
        execute function update_ghl_updated_at()', one);
    end if;
    if one <> 'sources' then
      execute format('create index idx_ghl_%1$s_source_id on ghl_%1$s (source_id)', one);
      execute format('create trigger t_rt_broadcast_ghl_%1$s after insert or update or delete on ghl_%1$s for each row
        execute function ghl_broadcast()', one);
      execute format('create policy "members read" on ghl_%1$s for select to authenticated using (exists (select from user_sources m
        where m.user_id = auth.uid() and m.source_id = ghl_%1$s.source_id))', one);
    end if;
    execute format('alter table ghl_%s enable row level security', one);
    execute format('create policy "service role can do all" on ghl_%s using (true)', one);
  end loop;
end
$$;
alter table user_sources enable row level security;
create policy "service role can do all" on user_sources using (true);
create policy ghl_source_broadcast_receivers on realtime.messages for select to authenticated
  using (topic not like 'ghl:%' or exists (select from user_sources m where m.user_id = auth.uid()
    and m.source_id::text = split_part(topic, ':', 2)));

-- Two of the views: one with another type than ours, one that runs with its owner's rights.
create view v_ghl_revenue_summary as
select s.id as source_id, s.name as source_name, count(distinct o.id)::int as total_orders, sum(o.amount) as total_order_amount,
  count(distinct p.id) as total_payments, sum(p.amount) as total_payment_amount
from ghl_sources s join ghl_orders o on o.source_id = s.id left join ghl_payments p on p.order_id = o.id group by s.id, s.name;
create view v_ghl_contacts_recent as select c.*, s.name as source_name from ghl_contacts c join ghl_sources s on s.id = c.source_id
  where c.deleted_at is null;
grant select on all tables in schema public to anon, authenticated;

alter publication supabase_realtime add table ghl_contacts;
