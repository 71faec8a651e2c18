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

-- What events are answered whose keys were received on an earlier day, looked up under the locks of their gates: there every
-- writer of a key is alone, and what is not found now is new.
create function earlier_replays(batch usage_request[], today date) returns setof usage_answer language sql stable as $$
  select answer.* from (
      select array_agg(b.organization_id) as organizations, array_agg(b.meter) as meters, array_agg(b.key) as keys,
          array_agg(b.born) as born
        from unnest(batch) b) k
    cross join lateral headroom.earlier_events(k.organizations, k.meters, k.keys, k.born, today) found
    cross join lateral headroom.replay_of(found.event, batch[found.place]) answer
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
  many constant integer := cardinality(keys);
  at timestamptz;
  today date;
  shift interval;
  alone usage_request;
  gate usage_gate;
  seen usage_event;
  -- By the place of who asks: what the credential gives.
  tenants uuid[];
  names text[];
  api_keys uuid[];
  refusals text[];
  stopped text[]; -- why the n-th event is refused; null: none is
  gates usage_gate[]; -- those that are locked, what is asked of each, and its earliest event
  rows_of tid[]; -- where their rows lie: nobody else moves them now
  totals numeric[];
  earliest timestamptz[];
  repeated integer[]; -- positions of events whose key is that of an earlier one of the batch
  settled integer[]; -- positions of events whose key was received on an earlier day
  replays usage_answer[];
  fitting usage_gate[];
  answered bigint;
  written bigint;
  rest usage_request[]; -- what was not written together: to be weighed one by one, or later
  held usage_request[];
begin
  if wait then
    perform set_config('lock_timeout', '2s', true);
  end if;

  -- One event, in as few and as small statements as it takes: a lone caller waits for each of them.
  if many = 1 then
    -- A key of the organization that may do this, the usual case; whatever else there is, usage_authority tells.
    select k.organization_id, k.id, m.name, c.clock_offset
      into alone.organization_id, alone.api_key_id, alone.meter, shift
      from api_key_hash h
      join api_key k on k.organization_id = h.organization_id and k.id = h.api_key_id
      join organization o on o.id = k.organization_id
      cross join meter m
      cross join dev_clock c
      where h.secret_hash = credentials[1] and organizations[1] is null and members[1] is null
        and k.revoked_at is null and k.member_id is null and o.deleted_at is null and 'usage:write' = any (k.scopes)
        and (k.expires_at <= clock_timestamp() + c.clock_offset) is not true
        and m.is_default and m.active and meters[1] is null;
    if not found then
      select a.organization_id, a.api_key_id, coalesce(meters[1], (select name from meter where is_default)), a.refusal
        into alone.organization_id, alone.api_key_id, alone.meter, alone.refusal
        from usage_authority(credentials[1], organizations[1], meters[1], members[1], 'usage:write', clock_now()) a;
      if alone.refusal is not null then
        alone.refusal := refusal_of_event(alone.refusal, alone.organization_id, alone.meter, keys[1], born_on[1]);
      end if;
      if alone.refusal is not null then
        alone.position := 1;
        return next answer_without_gate(alone, alone.refusal);
        return;
      end if;
      shift := null;
    end if;
    alone.position := 1;
    alone.key := keys[1];
    alone.born := born_on[1];
    alone.id := ids[1];
    alone.quantity := quantities[1];
    alone.mode := modes[1];
    alone.member_id := members[1];
    alone.occurred_at := occurred[1];
    alone.fingerprint := fingerprints[1];
    alone.properties := property_lists[1];
    if wait then
      perform create_gates(array[alone.organization_id], array[alone.meter]);
      select * into strict gate from usage_gate g
        where g.organization_id = alone.organization_id and g.meter = alone.meter for no key update;
      shift := null;
    else
      select * into gate from usage_gate g
        where g.organization_id = alone.organization_id and g.meter = alone.meter for no key update skip locked;
      if not found then
        return next answer_without_gate(alone, 'later');
        return;
      end if;
    end if;
    at := case when shift is null then clock_now() else clock_timestamp() + shift end;
    today := (clock_timestamp() at time zone 'UTC')::date;
    if alone.born is distinct from today then
      select (found.event).* into seen
        from earlier_events(array[alone.organization_id], array[alone.meter], keys, array[alone.born], today) found;
      if found then
        return next replay_of(seen, alone);
        return;
      end if;
    end if;
    if not gate_takes(gate, alone.quantity, alone.occurred_at, at) then
      return query select * from consume_each(array[alone], today, whole);
      return;
    end if;
    gate.day_used := gate.day_used + alone.quantity;
    gate.period_used := gate.period_used + alone.quantity;
    insert into usage_event (organization_id, meter, key, received_on, id, quantity, over_cap, mode, member_id,
        occurred_at, received_at, local_date, period_start, fingerprint, properties, api_key_id,
        day_used, day_held, daily_limit, day_end, period_used, period_held, period_end, included, max_overage, hard_cap)
      values (gate.organization_id, gate.meter, alone.key, today, alone.id, alone.quantity, 0, alone.mode,
        alone.member_id, coalesce(alone.occurred_at, at), at, gate.day_date, gate.period_start, alone.fingerprint,
        alone.properties, alone.api_key_id, gate.day_used, nullif(gate.day_held, 0), gate.daily_limit, gate.day_end,
        gate.period_used, nullif(gate.period_held, 0), gate.period_end,
        gate.included, gate.max_overage, gate.hard_cap)
      on conflict do nothing;
    if not found then
      select * into seen from usage_event u
        where u.organization_id = alone.organization_id and u.meter = alone.meter and u.key = alone.key
          and u.received_on = today;
      return next replay_of(seen, alone);
      return;
    end if;
    update usage_gate g set day_used = gate.day_used, period_used = gate.period_used
      where g.organization_id = gate.organization_id and g.meter = gate.meter;
    return next reading_of(gate, alone, 'accepted', alone.quantity, 0, coalesce(alone.occurred_at, at));
    return;
  end if;

  -- Who asks.
  at := clock_now();
  select array_agg(w.tenant), array_agg(w.name), array_agg(w.api_key_id), array_agg(w.refusal), count(w.refusal)
    into tenants, names, api_keys, refusals, answered
    from (
      select coalesce(a.organization_id, w.organization_id) as tenant, coalesce(w.meter, mt.name) as name, a.api_key_id,
          a.refusal
        from unnest(credentials, organizations, meters, members)
          with ordinality as w (credential, organization_id, meter, member_id, place)
        left join meter mt on mt.is_default
        cross join lateral usage_authority(
          w.credential, w.organization_id, w.meter, w.member_id, 'usage:write', at) a
        order by w.place) w;
  asks := coalesce(asks, array(select generate_series(1, many)));
  if answered > 0 then
    select array_agg(case when refusals[e.ask] is not null then
          refusal_of_event(refusals[e.ask], tenants[e.ask], names[e.ask], e.key, e.born) end order by e.position)
      into stopped
      from unnest(keys, born_on, asks) with ordinality as e (key, born, ask, position);
    return query
      select (answer_without_gate(row(e.position, tenants[e.ask], null, null, null, null, null, null, null, null, null,
          null, null, null)::usage_request, e.refusal)).*
        from unnest(asks, stopped) with ordinality as e (ask, refusal, position) where e.refusal is not null;
    get diagnostics answered = row_count;
    if answered > 0 and whole or answered = many then
      return;
    end if;
  end if;

  -- Their gates, in the one order.
  if wait then
    perform create_gates(array_agg(tenants[e.ask]), array_agg(names[e.ask]))
      from unnest(asks) with ordinality as e (ask, position) where stopped[e.position] is null;
    select array_agg(locked.gate), array_agg(asked.total), array_agg(asked.earliest), array_agg(locked.tid)
      into gates, totals, earliest, rows_of
      from (
        select tenants[e.ask] as tenant, names[e.ask] as name, sum(e.quantity) as total, min(e.occurred_at) as earliest
          from unnest(asks, quantities, occurred) with ordinality as e (ask, quantity, occurred_at, position)
          where stopped[e.position] is null group by 1, 2 order by 1, 2) asked
      cross join lateral (
        select g as gate, g.ctid as tid from usage_gate g
          where g.organization_id = asked.tenant and g.meter = asked.name for no key update) locked;
  else
    select array_agg(locked.gate), array_agg(asked.total), array_agg(asked.earliest), array_agg(locked.tid)
      into gates, totals, earliest, rows_of
      from (
        select tenants[e.ask] as tenant, names[e.ask] as name, sum(e.quantity) as total, min(e.occurred_at) as earliest
          from unnest(asks, quantities, occurred) with ordinality as e (ask, quantity, occurred_at, position)
          where stopped[e.position] is null group by 1, 2 order by 1, 2) asked
      cross join lateral (
        select g as gate, g.ctid as tid from usage_gate g
          where g.organization_id = asked.tenant and g.meter = asked.name for no key update skip locked) locked;
  end if;
  at := clock_now();
  today := (clock_timestamp() at time zone 'UTC')::date;

  if (select count(*) from (select from unnest(keys) k group by k) k) < many then
    select array_agg(b.position) filter (where b.turn > 1) into repeated
      from (
        select e.position, row_number() over (partition by tenants[e.ask], names[e.ask], e.key order by e.position) as turn
          from unnest(keys, asks) with ordinality as e (key, ask, position)
          where stopped[e.position] is null) b;
  end if;
  if (today = all (born_on)) is not true then
    select array_agg(r.position), array_agg(r) into settled, replays
      from (
        select array_agg(row(e.position, g.organization_id, g.meter, e.key, e.born, null, null, null, null, null,
            e.fingerprint, null, null, null)::usage_request) as older
          from unnest(keys, born_on, fingerprints, asks) with ordinality as e (key, born, fingerprint, ask, position)
          join unnest(gates) g on g.organization_id = tenants[e.ask] and g.meter = names[e.ask]
          where stopped[e.position] is null and e.born is distinct from today) o
      cross join lateral earlier_replays(o.older, today) r;
    return query select * from unnest(replays);
  end if;

  -- What fits its gate, whatever becomes of the others, is written together, in one pass over the batch. A key that was
  -- received today is answered. Each goes through the index: `limit` keeps a day that was small when the plan was made from
  -- being read whole.
  select array_agg(g.gate), array_agg(rows_of[n]) into fitting, rows_of
    from generate_subscripts(gates, 1) n
    cross join lateral (select gates[n] as gate offset 0) g
    where gate_takes(g.gate, totals[n], earliest[n], at);
  return query with
    placed as materialized (
      select e.*, api_keys[e.ask] as api_key_id, members[e.ask] as member_id,
          g.organization_id, g.meter, g.day_date, g.day_used as day_before, g.day_held, g.daily_limit, g.day_end,
          g.period_start, g.period_used as period_before, g.period_held, g.period_end, g.included, g.max_overage,
          g.hard_cap, g.tid as gate, before.id as seen, before.event
        from unnest(keys, ids, quantities, modes, occurred, fingerprints, property_lists, asks)
          with ordinality as e (key, id, quantity, mode, occurred_at, fingerprint, properties, ask, position)
        join unnest(rows_of, fitting) with ordinality g (tid)
          on g.organization_id = tenants[e.ask] and g.meter = names[e.ask]
        left join lateral (
          select u.id, u as event from usage_event u
            where u.organization_id = g.organization_id and u.meter = g.meter and u.key = e.key and u.received_on = today
            limit 1) before on true
        where stopped[e.position] is null and (e.position = any (settled || repeated)) is not true
    ),
    new as materialized (
      select p.*, (sum(p.quantity) over (partition by p.gate order by p.position))::bigint as added
        from placed p where p.seen is null
    ),
    written as (
      insert into usage_event (organization_id, meter, key, received_on, id, quantity, over_cap, mode, member_id,
          occurred_at, received_at, local_date, period_start, fingerprint, properties, api_key_id,
          day_used, day_held, daily_limit, day_end, period_used, period_held, period_end, included, max_overage, hard_cap)
        select n.organization_id, n.meter, n.key, today, n.id, n.quantity, 0, n.mode, n.member_id,
          coalesce(n.occurred_at, at), at, n.day_date, n.period_start, n.fingerprint, n.properties, n.api_key_id,
          n.day_before + n.added, nullif(n.day_held, 0), n.daily_limit, n.day_end,
          n.period_before + n.added, nullif(n.period_held, 0), n.period_end, n.included, n.max_overage, n.hard_cap
        from new n
    ),
    counted as (
      update usage_gate g set day_used = g.day_used + s.quantity, period_used = g.period_used + s.quantity
        from (select n.gate, max(n.added) as quantity from new n group by 1) s where g.ctid = s.gate
    )
    select n.position::integer, 'accepted', null::uuid, null::uuid, n.quantity, 0::bigint, coalesce(n.occurred_at, at),
      n.day_before + n.added, n.day_held, n.daily_limit, n.day_end,
      n.period_before + n.added, n.period_held, n.period_end, n.included, n.max_overage, n.hard_cap
    from new n
    union all
    select answer.* from placed p
      cross join lateral replay_of(p.event, row(p.position, null, null, null, null, null, null, null, null, null,
        p.fingerprint, null, null, null)::usage_request) answer
      where p.seen is not null;
  get diagnostics written = row_count;
  if answered + coalesce(cardinality(settled), 0) + written = many then
    return;
  end if;

  -- What may not fit is weighed one by one, under the locks that are held already.
  select array_agg(e.one order by (e.one).organization_id, (e.one).meter, (e.one).position) filter (where e.locked),
      array_agg(e.one) filter (where not e.locked)
    into rest, held
    from (
      select g.meter is not null as locked, row(e.position, tenants[e.ask], names[e.ask], e.key, e.born, e.id, e.quantity,
          e.mode, members[e.ask], e.occurred_at, e.fingerprint, e.properties, api_keys[e.ask], null)::usage_request as one
        from unnest(keys, born_on, ids, quantities, modes, occurred, fingerprints, property_lists, asks)
          with ordinality as e (key, born, id, quantity, mode, occurred_at, fingerprint, properties, ask, position)
        left join unnest(gates) g on g.organization_id = tenants[e.ask] and g.meter = names[e.ask]
        left join unnest(fitting) f on f.organization_id = tenants[e.ask] and f.meter = names[e.ask]
        where stopped[e.position] is null and (e.position = any (settled)) is not true
          and (f.meter is null or e.position = any (repeated))) e;
  return query select later.* from unnest(held) e cross join lateral answer_without_gate(e, 'later') later;
  if rest is not null then
    return query select * from consume_each(rest, today, whole);
  end if;
end
$$;
grant execute on function usage_consume to hr_api;
