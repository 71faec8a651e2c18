-- What nobody bills is named before it is lost: the periods that stay unbilled as billing stands, and the lines that wait
-- until it is live again.

set local role hr_engine;

-- Whether a period is billed by nobody: billing is not live, or was not when it began, or usage from elsewhere is in it,
-- which somebody else may have billed.
create function is_never_billed(tenant uuid, meter_name text, starts timestamptz, ends timestamptz) returns boolean
language sql volatile as $$
  select not m.live
      or coalesce(starts < m.live_from, false)
      or (not m.declared and exists (
        select from headroom.opening_usage o
          where o.organization_id = tenant and o.meter = meter_name and o.occurred_at >= starts and o.occurred_at < ends))
    from headroom.billing_mode m
$$;

create or replace function decide_shadow(tenant uuid, meter_name text, starts timestamptz) returns boolean
language sql volatile security definer set search_path = headroom, pg_temp as $$
  update usage_period p
    set shadow = is_never_billed(p.organization_id, p.meter, p.period_start, p.period_end)
    where p.organization_id = tenant and p.meter = meter_name and p.period_start = starts
    returning p.shadow
$$;

-- Periods that are not closed, have billable overage by now, and will be billed by nobody as billing stands. `included`,
-- `hard_cap` and the price are those that the period would be closed with now.
create function open_unbilled_periods() returns table (
  organization_id uuid, meter text, period_start timestamptz, period_end timestamptz, plan_id text, plan_version integer,
  included bigint, hard_cap bigint, unit_price numeric, currency text, bill_above_cap boolean, total bigint, over_cap bigint
) language sql volatile as $$
  with mode as materialized (select m.live, m.live_from, m.declared, headroom.clock_now() as now from headroom.billing_mode m),
  gate as (
    select g.* from mode m
      join headroom.usage_gate g on not m.live or g.period_start < m.live_from
      where g.period_used > 0
    union
    select g.* from mode m
      join headroom.opening_usage o on not m.declared and o.occurred_at > m.now - interval '32 days'
      join headroom.usage_gate g on g.organization_id = o.organization_id and g.meter = o.meter
        and o.occurred_at >= g.period_start and o.occurred_at < g.period_end
      where g.period_used > 0
  ),
  open as (
    select g.organization_id, g.meter, g.period_start, g.period_end, f.plan_id, f.plan_version,
      headroom.included_of(g.organization_id, g.meter, f.plan_id, f.plan_version, least(mode.now, g.period_end)) as included,
      g.hard_cap, price.unit_price, price.currency, pm.bill_above_cap
    from mode
    cross join gate g
    join headroom.subscription s on s.organization_id = g.organization_id and s.source = 'stripe'
      and (s.state <> 'trialing' or g.period_start >= s.trial_end)
    cross join lateral headroom.rating_plan(s, least(mode.now, g.period_end - interval '1 microsecond')) f
    join headroom.plan_meter pm on pm.plan_id = f.plan_id and pm.plan_version = f.plan_version and pm.meter = g.meter
      and pm.overage
    cross join lateral headroom.overage_price(pm, s.currency) price
    union all
    select p.organization_id, p.meter, p.period_start, p.period_end, p.plan_id, p.plan_version, p.included, p.hard_cap,
      p.unit_price, p.currency, coalesce(pm.bill_above_cap, false)
    from headroom.usage_period p
    left join headroom.plan_meter pm on pm.plan_id = p.plan_id and pm.plan_version = p.plan_version and pm.meter = p.meter
    where p.closed_at is null and p.billable
      and headroom.is_never_billed(p.organization_id, p.meter, p.period_start, p.period_end)
  )
  select o.*, sums.total, sums.over_cap from open o
  cross join lateral (
    select coalesce(sum(u.quantity), 0)::bigint as total, coalesce(sum(u.over_cap), 0)::bigint as over_cap
    from headroom.usage_sums(o.organization_id, o.meter, o.period_start) u) sums
  where (o.unit_price > 0 and sums.total - o.included
      - case when o.bill_above_cap then 0 else greatest(0, least(sums.over_cap, sums.total - o.hard_cap)) end > 0)
    or exists (
      select from headroom.usage_segment e
        where e.organization_id = o.organization_id and e.meter = o.meter and e.period_start = o.period_start
          and e.unit_price > 0 and e.used > e.included)
$$;

-- Those of every organization, and what was closed so within 35 days: `amount` is what the ledger has of it, null: not
-- closed. The open ones come first, then those that ended last. `periods`: how many there are of all.
create function unbilled_periods(most integer) returns table (
  organization_id uuid, meter text, period_start timestamptz, period_end timestamptz, plan_id text, plan_version integer,
  included bigint, hard_cap bigint, unit_price numeric, currency text, bill_above_cap boolean, total bigint, over_cap bigint,
  quantity bigint, amount bigint, periods bigint
) language sql volatile security definer set search_path = headroom, pg_temp as $$
  select u.*, count(*) over () from (
    select p.*, null::bigint as quantity, null::bigint as amount from open_unbilled_periods() p
    union all
    select v.organization_id, v.meter, v.period_start, v.period_end, min(v.plan_id), min(v.plan_version), null, null, null,
      v.currency, false, null, null, sum(v.quantity)::bigint, sum(v.amount)::bigint
    from overage v
    where v.status = 'shadow' and v.period_end > clock_now() - interval '35 days'
    group by v.organization_id, v.meter, v.period_start, v.period_end, v.currency
    having sum(v.amount) <> 0) u
  order by u.amount is not null, u.period_end desc, u.organization_id, u.meter
  limit most
$$;
revoke execute on function unbilled_periods from public;
grant execute on function unbilled_periods to hr_api, hr_worker;

-- As before. While billing is not live, lines of the ledger that were made before wait for it, and not for us:
-- `waiting_lines`. `unbilled`: open periods with overage that nobody bills.
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
  rejected_pushes bigint, rejected_ago float8,
  live boolean, waiting_lines bigint, oldest_waiting_seconds float8, unbilled bigint
) language sql volatile security definer set search_path = headroom, pg_temp as $$
  with clock as materialized (select clock_now() as now, m.live from billing_mode m)
  select i.*, y.*,
    extract(epoch from clock_timestamp() - b.completed_at)::float8, b.listed, b.kept,
    u.*,
    h.held, coalesce(extract(epoch from clock.now - h.oldest), 0)::float8,
    extract(epoch from clock_timestamp() - o.checked_at)::float8, o.differences,
    extract(epoch from clock_timestamp() - c.checked_at)::float8, c.differences,
    m.*,
    clock.live, w.*, (select count(*) from open_unbilled_periods())
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
      select extract(epoch from clock.now - v.created_at) from overage v
        where v.status = 'pending' and not v.waits and clock.live
      union all
      select extract(epoch from clock.now - v.created_at) from overage v
        where v.status = 'metered' and v.sent_at is null and clock.live) s) u
  cross join lateral (
    select count(*), coalesce(max(extract(epoch from clock.now - v.created_at)), 0)::float8 from overage v
      where overage_is_due(v) and not v.waits and not clock.live) w
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
revoke execute on function billing_signals from public;
grant execute on function billing_signals to hr_api, hr_worker, hr_webhook;

-- As before, and lines that wait until billing is live again are not waited for.
create or replace function is_settled(with_overage boolean) returns boolean
language sql volatile security definer set search_path = headroom, pg_temp as $$
  select not exists (select from stripe_inbox where status = 'pending')
    and not exists (select from seat_target t where seats_wait(t))
    and (not with_overage or (
      not ((select live from billing_mode) and (
        exists (select from overage where status = 'pending' and not waits)
        or exists (select from overage where status = 'metered' and sent_at is null)))
      and not exists (select from usage_period where closed_at is null or to_rate)
      and not exists (select from usage_gate where period_end <= clock_now() and period_used > 0)))
$$;
