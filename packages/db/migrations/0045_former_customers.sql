-- A customer who was deleted at Stripe is dead for ever. The link stays, with the time at which we learned of it, so that events,
-- invoices and the ledger still say whose they were; and the organization may have another customer. One at a time.
alter table stripe_customer add column deleted_at timestamptz;
create unique index stripe_customer_living on stripe_customer (organization_id) where deleted_at is null;
drop index stripe_customer_organization_id_idx;
create index stripe_customer_of on stripe_customer (organization_id);
-- All of them read a customer from Stripe and write what it has: the worker and the webhook app may do so already.
grant update (deleted_at) on stripe_customer to hr_api;
grant update (status, version, attempts, next_attempt_at) on overage to hr_engine;

set local role hr_engine;

-- As before, of living customers.
create or replace function due_customer_sweeps(most integer) returns table (organization_id uuid, customer_id text)
language sql volatile security definer set search_path = headroom, pg_temp as $$
  select c.organization_id, c.customer_id
  from (select clock_now() as now) t
  cross join stripe_customer c
  join subscription s on s.organization_id = c.organization_id
  left join stripe_customer_sync y on y.customer_id = c.customer_id
  cross join lateral (
    select least(t.now, coalesce(y.checked_at, '-infinity')) - interval '35 days' as since
  ) w
  where c.deleted_at is null and (
      (s.stripe_subscription_id is not null
        and coalesce(s.stripe_status, 'deleted') not in ('canceled', 'incomplete_expired', 'deleted'))
      or y.live_at > w.since
      or c.created_at > w.since
      or exists (select from stripe_intent i where i.organization_id = c.organization_id and i.kind = 'checkout'
        and i.status in ('pending', 'done', 'superseded') and i.updated_at > w.since))
    and (y.checked_at is null or y.checked_at <= t.now - interval '1 day' or exists (
      select from (values (s.trial_end), (s.current_period_end + interval '2 hours'), (s.cancel_at),
        (case when s.state = 'past_due' then s.limits_until end)) as known (at)
      where known.at <= t.now and y.checked_at < known.at))
    and (y.sweep_after is null or y.sweep_after <= clock_timestamp())
  order by y.checked_at nulls first limit most
$$;

-- As before, of living customers.
create or replace function due_seat_targets(quiet interval, longest interval, most integer)
returns table (organization_id uuid, customer_id text)
language sql volatile security definer set search_path = headroom, pg_temp as $$
  select t.organization_id, c.customer_id from seat_target t
    join stripe_customer c on c.organization_id = t.organization_id and c.deleted_at is null
    where t.live and t.version > t.pushed_version
      and (t.hastened or least(t.changed_at + quiet, t.requested_at + longest) <= clock_timestamp())
      and (t.not_before is null or t.not_before <= clock_timestamp())
    order by t.requested_at limit most
$$;

-- As before, and the last event is of any customer that the organization has had.
create or replace function operator_organizations(one uuid, wanted text, before uuid, most integer)
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
  left join lateral (
    select i.type, i.received_at, i.applied_at from stripe_customer c join stripe_inbox i on i.customer_id = c.customer_id
      where c.organization_id = o.id order by i.received_at desc limit 1) event on true
  order by o.id desc
$$;

-- Which customers are linked to an organization, and which organizations have a living one.
create or replace function customer_links(customers text[], organizations uuid[])
returns table (customer_id text, organization_id uuid)
language sql stable security definer set search_path = headroom, pg_temp as $$
  select c.customer_id, c.organization_id from stripe_customer c
    where c.customer_id = any (customers) or (c.organization_id = any (organizations) and c.deleted_at is null)
$$;

-- What stands on an invoice and could still be changed is looked at again once its customer was deleted: a draft of theirs is
-- never billed. A draft is not older than the last weeks. Answers how many rows.
create function reopen_overages(tenant uuid) returns integer
language sql volatile security definer set search_path = headroom, pg_temp as $$
  with reopened as (
    update overage set status = 'pending', version = version + 1, attempts = 0, next_attempt_at = clock_timestamp()
      where organization_id = tenant and status = 'sent' and not fixed and stripe_invoice_item_id is not null
        and sent_at > clock_now() - interval '35 days'
      returning 1)
  select count(*)::integer from reopened
$$;
revoke execute on function reopen_overages from public;
grant execute on function reopen_overages to hr_api, hr_worker, hr_webhook;
