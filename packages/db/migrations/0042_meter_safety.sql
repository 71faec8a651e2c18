-- What is told to a billing meter is out of the reach of releases that know nothing of it, is followed until a final invoice
-- has said what it billed, and shows in billing's health. Events from Stripe that cannot be stored whole, and how outgoing webhooks go.

-- metered: told, or to be told, to a billing meter; usage_push has how far. Neither the claim nor the repair of a release
-- without usage_push takes such a row. sent_at: when the meter had it; null: it is open.
alter table overage drop constraint overage_status_check;
alter table overage add constraint overage_status_check
  check (status in ('pending', 'metered', 'sent', 'withdrawn', 'written_off', 'shadow'));
create index overage_metered on overage (next_attempt_at) where status = 'metered' and sent_at is null;

alter table usage_push
  -- The units that its final invoice billed; null: nobody has looked at it since it was finalized.
  add column counted bigint check (counted >= 0),
  -- Real time.
  add column rejected_at timestamptz;
create index usage_push_uncounted on usage_push (organization_id, identifier) where state = 'sent' and counted is null;

grant update (sent_at) on overage to hr_engine;
grant update (rejected_at) on usage_push to hr_engine;
grant select on webhook_delivery, webhook_endpoint to hr_engine;

-- unstorable: PostgreSQL cannot keep what its body says; its fields are here, the body is not.
alter table stripe_inbox
  add column raw_sha256 bytea check (octet_length(raw_sha256) = 32),
  drop constraint stripe_inbox_reason_check,
  add constraint stripe_inbox_reason_check
    check (reason in ('unlinked', 'unknown_price', 'unknown_status', 'unstorable'));

create index webhook_delivery_failed on webhook_delivery (organization_id) where status = 'failed';

set local role hr_engine;

-- What was told before this release, sent or not.
update overage o set status = 'metered', sent_at = case p.state when 'sent' then coalesce(o.sent_at, p.sent_at) end
  from usage_push p
  where p.organization_id = o.organization_id and p.overage_id = o.id and p.state <> 'rejected'
    and o.status in ('pending', 'sent');
update usage_push set rejected_at = clock_timestamp() where state = 'rejected';

-- True while a row of the ledger is to be brought to Stripe.
create function overage_is_due(o overage) returns boolean language sql immutable
  return o.status = 'pending' or (o.status = 'metered' and o.sent_at is null);

-- Rows to work on. due_overages, which releases before this one ask, does not have those that a meter is told.
create function due_overage_rows(most integer) returns table (organization_id uuid, id uuid)
language sql stable security definer set search_path = headroom, pg_temp as $$
  select due.organization_id, due.id from (
    (select o.organization_id, o.id, o.next_attempt_at from overage o
      where o.status = 'pending' and o.next_attempt_at <= clock_timestamp() order by o.next_attempt_at limit most)
    union all
    (select o.organization_id, o.id, o.next_attempt_at from overage o
      where o.status = 'metered' and o.sent_at is null and o.next_attempt_at <= clock_timestamp()
      order by o.next_attempt_at limit most)) due
    order by due.next_attempt_at limit most
$$;

-- As before, and the row is anybody's again.
create or replace function reject_usage_pushes(identifiers text[], why text) returns bigint
language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
declare
  push usage_push;
  ours bigint := 0;
begin
  for push in
    select * from usage_push p where p.identifier = any(identifiers) order by p.organization_id, p.identifier for no key update
  loop
    ours := ours + 1;
    -- What a final invoice has billed stays billed, whatever is reported later.
    continue when push.state = 'rejected' or push.counted > 0;
    update usage_push set state = 'rejected', reason = why, rejected_at = clock_timestamp()
      where organization_id = push.organization_id and identifier = push.identifier;
    update overage set status = 'pending', version = version + 1, placement = placement + 1, attempts = 0,
        stripe_invoice_id = null, stripe_invoice_item_id = null, sent_at = null, next_attempt_at = clock_timestamp(),
        last_error = 'the billing meter refused it: ' || why
      where organization_id = push.organization_id and id = push.overage_id and status in ('pending', 'metered', 'sent');
  end loop;
  return ours;
end
$$;

-- Pushes that Stripe has taken and of which no final invoice was seen, by their keys, after one of them. Sent before an
-- instant of the one clock: Stripe counts what it takes after a while.
create function uncounted_pushes(sent_before timestamptz, after_tenant uuid, after_identifier text, most integer)
returns table (organization_id uuid, identifier text)
language sql stable security definer set search_path = headroom, pg_temp as $$
  select p.organization_id, p.identifier from usage_push p
    where p.state = 'sent' and p.counted is null and p.sent_at <= sent_before
      and (after_tenant is null or (p.organization_id, p.identifier) > (after_tenant, after_identifier))
    order by p.organization_id, p.identifier limit most
$$;

-- As before, and what is told to a meter is open until the meter has it.
create or replace function overage_is_open(tenant uuid) returns boolean
language sql volatile security definer set search_path = headroom, pg_temp as $$
  select (select live from billing_mode) and (
    exists (select from overage o where o.organization_id = tenant and overage_is_due(o) and not o.waits)
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

create or replace function is_settled(with_overage boolean) returns boolean
language sql volatile security definer set search_path = headroom, pg_temp as $$
  select not exists (select from stripe_inbox where status = 'pending')
    and not exists (select from seat_target t where seats_wait(t))
    and (not with_overage or (
      not exists (select from overage where status = 'pending' and not waits)
      and not exists (select from overage where status = 'metered' and sent_at is null)
      and not exists (select from usage_period where closed_at is null or to_rate)
      and not exists (select from usage_gate where period_end <= clock_now() and period_used > 0)))
$$;

create or replace function purge_is_due(tenant uuid) returns boolean language sql volatile as $$
  select exists (
    select from headroom.organization o
    where o.id = tenant and o.deleted_at is not null and o.purge_at <= headroom.clock_now()
      and not exists (
        select from headroom.usage_period p
          where p.organization_id = o.id and (p.closed_at is null or p.to_rate))
      and not exists (
        select from headroom.overage v where v.organization_id = o.id and headroom.overage_is_due(v))
      and not exists (
        select from headroom.usage_push p
          where p.organization_id = o.id and p.state = 'sent' and p.counted is null
            and p.sent_at > headroom.clock_now() - interval '40 days')
      and not exists (
        select from headroom.subscription s where s.organization_id = o.id and s.cancel_at is null
          and s.stripe_subscription_id is not null
          and s.stripe_status not in ('canceled', 'incomplete_expired', 'deleted')))
$$;

drop function billing_signals();
create function billing_signals() returns table (
  pending bigint, oldest_pending_seconds float8,
  unlinked bigint, unknown_price bigint, unknown_status bigint, oldest_parked_seconds float8,
  dead bigint, quarantined bigint,
  drift bigint, drifted_ago float8, failing bigint,
  backfill_ago float8, backfill_listed bigint, backfill_kept bigint,
  unsettled bigint, oldest_unsettled_seconds float8,
  held_invoices bigint, oldest_held_seconds float8,
  ledger_ago float8, ledger_differences bigint,
  usage_ago float8, usage_differences bigint,
  ambiguous_pushes bigint, oldest_ambiguous_seconds float8,
  rejected_pushes bigint, rejected_ago float8
) language sql volatile security definer set search_path = headroom, pg_temp as $$
  with clock as materialized (select clock_now() as now)
  select i.*, y.*,
    extract(epoch from clock_timestamp() - b.completed_at)::float8, b.listed, b.kept,
    u.*,
    h.held, coalesce(extract(epoch from clock.now - h.oldest), 0)::float8,
    extract(epoch from clock_timestamp() - o.checked_at)::float8, o.differences,
    extract(epoch from clock_timestamp() - c.checked_at)::float8, c.differences,
    m.*
  from clock
  cross join (
    select count(*) filter (where status = 'pending'),
      coalesce(extract(epoch from clock_timestamp() - min(received_at) filter (where status = 'pending')), 0)::float8,
      count(*) filter (where status = 'parked' and reason = 'unlinked'),
      count(*) filter (where status = 'parked' and reason = 'unknown_price'),
      count(*) filter (where status = 'parked' and reason = 'unknown_status'),
      coalesce(extract(epoch from clock_timestamp() - min(parked_at) filter (where status = 'parked')), 0)::float8,
      count(*) filter (where status = 'dead'),
      count(*) filter (where status = 'quarantined')
    from stripe_inbox where status in ('pending', 'parked', 'dead', 'quarantined')) i
  cross join (
    select coalesce(sum(drift_count), 0)::bigint, extract(epoch from clock_timestamp() - max(drifted_at))::float8,
      count(*) filter (where last_error is not null)
    from stripe_customer_sync) y
  cross join lateral (
    select count(*), coalesce(max(s.seconds), 0)::float8 from (
      select extract(epoch from clock.now - g.period_end) as seconds from usage_gate g
        where g.period_end <= clock.now and g.period_used > 0
      union all
      select extract(epoch from clock.now - p.period_end) from usage_period p where p.closed_at is null
      union all
      select 0 from usage_period p where p.to_rate and p.closed_at is not null
      union all
      select extract(epoch from clock.now - v.created_at) from overage v where v.status = 'pending' and not v.waits
      union all
      select extract(epoch from clock.now - v.created_at) from overage v
        where v.status = 'metered' and v.sent_at is null) s) u
  cross join invoice_hold_state() h
  cross join lateral (
    select count(*) filter (where p.state = 'ambiguous'),
      coalesce(extract(epoch from clock.now - min(p.sent_at) filter (where p.state = 'ambiguous')), 0)::float8,
      count(*) filter (where p.state = 'rejected'),
      extract(epoch from clock_timestamp() - max(p.rejected_at) filter (where p.state = 'rejected'))::float8
    from usage_push p where p.state in ('ambiguous', 'rejected')) m
  left join stripe_backfill b on true
  left join overage_check o on true
  left join usage_check c on true
$$;

-- How outgoing webhooks go, for metrics. Real time. waiting: to endpoints that are enabled, the first attempt not made or a retry
-- to come; failed: given up, and kept.
create function webhook_state(
  out waiting bigint, out oldest_waiting_seconds float8, out failed bigint,
  out endpoints bigint, out failing bigint, out disabled bigint, out disabled_by_us bigint
) language sql volatile security definer set search_path = headroom, pg_temp as $$
  select d.waiting, d.oldest, d.failed, e.*
  from (
    select count(*) filter (where w.status = 'pending') as waiting,
      coalesce(extract(epoch from clock_timestamp() - min(w.created_at) filter (where w.status = 'pending')), 0)::float8 as oldest,
      count(*) filter (where w.status = 'failed') as failed
    from webhook_delivery w
    join webhook_endpoint t on t.organization_id = w.organization_id and t.id = w.endpoint_id
    where w.status = 'failed' or (w.status = 'pending' and t.status = 'enabled')) d,
  (
    select count(*), count(*) filter (where t.status = 'enabled' and t.failing_since is not null),
      count(*) filter (where t.status = 'disabled'),
      count(*) filter (where t.status = 'disabled' and t.disabled_reason in ('gone', 'failing'))
    from webhook_endpoint t) e
$$;

revoke execute on function overage_is_due, due_overage_rows, uncounted_pushes, billing_signals, webhook_state from public;
grant execute on function due_overage_rows, uncounted_pushes, webhook_state to hr_worker;
grant execute on function billing_signals to hr_api, hr_worker, hr_webhook;
