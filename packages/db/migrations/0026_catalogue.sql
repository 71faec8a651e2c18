-- What Stripe has archived, the portal's configuration, and plans that operators assign.

alter table configuration add column portal_configuration_id text;

-- Archived at Stripe: a price, or the product it is of, that takes nothing new.
alter table plan_price add column stripe_archived boolean not null default false;

-- Stripe says of products and prices what became of them to whoever receives its events.
grant update (stripe_product_id, stripe_price_id, stripe_archived) on plan_price to hr_webhook;

-- A plan that an operator gives an organization, without Stripe: one that runs, one that waits for its start.
create table plan_assignment (
  organization_id uuid not null references organization,
  state text not null check (state in ('waiting', 'running')),
  plan_id text not null,
  plan_version integer not null,
  starts_at timestamptz not null,
  ends_at timestamptz check (ends_at > starts_at), -- null: it stays until it is removed
  reason text not null check (reason <> ''),
  set_by text not null,
  set_at timestamptz not null,
  primary key (organization_id, state),
  foreign key (plan_id, plan_version) references plan
);
create index plan_assignment_start on plan_assignment (starts_at) where state = 'waiting';
create index plan_assignment_end on plan_assignment (ends_at) where ends_at is not null;

alter table plan_assignment enable row level security;
alter table plan_assignment force row level security;
create policy tenant on plan_assignment to hr_api, hr_worker, hr_webhook, hr_readonly
  using (organization_id = (select current_organization_id()))
  with check (organization_id = (select current_organization_id()));
create policy engine on plan_assignment to hr_engine using (true) with check (true);

grant select, insert, update, delete on plan_assignment to hr_api, hr_worker;
grant select on plan_assignment to hr_readonly;
grant select, delete on plan_assignment to hr_engine;

set local role hr_engine;

-- How many organizations each version of a plan has: as their base plan, by a subscription at Stripe (also one that
-- waits for the paid period's end), by an operator (also one that waits for its start), and in checkouts that are open.
-- Deleted ones count until they are purged: their subscriptions may still run.
create function plan_version_uses()
returns table (plan_id text, plan_version integer, base bigint, subscribed bigint, assigned bigint, checkouts bigint)
language sql volatile security definer set search_path = headroom, pg_temp as $$
  select plan_id, plan_version, count(*) filter (where kind = 'base'), count(*) filter (where kind = 'subscribed'),
    count(*) filter (where kind = 'assigned'), count(*) filter (where kind = 'checkout')
  from (
    select base_plan_id as plan_id, base_plan_version as plan_version, 'base' as kind from subscription
    union all
    select plan_id, plan_version, 'subscribed' from subscription where source = 'stripe' and plan_id is not null
    union all
    select pending_plan_id, pending_plan_version, 'subscribed' from subscription
      where source = 'stripe' and pending_plan_id is not null
    union all
    select plan_id, plan_version, 'assigned' from plan_assignment
    union all
    select parameters ->> 'planId', (parameters ->> 'planVersion')::integer, 'checkout' from stripe_intent
      where kind = 'checkout' and status in ('pending', 'done')
        -- Stripe closes a session after a day, whether anybody tells us or not.
        and updated_at > clock_now() - interval '25 hours'
  ) as use
  group by plan_id, plan_version
$$;
grant execute on function plan_version_uses to hr_worker;

-- Living organizations that are on one of these versions of a plan: as base plan, by Stripe or by an operator; in the
-- order of their ids, from after the given one.
create function organizations_on_plan(plan text, versions integer[], after uuid, most integer) returns setof uuid
language sql stable security definer set search_path = headroom, pg_temp as $$
  select o.id from organization o join subscription s on s.organization_id = o.id
  where o.deleted_at is null and (after is null or o.id > after)
    and (s.base_plan_id = plan and s.base_plan_version = any (versions)
      or s.plan_id = plan and s.plan_version = any (versions)
      or exists (select from plan_assignment a
        where a.organization_id = o.id and a.plan_id = plan and a.plan_version = any (versions)))
  order by o.id limit most
$$;
grant execute on function organizations_on_plan to hr_worker;

-- Living organizations with an assignment that is to start, that is over, or that a subscription at Stripe replaced.
create function organizations_with_due_assignments(after uuid, most integer) returns setof uuid
language sql volatile security definer set search_path = headroom, pg_temp as $$
  with clock as materialized (select clock_now() as now)
  select distinct a.organization_id from clock
  join plan_assignment a on a.starts_at <= clock.now and a.state = 'waiting' or a.ends_at <= clock.now
    or a.state = 'running' and exists (select from subscription s
      where s.organization_id = a.organization_id and s.source <> 'operator')
  join organization o on o.id = a.organization_id and o.deleted_at is null
  where after is null or a.organization_id > after
  order by 1 limit most
$$;
grant execute on function organizations_with_due_assignments to hr_worker;
