-- The row of a source, from the configuration: lockstep.source is its id there, the others are `variables` of its database.
-- Run by psql, where nobody says which source it is, it does nothing.
insert into public.ghl_sources (id, name, location_id)
select current_setting('lockstep.source')::uuid, current_setting('lockstep.name'), current_setting('lockstep.location_id')
where nullif(current_setting('lockstep.source', true), '') is not null
on conflict (id) do update set name = excluded.name, location_id = excluded.location_id
where (ghl_sources.name, ghl_sources.location_id) is distinct from (excluded.name, excluded.location_id);
