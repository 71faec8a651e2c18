-- Deleted organizations and their purge, features granted to users, and look-ups across organizations.

alter table organization add purge_at timestamptz; -- set with deleted_at
create index organization_deleted on organization (purge_at) where deleted_at is not null;

-- A feature that an operator gave to a user. Rows are kept: they are the record of who gave and took what.
create table account_grant (
  id uuid primary key,
  account_id uuid not null references account,
  feature text not null,
  reason text not null default '',
  granted_by text not null,
  granted_at timestamptz not null,
  expires_at timestamptz,
  revoked_by text,
  revoked_at timestamptz,
  check ((revoked_by is null) = (revoked_at is null))
);
create unique index account_grant_one_standing on account_grant (account_id, feature) where revoked_at is null;
grant select, insert, update on account_grant to hr_worker;
grant select on account_grant to hr_engine;

-- The purge empties every tenant table. A table made later needs this grant too; a test names those that lack it.
do $$
declare
  tenant_table regclass;
begin
  for tenant_table in
    select c.oid from pg_class c
      where c.relnamespace = 'headroom'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
        and (c.relname = 'organization' or exists (
          select from pg_attribute a where a.attrelid = c.oid and a.attname = 'organization_id' and not a.attisdropped))
  loop
    execute format('grant select, delete on %s to hr_engine', tenant_table);
  end loop;
end
$$;
grant select, delete on http_idempotency to hr_engine;

set local role hr_engine;

-- What a user holds of a feature: its value in the plan in force of each organization where they have one of the
-- roles, and `true` for a grant that stands.
create function held_features(person uuid, roles text[], wanted text) returns table (value jsonb)
language sql volatile security definer set search_path = headroom, pg_temp as $$
  select p.definition -> 'features' -> wanted
  from membership m
  join organization o on o.id = m.organization_id and o.deleted_at is null
  join subscription s on s.organization_id = o.id
  cross join lateral (
    select s.plan_id is not null and (s.limits_until is null or clock_now() < s.limits_until)
  ) as paid (holds)
  join plan p on p.id = case when holds then s.plan_id else s.base_plan_id end
    and p.version = case when holds then s.plan_version else s.base_plan_version end
  where m.user_id = person and m.role = any (roles) and p.definition -> 'features' ? wanted
  union all
  select 'true'::jsonb from account_grant g
  where g.account_id = person and g.feature = wanted and g.revoked_at is null
    and (g.expires_at is null or clock_now() < g.expires_at)
$$;

create function organization_of_slug(wanted text) returns uuid
language sql stable security definer set search_path = headroom, pg_temp as $$
  select organization_id from organization_slug where slug = wanted
$$;

-- True for an organization whose time is up and whose money is settled: every period counted, every overage sent, and
-- no subscription that would go on charging with nobody left to end it.
create function purge_is_due(tenant uuid) returns boolean language sql volatile as $$
  select exists (
    select from headroom.organization o
    where o.id = tenant and o.deleted_at is not null and o.purge_at <= headroom.clock_now()
      and not exists (
        select from headroom.usage_period p where p.organization_id = o.id and p.closed_at is null)
      and not exists (
        select from headroom.overage v where v.organization_id = o.id and v.status = 'pending')
      and not exists (
        select from headroom.subscription s where s.organization_id = o.id and s.cancel_at is null
          and s.stripe_subscription_id is not null
          and s.stripe_status not in ('canceled', 'incomplete_expired', 'deleted')))
$$;

create function purgeable_organizations(most integer) returns table (organization_id uuid)
language sql volatile security definer set search_path = headroom, pg_temp as $$
  select o.id from organization o
    where o.deleted_at is not null and o.purge_at <= clock_now() and purge_is_due(o.id)
    order by o.purge_at limit most
$$;

-- Deletes everything that an organization has, in every tenant table that the catalogue knows; false while more than
-- `most` events are left for another call. Nothing, and true, unless the purge is due.
create function purge_organization(tenant uuid, most integer) returns boolean
language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
declare
  deleted integer;
  remaining oid[];
  next oid;
begin
  perform from organization where id = tenant for update;
  if not found or not purge_is_due(tenant) then
    return true;
  end if;
  delete from usage_event u using (
    select e.organization_id, e.meter, e.key, e.received_on from usage_event e where e.organization_id = tenant limit most
  ) d where u.organization_id = d.organization_id and u.meter = d.meter and u.key = d.key
    and u.received_on = d.received_on;
  get diagnostics deleted = row_count;
  if deleted >= most then
    return false;
  end if;
  -- A roll-up that has read the events must not write their tallies after this.
  perform pg_advisory_xact_lock(hashtext('headroom.roll_up'), d.received_on - '2000-01-01'::date)
    from (select received_on from usage_partition where sealed_at is null order by received_on) d;
  select array_agg(c.oid) into remaining from pg_class c
    where c.relnamespace = 'headroom'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and exists (
        select from pg_attribute a where a.attrelid = c.oid and a.attname = 'organization_id' and not a.attisdropped);
  while remaining <> '{}' loop
    -- Who refers to others goes first.
    select t into strict next from unnest(remaining) t
      where not exists (
        select from pg_constraint f
          where f.contype = 'f' and f.confrelid = t and f.conrelid <> t and f.conrelid = any (remaining))
      order by t limit 1;
    execute format('delete from %s where organization_id = $1', next::regclass) using tenant;
    remaining := array_remove(remaining, next);
  end loop;
  delete from http_idempotency where scope_id = tenant;
  delete from organization where id = tenant;
  return true;
end
$$;

-- A deletion ends the running period, so that its overage is billed.
grant execute on function start_period, held_features, organization_of_slug to hr_api;
grant execute on function purgeable_organizations, purge_organization to hr_worker;
