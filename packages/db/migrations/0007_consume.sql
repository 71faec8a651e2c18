set local role hr_engine;

-- One event of a batch, and what became of it.
create type usage_answer as (
  position integer,
  outcome text, -- accepted, duplicate, mismatch, daily_limit, hard_cap, or the refusal of usage_authority
  organization_id uuid,
  event_id uuid,
  accepted bigint,
  over_cap bigint,
  occurred_at timestamptz,
  day_used bigint,
  daily_limit bigint,
  day_end timestamptz,
  period_used bigint,
  period_end timestamptz,
  included bigint,
  max_overage bigint,
  hard_cap bigint
);

-- Check and consume for up to some thousand events at once, each with its own credential and organization.
-- Gates are locked in one order (organization, meter) and held to the commit; under the lock every writer of a gate
-- is alone, which makes admission exact and one key count once, across partitions too. A refused event writes
-- nothing, so its key stays free. `born_on` bounds where a key can have been seen before: null, anywhere. With
-- `whole`, one event that its credential does not cover refuses the batch: only such events are answered, none is written.
create function usage_consume(
  credentials bytea[], organizations uuid[], meters text[], keys text[], born_on date[], ids uuid[],
  quantities bigint[], modes text[], members uuid[], occurred timestamptz[], fingerprints bytea[],
  property_lists jsonb[], whole boolean
) returns setof usage_answer language plpgsql volatile security definer
set search_path = headroom, pg_temp as $$
declare
  e record;
  held record;
  gate usage_gate;
  at timestamptz := clock_now();
  dirty boolean := false;
  answer usage_answer;
  seen record;
  today date := (clock_timestamp() at time zone 'UTC')::date;
  room_day bigint;
  room_period bigint;
  take bigint;
  over bigint;
  effective timestamptz;
  event_day date;
  event_period timestamptz;
  in_day boolean;
  in_period boolean;
begin
  if whole then
    for e in
      select w.position::integer, a.refusal
      from unnest(credentials, organizations, meters, members)
        with ordinality as w (credential, organization_id, meter, member, position)
      cross join lateral usage_authority(w.credential, w.organization_id, w.meter, w.member, 'usage:write', at) a
      where a.refusal is not null
    loop
      answer.position := e.position;
      answer.outcome := e.refusal;
      return next answer;
    end loop;
    if found then
      return;
    end if;
  end if;

  perform create_gates(array_agg(a.organization_id), array_agg(coalesce(w.meter, mt.name)))
    from unnest(credentials, organizations, meters, members) as w (credential, organization_id, meter, member)
    left join meter mt on mt.is_default
    cross join lateral usage_authority(w.credential, w.organization_id, w.meter, w.member, 'usage:write', at) a
    where a.refusal is null;

  for e in
    select w.position::integer, w.key, w.born, w.id, w.quantity, w.mode, w.member_id, w.occurred_at, w.fingerprint,
      w.properties, coalesce(w.meter, mt.name) as meter, a.organization_id, a.api_key_id, a.refusal
    from unnest(credentials, organizations, meters, keys, born_on, ids, quantities, modes, members, occurred,
        fingerprints, property_lists)
      with ordinality as w (credential, organization_id, meter, key, born, id, quantity, mode, member_id,
        occurred_at, fingerprint, properties, position)
    left join meter mt on mt.is_default
    cross join lateral usage_authority(w.credential, w.organization_id, w.meter, w.member_id, 'usage:write', at) a
    order by a.organization_id, coalesce(w.meter, mt.name), w.position
  loop
    answer := null;
    answer.position := e.position;
    answer.organization_id := e.organization_id;
    if e.refusal is not null then
      answer.outcome := e.refusal;
      return next answer;
      continue;
    end if;

    if gate.organization_id is distinct from e.organization_id or gate.meter is distinct from e.meter then
      if dirty then
        perform save_gate(gate);
      end if;
      select * into held from lock_gate(e.organization_id, e.meter);
      gate := held.gate;
      at := held.at;
      dirty := held.moved;
    end if;

    select * into seen from usage_event u
      where u.organization_id = e.organization_id and u.meter = e.meter and u.key = e.key
        and u.received_on between coalesce(e.born, today - 41) and today;
    if found then
      answer.outcome := case when seen.fingerprint = e.fingerprint then 'duplicate' else 'mismatch' end;
      answer.event_id := seen.id;
      answer.accepted := seen.quantity;
      answer.over_cap := seen.over_cap;
      answer.occurred_at := seen.occurred_at;
      answer.day_used := seen.day_used;
      answer.daily_limit := seen.daily_limit;
      answer.day_end := seen.day_end;
      answer.period_used := seen.period_used;
      answer.period_end := seen.period_end;
      answer.included := seen.included;
      answer.max_overage := seen.max_overage;
      answer.hard_cap := seen.hard_cap;
      return next answer;
      continue;
    end if;

    -- Where the event belongs. One that is ahead of the clock counts now; a late one keeps its own day, and its own
    -- period while that is open; a closed period's is carried into the current one.
    effective := coalesce(e.occurred_at, at);
    in_day := effective >= gate.day_start;
    in_period := effective >= gate.period_start;
    event_day := gate.day_date;
    event_period := gate.period_start;
    if not in_day then
      event_day := least((effective at time zone gate.zone)::date, gate.day_date - 1);
    end if;
    if not in_period then
      select p.period_start into event_period from usage_period p
        where p.organization_id = e.organization_id and p.meter = e.meter and p.closed_at is null
          and p.period_start <= effective and effective < p.period_end
        for share;
      if not found then
        event_period := gate.period_start;
        in_period := true;
      end if;
    end if;

    room_day := case when in_day then gate.daily_limit - gate.day_used - gate.day_held end;
    room_period := case when in_period then gate.hard_cap - gate.period_used - gate.period_held end;
    take := e.quantity;
    if e.mode = 'cap' then
      take := greatest(least(take, room_day, room_period), 0);
    end if;
    if e.mode <> 'record' and (take = 0 or take > room_day or take > room_period) then
      answer.outcome := case
        when greatest(take, 1) > room_period then 'hard_cap'
        else 'daily_limit'
      end;
      take := 0;
    else
      -- greatest() passes over nulls: no cap has to be told apart from a cap that is used up.
      over := case when room_period is null then 0 else greatest(take - greatest(room_period, 0), 0) end;
      gate.day_used := gate.day_used + case when in_day then take else 0 end;
      gate.period_used := gate.period_used + case when in_period then take else 0 end;
      if greatest(gate.day_used, gate.period_used) > largest_integer() then
        raise numeric_value_out_of_range using message = 'a window cannot count beyond 2^53 - 1';
      end if;
      dirty := true;
      insert into usage_event (organization_id, meter, key, received_on, id, quantity, over_cap, mode, member_id,
          occurred_at, received_at, local_date, period_start, fingerprint, properties, api_key_id,
          day_used, daily_limit, day_end, period_used, period_end, included, max_overage, hard_cap)
        values (e.organization_id, e.meter, e.key, today, e.id, take, over, e.mode, e.member_id,
          coalesce(e.occurred_at, at), at, event_day, event_period, e.fingerprint, e.properties, e.api_key_id,
          gate.day_used, gate.daily_limit, gate.day_end, gate.period_used, gate.period_end,
          gate.included, gate.max_overage, gate.hard_cap);
      answer.outcome := 'accepted';
      answer.event_id := e.id;
      answer.over_cap := over;
    end if;
    answer.accepted := take;
    answer.occurred_at := coalesce(e.occurred_at, at);
    answer.day_used := gate.day_used;
    answer.daily_limit := gate.daily_limit;
    answer.day_end := gate.day_end;
    answer.period_used := gate.period_used;
    answer.period_end := gate.period_end;
    answer.included := gate.included;
    answer.max_overage := gate.max_overage;
    answer.hard_cap := gate.hard_cap;
    return next answer;
  end loop;
  if dirty then
    perform save_gate(gate);
  end if;
end
$$;
grant execute on function usage_consume to hr_api;

-- Every meter of an organization as it stands now, the unused ones too. Writes nothing, takes no lock.
create function usage_status(tenant uuid) returns setof usage_gate
language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
declare
  at timestamptz := clock_now();
begin
  return query
    select r.*
    from meter m
    left join usage_gate g on g.organization_id = tenant and g.meter = m.name
    cross join lateral (
      select * from rolled(g, at) where g.meter is not null
      union all
      select * from new_gate(tenant, m.name, at) where g.meter is null
    ) r
    where m.active
    order by m.position;
end
$$;
grant execute on function usage_status to hr_api, hr_worker;

-- Ends a gate's running period at an instant and starts the next there. What was admitted since that instant moves to
-- the new period, in events and tallies alike; nothing else moves history. The gate is locked by the caller.
create function move_period(gate usage_gate, next_start timestamptz, next_end timestamptz)
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
  gate.period_start := next_start;
  gate.period_end := next_end;
  return gate;
end
$$;

-- Called before a subscription row is written that starts, ends or re-anchors at `next_start`: the running period is
-- closed under the terms it ran under. The caller holds the organization's lock, writes the row, then calls
-- refresh_limits. An instant ahead of our clock is now: nothing can have been used after it.
create function start_period(tenant uuid, next_start timestamptz) returns void
language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
declare
  meter_name text;
  held record;
  gate usage_gate;
  start timestamptz;
begin
  for meter_name in select meter from usage_gate where organization_id = tenant order by meter loop
    select * into held from lock_gate(tenant, meter_name);
    gate := held.gate;
    start := least(next_start, held.at);
    if start > gate.period_start then
      gate := move_period(gate, start, (month_of(start, start)).period_end);
    end if;
    perform save_gate(gate);
  end loop;
end
$$;
grant execute on function start_period to hr_worker, hr_webhook;

-- Asks the limits and the period of every gate of an organization again. Called in the transaction that changed a
-- plan, a subscription or a max overage, which holds the organization's lock. Where Stripe's period began later than
-- the gate's, the gate follows; it never goes back. A calendar month never moves: a new zone applies from the next.
create function refresh_limits(tenant uuid) returns void
language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
declare
  meter_name text;
  held record;
  gate usage_gate;
  period record;
  anchored boolean;
begin
  select s.anchor is not null into strict anchored from subscription s where s.organization_id = tenant;
  for meter_name in select meter from usage_gate where organization_id = tenant order by meter loop
    select * into held from lock_gate(tenant, meter_name);
    gate := held.gate;
    select * into period from period_of(tenant, held.at);
    if anchored and period.period_start > gate.period_start then
      gate := move_period(gate, period.period_start, period.period_end);
    else
      gate.period_end := period.period_end;
    end if;
    perform save_gate(rolled(gate, held.at, afresh => true));
  end loop;
end
$$;
grant execute on function refresh_limits to hr_api, hr_worker, hr_webhook;
