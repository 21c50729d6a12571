-- What a Supabase project looks like to the recipe: its own auth schema, realtime service, publication, and default rights
-- that give everything new to everybody. The project's own role is no superuser.
create role project login createrole;
create role platform_auth nologin;
create role platform_realtime nologin;
grant platform_realtime to project;
grant create on database supabase to project;
alter schema public owner to project;
grant usage on schema public to anon, authenticated, service_role;
alter default privileges for role project in schema public grant all on tables to anon, authenticated, service_role;
alter default privileges for role project in schema public grant all on functions to anon, authenticated, service_role;

create schema auth authorization platform_auth;
grant usage on schema auth to project, anon, authenticated, service_role;
create table auth.users (id uuid primary key, email text, encrypted_password text);
alter table auth.users owner to platform_auth;
grant select, references on auth.users to project;
create function auth.uid() returns uuid language sql stable as $$
  select coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''),
    (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'))::uuid
$$;
alter function auth.uid() owner to platform_auth;

create schema realtime authorization platform_realtime;
grant usage on schema realtime to project, anon, authenticated, service_role;
create table realtime.messages (id bigserial, topic text not null, extension text not null, payload jsonb);
alter table realtime.messages owner to platform_realtime;
alter table realtime.messages enable row level security;
grant select, insert on realtime.messages to anon, authenticated, service_role;
grant usage on all sequences in schema realtime to anon, authenticated, service_role;
-- The helper as it is: the 8th argument is a text.
create function realtime.broadcast_changes(topic_name text, event_name text, operation text, table_name text, table_schema text,
    new record, old record, level text default 'ROW') returns void
  language plpgsql security definer as $$
begin
  insert into realtime.messages (topic, extension) values (topic_name, 'broadcast');
end
$$;
create publication supabase_realtime;
alter publication supabase_realtime owner to project;
