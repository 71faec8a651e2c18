-- Alerts fire with the count that reaches them, and the worker tells of them afterwards.
set local role hr_engine;

-- The limit that an alert is about: the one that it is a percentage of, else the one that ends its window's usage.
create function alert_limit(alert usage_alert, gate usage_gate) returns bigint language sql immutable
  return case coalesce(alert.percent_of, case alert.window_kind when 'day' then 'daily_limit' else 'hard_cap' end)
    when 'daily_limit' then gate.daily_limit when 'included' then gate.included else gate.hard_cap end;

-- The units at which an alert fires; null: the limit that it is a percentage of is none. A percentage of nothing is
-- reached by the first unit.
create function alert_threshold(alert usage_alert, gate usage_gate) returns bigint language sql immutable
  return case
    when alert.units is not null then alert.units
    when headroom.alert_limit(alert, gate) is not null then
      least(greatest(1, ceil(alert.percent / 100.0 * headroom.alert_limit(alert, gate))), headroom.largest_integer())::bigint
  end;

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

-- Fires every alert whose threshold its window has reached: once per window, by the key of the firing. What one count
-- reaches fires at one instant.
create function fire_alerts(gate usage_gate) returns usage_gate language plpgsql volatile as $$
declare
  at timestamptz := headroom.clock_now();
begin
  insert into headroom.usage_alert_firing
      (organization_id, alert_id, window_start, window_end, threshold, limit_units, used, fired_at)
    select gate.organization_id, w.alert_id, v.window_start, v.window_end, w.threshold,
      headroom.alert_limit(a, gate), v.used, at
    from headroom.waiting_alerts(gate) w
    join headroom.usage_alert a on a.organization_id = gate.organization_id and a.id = w.alert_id
    join (values ('day', gate.day_start, gate.day_end, gate.day_used),
                 ('period', gate.period_start, gate.period_end, gate.period_used))
      as v (window_kind, window_start, window_end, used) on v.window_kind = w.window_kind
    where w.threshold <= v.used
    on conflict do nothing;
  return headroom.next_alerts(gate);
end
$$;

-- Writes a locked gate down.
create function write_gate(gate usage_gate) returns void language plpgsql volatile as $$
begin
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

-- Writes a locked gate down, and fires the alerts that it has reached.
create or replace function save_gate(gate usage_gate) returns void language plpgsql volatile as $$
begin
  if gate.day_used >= gate.day_alert_at or gate.period_used >= gate.period_alert_at then
    gate := headroom.fire_alerts(gate);
  end if;
  perform headroom.write_gate(gate);
end
$$;

-- What each alert of an organization is in units now; no row for a meter that is not active.
create function alert_thresholds(tenant uuid) returns table (alert_id uuid, threshold bigint)
language sql volatile security definer set search_path = headroom, pg_temp as $$
  select a.id, alert_threshold(a, g) from usage_status(tenant) g
  join usage_alert a on a.organization_id = tenant and a.meter = g.meter
$$;
grant execute on function alert_thresholds to hr_api;
grant execute on function alert_thresholds to hr_api;

-- Living organizations, in the order of their ids, with alerts that fired and are not told of. An alert that is deleted
-- takes with it what was not told.
create function organizations_with_untold_alerts(after uuid, most integer) returns setof uuid
language sql stable security definer set search_path = headroom, pg_temp as $$
  select distinct f.organization_id from usage_alert_firing f
  join usage_alert a on (a.organization_id, a.id) = (f.organization_id, f.alert_id)
  join organization o on o.id = f.organization_id and o.deleted_at is null
  where f.told_at is null and (after is null or f.organization_id > after)
  order by f.organization_id limit most
$$;
grant execute on function organizations_with_untold_alerts to hr_worker;
