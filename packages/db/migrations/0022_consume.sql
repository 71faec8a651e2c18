-- Consume as a batch: what fits is admitted together, what may not fit one by one.

set local role hr_engine;

drop function usage_consume;
drop type usage_answer;

-- One event of a batch, with what its credential gives it.
create type usage_request as (
  position integer,
  organization_id uuid,
  meter text,
  key text,
  born date, -- the first day the key can have been received before; null: unknown
  id uuid,
  quantity bigint,
  mode text,
  member_id uuid,
  occurred_at timestamptz,
  fingerprint bytea,
  properties jsonb,
  api_key_id uuid,
  refusal text
);

-- What became of an event. later: its gate is not there yet or is held by somebody; nothing was decided.
create type usage_answer as (
  position integer,
  outcome text, -- accepted, duplicate, mismatch, daily_limit, hard_cap, overflow, later, or usage_authority's refusal
  organization_id uuid,
  event_id uuid,
  accepted bigint,
  over_cap bigint,
  occurred_at timestamptz,
  day_used bigint,
  day_held bigint,
  daily_limit bigint,
  day_end timestamptz,
  period_used bigint,
  period_held bigint,
  period_end timestamptz,
  included bigint,
  max_overage bigint,
  hard_cap bigint
);

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

create function largest_integer_exceeded() returns void language plpgsql immutable as $$
begin
  raise numeric_value_out_of_range using message = 'a window cannot count beyond 2^53 - 1';
end
$$;

-- The answer that a key was first given, asked for again by an event with this fingerprint.
create function replay_of(seen usage_event, asked usage_request) returns usage_answer language sql immutable
  return row(
    asked.position, case when seen.fingerprint = asked.fingerprint then 'duplicate' else 'mismatch' end,
    seen.organization_id, seen.id, seen.quantity, seen.over_cap, seen.occurred_at,
    seen.day_used, coalesce(seen.day_held, 0), seen.daily_limit, seen.day_end,
    seen.period_used, coalesce(seen.period_held, 0), seen.period_end, seen.included, seen.max_overage, seen.hard_cap
  )::usage_answer;

-- What a gate says to an event, as it stands.
create function reading_of(
  gate usage_gate, asked usage_request, outcome text, accepted bigint, over_cap bigint, at timestamptz
) returns usage_answer language sql immutable
  return row(
    asked.position, outcome, asked.organization_id, case when outcome = 'accepted' then asked.id end,
    accepted, over_cap, at,
    gate.day_used, gate.day_held, gate.daily_limit, gate.day_end,
    gate.period_used, gate.period_held, gate.period_end, gate.included, gate.max_overage, gate.hard_cap
  )::usage_answer;

-- What an ended period that is not closed counts, and the hard cap that it ended under; null: it had none.
create function ended_period(gate usage_gate, start timestamptz, out used bigint, out cap bigint)
language plpgsql volatile as $$
begin
  select p.hard_cap into cap from headroom.usage_period p
    where p.organization_id = gate.organization_id and p.meter = gate.meter and p.period_start = start;
  select coalesce(sum(s.quantity), 0) into used
    from headroom.usage_sums(gate.organization_id, gate.meter, start) s;
end
$$;

-- An event of which only this much can be said.
create function answer_without_gate(asked usage_request, outcome text) returns usage_answer language sql immutable
  return row(asked.position, outcome, asked.organization_id, null, null, null, null, null, null, null, null, null, null,
    null, null, null, null)::usage_answer;

-- Admits events one by one: exact for gates that are nearly full, for late events, for windows that turn. Each is
-- decided before the next. The batch stands in the order of gates. An event that would count a window beyond 2^53 - 1
-- is answered with that; `whole`: it fails them all.
create function consume_each(batch usage_request[], whole boolean, wait boolean) returns setof usage_answer
language plpgsql volatile as $$
declare
  e headroom.usage_request;
  held record;
  gate headroom.usage_gate;
  at timestamptz;
  dirty boolean := false;
  seen headroom.usage_event;
  today date;
  place record;
  room_day bigint;
  room_period bigint;
  take bigint;
  over bigint;
  ended timestamptz; -- the ended period that the last late event fell into, and how it stands
  used_ended bigint;
  cap_ended bigint;
begin
  foreach e in array batch loop
    if gate.organization_id is distinct from e.organization_id or gate.meter is distinct from e.meter then
      if dirty then
        perform headroom.save_gate(gate);
      end if;
      dirty := false;
      ended := null;
      select * into held from headroom.lock_gate(e.organization_id, e.meter, wait);
      gate := held.gate;
      if gate.organization_id is null then
        return next headroom.answer_without_gate(e, 'later');
        continue;
      end if;
      at := held.at;
      -- Under the lock, too: whoever waited over midnight finds what was received since.
      today := (clock_timestamp() at time zone 'UTC')::date;
      dirty := held.moved;
    end if;

    select * into seen from headroom.usage_event u
      where u.organization_id = e.organization_id and u.meter = e.meter and u.key = e.key
        and u.received_on between coalesce(e.born, today - 41) and today;
    if found then
      return next headroom.replay_of(seen, e);
      continue;
    end if;

    select * into place from headroom.place_event(gate, coalesce(e.occurred_at, at));
    for attempt in 1..2 loop
      room_day := case when place.in_day then gate.daily_limit - gate.day_used - gate.day_held end;
      room_period := case when place.in_period then gate.hard_cap - gate.period_used - gate.period_held end;
      exit when attempt = 2 or gate.day_held + gate.period_held = 0
        or e.quantity <= least(room_day, room_period) is not false;
      gate := headroom.sweep_holds(gate, at);
      dirty := true;
    end loop;

    take := e.quantity;
    if e.mode = 'cap' then
      take := greatest(least(take, room_day, room_period), 0);
    end if;
    if e.mode <> 'record' and (take = 0 or take > room_day or take > room_period) then
      return next headroom.reading_of(gate, e,
        case when greatest(take, 1) > room_period then 'hard_cap' else 'daily_limit' end, 0, null, at);
      continue;
    end if;
    -- A late one is above the cap of its own period: it was not weighed there, as it had already happened.
    if not place.in_period then
      if ended is distinct from place.event_period then
        ended := place.event_period;
        select p.used, p.cap into used_ended, cap_ended from headroom.ended_period(gate, ended) p;
      end if;
      room_period := cap_ended - used_ended;
      used_ended := used_ended + take;
    end if;
    if greatest(
      case when place.in_period then gate.period_used + gate.period_held + take else used_ended end,
      case when place.in_day then gate.day_used + gate.day_held + take end) > headroom.largest_integer()
    then
      if whole then
        perform headroom.largest_integer_exceeded();
      end if;
      ended := null;
      return next headroom.answer_without_gate(e, 'overflow');
      continue;
    end if;
    -- greatest() passes over nulls: no cap has to be told apart from a cap that is used up.
    over := case when room_period is null then 0 else greatest(take - greatest(room_period, 0), 0) end;
    gate.day_used := gate.day_used + case when place.in_day then take else 0 end;
    gate.period_used := gate.period_used + case when place.in_period then take else 0 end;
    dirty := true;
    insert into headroom.usage_event (organization_id, meter, key, received_on, id, quantity, over_cap, mode, member_id,
        occurred_at, received_at, local_date, period_start, fingerprint, properties, api_key_id,
        day_used, day_held, daily_limit, day_end, period_used, period_held, period_end, included, max_overage, hard_cap)
      values (e.organization_id, e.meter, e.key, today, e.id, take, over, e.mode, e.member_id,
        coalesce(e.occurred_at, at), at, place.event_day, place.event_period, e.fingerprint, e.properties, e.api_key_id,
        gate.day_used, nullif(gate.day_held, 0), gate.daily_limit, gate.day_end,
        gate.period_used, nullif(gate.period_held, 0), gate.period_end,
        gate.included, gate.max_overage, gate.hard_cap);
    return next headroom.reading_of(gate, e, 'accepted', take, over, coalesce(e.occurred_at, at));
  end loop;
  if dirty then
    perform headroom.save_gate(gate);
  end if;
end
$$;

-- Admits a whole batch in a few statements. Gates are locked in one order and compared with what is asked of each:
-- where everything fits into the running windows, its events are written together. The other gates' events are left to
-- `consume_each`, under the locks that are held already.
create function consume_together(batch usage_request[], whole boolean, wait boolean) returns setof usage_answer
language plpgsql volatile as $$
declare
  gates headroom.usage_gate[];
  fitting headroom.usage_gate[];
  at timestamptz;
  today date;
  replays headroom.usage_event[];
  rest headroom.usage_request[];
begin
  if wait then
    select array_agg(locked.gate) into gates from (
      select g as gate from headroom.usage_gate g
        where (g.organization_id, g.meter) in (select b.organization_id, b.meter from unnest(batch) b)
        order by g.organization_id, g.meter for no key update
    ) locked;
  else
    select array_agg(locked.gate) into gates from (
      select g as gate from headroom.usage_gate g
        where (g.organization_id, g.meter) in (select b.organization_id, b.meter from unnest(batch) b)
        order by g.organization_id, g.meter for no key update skip locked
    ) locked;
    return query
      select later.* from unnest(batch) b cross join lateral headroom.answer_without_gate(b, 'later') later
      where not exists (select from unnest(gates) g where g.organization_id = b.organization_id and g.meter = b.meter);
  end if;
  at := headroom.clock_now();
  today := (clock_timestamp() at time zone 'UTC')::date;

  -- Under the gate's lock every writer of its keys is alone: what is not found now is new.
  -- Each key is looked up by the index: `limit` keeps a small day from being read whole for a large batch.
  select array_agg(found.event) into replays
    from unnest(batch) b
    cross join lateral (
      select u as event from headroom.usage_event u
        where u.organization_id = b.organization_id and u.meter = b.meter and u.key = b.key and u.received_on = today
        limit 1) found;
  if exists (select from unnest(batch) b where b.born is distinct from today) then
    select array_cat(replays, array_agg(found.event)) into replays
      from unnest(batch) b
      cross join lateral (
        select u as event from headroom.usage_event u
          where u.organization_id = b.organization_id and u.meter = b.meter and u.key = b.key
            and u.received_on between coalesce(b.born, today - 41) and today - 1
          limit 1) found
      where b.born is distinct from today;
  end if;

  -- A gate fits when its windows run on, every event is of now, and the sum stays below caps, alerts and 2^53.
  select array_agg(g) into fitting
    from unnest(gates) g
    cross join lateral (
      select coalesce(sum(first.quantity), 0) as quantity, min(first.occurred_at) as earliest
      from (
        select distinct on (b.key) b.quantity, b.occurred_at from unnest(batch) b
          where b.organization_id = g.organization_id and b.meter = g.meter
            and not exists (
              select from unnest(replays) u
              where u.organization_id = b.organization_id and u.meter = b.meter and u.key = b.key)
          order by b.key, b.position
      ) first
    ) asked
    where at < least(g.day_end, g.period_end, g.caps_valid_until)
      and (asked.earliest >= greatest(g.day_start, g.period_start)) is not false
      and (asked.quantity <= least(
        g.daily_limit - g.day_used - g.day_held, g.hard_cap - g.period_used - g.period_held)) is not false
      and g.day_used + asked.quantity < least(g.day_alert_at, headroom.largest_integer() - g.day_held)
      and g.period_used + asked.quantity < least(g.period_alert_at, headroom.largest_integer() - g.period_held);

  return query with
    -- `turn`: the second event with the same key is answered like the first.
    admitted as materialized (
      select b.*, row_number() over (partition by b.organization_id, b.meter, b.key order by b.position) as turn,
        g.day_date, g.day_used as day_before, g.day_held, g.daily_limit, g.day_end, g.period_start,
        g.period_used as period_before, g.period_held, g.period_end, g.included, g.max_overage, g.hard_cap
      from unnest(batch) b
      join unnest(fitting) g on g.organization_id = b.organization_id and g.meter = b.meter
      where not exists (
        select from unnest(replays) u
        where u.organization_id = b.organization_id and u.meter = b.meter and u.key = b.key)
    ),
    new as materialized (
      select a.*, (sum(a.quantity) over (partition by a.organization_id, a.meter order by a.position))::bigint as added
      from admitted a where a.turn = 1
    ),
    written as (
      insert into headroom.usage_event (organization_id, meter, key, received_on, id, quantity, over_cap, mode, member_id,
          occurred_at, received_at, local_date, period_start, fingerprint, properties, api_key_id,
          day_used, day_held, daily_limit, day_end, period_used, period_held, period_end, included, max_overage, hard_cap)
        select n.organization_id, n.meter, n.key, today, n.id, n.quantity, 0, n.mode, n.member_id,
          coalesce(n.occurred_at, at), at, n.day_date, n.period_start, n.fingerprint, n.properties, n.api_key_id,
          n.day_before + n.added, nullif(n.day_held, 0), n.daily_limit, n.day_end,
          n.period_before + n.added, nullif(n.period_held, 0), n.period_end, n.included, n.max_overage, n.hard_cap
        from new n
    ),
    counted as (
      update headroom.usage_gate g set day_used = g.day_used + s.quantity, period_used = g.period_used + s.quantity
        from (select n.organization_id, n.meter, max(n.added) as quantity from new n group by 1, 2) s
        where g.organization_id = s.organization_id and g.meter = s.meter
    )
    select a.position,
      case when a.turn = 1 then 'accepted' when a.fingerprint = n.fingerprint then 'duplicate' else 'mismatch' end,
      a.organization_id, n.id, n.quantity, 0::bigint, coalesce(n.occurred_at, at),
      n.day_before + n.added, n.day_held, n.daily_limit, n.day_end,
      n.period_before + n.added, n.period_held, n.period_end, n.included, n.max_overage, n.hard_cap
    from admitted a
    join new n on n.organization_id = a.organization_id and n.meter = a.meter and n.key = a.key;

  return query
    select r.* from unnest(batch) b
    join unnest(fitting) g on g.organization_id = b.organization_id and g.meter = b.meter
    join unnest(replays) u on u.organization_id = b.organization_id and u.meter = b.meter and u.key = b.key
    cross join lateral headroom.replay_of(u, b) r;

  select array_agg(b order by b.organization_id, b.meter, b.position) into rest from unnest(batch) b
    where exists (select from unnest(gates) g where g.organization_id = b.organization_id and g.meter = b.meter)
      and not exists (select from unnest(fitting) g where g.organization_id = b.organization_id and g.meter = b.meter);
  if rest is not null then
    return query select * from headroom.consume_each(rest, whole, true);
  end if;
end
$$;

-- Whether the key belongs to an event that was received already.
create function is_known_key(tenant uuid, meter_name text, event_key text, born date) returns boolean
language sql stable as $$
  select exists (
    select from headroom.usage_event u
      where u.organization_id = tenant and u.meter = meter_name and u.key = event_key
        and u.received_on between coalesce(born, (clock_timestamp() at time zone 'UTC')::date - 41)
          and (clock_timestamp() at time zone 'UTC')::date)
$$;

-- Check and consume for up to some thousand events at once, each with its own credential and organization.
-- Gates are locked in one order (organization, meter) and held to the commit; under the lock every writer of a gate is
-- alone, which makes admission exact and one key count once, across partitions too. A refused event writes nothing, so
-- its key stays free. `born_on` bounds where a key can have been seen before: null, anywhere.
-- whole: one event that its credential does not cover refuses the batch; only such events are answered, none is written.
-- wait: false answers `later` for events whose gate is held by somebody, or is not there yet: one gate stalls no other.
--   true makes missing gates and waits for held ones, at most two seconds.
create function usage_consume(
  credentials bytea[], organizations uuid[], meters text[], keys text[], born_on date[], ids uuid[],
  quantities bigint[], modes text[], members uuid[], occurred timestamptz[], fingerprints bytea[],
  property_lists jsonb[], whole boolean, wait boolean
) returns setof usage_answer language plpgsql volatile security definer
set search_path = headroom, pg_temp as $$
declare
  at timestamptz := clock_now();
  batch usage_request[];
  refused usage_request[];
  e usage_request;
begin
  if wait then
    perform set_config('lock_timeout', '2s', true);
  end if;
  with asked as (
    select row(w.position, coalesce(a.organization_id, w.organization_id), coalesce(w.meter, mt.name), w.key, w.born,
        w.id, w.quantity, w.mode, w.member_id, w.occurred_at, w.fingerprint, w.properties, a.api_key_id,
        -- Whoever was a member then may have left since: a replay is answered all the same.
        case when a.refusal <> 'not_a_member' then a.refusal
          when a.refusal is not null and not is_known_key(a.organization_id, coalesce(w.meter, mt.name), w.key, w.born)
            then a.refusal
        end)::usage_request as one
      from unnest(credentials, organizations, meters, keys, born_on, ids, quantities, modes, members, occurred,
          fingerprints, property_lists)
        with ordinality as w (credential, organization_id, meter, key, born, id, quantity, mode, member_id,
          occurred_at, fingerprint, properties, position)
      left join meter mt on mt.is_default
      cross join lateral usage_authority(w.credential, w.organization_id, w.meter, w.member_id, 'usage:write', at) a
  )
  select array_agg(one order by (one).organization_id, (one).meter, (one).position) filter (where (one).refusal is null),
      array_agg(one) filter (where (one).refusal is not null)
    into batch, refused from asked;
  if refused is not null then
    foreach e in array refused loop
      return next answer_without_gate(e, e.refusal);
    end loop;
    if whole or batch is null then
      return;
    end if;
  end if;
  if wait then
    perform create_gates(array_agg(b.organization_id), array_agg(b.meter)) from unnest(batch) b;
  end if;
  if cardinality(batch) = 1 then
    return query select * from consume_each(batch, whole, wait);
  else
    return query select * from consume_together(batch, whole, wait);
  end if;
end
$$;
grant execute on function usage_consume to hr_api;

-- Every meter of an organization as it stands now, the unused ones too; holds whose time is over count no more, though
-- nobody has swept them yet. Writes nothing, takes no lock.
create or replace function usage_status(tenant uuid) returns setof usage_gate
language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
declare
  at timestamptz := clock_now();
  gate usage_gate;
  over record;
begin
  for gate in
    select r.*
    from meter m
    left join usage_gate g on g.organization_id = tenant and g.meter = m.name
    cross join lateral (
      select * from rolled(g, at) where g.meter is not null
      union all
      select * from new_gate(tenant, m.name, at) where g.meter is null
    ) r
    where m.active
    order by m.position
  loop
    if gate.day_held + gate.period_held > 0 then
      select coalesce(sum(r.quantity) filter (where r.day_start = gate.day_start), 0) as day,
          coalesce(sum(r.quantity) filter (where r.period_start = gate.period_start), 0) as period
        into over from usage_reservation r
        where r.organization_id = tenant and r.meter = gate.meter and r.status = 'held' and r.expires_at <= at;
      gate.day_held := gate.day_held - over.day;
      gate.period_held := gate.period_held - over.period;
    end if;
    return next gate;
  end loop;
end
$$;
