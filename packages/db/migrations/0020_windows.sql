-- Days and periods: midnights that come twice, changes of zone and back, Stripe's clock ahead of ours; and what the
-- gate and its periods must know of holds and alerts.

-- The instant at which a local date begins. Where clocks go back over midnight it comes twice, and PostgreSQL reads it
-- as the second: the day has begun with the first.
create function day_start(zone text, day date) returns timestamptz language sql stable as $$
  select case
    when first < midnight and first at time zone zone = day::timestamp then first
    else midnight
  end
  from (select day::timestamp at time zone zone) as m (midnight)
  cross join lateral (
    select (day::timestamp - ((midnight - interval '6 hours') at time zone zone
      - (midnight - interval '6 hours') at time zone 'UTC')) at time zone 'UTC') as f (first)
$$;

-- The day that holds an instant: the next one starts at the next local midnight, not 24 hours later. Once a date has
-- begun it goes on, also while clocks that went back show the one before.
create or replace function day_of(zone text, at timestamptz, out day_date date, out day_start timestamptz, out day_end timestamptz)
language plpgsql stable as $$
begin
  day_date := (at at time zone zone)::date;
  day_end := headroom.day_start(zone, day_date + 1);
  if at >= day_end then
    day_date := day_date + 1;
    day_end := headroom.day_start(zone, day_date + 1);
  end if;
  day_start := headroom.day_start(zone, day_date);
end
$$;

-- The end of the calendar month that holds an instant.
create function calendar_month_end(zone text, at timestamptz) returns timestamptz language sql stable as $$
  select headroom.day_start(zone, (date_trunc('month', d.day_date) + interval '1 month')::date)
  from headroom.day_of(zone, at) d
$$;

-- As before, and a calendar month begins with its first day.
create or replace function period_of(tenant uuid, at timestamptz, out period_start timestamptz, out period_end timestamptz)
language plpgsql stable as $$
declare
  s record;
begin
  select sub.anchor, sub.current_period_start as start, sub.current_period_end as "end", o.time_zone
    into s
    from headroom.organization o left join headroom.subscription sub on sub.organization_id = o.id
    where o.id = tenant;
  if s.start <= at and at < s."end" and s."end" <= s.start + interval '31 days 1 hour' then
    period_start := s.start;
    period_end := s."end";
  elsif s.anchor is not null then
    select m.period_start, m.period_end into period_start, period_end from headroom.month_of(s.anchor, at) m;
  else
    select headroom.day_start(s.time_zone, date_trunc('month', d.day_date)::date) into period_start
      from headroom.day_of(s.time_zone, at) d;
    period_end := headroom.calendar_month_end(s.time_zone, at);
  end if;
end
$$;

set local role hr_engine;

-- Where the day after a gate's day begins: at the first midnight, in the zone of now, that is not before its end and
-- begins a later date. The end is not always such a midnight: the zone may have changed, more than once, and around the
-- date line the same date would begin again.
create function next_day_start(gate usage_gate, zone_now text) returns timestamptz
language plpgsql stable as $$
declare
  day record;
begin
  select * into day from headroom.day_of(zone_now, gate.day_end - interval '1 microsecond');
  loop
    select * into day from headroom.day_of(zone_now, day.day_end);
    exit when day.day_date > gate.day_date;
  end loop;
  return day.day_start;
end
$$;

-- Where a gate's running period ends. After a change of zone the month that holds its end may have begun before that.
-- Zones are at most 26 hours apart: where it ends within those it is the month that runs already, which goes on to there.
create function running_until(gate usage_gate) returns timestamptz
language sql stable as $$
  select case
    when p.period_start < gate.period_end and p.period_end <= gate.period_end + interval '26 hours' then p.period_end
    else gate.period_end
  end
  from headroom.period_of(gate.organization_id, gate.period_end) p
$$;

-- The gate as it stands at an instant: windows that have ended are followed by the one that holds the instant, limits
-- whose time is up (or, with `afresh`, all) are asked again, and with either the thresholds that alerts wait for. Writes
-- nothing.
create or replace function rolled(gate usage_gate, at timestamptz, afresh boolean default false) returns usage_gate
language plpgsql volatile as $$
declare
  zone_now text;
  next record;
  moved boolean := false;
begin
  if at >= gate.day_end then
    select time_zone into strict zone_now from headroom.organization where id = gate.organization_id;
    gate.day_end := headroom.next_day_start(gate, zone_now);
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
    gate.period_end := headroom.running_until(gate);
  end if;
  if at >= gate.period_end then
    select * into next from headroom.period_of(gate.organization_id, at);
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

drop function lock_gate;

-- Locks one gate and rolls it to the present, writing down the periods it leaves, each to its own end, whichever zone that
-- was in. The instant is read after the lock, and is never before the running windows: a clock that went back must not
-- make a late event of one that happens now. Without `wait`, a gate that somebody holds, or that is not there yet, is
-- answered with null.
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
  at := greatest(headroom.clock_now(), before.day_start, before.period_start);
  gate := headroom.rolled(before, at);
  moved := gate is distinct from before;
  if gate.period_start <> before.period_start then
    before.period_end := headroom.running_until(before);
    perform headroom.leave_periods(before, gate.period_start);
  end if;
end
$$;

-- Writes down every period that a gate leaves behind, the idle ones too, with the terms that bill it: the plan's, what an
-- override includes, and the hard cap at its end. Caps that ran out while nobody consumed are asked again.
create or replace function leave_periods(gate usage_gate, until timestamptz) returns void
language plpgsql volatile as $$
declare
  first timestamptz := gate.period_start;
  past timestamptz := least(gate.period_end, until);
  last timestamptz; -- the last instant of the period
begin
  loop
    last := past - interval '1 microsecond';
    if last >= gate.caps_valid_until then
      select l.hard_cap, l.valid_until into gate.hard_cap, gate.caps_valid_until
        from headroom.limits_of(gate.organization_id, gate.meter, last) l;
    end if;
    insert into headroom.usage_period (organization_id, meter, period_start, period_end, plan_id, plan_version,
        included, hard_cap, unit_price, currency, billable)
      select gate.organization_id, gate.meter, first, past,
        coalesce(s.plan_id, s.base_plan_id), coalesce(s.plan_version, s.base_plan_version),
        headroom.included_of(gate.organization_id, gate.meter, coalesce(s.plan_id, s.base_plan_id),
          coalesce(s.plan_version, s.base_plan_version), last),
        gate.hard_cap, pm.unit_price, pm.currency,
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

-- Ends a gate's running period at an instant and starts the next there. What was admitted or reserved since that instant
-- moves to the new period; nothing else moves history. The gate is locked by the caller.
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

-- Rolls every gate of an organization to the present. Called under its lock before its plan, its subscription or its
-- zone is written: what has ended until now, used or idle, ended under what held then.
create function roll_gates(tenant uuid) returns void
language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
declare
  meter_name text;
  held record;
begin
  for meter_name in select meter from usage_gate where organization_id = tenant order by meter loop
    select * into held from lock_gate(tenant, meter_name);
    if held.moved then
      perform save_gate(held.gate);
    end if;
  end loop;
end
$$;
grant execute on function roll_gates to hr_api, hr_worker, hr_webhook;
grant execute on function roll_gates to hr_api, hr_worker, hr_webhook;

-- Called before a subscription row is written that starts, ends or re-anchors at `next_start`: the running period is
-- closed under the terms it ran under. The one that opens ends, until refresh_limits knows the row that is written in
-- between, with the calendar month that it begins in. The caller holds the organization's lock, writes the row, then
-- calls refresh_limits, which fires what the new period has reached under its own limits. An instant ahead of our clock is now: nothing can have been used after it.
create or replace function start_period(tenant uuid, next_start timestamptz) returns void
language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
declare
  meter_name text;
  held record;
  gate usage_gate;
  zone_now text;
  start timestamptz;
begin
  select time_zone into strict zone_now from organization where id = tenant;
  for meter_name in select meter from usage_gate where organization_id = tenant order by meter loop
    select * into held from lock_gate(tenant, meter_name);
    gate := held.gate;
    start := least(next_start, held.at);
    if start > gate.period_start then
      gate := move_period(gate, start, start);
    end if;
    gate.period_end := calendar_month_end(zone_now, gate.period_start);
    perform write_gate(gate);
  end loop;
end
$$;

-- Moves a gate from calendar month to calendar month until it is in the one that runs.
create function follow_calendar(gate usage_gate, at timestamptz) returns usage_gate
language plpgsql volatile as $$
declare
  next record;
begin
  if gate.period_end <= at then
    gate.period_end := headroom.running_until(gate);
  end if;
  while gate.period_end <= at loop
    select * into next from headroom.period_of(gate.organization_id, gate.period_end);
    gate := headroom.move_period(gate, gate.period_end, next.period_end);
  end loop;
  return gate;
end
$$;

-- Moves a gate from month to month of its subscription until it is in the one that runs. One that Stripe has begun by a
-- clock a little ahead of ours has begun, and is not begun again when ours gets there.
create function follow_subscription(gate usage_gate, begun timestamptz, at timestamptz) returns usage_gate
language plpgsql volatile as $$
declare
  ahead constant interval := '5 minutes';
  period record;
  next record;
begin
  select * into period from headroom.period_of(gate.organization_id,
    case when begun between at and at + ahead then begun else at end);
  while period.period_start > gate.period_start and period.period_start <= at
    and not (gate.period_end = period.period_end and period.period_start <= gate.period_start + ahead)
  loop
    select least(greatest(p.period_end, gate.period_end), period.period_start) as start into next
      from headroom.period_of(gate.organization_id, gate.period_start) p;
    gate := headroom.move_period(gate, next.start, next.start);
    select p.period_end into gate.period_end from headroom.period_of(gate.organization_id, next.start) p;
  end loop;
  gate.period_end := period.period_end;
  return gate;
end
$$;

-- Asks the limits and the period of every gate of an organization again. Called in the transaction that changed a
-- plan, a subscription or a max overage, which holds the organization's lock. Where Stripe's period began later than
-- the gate's, the gate follows, over every period in between, each with what was used in it; it never goes back. A
-- running calendar month keeps its end: a new zone applies from the next.
create or replace function refresh_limits(tenant uuid) returns void
language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
declare
  gate usage_gate;
  at timestamptz;
  s record;
begin
  select anchor is not null as anchored, current_period_start as begun into strict s
    from subscription where organization_id = tenant;
  for gate in select * from usage_gate where organization_id = tenant order by meter for no key update loop
    at := greatest(clock_now(), gate.day_start, gate.period_start);
    if s.anchored then
      gate := follow_subscription(gate, s.begun, at);
    else
      gate := follow_calendar(gate, at);
    end if;
    perform save_gate(rolled(gate, at, afresh => true));
  end loop;
end
$$;
