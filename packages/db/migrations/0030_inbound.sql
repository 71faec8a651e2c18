-- Events that wait for something other than time, what operators see of the inbox, and the sweeps that prove that
-- webhooks arrive.

drop index stripe_inbox_customer;
alter table stripe_inbox
  drop constraint stripe_inbox_status_check,
  alter column payload drop not null, -- pruned after 35 days; the ids stay
  alter column secret_index drop not null, -- null: fetched from Stripe's list of events
  -- What a parked event waits for; kept when it dies of it.
  add column reason text check (reason in ('unlinked', 'unknown_price', 'unknown_status')),
  -- Since when it waits for that, in real time.
  add column parked_at timestamptz,
  add constraint stripe_inbox_status_check
    check (status in ('pending', 'parked', 'applied', 'ignored', 'quarantined', 'dead')),
  add check (status <> 'parked' or (reason is not null and parked_at is not null));
create index stripe_inbox_customer on stripe_inbox (customer_id, seq) where status in ('pending', 'parked');
create index stripe_inbox_parked on stripe_inbox (next_attempt_at) where status = 'parked';
create index stripe_inbox_open on stripe_inbox (status, received_at)
  where status in ('pending', 'parked', 'dead', 'quarantined');
create index stripe_inbox_by_age on stripe_inbox (received_at);
create index stripe_inbox_unpruned on stripe_inbox (received_at) where payload is not null;

alter table stripe_customer_sync
  -- Everything that Stripe had by then is here. The clock that plans follow, read before Stripe was asked.
  add column checked_at timestamptz,
  -- When a subscription was last seen that Stripe may still charge for.
  add column live_at timestamptz,
  -- A sweep that failed is not tried again before; real time.
  add column sweep_after timestamptz,
  -- How often a sweep found what no event had brought, when last (real time), and what.
  add column drift_count bigint not null default 0,
  add column drifted_at timestamptz,
  add column drift jsonb;

-- The last backfill that came to its end.
create table stripe_backfill (
  singleton boolean primary key default true check (singleton),
  -- Every undelivered event made before is in the inbox; Stripe's time.
  through timestamptz not null,
  completed_at timestamptz not null default clock_timestamp(),
  listed bigint not null,
  kept bigint not null
);
grant select on stripe_backfill to hr_readonly, hr_webhook;
grant select, insert, update on stripe_backfill to hr_worker;
grant delete on stripe_inbox to hr_worker;
grant update on stripe_inbox to hr_engine;
grant select on stripe_customer_sync to hr_engine;

set local role hr_engine;

-- Lets the parked events of a customer be tried again, now that it belongs to an organization; whoever makes the link.
create function wake_customer_events(customer text) returns bigint
language sql volatile security definer set search_path = headroom, pg_temp as $$
  with woken as (
    update stripe_inbox set status = 'pending', next_attempt_at = clock_timestamp()
      where customer_id = customer and status = 'parked' returning 1)
  select count(*) from woken
$$;
revoke execute on function wake_customer_events from public;
grant execute on function wake_customer_events to hr_api, hr_worker, hr_webhook;

-- Customers whose state is to be compared with Stripe's: those with a subscription, or that had one or may have got one
-- within 35 days, once a day and after each instant at which we know that something changes there.
create function due_customer_sweeps(most integer) returns table (organization_id uuid, customer_id text)
language sql volatile security definer set search_path = headroom, pg_temp as $$
  select c.organization_id, c.customer_id
  from (select clock_now() as now) t
  cross join stripe_customer c
  join subscription s on s.organization_id = c.organization_id
  left join stripe_customer_sync y on y.customer_id = c.customer_id
  where (
      (s.stripe_subscription_id is not null
        and coalesce(s.stripe_status, 'deleted') not in ('canceled', 'incomplete_expired', 'deleted'))
      or y.live_at > t.now - interval '35 days'
      or c.created_at > t.now - interval '35 days'
      or exists (select from stripe_intent i where i.organization_id = c.organization_id and i.kind = 'checkout'
        and i.status in ('pending', 'done', 'superseded') and i.updated_at > t.now - interval '35 days'))
    and (y.checked_at is null or y.checked_at <= t.now - interval '1 day' or exists (
      select from (values (s.trial_end), (s.current_period_end + interval '2 hours'), (s.cancel_at),
        (case when s.state = 'past_due' then s.limits_until end)) as known (at)
      where known.at <= t.now and y.checked_at < known.at))
    and (y.sweep_after is null or y.sweep_after <= clock_timestamp())
  order by y.checked_at nulls first limit most
$$;
revoke execute on function due_customer_sweeps from public;
grant execute on function due_customer_sweeps to hr_worker;

-- Outgoing deliveries of any organization that were given up, the newest first.
create function dead_webhook_deliveries(most integer)
returns table (organization_id uuid, endpoint_id uuid, event_seq bigint, event_id uuid, name text, at timestamptz,
  response_status integer, error text)
language sql stable security definer set search_path = headroom, pg_temp as $$
  select d.organization_id, d.endpoint_id, d.event_seq, e.id, e.name, d.created_at, a.response_status, a.error
  from webhook_delivery d
  join event e on e.organization_id = d.organization_id and e.seq = d.event_seq
  left join lateral (
    select * from webhook_attempt a
      where (a.organization_id, a.endpoint_id, a.event_seq) = (d.organization_id, d.endpoint_id, d.event_seq)
      order by a.attempt desc limit 1) a on true
  where d.status = 'failed' order by d.created_at desc limit most
$$;
revoke execute on function dead_webhook_deliveries from public;
grant execute on function dead_webhook_deliveries to hr_worker;
