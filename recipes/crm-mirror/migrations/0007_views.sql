-- The eight views of the dashboard. Each has the columns of the original in their order, and new ones behind them. They run
-- with the rights of whoever asks (security_invoker), so that the policies of the tables hold here too.
-- Amounts of several currencies have no sum: it is null then, and the amounts stand beside it by currency.

-- The currency of an order or payment is where the mirror keeps it; 'unknown' is a currency of its own.
create or replace function ghl_mirror.currency(metadata jsonb) returns text
  language sql immutable parallel safe
as $$
  select coalesce(nullif(upper(btrim(metadata ->> 'currency')), ''), 'unknown')
$$;
revoke all on function ghl_mirror.currency(jsonb) from public;
grant execute on function ghl_mirror.currency(jsonb) to authenticated, service_role;

create or replace view public.v_ghl_contacts_recent with (security_invoker = true) as
select c.id, c.source_id, c.ghl_contact_id, c.email, c.phone, c.first_name, c.last_name, c.tags, c.custom_fields,
  c.created_at, c.updated_at, s.name as source_name, s.location_id
from public.ghl_contacts c
join public.ghl_sources s on s.id = c.source_id
where c.deleted_at is null
order by c.updated_at desc, c.id;

create or replace view public.v_ghl_opportunities_report with (security_invoker = true) as
select o.id, o.source_id, o.ghl_opportunity_id, o.name as opportunity_name, o.amount, o.status, o.stage_id, o.created_at,
  o.updated_at, o.deleted_at, s.name as source_name, s.location_id, p.name as pipeline_name, p.ghl_pipeline_id,
  c.first_name as contact_first_name, c.last_name as contact_last_name, c.email as contact_email,
  c.phone as contact_phone,
  coalesce(nullif(concat_ws(' ', nullif(btrim(c.first_name), ''), nullif(btrim(c.last_name), '')), ''),
    nullif(btrim(c.email), ''), 'Unknown') as contact_display_name
from public.ghl_opportunities o
join public.ghl_sources s on s.id = o.source_id
left join public.ghl_pipelines p on p.id = o.pipeline_id
left join public.ghl_contacts c on c.id = o.contact_id and c.deleted_at is null
where o.deleted_at is null
order by o.updated_at desc, o.id;

create or replace view public.v_ghl_pipeline_stage_summary with (security_invoker = true) as
select o.source_id, s.name as source_name, o.pipeline_id, p.name as pipeline_name, o.stage_id,
  count(*) as opportunity_count, sum(o.amount) as total_amount, avg(o.amount) as average_amount,
  min(o.created_at) as earliest_opportunity, max(o.updated_at) as latest_update
from public.ghl_opportunities o
join public.ghl_sources s on s.id = o.source_id
left join public.ghl_pipelines p on p.id = o.pipeline_id
where o.deleted_at is null
group by o.source_id, s.name, o.pipeline_id, p.name, o.stage_id;

-- Orders and payments are summed apart from each other: joined first, an order would count once per payment. A source
-- without orders has a row of zeros.
create or replace view public.v_ghl_revenue_summary with (security_invoker = true) as
select s.id as source_id, s.name as source_name,
  o.total as total_orders, o.amount as total_order_amount, p.total as total_payments, p.amount as total_payment_amount,
  (select count(distinct contact_id) from public.ghl_orders where source_id = s.id) as unique_customers,
  o.first_date as first_order_date, o.latest_date as latest_order_date,
  o.by_currency as order_amounts_by_currency, p.by_currency as payment_amounts_by_currency
from public.ghl_sources s
cross join lateral (
  select coalesce(sum(number), 0)::bigint as total,
    case when count(*) < 2 then coalesce(sum(amount), 0) end as amount,
    coalesce(jsonb_object_agg(currency, amount), '{}') as by_currency,
    min(first_date) as first_date, max(latest_date) as latest_date
  from (
    select ghl_mirror.currency(metadata) as currency, count(*) as number, coalesce(sum(amount), 0) as amount,
      min(created_at) as first_date, max(updated_at) as latest_date
    from public.ghl_orders where source_id = s.id group by 1
  ) each_currency
) o
cross join lateral (
  select coalesce(sum(number), 0)::bigint as total,
    case when count(*) < 2 then coalesce(sum(amount), 0) end as amount,
    coalesce(jsonb_object_agg(currency, amount), '{}') as by_currency
  from (
    select ghl_mirror.currency(metadata) as currency, count(*) as number, coalesce(sum(amount), 0) as amount
    from public.ghl_payments where source_id = s.id group by 1
  ) each_currency
) p;

create or replace view public.v_ghl_reviews_summary with (security_invoker = true) as
select s.id as source_id, s.name as source_name, count(r.id) as total_reviews, avg(r.rating) as average_rating,
  count(*) filter (where r.rating = 5) as five_star_count,
  count(*) filter (where r.rating = 4) as four_star_count,
  count(*) filter (where r.rating = 3) as three_star_count,
  count(*) filter (where r.rating = 2) as two_star_count,
  count(*) filter (where r.rating = 1) as one_star_count,
  min(r.created_at) as first_review_date, max(r.created_at) as latest_review_date
from public.ghl_sources s
left join public.ghl_reviews r on r.source_id = s.id
group by s.id, s.name;

create or replace view public.v_ghl_reviews_recent with (security_invoker = true) as
select r.id, r.source_id, s.name as source_name, r.ghl_review_id, r.rating, r.review_text, r.reviewer_name, r.created_at,
  c.first_name as contact_first_name, c.last_name as contact_last_name, c.email as contact_email,
  coalesce(nullif(btrim(r.reviewer_name), ''),
    nullif(concat_ws(' ', nullif(btrim(c.first_name), ''), nullif(btrim(c.last_name), '')), ''),
    'Anonymous') as display_name
from public.ghl_reviews r
join public.ghl_sources s on s.id = r.source_id
left join public.ghl_contacts c on c.id = r.contact_id and c.deleted_at is null
order by r.created_at desc, r.id;

create or replace view public.v_ghl_sync_status with (security_invoker = true) as
select distinct on (j.source_id, j.job_type)
  j.id, j.source_id, s.name as source_name, s.location_id, j.job_type, j.status, j.progress, j.error, j.started_at,
  j.completed_at, j.created_at,
  -- A running job grows while one looks, also within a transaction.
  extract(epoch from coalesce(j.completed_at, clock_timestamp()) - j.started_at) as duration_seconds
from public.ghl_sync_jobs j
join public.ghl_sources s on s.id = j.source_id
order by j.source_id, j.job_type, j.created_at desc, j.id desc;

create or replace view public.v_ghl_dashboard_summary with (security_invoker = true) as
select s.id as source_id, s.name as source_name, s.location_id,
  (select count(*) from public.ghl_contacts where source_id = s.id and deleted_at is null) as total_contacts,
  o.total as total_opportunities, o.amount as total_opportunity_amount,
  r.total_orders, r.total_order_amount, r.total_payments, r.total_payment_amount,
  v.total_reviews, v.average_rating, s.updated_at as last_source_update,
  o.open_total as open_opportunities, o.open_amount as open_opportunity_amount,
  r.order_amounts_by_currency, r.payment_amounts_by_currency
from public.ghl_sources s
join public.v_ghl_revenue_summary r on r.source_id = s.id
cross join lateral (
  select count(*) as total_reviews, avg(rating) as average_rating from public.ghl_reviews where source_id = s.id
) v
cross join lateral (
  select count(*) as total, coalesce(sum(amount), 0) as amount, count(*) filter (where status = 'open') as open_total,
    coalesce(sum(amount) filter (where status = 'open'), 0) as open_amount
  from public.ghl_opportunities where source_id = s.id and deleted_at is null
) o;
