-- How billing stands as a whole, in one reading: what shows whether Headroom has what Stripe has, and Stripe what we owe it.

grant select on stripe_backfill, overage_check to hr_engine;

set local role hr_engine;

-- Ages are seconds: of real time for what arrived or was done, of the one clock for what periods and invoices wait for. `unsettled`: ended periods
-- that are not closed or whose bill is to be made again, and lines of the ledger that nothing but us holds back.
create function billing_signals() returns table (
  pending bigint, oldest_pending_seconds float8,
  unlinked bigint, unknown_price bigint, unknown_status bigint, oldest_parked_seconds float8,
  dead bigint, quarantined bigint,
  drift bigint, drifted_ago float8, failing bigint,
  backfill_ago float8, backfill_listed bigint, backfill_kept bigint,
  unsettled bigint, oldest_unsettled_seconds float8,
  held_invoices bigint, oldest_held_seconds float8,
  ledger_ago float8, ledger_differences bigint,
  usage_ago float8, usage_differences bigint
) language sql volatile security definer set search_path = headroom, pg_temp as $$
  with clock as materialized (select clock_now() as now)
  select i.*, y.*,
    extract(epoch from clock_timestamp() - b.completed_at)::float8, b.listed, b.kept,
    u.*,
    h.held, coalesce(extract(epoch from clock.now - h.oldest), 0)::float8,
    extract(epoch from clock_timestamp() - o.checked_at)::float8, o.differences,
    extract(epoch from clock_timestamp() - c.checked_at)::float8, c.differences
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
      select extract(epoch from clock.now - v.created_at) from overage v where v.status = 'pending' and not v.waits) s) u
  cross join invoice_hold_state() h
  left join stripe_backfill b on true
  left join overage_check o on true
  left join usage_check c on true
$$;
revoke execute on function billing_signals from public;
grant execute on function billing_signals to hr_api, hr_worker, hr_webhook;
