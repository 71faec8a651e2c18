-- The gate with holds and alerts, and consume as a batch: what fits is admitted together, what may not fit one by one.
set local role hr_engine;

-- The units at which an alert fires; null: the limit that it is a percentage of is none. A percentage of nothing is
-- reached by the first unit.
create function alert_threshold(alert usage_alert, gate usage_gate) returns bigint language sql immutable
  return case when alert.units is not null then alert.units
    else greatest(1, ceil(alert.percent / 100.0 * case alert.percent_of
      when 'daily_limit' then gate.daily_limit when 'included' then gate.included else gate.hard_cap end))::bigint end;

-- The alerts of a gate that have not fired in its running windows.
create function waiting_alerts(gate usage_gate) returns table (alert_id uuid, window_kind text, threshold bigint)
language sql stable as $$
  select a.id, a.window_kind, headroom.alert_threshold(a, gate)
  from headroom.usage_alert a
  where a.organization_id = gate.organization_id and a.meter = gate.meter
    and not exists (
      select from headroom.usage_alert_firing f
      where f.organization_id = a.organization_id and f.alert_id = a.id
        and f.window_start = case a.window_kind when 'day' then gate.day_start else gate.period_start end)
$$;

-- The gate with the next threshold of each window. Writes nothing.
create function next_alerts(gate usage_gate) returns usage_gate language plpgsql stable as $$
begin
  select min(threshold) filter (where window_kind = 'day'), min(threshold) filter (where window_kind = 'period')
    into gate.day_alert_at, gate.period_alert_at
    from headroom.waiting_alerts(gate);
  return gate;
end
$$;

-- Fires every alert whose threshold its window has reached: once per window, by the key of the firing.
create function fire_alerts(gate usage_gate) returns usage_gate language plpgsql volatile as $$
begin
  insert into headroom.usage_alert_firing
      (organization_id, alert_id, window_start, window_end, threshold, used, fired_at)
    select gate.organization_id, w.alert_id, v.window_start, v.window_end, w.threshold, v.used, headroom.clock_now()
    from headroom.waiting_alerts(gate) w
    join (values ('day', gate.day_start, gate.day_end, gate.day_used),
                 ('period', gate.period_start, gate.period_end, gate.period_used))
      as v (window_kind, window_start, window_end, used) on v.window_kind = w.window_kind
    where w.threshold <= v.used
    on conflict do nothing;
  return headroom.next_alerts(gate);
end
$$;

-- As before, and with the thresholds that the new window or the new limits wait for.
create or replace function rolled(gate usage_gate, at timestamptz, afresh boolean default false) returns usage_gate
language plpgsql volatile as $$
declare
  zone_now text;
  midnight timestamptz;
  next record;
  moved boolean := false;
begin
  if at >= gate.day_end then
    select time_zone into strict zone_now from headroom.organization where id = gate.organization_id;
    if zone_now <> gate.zone then
      -- After a change of zone the next day starts at the first local midnight later than the current end.
      select d.day_end into midnight from headroom.day_of(zone_now, gate.day_end - interval '1 microsecond') d;
      gate.day_end := midnight;
    end if;
    if at >= gate.day_end then
      gate.zone := zone_now;
      select d.day_date, d.day_start, d.day_end into gate.day_date, gate.day_start, gate.day_end
        from headroom.day_of(zone_now, at) d;
      gate.day_used := 0;
      gate.day_held := 0;
      moved := true;
    end if;
  end if;
  if at >= gate.period_end then
    select * into next from headroom.period_of(gate.organization_id, at);
    -- After a change of zone the month that holds the instant may have begun before the running period ends. Zones
    -- are at most 26 hours apart: where it ends within those it is the month that runs already, which goes on to there.
    if next.period_start < gate.period_end and next.period_end <= gate.period_end + interval '26 hours' then
      gate.period_end := next.period_end;
    end if;
  end if;
  if at >= gate.period_end then
    gate.period_start := greatest(next.period_start, gate.period_end);
    gate.period_end := next.period_end;
    gate.period_used := 0;
    gate.period_held := 0;
    afresh := true;
  end if;
  if afresh or at >= gate.caps_valid_until then
    select l.daily_limit, l.included, l.max_overage, l.hard_cap, l.plan_id, l.plan_version, l.valid_until
      into gate.daily_limit, gate.included, gate.max_overage, gate.hard_cap, gate.plan_id, gate.plan_version,
        gate.caps_valid_until
      from headroom.limits_of(gate.organization_id, gate.meter, at) l;
    moved := true;
  end if;
  if moved then
    gate := headroom.next_alerts(gate);
  end if;
  return gate;
end
$$;

-- As before, and made once instead of once for each of its columns.
create or replace function create_gates(organizations uuid[], meters text[]) returns void
language plpgsql volatile as $$
declare
  missing record;
begin
  for missing in
    select distinct w.organization_id, w.meter from unnest(organizations, meters) as w (organization_id, meter)
      where not exists (
        select from headroom.usage_gate g where g.organization_id = w.organization_id and g.meter = w.meter)
      order by w.organization_id, w.meter
  loop
    perform from headroom.organization where id = missing.organization_id for share;
    insert into headroom.usage_gate
      select g.* from headroom.new_gate(missing.organization_id, missing.meter, headroom.clock_now()) g
      on conflict do nothing;
  end loop;
end
$$;

-- As before, and with the hard cap that the period ended under.
create or replace function leave_periods(gate usage_gate, until timestamptz) returns void
language plpgsql volatile as $$
declare
  first timestamptz := gate.period_start;
  past timestamptz := least(gate.period_end, until);
begin
  loop
    insert into headroom.usage_period (organization_id, meter, period_start, period_end, plan_id, plan_version,
        included, hard_cap, unit_price, currency, billable)
      select gate.organization_id, gate.meter, first, past,
        coalesce(s.plan_id, s.base_plan_id), coalesce(s.plan_version, s.base_plan_version),
        pm.included, gate.hard_cap, pm.unit_price, pm.currency,
        coalesce(pm.overage and s.source = 'stripe' and s.state <> 'trialing', false)
      from headroom.subscription s
      left join headroom.plan_meter pm on pm.plan_id = coalesce(s.plan_id, s.base_plan_id)
        and pm.plan_version = coalesce(s.plan_version, s.base_plan_version) and pm.meter = gate.meter
      where s.organization_id = gate.organization_id
      on conflict do nothing;
    exit when past >= until;
    first := past;
    select least(p.period_end, until) into past from headroom.period_of(gate.organization_id, first) p;
  end loop;
end
$$;

-- Locks one gate and rolls it to the present, writing down the periods it leaves. The instant is read after the lock.
-- Without `wait`, a gate that somebody holds, or that is not there yet, is answered with null.
drop function lock_gate;
create function lock_gate(
  tenant uuid, meter_name text, wait boolean default true, out gate usage_gate, out at timestamptz, out moved boolean
) language plpgsql volatile as $$
declare
  before headroom.usage_gate;
begin
  if wait then
    select * into strict before from headroom.usage_gate
      where organization_id = tenant and meter = meter_name for no key update;
  else
    select * into before from headroom.usage_gate
      where organization_id = tenant and meter = meter_name for no key update skip locked;
    if not found then
      return;
    end if;
  end if;
  at := headroom.clock_now();
  gate := headroom.rolled(before, at);
  moved := gate is distinct from before;
  if gate.period_start <> before.period_start then
    perform headroom.leave_periods(before, gate.period_start);
  end if;
end
$$;

-- Writes a locked gate down, and fires the alerts that it has reached.
create or replace function save_gate(gate usage_gate) returns void language plpgsql volatile as $$
begin
  if gate.day_used >= gate.day_alert_at or gate.period_used >= gate.period_alert_at then
    gate := headroom.fire_alerts(gate);
  end if;
  update headroom.usage_gate set
    zone = gate.zone, day_date = gate.day_date, day_start = gate.day_start, day_end = gate.day_end,
    day_used = gate.day_used, day_held = gate.day_held, period_start = gate.period_start,
    period_end = gate.period_end, period_used = gate.period_used, period_held = gate.period_held,
    daily_limit = gate.daily_limit, included = gate.included, max_overage = gate.max_overage,
    hard_cap = gate.hard_cap, plan_id = gate.plan_id, plan_version = gate.plan_version,
    caps_valid_until = gate.caps_valid_until, day_alert_at = gate.day_alert_at, period_alert_at = gate.period_alert_at
  where organization_id = gate.organization_id and meter = gate.meter;
end
$$;

-- Ends the holds of a locked gate whose time is over. Each is given back to the windows that it was made in, as far as
-- they still run.
create function sweep_holds(gate usage_gate, at timestamptz) returns usage_gate language plpgsql volatile as $$
declare
  freed record;
begin
  with expired as (
    update headroom.usage_reservation r set status = 'expired', finished_at = r.expires_at
      where r.organization_id = gate.organization_id and r.meter = gate.meter and r.status = 'held' and r.expires_at <= at
      returning r.quantity, r.day_start, r.period_start)
  select coalesce(sum(quantity) filter (where day_start = gate.day_start), 0) as day,
      coalesce(sum(quantity) filter (where period_start = gate.period_start), 0) as period
    into freed from expired;
  gate.day_held := gate.day_held - freed.day;
  gate.period_held := gate.period_held - freed.period;
  return gate;
end
$$;

-- As before, and with the holds that were made since the next period's start.
create or replace function move_period(gate usage_gate, next_start timestamptz, next_end timestamptz)
returns usage_gate language plpgsql volatile as $$
declare
  tenant uuid := gate.organization_id;
  meter_name text := gate.meter;
begin
  perform headroom.leave_periods(gate, next_start);
  update headroom.usage_event u set period_start = next_start
    where u.organization_id = tenant and u.meter = meter_name and u.period_start = gate.period_start
      and least(u.occurred_at, u.received_at) >= next_start;
  select coalesce(sum(u.quantity), 0) into gate.period_used from headroom.usage_event u
    where u.organization_id = tenant and u.meter = meter_name and u.period_start = next_start;
  update headroom.usage_partition p set sealed_at = null
    where p.sealed_at is not null and p.received_on in (
      select u.received_on from headroom.usage_event u
        where u.organization_id = tenant and u.meter = meter_name and u.period_start = next_start);
  update headroom.usage_reservation r set period_start = next_start
    where r.organization_id = tenant and r.meter = meter_name and r.status = 'held'
      and r.period_start = gate.period_start and r.reserved_at >= next_start;
  select coalesce(sum(r.quantity), 0) into gate.period_held from headroom.usage_reservation r
    where r.organization_id = tenant and r.meter = meter_name and r.status = 'held' and r.period_start = next_start;
  gate.period_start := next_start;
  gate.period_end := next_end;
  return headroom.next_alerts(gate);
end
$$;

-- Where an event belongs that happened at `effective`, under the gate's lock. One that is ahead of the clock counts now;
-- a late one keeps its own day, and its own period while that is open; a closed period's is carried into the current
-- one. An ended period's row is share-locked: it is not closed before this transaction ends.
create function place_event(
  gate usage_gate, effective timestamptz,
  out event_day date, out event_period timestamptz, out in_day boolean, out in_period boolean
) language plpgsql volatile as $$
begin
  in_day := effective >= gate.day_start;
  in_period := effective >= gate.period_start;
  event_day := gate.day_date;
  event_period := gate.period_start;
  if not in_day then
    event_day := least((effective at time zone gate.zone)::date, gate.day_date - 1);
  end if;
  if not in_period then
    select p.period_start into event_period from headroom.usage_period p
      where p.organization_id = gate.organization_id and p.meter = gate.meter and p.closed_at is null
        and p.period_start <= effective and effective < p.period_end
      for share;
    if not found then
      event_period := gate.period_start;
      in_period := true;
    end if;
  end if;
end
$$;
