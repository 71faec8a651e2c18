-- Roles are cluster-wide, so they stand outside the numbered migrations. Idempotent. An administrator runs this
-- once per cluster and database when the migrating login may not create roles.
do $$
declare
  role_name text;
begin
  foreach role_name in array array[
    'hr_owner', 'hr_migrator', 'hr_engine', 'hr_jobs', 'hr_api', 'hr_worker', 'hr_webhook', 'hr_readonly'
  ] loop
    begin
      if not exists (select from pg_roles where rolname = role_name) then
        execute format('create role %I nologin noinherit', role_name);
      end if;
    exception when duplicate_object or unique_violation then
      null; -- another database of this cluster was faster
    end;
  end loop;
  if not pg_has_role('hr_migrator', 'hr_owner', 'member') then
    grant hr_owner, hr_engine, hr_jobs to hr_migrator;
  end if;
  execute format('grant create on database %I to hr_owner, hr_jobs', current_database());
end
$$;

create schema if not exists headroom authorization hr_owner;
create schema if not exists graphile_worker authorization hr_jobs;
grant usage, create on schema headroom to hr_engine, hr_jobs;
grant usage on schema headroom to hr_api, hr_worker, hr_webhook, hr_readonly;
