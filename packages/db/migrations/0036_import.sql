-- Moving in from elsewhere: whether billing is live and since when, prices of others that stand for plans of ours, the
-- ids that organizations had before, and the usage that they came with.

-- live: as the worker last read it in the configuration. live_from: what is billed are periods that began then or later;
-- null: all. declared: an operator named that instant, and answers for the period that was running.
create table billing_mode (
  singleton boolean primary key default true check (singleton),
  live boolean not null default true,
  live_from timestamptz,
  declared boolean not null default false
);
insert into billing_mode default values;

-- A price that Stripe has under no name of ours, by its id or its lookup key. role `overage`: what another system bills a
-- meter's overage by; it is compared, and never read as a part of a plan.
create table price_mapping (
  name text primary key,
  is_lookup_key boolean not null,
  role text not null check (role in ('plan', 'seat', 'addon', 'overage')),
  plan_id text,
  plan_version integer,
  meter text,
  created_at timestamptz not null,
  foreign key (plan_id, plan_version) references plan (id, version),
  check (role = 'overage' or (plan_id is not null and plan_version is not null and meter is null)),
  check (role <> 'overage' or (meter is not null and plan_id is null and plan_version is null))
);

create table organization_reference (
  external_id text primary key,
  organization_id uuid not null unique references organization
);

-- Units that were used elsewhere in the period in which an organization came. The event is written after its row, with
-- what the row says, so that it is written once.
create table opening_usage (
  organization_id uuid not null references organization,
  meter text not null,
  quantity bigint not null check (quantity > 0),
  event_id uuid not null,
  occurred_at timestamptz not null,
  imported_at timestamptz not null,
  recorded boolean not null default false,
  primary key (organization_id, meter)
);

do $$
declare
  tenant text;
begin
  foreach tenant in array array['organization_reference', 'opening_usage'] loop
    execute format('alter table %I enable row level security', tenant);
    execute format('alter table %I force row level security', tenant);
    execute format(
      'create policy tenant on %I to hr_api, hr_worker, hr_webhook, hr_readonly
         using (organization_id = (select current_organization_id()))
         with check (organization_id = (select current_organization_id()))', tenant);
    execute format('create policy engine on %I to hr_engine using (true) with check (true)', tenant);
  end loop;
end
$$;

-- shadow: nothing of it is ever sent to Stripe. Decided when the period is closed, once.
alter table usage_period add column shadow boolean not null default false;
alter table overage drop constraint overage_status_check;
alter table overage
  add constraint overage_status_check check (status in ('pending', 'sent', 'withdrawn', 'written_off', 'shadow'));

grant select on billing_mode, price_mapping, organization_reference, opening_usage to hr_readonly;
grant select on billing_mode, price_mapping to hr_api, hr_webhook, hr_engine;
grant select, update on billing_mode to hr_worker;
grant select, insert, update on price_mapping to hr_worker;
grant select, insert on organization_reference to hr_api;
grant select, insert, update on opening_usage to hr_api;
grant select on opening_usage, organization_reference to hr_worker;
grant select, delete on organization_reference, opening_usage to hr_engine;

set local role hr_engine;

-- Whether a period that is being closed is billed by nobody: billing is not live, or was not when it began, or usage from
-- elsewhere is in it, which somebody else may have billed.
create function decide_shadow(tenant uuid, meter_name text, starts timestamptz) returns boolean
language sql volatile security definer set search_path = headroom, pg_temp as $$
  update usage_period p
    set shadow = not m.live
      or coalesce(p.period_start < m.live_from, false)
      or (not m.declared and exists (
        select from opening_usage o
          where o.organization_id = p.organization_id and o.meter = p.meter
            and o.occurred_at >= p.period_start and o.occurred_at < p.period_end))
    from billing_mode m
    where p.organization_id = tenant and p.meter = meter_name and p.period_start = starts
    returning p.shadow
$$;

create function organizations_of_references(wanted text[]) returns table (external_id text, organization_id uuid)
language sql stable security definer set search_path = headroom, pg_temp as $$
  select r.external_id, r.organization_id from organization_reference r where r.external_id = any (wanted)
$$;

-- Which customers are linked to an organization, and which organizations have another one.
create function customer_links(customers text[], organizations uuid[])
returns table (customer_id text, organization_id uuid)
language sql stable security definer set search_path = headroom, pg_temp as $$
  select c.customer_id, c.organization_id from stripe_customer c
    where c.customer_id = any (customers) or c.organization_id = any (organizations)
$$;

-- As before, and nothing is on no invoice while there is none to be written on.
create or replace function overage_is_open(tenant uuid) returns boolean
language sql volatile security definer set search_path = headroom, pg_temp as $$
  select (select live from billing_mode) and (
    exists (select from overage o where o.organization_id = tenant and o.status = 'pending' and not o.waits)
    or exists (
      select from usage_period p
        where p.organization_id = tenant and p.billable and not p.shadow and (p.closed_at is null or p.to_rate))
    or exists (
      select from usage_gate g
        join subscription s on s.organization_id = g.organization_id
        cross join lateral rating_plan(s, g.period_end - interval '1 microsecond') f
        join plan_meter pm on pm.plan_id = f.plan_id and pm.plan_version = f.plan_version and pm.meter = g.meter
        where g.organization_id = tenant and g.period_end <= clock_now() and g.period_used > 0 and pm.overage))
$$;

-- As before, and seats that nobody pushes are not waited for.
create or replace function seats_wait(t seat_target) returns boolean language sql volatile
  return t.live and t.version > t.pushed_version and t.attempts < 6
    and (t.attempts > 0 or t.not_before is null or t.not_before <= clock_timestamp())
    and (select m.live from headroom.billing_mode m);

grant execute on function decide_shadow to hr_worker;
grant execute on function organizations_of_references to hr_api, hr_worker;
grant execute on function customer_links, organization_of_slug to hr_worker;
