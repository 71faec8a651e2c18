-- Consume as a batch in few passes: who may ask is looked up once for whatever asks alike, and no statement reads the
-- batch for each of its gates, or a gate for each of its events.

set local role hr_engine;

drop function usage_consume, consume_together, consume_each, is_known_key, usage_authority;

-- Who an API key speaks for, asked afresh: the key, its owner's membership, the organization, the meter, the member.
-- One row, and a table all the same: only such a function becomes part of the statement that calls it, so that one plan
-- looks up five hundred credentials, where each was a call with an executor of its own. Memberships are asked for only where
-- there is somebody; a platform key, of which there is no row for a key of an organization, by a null that finds none.
create function usage_authority(
  credential bytea, tenant uuid, meter_name text, member uuid, scope text, at timestamptz
) returns table (organization_id uuid, api_key_id uuid, refusal text) rows 1 language sql stable as $$
  select
    o.id,
    h.api_key_id,
    case
      when h.secret_hash is null or coalesce(k.revoked_at, p.revoked_at) is not null
        or coalesce(k.expires_at, p.expires_at) <= at
        or (k.member_id is not null and not exists (
          select from headroom.membership m where m.organization_id = k.organization_id and m.user_id = k.member_id))
        then 'unauthenticated'
      when h.organization_id is null and tenant is null then 'no_active_organization'
      when o.id is null or (h.organization_id is not null and o.id <> h.organization_id) then 'organization_not_found'
      when not (scope = any (coalesce(k.scopes, p.scopes))) then 'forbidden'
      when (coalesce(meter_name, (select name from headroom.meter where is_default))
        = any (array(select name from headroom.meter where active))) is not true then 'unknown_meter'
      when member is not null and not exists (
        select from headroom.membership m where m.organization_id = o.id and m.user_id = member) then 'not_a_member'
    end
  from (select) as one
  left join headroom.api_key_hash h on h.secret_hash = credential
  left join headroom.api_key k on k.organization_id = h.organization_id and k.id = h.api_key_id
  left join headroom.platform_key p on p.id = case when h.organization_id is null then h.api_key_id end
  left join headroom.organization o on o.id = coalesce(tenant, h.organization_id) and o.deleted_at is null
$$;

-- The events of earlier days that keys belong to; `place` is the place of the key in the lists, from 1. A key was not
-- received before the day it was born; one that does not tell (null) is looked for in every day that is kept. Days are
-- asked one by one, each by its index: a day without a partition costs nothing.
create function earlier_events(organizations uuid[], meters text[], keys text[], born date[], today date)
returns table (place integer, event usage_event) language plpgsql stable as $$
declare
  day date;
begin
  for day in
    select p.received_on from headroom.usage_partition p
      where p.received_on < today
        and p.received_on >= (select min(coalesce(b, today - 41)) from unnest(born) b)
  loop
    return query
      select k.place::integer, found.event
        from unnest(organizations, meters, keys, born)
          with ordinality as k (organization_id, meter, key, born, place)
        cross join lateral (
          select u as event from headroom.usage_event u
            where u.organization_id = k.organization_id and u.meter = k.meter and u.key = k.key and u.received_on = day
            limit 1) found
        where coalesce(k.born, today - 41) <= day;
  end loop;
end
$$;

-- Whether the key belongs to an event that was received already.
create function is_known_key(tenant uuid, meter_name text, event_key text, born date) returns boolean
language plpgsql stable as $$
declare
  today date := (clock_timestamp() at time zone 'UTC')::date;
begin
  return exists (
      select from headroom.usage_event u
        where u.organization_id = tenant and u.meter = meter_name and u.key = event_key and u.received_on = today)
    or exists (select from headroom.earlier_events(array[tenant], array[meter_name], array[event_key], array[born], today));
end
$$;

-- What the events of a batch are answered whose keys were received before, looked up under the locks of their gates: there
-- every writer of a key is alone, and what is not found now is new. Each key goes through the index: `limit` keeps a day
-- that was small when the plan was made from being read whole.
create function replays_of(batch usage_request[], today date) returns setof usage_answer language plpgsql stable as $$
declare
  older headroom.usage_request[];
begin
  return query
    select answer.* from unnest(batch) b
      cross join lateral (
        select u as event from headroom.usage_event u
          where u.organization_id = b.organization_id and u.meter = b.meter and u.key = b.key and u.received_on = today
          limit 1) found
      cross join lateral headroom.replay_of(found.event, b) answer;
  select array_agg(b) into older from unnest(batch) b where b.born is distinct from today;
  if older is not null then
    return query
      select answer.* from (
          select array_agg(b.organization_id) as organizations, array_agg(b.meter) as meters, array_agg(b.key) as keys,
              array_agg(b.born) as born
            from unnest(older) b) k
        cross join lateral headroom.earlier_events(k.organizations, k.meters, k.keys, k.born, today) found
        cross join lateral headroom.replay_of(found.event, older[found.place]) answer;
  end if;
end
$$;

-- Whether so many units more, the earliest of which happened at `earliest` (null: now), can be counted by a gate as it
-- stands, and nothing else has to be done for them: its windows run on, they are of now, and the sums stay below caps,
-- alerts and 2^53.
create function gate_takes(gate usage_gate, quantity numeric, earliest timestamptz, at timestamptz) returns boolean
language sql immutable
  return at < least(gate.day_end, gate.period_end, gate.caps_valid_until)
    and (earliest >= greatest(gate.day_start, gate.period_start)) is not false
    and (quantity <= least(
      gate.daily_limit - gate.day_used - gate.day_held, gate.hard_cap - gate.period_used - gate.period_held)) is not false
    and gate.day_used + quantity < least(gate.day_alert_at, headroom.largest_integer() - gate.day_held)
    and gate.period_used + quantity < least(gate.period_alert_at, headroom.largest_integer() - gate.period_held);

-- Admits events one by one: exact for gates that are nearly full, for late events, for windows that turn. Each is
-- decided before the next. Their gates are locked, none of their keys was received before this batch, and they stand in
-- the order of their gates. An event that would count a window beyond 2^53 - 1 is answered with that; `whole`: it fails
-- them all.
create function consume_each(batch usage_request[], today date, whole boolean) returns setof usage_answer
language plpgsql volatile as $$
declare
  e headroom.usage_request;
  held record;
  gate headroom.usage_gate;
  at timestamptz;
  dirty boolean := false;
  seen headroom.usage_event;
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
      ended := null;
      select * into held from headroom.lock_gate(e.organization_id, e.meter);
      gate := held.gate;
      at := held.at;
      dirty := held.moved;
    end if;

    -- The second of two with one key: the first was written just now.
    select * into seen from headroom.usage_event u
      where u.organization_id = e.organization_id and u.meter = e.meter and u.key = e.key and u.received_on = today;
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

-- Admits a batch. Gates are locked in one order and compared with what is asked of each: where everything fits, its events
-- are written together with those of all others that fit; the rest is left to `consume_each`, under the locks that are
-- held already. Each statement passes once over the batch, and over its gates.
create function consume_together(batch usage_request[], whole boolean, wait boolean) returns setof usage_answer
language plpgsql volatile as $$
declare
  gates headroom.usage_gate[];
  some_held boolean := false;
  fitting headroom.usage_gate[];
  at timestamptz;
  today date;
  replays headroom.usage_answer[];
  replayed integer[]; -- positions of events whose key was received before
  repeated integer[]; -- positions of events whose key is that of an earlier one of the batch
  rest headroom.usage_request[];
begin
  if wait then
    select array_agg(locked.gate) into gates
      from (select distinct b.organization_id, b.meter from unnest(batch) b order by 1, 2) asked
      cross join lateral (
        select g as gate from headroom.usage_gate g
          where g.organization_id = asked.organization_id and g.meter = asked.meter for no key update) locked;
  else
    select array_agg(locked.gate) filter (where locked.meter is not null), bool_or(locked.meter is null)
      into gates, some_held
      from (select distinct b.organization_id, b.meter from unnest(batch) b order by 1, 2) asked
      left join lateral (
        select g as gate, g.meter from headroom.usage_gate g
          where g.organization_id = asked.organization_id and g.meter = asked.meter
          for no key update skip locked) locked on true;
  end if;
  if some_held then
    select array_agg(b) filter (where g.meter is not null), array_agg(b) filter (where g.meter is null)
      into batch, rest
      from unnest(batch) b
      left join unnest(gates) g on g.organization_id = b.organization_id and g.meter = b.meter;
    return query select later.* from unnest(rest) b cross join lateral headroom.answer_without_gate(b, 'later') later;
    if batch is null then
      return;
    end if;
  end if;
  at := headroom.clock_now();
  today := (clock_timestamp() at time zone 'UTC')::date;

  select array_agg(r.position), array_agg(r) into replayed, replays
    from headroom.replays_of(batch, today) r;
  return query select * from unnest(replays);
  if (select count(*) from (select from unnest(batch) b group by b.organization_id, b.meter, b.key) k) < cardinality(batch)
  then
    select array_agg(b.position) filter (where b.turn > 1) into repeated
      from (select u.position, row_number() over (partition by u.organization_id, u.meter, u.key order by u.position) as turn
            from unnest(batch) u) b;
  end if;

  select array_agg(g) into fitting
    from (
      select b.organization_id, b.meter, sum(b.quantity) as quantity, min(b.occurred_at) as earliest
        from unnest(batch) b
        where (b.position = any (replayed || repeated)) is not true
        group by b.organization_id, b.meter
    ) asked
    join unnest(gates) g on g.organization_id = asked.organization_id and g.meter = asked.meter
    where headroom.gate_takes(g, asked.quantity, asked.earliest, at);

  return query with
    new as materialized (
      select b.*, g.day_date, g.day_used as day_before, g.day_held, g.daily_limit, g.day_end, g.period_start,
        g.period_used as period_before, g.period_held, g.period_end, g.included, g.max_overage, g.hard_cap,
        g.ordinality as gate, (sum(b.quantity) over (partition by g.ordinality order by b.position))::bigint as added
      from unnest(batch) b
      join unnest(fitting) with ordinality g on g.organization_id = b.organization_id and g.meter = b.meter
      where (b.position = any (replayed || repeated)) is not true
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
    select n.position, 'accepted', n.organization_id, n.id, n.quantity, 0::bigint, coalesce(n.occurred_at, at),
      n.day_before + n.added, n.day_held, n.daily_limit, n.day_end,
      n.period_before + n.added, n.period_held, n.period_end, n.included, n.max_overage, n.hard_cap
    from new n;

  if coalesce(cardinality(fitting), 0) < cardinality(gates) or repeated is not null then
    select array_agg(b order by b.organization_id, b.meter, b.position) into rest
      from unnest(batch) b
      left join unnest(fitting) g on g.organization_id = b.organization_id and g.meter = b.meter
      where (b.position = any (replayed)) is not true and (g.meter is null or b.position = any (repeated));
    if rest is not null then
      return query select * from headroom.consume_each(rest, today, whole);
    end if;
  end if;
end
$$;

-- Admits one event, by the same rules in as few statements as they take: a lone caller waits for each of them.
create function consume_one(e usage_request, whole boolean, wait boolean) returns setof usage_answer
language plpgsql volatile as $$
declare
  gate headroom.usage_gate;
  at timestamptz;
  today date;
  seen headroom.usage_event;
begin
  if wait then
    select * into strict gate from headroom.usage_gate g
      where g.organization_id = e.organization_id and g.meter = e.meter for no key update;
  else
    select * into gate from headroom.usage_gate g
      where g.organization_id = e.organization_id and g.meter = e.meter for no key update skip locked;
    if not found then
      return next headroom.answer_without_gate(e, 'later');
      return;
    end if;
  end if;
  at := headroom.clock_now();
  today := (clock_timestamp() at time zone 'UTC')::date;
  if e.born is distinct from today then
    select (found.event).* into seen
      from headroom.earlier_events(array[e.organization_id], array[e.meter], array[e.key], array[e.born], today) found;
    if found then
      return next headroom.replay_of(seen, e);
      return;
    end if;
  end if;
  if not headroom.gate_takes(gate, e.quantity, e.occurred_at, at) then
    return query select * from headroom.consume_each(array[e], today, whole);
    return;
  end if;
  gate.day_used := gate.day_used + e.quantity;
  gate.period_used := gate.period_used + e.quantity;
  insert into headroom.usage_event (organization_id, meter, key, received_on, id, quantity, over_cap, mode, member_id,
      occurred_at, received_at, local_date, period_start, fingerprint, properties, api_key_id,
      day_used, day_held, daily_limit, day_end, period_used, period_held, period_end, included, max_overage, hard_cap)
    values (e.organization_id, e.meter, e.key, today, e.id, e.quantity, 0, e.mode, e.member_id,
      coalesce(e.occurred_at, at), at, gate.day_date, gate.period_start, e.fingerprint, e.properties, e.api_key_id,
      gate.day_used, nullif(gate.day_held, 0), gate.daily_limit, gate.day_end,
      gate.period_used, nullif(gate.period_held, 0), gate.period_end,
      gate.included, gate.max_overage, gate.hard_cap)
    on conflict do nothing;
  if not found then
    select * into seen from headroom.usage_event u
      where u.organization_id = e.organization_id and u.meter = e.meter and u.key = e.key and u.received_on = today;
    return next headroom.replay_of(seen, e);
    return;
  end if;
  update headroom.usage_gate g set day_used = gate.day_used, period_used = gate.period_used
    where g.organization_id = e.organization_id and g.meter = e.meter;
  return next headroom.reading_of(gate, e, 'accepted', e.quantity, 0, coalesce(e.occurred_at, at));
end
$$;

-- What a credential's refusal is to one event. Whoever was a member then may have left since: a replay is answered all
-- the same.
create function refusal_of_event(
  refusal text, tenant uuid, meter_name text, event_key text, born date
) returns text language plpgsql stable as $$
begin
  if refusal = 'not_a_member' and headroom.is_known_key(tenant, meter_name, event_key, born) then
    return null;
  end if;
  return refusal;
end
$$;

-- Check and consume for up to some thousand events at once, each with its own credential and organization.
-- Gates are locked in one order (organization, meter) and held to the commit; under the lock every writer of a gate is
-- alone, which makes admission exact and one key count once, across partitions too. A refused event writes nothing, so
-- its key stays free. `born_on` bounds where a key can have been seen before: null, anywhere.
-- asks: which credential, organization, meter and member the n-th event comes with, so that each is looked up once; null:
--   the n-th. A list may be null where none of the events has that.
-- whole: one event that its credential does not cover refuses the batch; only such events are answered, none is written.
-- wait: false answers `later` for events whose gate is held by somebody, or is not there yet: one gate stalls no other.
--   true makes missing gates and waits for held ones, at most two seconds.
-- Plans are made once, for lists of any length, and without reading a table whole: one that was empty then, as a day's
-- partition is at midnight, is not empty for long.
create function usage_consume(
  credentials bytea[], organizations uuid[], meters text[], keys text[], born_on date[], ids uuid[],
  quantities bigint[], modes text[], members uuid[], occurred timestamptz[], fingerprints bytea[],
  property_lists jsonb[], whole boolean, wait boolean, asks integer[] default null
) returns setof usage_answer language plpgsql volatile security definer
set search_path = headroom, pg_temp set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
  at timestamptz := clock_now();
  batch usage_request[];
  refused usage_request[];
  alone usage_request;
begin
  if wait then
    perform set_config('lock_timeout', '2s', true);
  end if;
  if cardinality(keys) = 1 then
    select 1, a.organization_id, coalesce(meters[1], (select name from meter where is_default)), keys[1], born_on[1], ids[1],
        quantities[1], modes[1], members[1], occurred[1], fingerprints[1], property_lists[1], a.api_key_id, a.refusal
      into alone from usage_authority(credentials[1], organizations[1], meters[1], members[1], 'usage:write', at) a;
    if alone.refusal is not null then
      alone.refusal := refusal_of_event(alone.refusal, alone.organization_id, alone.meter, alone.key, alone.born);
    end if;
    if alone.refusal is not null then
      return next answer_without_gate(alone, alone.refusal);
      return;
    end if;
    if wait then
      perform create_gates(array[alone.organization_id], array[alone.meter]);
    end if;
    return query select * from consume_one(alone, whole, wait);
    return;
  end if;
  with ask as materialized (
    select w.place, coalesce(a.organization_id, w.organization_id) as organization_id, coalesce(w.meter, mt.name) as meter,
        w.member_id, a.api_key_id, a.refusal
      from unnest(credentials, organizations, meters, members)
        with ordinality as w (credential, organization_id, meter, member_id, place)
      left join meter mt on mt.is_default
      cross join lateral usage_authority(w.credential, w.organization_id, w.meter, w.member_id, 'usage:write', at) a
  ),
  asked as (
    select a.organization_id, a.meter, e.position,
        row(e.position, a.organization_id, a.meter, e.key, e.born, e.id, e.quantity, e.mode, a.member_id, e.occurred_at,
          e.fingerprint, e.properties, a.api_key_id, r.refusal)::usage_request as one, r.refusal
      from unnest(keys, born_on, ids, quantities, modes, occurred, fingerprints, property_lists, asks)
        with ordinality as e (key, born, id, quantity, mode, occurred_at, fingerprint, properties, ask, position)
      join ask a on a.place = coalesce(e.ask, e.position)
      cross join lateral (
        select case when a.refusal is not null then refusal_of_event(a.refusal, a.organization_id, a.meter, e.key, e.born)
        end) r (refusal)
  )
  select array_agg(one order by organization_id, meter, position) filter (where refusal is null),
      array_agg(one) filter (where refusal is not null)
    into batch, refused from asked;
  if refused is not null then
    return query select r.* from unnest(refused) e cross join lateral answer_without_gate(e, e.refusal) r;
    if whole or batch is null then
      return;
    end if;
  end if;
  if wait then
    perform create_gates(array_agg(b.organization_id), array_agg(b.meter)) from unnest(batch) b;
  end if;
  return query select * from consume_together(batch, whole, wait);
end
$$;
grant execute on function usage_consume to hr_api;
