-- What operators see: organizations side by side, and what Stripe last told of one.

create index stripe_inbox_last on stripe_inbox (customer_id, received_at desc) where customer_id is not null;

set local role hr_engine;

-- What the seats of an organization are counted from at an instant: members and open invites, the seat terms of the plan
-- in force, which is the subscription's while its limits hold, else the base plan, which sells none, and an operator's
-- override. null when there is no such organization, or none that the caller may see.
create function seat_counts(tenant uuid, at timestamptz) returns jsonb language sql stable as $$
  select jsonb_build_object(
    'plan', jsonb_build_object(
      'planId', p.id, 'kind', p.seats_kind, 'included', coalesce(p.seats_included, 0), 'max', p.seats_max),
    'purchased', case when f.paid then s.seats_purchased else 0 end,
    'members', (
      select jsonb_build_object(
        'owner', count(*) filter (where m.role = 'owner'),
        'admin', count(*) filter (where m.role = 'admin'),
        'member', count(*) filter (where m.role = 'member'))
      from headroom.membership m where m.organization_id = s.organization_id),
    'pending', (
      select count(*) from headroom.invite i
      where i.organization_id = s.organization_id and i.status = 'pending' and i.expires_at > at),
    'override', (
      select jsonb_build_object('limit', o.value) from headroom.operator_override o
      where o.organization_id = s.organization_id and o.kind = 'seats'
        and (o.expires_at is null or o.expires_at > at)))
  from headroom.subscription s
  cross join lateral headroom.plan_in_force(s, at) f
  join headroom.plan p on p.id = f.plan_id and p.version = f.plan_version
  where s.organization_id = tenant
$$;
revoke execute on function seat_counts from public;
grant execute on function seat_counts to hr_api, hr_worker, hr_webhook, hr_readonly;

-- Living organizations as operators look at them, the newest first, from before the given one: those whose name, slug or
-- owner's address holds a text, or just one. The price is of the plan that is paid for, the usage of the default
-- meter, the event the last that came.
create function operator_organizations(one uuid, wanted text, before uuid, most integer)
returns table (
  id uuid, name text, slug text, created_at timestamptz, owner_name text, owner_email text,
  plan_id text, plan_version integer, plan_name text,
  source text, state text, limits_until timestamptz, attention text,
  billing_interval text, currency text, plan_price numeric, seat_price numeric, seats_purchased integer, seats jsonb,
  meter text, day_used bigint, daily_limit bigint, period_used bigint, hard_cap bigint,
  event_type text, event_received_at timestamptz, event_applied_at timestamptz, at timestamptz
) language sql volatile security definer set search_path = headroom, pg_temp as $$
  with clock as materialized (select clock_now() as now), found as materialized (
    select o.id, o.name, o.slug, o.created_at, head.name as owner_name, head.email as owner_email
    from organization o
    left join lateral (
      -- Without an owner, under `roles.creator: admin`, the first admin.
      select a.name, a.email from membership m join account a on a.id = m.user_id
        where m.organization_id = o.id and m.role in ('owner', 'admin') order by m.role desc, m.id limit 1) head on true
    where o.deleted_at is null and (one is null or o.id = one) and (before is null or o.id < before)
      and (wanted = '' or strpos(lower(o.name), lower(wanted)) > 0 or strpos(o.slug, lower(wanted)) > 0
        or strpos(lower(head.email), lower(wanted)) > 0)
    order by o.id desc limit most)
  select o.id, o.name, o.slug, o.created_at, o.owner_name, o.owner_email,
    p.id, p.version, p.display_name,
    s.source, s.state, s.limits_until, s.attention,
    s.billing_interval, s.currency, price.plan, price.seat, s.seats_purchased, seat_counts(o.id, clock.now),
    gate.meter, gate.day_used, gate.daily_limit, gate.period_used, gate.hard_cap,
    event.type, event.received_at, event.applied_at, clock.now
  from clock cross join found o
  join subscription s on s.organization_id = o.id
  cross join lateral plan_in_force(s, clock.now) f
  join plan p on p.id = f.plan_id and p.version = f.plan_version
  left join lateral (
    select max(r.unit_amount) filter (where r.role = 'plan') as plan,
      max(r.unit_amount) filter (where r.role = 'seat') as seat
    from plan_price r where r.plan_id = s.plan_id and r.plan_version = s.plan_version
      and r.billing_interval = s.billing_interval and r.currency = s.currency) price on true
  left join lateral (
    select g.* from usage_status(o.id) g join meter m on m.name = g.meter and m.is_default) gate on true
  left join stripe_customer c on c.organization_id = o.id
  left join lateral (
    select i.type, i.received_at, i.applied_at from stripe_inbox i
      where i.customer_id = c.customer_id order by i.received_at desc limit 1) event on true
  order by o.id desc
$$;
revoke execute on function operator_organizations from public;
grant execute on function operator_organizations to hr_api;

-- The last events of an organization's customer, the newest first, without what they say.
create function operator_events(tenant uuid, most integer)
returns table (event_id text, type text, status text, reason text, attempts integer, last_error text,
  created_at timestamptz, received_at timestamptz, applied_at timestamptz)
language sql stable security definer set search_path = headroom, pg_temp as $$
  select i.event_id, i.type, i.status, i.reason, i.attempts, i.last_error, i.created_at, i.received_at, i.applied_at
  from stripe_customer c join stripe_inbox i on i.customer_id = c.customer_id
  where c.organization_id = tenant order by i.received_at desc limit most
$$;
revoke execute on function operator_events from public;
grant execute on function operator_events to hr_api;
