-- Overage that agrees with the invoice: closed periods that a void amends, segments of a period between plan changes,
-- a ledger whose lines can be corrected, drafts that wait for it, and what a comparison with Stripe found.

alter table configuration add column settle_plan_changes boolean not null default false;

-- amended_at: a void took something from the total since the period was closed. to_rate: the ledger does not follow yet.
alter table usage_period
  add column amended_at timestamptz,
  add column to_rate boolean not null default false;
create index usage_period_to_rate on usage_period (period_end) where to_rate;

-- A plan that was changed within a period, under `overage.onPlanChange: settle`: what had been used by then, and the
-- terms that settle it.
create table usage_segment (
  organization_id uuid not null references organization,
  meter text not null,
  period_start timestamptz not null,
  position integer not null check (position > 0),
  plan_id text not null,
  plan_version integer not null,
  included bigint,
  hard_cap bigint,
  unit_price numeric(30, 12) not null,
  currency text not null,
  bill_above_cap boolean not null,
  used bigint not null,
  over_cap bigint not null,
  ended_at timestamptz not null,
  primary key (organization_id, meter, period_start, position)
);

-- A line of the ledger. segment: 0 what the terms at the period's end rate, n the n-th segment before. A charge may be
-- changed while its invoice is a draft; what is billed for good (fixed) is corrected by an adjustment. version counts
-- the changes, placement the invoices and keys that it went out under. sent_*: what its line at Stripe says, as far as we know.
-- waits: an adjustment for which there is no invoice before the next renewal's.
alter table overage drop constraint overage_organization_id_meter_period_start_key;
alter table overage drop constraint overage_quantity_check;
alter table overage drop constraint overage_status_check;
alter table overage
  add column kind text not null default 'charge' check (kind in ('charge', 'adjustment')),
  add column segment integer not null default 0,
  add column version integer not null default 1,
  add column placement integer not null default 1,
  add column fixed boolean not null default false,
  add column waits boolean not null default false,
  add column sent_quantity bigint,
  add column sent_amount bigint,
  add check (status in ('pending', 'sent', 'withdrawn', 'written_off')),
  add check (kind = 'adjustment' or quantity >= 0);
create unique index overage_charge on overage (organization_id, meter, period_start, segment) where kind = 'charge';
create index overage_of_period on overage (organization_id, meter, period_start);

-- A renewal's draft of an organization that may have overage for it. noted: to be looked at. held: its finalization was
-- moved out, because the overage was not on it. released: everything was on it, or it is final.
create table invoice_hold (
  organization_id uuid not null references organization,
  invoice_id text not null,
  status text not null default 'noted' check (status in ('noted', 'held', 'released')),
  look_at timestamptz not null, -- real time
  finalizes_at timestamptz, -- Stripe's own hour
  held_until timestamptz,
  noted_at timestamptz not null,
  released_at timestamptz,
  primary key (organization_id, invoice_id)
);
create index invoice_hold_open on invoice_hold (look_at) where status <> 'released';

do $$
declare
  tenant text;
begin
  foreach tenant in array array['usage_segment', 'invoice_hold'] loop
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

-- What the last comparison of every ledger with Stripe found: metrics read it.
create table overage_check (
  singleton boolean primary key default true check (singleton),
  checked_at timestamptz not null default clock_timestamp(),
  periods bigint not null,
  differences bigint not null
);

grant select on usage_segment to hr_api, hr_worker, hr_readonly;
grant select, insert, delete on usage_segment to hr_engine;
grant select on invoice_hold to hr_api, hr_readonly;
grant select, insert, update on invoice_hold to hr_webhook, hr_worker;
grant insert on invoice_hold to hr_api; -- it writes what Stripe says after a call of its own
grant select, delete on invoice_hold to hr_engine;
grant select on overage_check to hr_readonly;
grant select, insert, update on overage_check to hr_worker;
grant update (waits) on overage to hr_webhook;
grant update (next_attempt_at, waits) on overage to hr_api;

set local role hr_engine;

-- Takes an event back, which is named by its id, or by its meter and key: a new row with the opposite counts on the
-- event's day and in the period that counts it, also when that is closed: its total falls, and its bill is to be
-- amended. `born_on` bounds where the key can be.
create or replace function usage_void(
  credential bytea, tenant uuid, event uuid, meter_name text, event_key text, born_on date, new_id uuid, request text
) returns void_answer language plpgsql volatile security definer
set search_path = headroom, pg_temp set lock_timeout = '2s' as $$
declare
  caller record;
  locked record;
  gate usage_gate;
  e usage_event;
  v usage_event;
  answer void_answer;
  today date := (clock_timestamp() at time zone 'UTC')::date;
  born date := (born_at(event) at time zone 'UTC')::date;
  of_period usage_period;
  in_day boolean;
  in_period boolean;
begin
  select * into caller from usage_authority(credential, tenant, meter_name, null, 'usage:write', clock_now());
  if caller.refusal is null then
    perform from organization where id = caller.organization_id for no key update;
    -- Whoever was revoked or deleted while this waited changes nothing any more.
    select * into caller from usage_authority(credential, tenant, meter_name, null, 'usage:write', clock_now());
  end if;
  if caller.refusal is not null then
    answer.outcome := caller.refusal;
    return answer;
  end if;

  if event is not null then
    select * into e from usage_event u
      where u.organization_id = caller.organization_id and u.id = event and u.received_on between born - 1 and born + 1;
  else
    select * into e from usage_event u
      where u.organization_id = caller.organization_id and u.key = event_key
        and u.meter = coalesce(meter_name, (select m.name from meter m where m.is_default))
        and u.received_on between coalesce(born_on, today - 41) and today;
  end if;
  if e.id is null or e.voids is not null then
    answer.outcome := case when e.id is null then 'not_found' else 'is_void' end;
    return answer;
  end if;
  -- Voids of one organization come one after the other, by its lock.
  select * into v from usage_event u
    where u.organization_id = e.organization_id and u.meter = e.meter and u.key = 'void:' || e.id
      and u.received_on >= e.received_on;
  if found then
    return void_answer_of('duplicate', v);
  end if;
  perform record_change(caller.organization_id,
    case when exists (select from platform_key p where p.id = caller.api_key_id) then 'platform_key'
      else 'organization_key' end,
    caller.api_key_id::text, null, request, 'usage.voided', 'evt_' || e.id,
    jsonb_build_object('meter', e.meter, 'quantity', e.quantity, 'voidEventId', 'evt_' || new_id), '{}', null, '[]');

  select * into locked from lock_gate(e.organization_id, e.meter);
  gate := locked.gate;
  -- Its period may have been moved before the gate was ours.
  select * into strict e from usage_event u
    where u.organization_id = e.organization_id and u.meter = e.meter and u.key = e.key and u.received_on = e.received_on;
  in_day := e.local_date = gate.day_date;
  in_period := e.period_start = gate.period_start;
  if not in_period then
    -- A close that is under way is waited for.
    select * into of_period from usage_period p
      where p.organization_id = e.organization_id and p.meter = e.meter and p.period_start = e.period_start
      for update;
    if of_period.closed_at is not null then
      update usage_period p
        set total = p.total - e.quantity, over_cap = p.over_cap - e.over_cap, amended_at = locked.at, to_rate = true
        where p.organization_id = e.organization_id and p.meter = e.meter and p.period_start = e.period_start;
    end if;
  end if;
  gate.day_used := gate.day_used - case when in_day then e.quantity else 0 end;
  gate.period_used := gate.period_used - case when in_period then e.quantity else 0 end;
  insert into usage_event (organization_id, meter, key, received_on, id, quantity, over_cap, mode, member_id,
      occurred_at, received_at, local_date, period_start, fingerprint, properties, api_key_id, voids,
      day_used, day_held, daily_limit, day_end, period_used, period_held, period_end, included, max_overage, hard_cap)
    values (e.organization_id, e.meter, 'void:' || e.id, (clock_timestamp() at time zone 'UTC')::date, new_id,
      -e.quantity, -e.over_cap, 'record', e.member_id,
      -- The earlier of the two decides which period an event moves to; the void goes where the voided goes.
      least(e.occurred_at, e.received_at), locked.at, e.local_date, e.period_start, e.fingerprint, null,
      caller.api_key_id, e.id,
      gate.day_used, nullif(gate.day_held, 0), gate.daily_limit, gate.day_end, gate.period_used,
      nullif(gate.period_held, 0), gate.period_end, gate.included, gate.max_overage, gate.hard_cap)
    returning * into v;
  perform save_gate(gate);
  return void_answer_of('done', v);
end
$$;


-- Counted and closed periods whose bill does not follow their total yet.
create function periods_to_rate(most integer)
returns table (organization_id uuid, meter text, period_start timestamptz)
language sql stable security definer set search_path = headroom, pg_temp as $$
  select p.organization_id, p.meter, p.period_start from usage_period p
    where p.to_rate and p.closed_at is not null
    order by p.period_end, p.organization_id, p.meter limit most
$$;

-- Takes a closed period to rate it: its row stays locked until the ledger is written. Null: there is nothing to do.
create function take_period(tenant uuid, meter_name text, start timestamptz) returns usage_period
language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
declare
  period usage_period;
begin
  update usage_period p set to_rate = false
    where p.organization_id = tenant and p.meter = meter_name and p.period_start = start
      and p.to_rate and p.closed_at is not null
    returning * into period;
  return period;
end
$$;

-- Has a closed period rated again.
create function rate_again(tenant uuid, meter_name text, start timestamptz) returns void
language sql volatile security definer set search_path = headroom, pg_temp as $$
  update usage_period p set to_rate = true
    where p.organization_id = tenant and p.meter = meter_name and p.period_start = start
$$;

-- The plan whose terms rate what is used at an instant, also while its limits do not hold.
create function rating_plan(s headroom.subscription, at timestamptz)
returns table (plan_id text, plan_version integer) language sql stable as $$
  select coalesce(case when at >= s.pending_at then s.pending_plan_id else s.plan_id end, s.base_plan_id),
    coalesce(case when at >= s.pending_at then s.pending_plan_version else s.plan_version end, s.base_plan_version)
$$;

-- Called before another plan is written within a running period: under `settle`, what was used until now is settled by
-- the terms that it was used under. The caller holds the organization's lock and has rolled its gates.
create function settle_segments(tenant uuid, next_plan text, next_version integer) returns void
language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
declare
  s subscription;
  rated record;
  gate usage_gate;
  at timestamptz;
begin
  if not exists (select from configuration where settle_plan_changes) then
    return;
  end if;
  select * into strict s from subscription where organization_id = tenant;
  at := clock_now();
  select * into rated from rating_plan(s, at);
  if (rated.plan_id, rated.plan_version) = (next_plan, next_version) or s.source <> 'stripe'
    or (s.state = 'trialing' and coalesce(at < s.trial_end, true)) then
    return;
  end if;
  for gate in select * from usage_gate g where g.organization_id = tenant order by g.meter for no key update loop
    insert into usage_segment
      select tenant, gate.meter, gate.period_start,
        1 + coalesce((select max(position) from usage_segment b
          where b.organization_id = tenant and b.meter = gate.meter and b.period_start = gate.period_start), 0),
        pm.plan_id, pm.plan_version, included_of(tenant, gate.meter, pm.plan_id, pm.plan_version, at), gate.hard_cap,
        price.unit_price, price.currency, pm.bill_above_cap, gate.period_used, coalesce(sums.over_cap, 0), at
      from plan_meter pm
      cross join lateral overage_price(pm, s.currency) price
      cross join lateral (
        select sum(u.over_cap)::bigint as over_cap from usage_sums(tenant, gate.meter, gate.period_start) u) sums
      where pm.plan_id = rated.plan_id and pm.plan_version = rated.plan_version and pm.meter = gate.meter
        and pm.overage;
  end loop;
end
$$;

-- True when an organization may have overage that is on no invoice yet, although its period has ended.
create function overage_is_open(tenant uuid) returns boolean
language sql volatile security definer set search_path = headroom, pg_temp as $$
  select exists (select from overage o where o.organization_id = tenant and o.status = 'pending' and not o.waits)
    or exists (
      select from usage_period p
        where p.organization_id = tenant and p.billable and (p.closed_at is null or p.to_rate))
    or exists (
      select from usage_gate g
        join subscription s on s.organization_id = g.organization_id
        cross join lateral rating_plan(s, g.period_end - interval '1 microsecond') f
        join plan_meter pm on pm.plan_id = f.plan_id and pm.plan_version = f.plan_version and pm.meter = g.meter
        where g.organization_id = tenant and g.period_end <= clock_now() and g.period_used > 0 and pm.overage)
$$;

-- Drafts to look at: those noted whose time has come, and those held. Real time.
create function open_invoice_holds(wanted text, most integer)
returns table (organization_id uuid, invoice_id text)
language sql volatile security definer set search_path = headroom, pg_temp as $$
  select h.organization_id, h.invoice_id from invoice_hold h
    where h.status = wanted and h.look_at <= clock_timestamp() order by h.look_at limit most
$$;

-- How many drafts are held, and since when the longest: for metrics.
create function invoice_hold_state(out held bigint, out oldest timestamptz)
language sql stable security definer set search_path = headroom, pg_temp as $$
  select count(*), min(noted_at) from invoice_hold where status = 'held'
$$;

-- As before, and a closed period that was amended is not settled; what waits for the next renewal is.
create or replace function is_settled(with_overage boolean) returns boolean
language sql volatile security definer set search_path = headroom, pg_temp as $$
  select not exists (select from stripe_inbox where status = 'pending')
    and (not with_overage or (
      not exists (select from overage where status = 'pending' and not waits)
      and not exists (select from usage_period where closed_at is null or to_rate)
      and not exists (select from usage_gate where period_end <= clock_now() and period_used > 0)))
$$;

-- As before, and what a void amended is billed first.
create or replace function purge_is_due(tenant uuid) returns boolean language sql volatile as $$
  select exists (
    select from headroom.organization o
    where o.id = tenant and o.deleted_at is not null and o.purge_at <= headroom.clock_now()
      and not exists (
        select from headroom.usage_period p
          where p.organization_id = o.id and (p.closed_at is null or p.to_rate))
      and not exists (
        select from headroom.overage v where v.organization_id = o.id and v.status = 'pending')
      and not exists (
        select from headroom.subscription s where s.organization_id = o.id and s.cancel_at is null
          and s.stripe_subscription_id is not null
          and s.stripe_status not in ('canceled', 'incomplete_expired', 'deleted')))
$$;

grant execute on function periods_to_rate, take_period, rate_again, open_invoice_holds, overage_is_open,
  invoice_hold_state, usage_sums to hr_worker;
grant execute on function open_invoice_holds, overage_is_open, invoice_hold_state to hr_webhook;
grant execute on function settle_segments to hr_api, hr_worker, hr_webhook;
grant execute on function overage_is_open to hr_api;
