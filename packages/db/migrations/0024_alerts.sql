-- Alerts that fired are told of once, and forgotten long after their window.

-- The same alert does not stand twice.
create unique index usage_alert_once on usage_alert (organization_id, meter, window_kind, units, percent, percent_of)
  nulls not distinct;
create index usage_alert_firing_by_end on usage_alert_firing (window_end);

-- The limit that the alert was about when it fired; null: none.
alter table usage_alert_firing add column limit_units bigint;

set local role hr_engine;

-- The limit that an alert is about: the one that it is a percentage of, else the one that ends its window's usage.
create function alert_limit(alert usage_alert, gate usage_gate) returns bigint language sql immutable
  return case coalesce(alert.percent_of, case alert.window_kind when 'day' then 'daily_limit' else 'hard_cap' end)
    when 'daily_limit' then gate.daily_limit when 'included' then gate.included else gate.hard_cap end;

-- As before, and without a threshold where there is no limit: `greatest` passes over a null.
create or replace function alert_threshold(alert usage_alert, gate usage_gate) returns bigint language sql immutable
  return case
    when alert.units is not null then alert.units
    when headroom.alert_limit(alert, gate) is not null then
      least(greatest(1, ceil(alert.percent / 100.0 * headroom.alert_limit(alert, gate))), headroom.largest_integer())::bigint
  end;

-- As before, and with the limit; what one count reaches fires at one instant.
create or replace function fire_alerts(gate usage_gate) returns usage_gate language plpgsql volatile as $$
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

-- What each alert of an organization is in units now; no row for a meter that is not active.
create function alert_thresholds(tenant uuid) returns table (alert_id uuid, threshold bigint)
language sql volatile security definer set search_path = headroom, pg_temp as $$
  select a.id, alert_threshold(a, g) from usage_status(tenant) g
  join usage_alert a on a.organization_id = tenant and a.meter = g.meter
$$;
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

-- Deletes firings whose window ended longer ago than `age`, told or not; at most `most`, and how many it were.
create function prune_alert_firings(age interval, most integer) returns integer
language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
declare
  pruned integer;
begin
  delete from usage_alert_firing f using (
    select o.organization_id, o.alert_id, o.window_start from usage_alert_firing o
      where o.window_end < clock_now() - age order by o.window_end limit most for update skip locked) old
    where (f.organization_id, f.alert_id, f.window_start) = (old.organization_id, old.alert_id, old.window_start);
  get diagnostics pruned = row_count;
  return pruned;
end
$$;

grant execute on function organizations_with_untold_alerts, prune_alert_firings to hr_worker;
