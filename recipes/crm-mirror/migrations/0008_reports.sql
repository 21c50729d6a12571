-- Reports on the mirror itself, for those who may see its sources.

-- How long runs took in the last 7 days, how many there were and how many failed, per kind of job.
create or replace view public.v_ghl_sync_durations with (security_invoker = true) as
select job_type, avg(extract(epoch from completed_at - started_at)) as average_duration_seconds, count(*) as total_runs,
  count(*) filter (where status = 'failed') as failed_runs
from public.ghl_sync_jobs
where created_at >= now() - interval '7 days'
group by job_type;

-- How old the newest row of each entity and source is, by GHL's clock, and how long ago a run of it succeeded. Both null:
-- there is nothing.
create or replace view public.v_ghl_freshness with (security_invoker = true) as
select s.id as source_id, s.name as source_name, e.entity, e.last_update,
  extract(epoch from now() - e.last_update) as seconds_since_update, j.last_sync,
  extract(epoch from now() - j.last_sync) as seconds_since_sync
from public.ghl_sources s
cross join lateral (values
  ('contacts', (select max(updated_at) from public.ghl_contacts where source_id = s.id)),
  ('opportunities', (select max(updated_at) from public.ghl_opportunities where source_id = s.id)),
  ('pipelines', (select max(updated_at) from public.ghl_pipelines where source_id = s.id)),
  ('orders', (select max(updated_at) from public.ghl_orders where source_id = s.id)),
  ('payments', (select max(updated_at) from public.ghl_payments where source_id = s.id)),
  ('reviews', (select max(updated_at) from public.ghl_reviews where source_id = s.id))
) as e (entity, last_update)
left join lateral (
  select max(completed_at) as last_sync from public.ghl_sync_jobs
  where source_id = s.id and job_type = e.entity and status = 'completed'
) j on true;

-- The sources with the most runs in the last 30 days.
create or replace view public.v_ghl_source_activity with (security_invoker = true) as
select s.id as source_id, s.name as source_name, count(*) as sync_count, max(j.created_at) as last_sync
from public.ghl_sources s
join public.ghl_sync_jobs j on j.source_id = s.id
where j.created_at >= now() - interval '30 days'
group by s.id, s.name
order by sync_count desc, last_sync desc;

do $$
declare
  one text;
begin
  foreach one in array array['v_ghl_contacts_recent', 'v_ghl_opportunities_report', 'v_ghl_pipeline_stage_summary',
    'v_ghl_revenue_summary', 'v_ghl_reviews_summary', 'v_ghl_reviews_recent', 'v_ghl_sync_status',
    'v_ghl_dashboard_summary', 'v_ghl_sync_durations', 'v_ghl_freshness', 'v_ghl_source_activity']
  loop
    execute format('revoke all on public.%I from public, anon, authenticated', one);
    execute format('grant select on public.%I to authenticated, service_role', one);
    -- 0002 knows by this that the view is ours.
    execute format('comment on view public.%I is %L', one, 'crm-mirror: see its migrations');
  end loop;
end
$$;
