-- Who calls. On Supabase all of this exists and stays as it is; on a plain PostgreSQL it is made in Supabase's shape, so
-- that the same policies and the same dashboards work on both.

-- Our own functions and what no end user may see. Not `public`: what stands there can be called through PostgREST.
create schema if not exists ghl_mirror;

do $$
declare
  wanted text;
begin
  foreach wanted in array array['anon', 'authenticated', 'service_role'] loop
    if not exists (select from pg_roles where rolname = wanted) then
      begin
        -- service_role gets its rights by policies (0004); it needs no BYPASSRLS, which only a superuser can give.
        execute format('create role %I nologin noinherit', wanted);
      exception when duplicate_object or unique_violation then
        null;  -- another database of the same server was migrated at the same moment
      end;
    end if;
  end loop;

  if to_regnamespace('auth') is null then
    create schema auth;
    grant usage on schema auth to anon, authenticated, service_role;
  end if;

  -- Nobody signs in here: tokens come from elsewhere, and this table only says which users exist.
  if to_regclass('auth.users') is null then
    create table auth.users (
      id uuid primary key,
      created_at timestamptz not null default now()
    );
    revoke all on auth.users from public, anon, authenticated;
    grant all on auth.users to service_role;
  end if;

  -- Whoever checks the token (PostgREST, or a program of yours) puts its claims into the setting of the transaction.
  -- Claims that are no JSON, or a `sub` that is no UUID, are an error: a caller that can not be read is nobody.
  if to_regprocedure('auth.uid()') is null then
    create function auth.uid() returns uuid
      language sql stable
      set search_path = ''
    as $function$
      select coalesce(
        nullif(current_setting('request.jwt.claim.sub', true), ''),
        nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
      )::uuid
    $function$;
    grant execute on function auth.uid() to anon, authenticated, service_role;
  end if;
end
$$;
