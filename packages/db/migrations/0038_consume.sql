-- Consume in fewer and smaller steps: a usual credential is one row, the events of a batch are read in narrow passes, and
-- what is answered is a few lists instead of a row of seventeen columns for each event.

set local role hr_owner;

-- Whoever is writing a key or an organization comes first or afterwards: what is written down below misses nothing.
lock table organization, api_key, api_key_hash in share row exclusive mode;

-- Until when this key alone lets its organization be metered: nothing else has to be asked then. Null: usage_authority
-- tells. Only the birth of a hash, and of a deleted organization's second life, ever sets it; any other change of a key
-- takes it away or shortens it, so that no order of changes leaves more than there is.
alter table api_key_hash add column meters_until timestamptz;
grant update (meters_until) on api_key_hash to hr_engine;

set local role hr_engine;

-- Until when a key may meter, if its organization lives; null: never, or not for itself alone.
create function meters_until(key api_key) returns timestamptz language sql immutable
  return case when key.revoked_at is null and key.member_id is null and 'usage:write' = any (key.scopes)
    then coalesce(key.expires_at, 'infinity') end;

-- The shared locks keep what was read true until the hash can be seen by those who change it.
create function note_hash() returns trigger
language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
declare
  k api_key;
begin
  new.meters_until := null;
  if tg_op = 'INSERT' and new.organization_id is not null then
    perform from organization o where o.id = new.organization_id and o.deleted_at is null for share;
    if found then
      select * into k from api_key u
        where u.organization_id = new.organization_id and u.id = new.api_key_id for share;
      new.meters_until := meters_until(k);
    end if;
  end if;
  return new;
end
$$;

create function note_key_changed() returns trigger
language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
begin
  update api_key_hash h
    set meters_until = case when meters_until(new) is not null then least(h.meters_until, meters_until(new)) end
    where h.organization_id = new.organization_id and h.api_key_id = new.id and h.meters_until is not null;
  return null;
end
$$;

create function note_organization_ended() returns trigger
language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
declare
  k api_key;
begin
  if new.deleted_at is not null then
    update api_key_hash h set meters_until = null where h.organization_id = new.id and h.meters_until is not null;
    return null;
  end if;
  for k in select * from api_key u where u.organization_id = new.id order by u.id for share loop
    update api_key_hash h set meters_until = meters_until(k)
      where h.organization_id = k.organization_id and h.api_key_id = k.id;
  end loop;
  return null;
end
$$;
grant execute on function note_hash, note_key_changed, note_organization_ended to hr_owner;

set local role hr_owner;

create trigger hash_noted before insert or update of secret_hash, organization_id, api_key_id on api_key_hash
  for each row execute function note_hash();
create trigger key_changed after update of revoked_at, expires_at, member_id, scopes on api_key
  for each row execute function note_key_changed();
create trigger organization_ended after update of deleted_at on organization
  for each row when (old.deleted_at is distinct from new.deleted_at) execute function note_organization_ended();

set local role hr_engine;

update api_key_hash h set meters_until = meters_until(k)
  from api_key k join organization o on o.id = k.organization_id and o.deleted_at is null
  where k.organization_id = h.organization_id and k.id = h.api_key_id;

drop function gate_takes, usage_consume;

-- A gate that a batch has locked: where its row lies, which nobody else moves now, and what its events keep of it.
create type locked_gate as (
  row_at tid,
  organization_id uuid,
  meter text,
  day_date date,
  day_used bigint,
  day_held bigint,
  daily_limit bigint,
  day_end timestamptz,
  period_start timestamptz,
  period_used bigint,
  period_held bigint,
  period_end timestamptz,
  included bigint,
  max_overage bigint,
  hard_cap bigint
);

-- An instant as microseconds since 1970, and back. Stable, as date_part is: or it would not become part of its caller.
create function microseconds(at timestamptz) returns bigint language sql stable
  return round(date_part('epoch', at) * 1000000)::bigint;

create function instant_of(microseconds bigint) returns timestamptz language sql immutable
  return '1970-01-01Z'::timestamptz + make_interval(secs => microseconds / 1000000)
    + (microseconds % 1000000) * interval '1 microsecond';

-- Whether so many units more, the earliest of which happened at `earliest` (null: now), can be counted by a gate in its
-- running windows, and nothing else has to be done for them: the sums stay below caps, alerts and 2^53.
create function room_for(
  units bigint, earliest timestamptz, day_start timestamptz, day_used bigint, day_held bigint, daily_limit bigint,
  day_alert_at bigint, period_start timestamptz, period_used bigint, period_held bigint, hard_cap bigint,
  period_alert_at bigint
) returns boolean language sql immutable
  return (earliest >= greatest(day_start, period_start)) is not false
    and (units <= least(daily_limit - day_used - day_held, hard_cap - period_used - period_held)) is not false
    and day_used + units < least(day_alert_at, 9007199254740991 - day_held)
    and period_used + units < least(period_alert_at, 9007199254740991 - period_held);

-- Who asks, by place: what each credential gives. A key that meters its own organization, the usual case, is one row.
create function who_asks(
  credentials bytea[], organizations uuid[], meters text[], members uuid[], at timestamptz,
  out tenants uuid[], out names text[], out api_keys uuid[], out refusals text[]
) language plpgsql stable as $$
declare
  usual text := (select m.name from headroom.meter m where m.is_default);
  active text[] := array(select m.name from headroom.meter m where m.active);
  other record;
begin
  select array_agg(w.tenant), array_agg(w.name), array_agg(w.api_key_id) into tenants, names, api_keys
    from (
      select h.organization_id as tenant, h.api_key_id, coalesce(a.meter, usual) as name
        from unnest(credentials, organizations, meters, members)
          with ordinality as a (credential, organization_id, meter, member_id, place)
        left join headroom.api_key_hash h on h.secret_hash = a.credential and h.meters_until > at
          and (a.organization_id = h.organization_id) is not false and a.member_id is null
          and coalesce(a.meter, usual) = any (active)
        order by a.place) w;
  if array_position(api_keys, null) is not null then
    for other in
      select a.place, coalesce(u.organization_id, a.organization_id) as tenant, u.api_key_id, u.refusal
        from unnest(credentials, organizations, meters, members)
          with ordinality as a (credential, organization_id, meter, member_id, place)
        cross join lateral headroom.usage_authority(
          a.credential, a.organization_id, a.meter, a.member_id, 'usage:write', at) u
        where api_keys[a.place] is null
    loop
      tenants[other.place] := other.tenant;
      api_keys[other.place] := other.api_key_id;
      refusals[other.place] := other.refusal;
    end loop;
  end if;
end
$$;

-- Check and consume for up to some thousand events at once, each with its own credential and organization.
-- Gates are locked in one order (organization, meter) and held to the commit; under the lock every writer of a gate is
-- alone, which makes admission exact and one key count once, across partitions too. A refused event writes nothing, so
-- its key stays free.
-- asks: which of the credentials, organizations, meters and members the n-th event comes with, so that each is looked up
--   once. A list may be null where none of the events has that.
-- born_on: where a key can have been seen before; null: anywhere.
-- whole: one event that its credential does not cover refuses the batch; only such events are answered, none is written.
-- wait: false answers `later` for events whose gate is held by somebody, or is not there yet: one gate stalls no other.
--   true makes missing gates and waits for held ones, at most two seconds.
-- Answers: `numbers` of each gate as it stood before: its day (used, held, limit, end), its period (used, held, end),
--   included, max overage, hard cap; ends in microseconds. For the n-th event its gate, by number, and how many units the
--   batch added up to there with it, null where `others` says what became of it. And the instant of it all.
-- Plans are made once, for lists of any length, and without reading a table whole: one that was empty then, as a day's
-- partition is at midnight, is not empty for long.
create function consume_events(
  credentials bytea[], organizations uuid[], meters text[], members uuid[], asks integer[], keys text[], born_on date[],
  ids uuid[], quantities bigint[], modes text[], occurred timestamptz[], fingerprints bytea[], property_lists jsonb[],
  whole boolean, wait boolean,
  out at timestamptz, out numbers bigint[], out gate_of integer[], out added bigint[], out others usage_answer[]
) language plpgsql volatile security definer
set search_path = headroom, pg_temp set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
  many constant integer := cardinality(keys);
  today date;
  asking record;
  tenants uuid[];
  names text[];
  stopped text[]; -- why the n-th event is refused; null: none is
  gates locked_gate[];
  fits boolean[]; -- whether what is asked of the n-th gate can be taken by it
  untils timestamptz[]; -- and until when: its windows and caps end
  repeated integer[]; -- positions of events whose key is that of an earlier one of the batch
  settled integer[]; -- positions of events whose key was received on an earlier day
  answers usage_answer[];
  rest usage_request[]; -- what was not written together: to be weighed one by one
begin
  if wait then
    perform set_config('lock_timeout', '2s', true);
  end if;
  others := '{}';

  select * into asking from who_asks(credentials, organizations, meters, members, clock_now());
  tenants := asking.tenants;
  names := asking.names;
  if asking.refusals is not null then
    select array_agg(case when asking.refusals[e.ask] is not null then refusal_of_event(
          asking.refusals[e.ask], tenants[e.ask], names[e.ask], e.key, e.born) end order by e.position)
      into stopped
      from unnest(keys, born_on, asks) with ordinality as e (key, born, ask, position);
    others := array(
      select answer_without_gate(row(e.position, tenants[e.ask], null, null, null, null, null, null, null, null, null,
          null, null, null)::usage_request, e.refusal)
        from unnest(asks, stopped) with ordinality as e (ask, refusal, position) where e.refusal is not null);
    if cardinality(others) > 0 and whole or cardinality(others) = many then
      return;
    end if;
  end if;

  -- Their gates, in the one order.
  if wait then
    perform create_gates(array_agg(tenants[e.ask]), array_agg(names[e.ask]))
      from unnest(asks) with ordinality as e (ask, position) where stopped[e.position] is null;
    perform from (
        select distinct tenants[e.ask] as tenant, names[e.ask] as name
          from unnest(asks) with ordinality as e (ask, position) where stopped[e.position] is null order by 1, 2) asked
      cross join lateral (
        select from usage_gate g
          where g.organization_id = asked.tenant and g.meter = asked.name for no key update) locked;
  end if;
  select array_agg(locked.gate), array_agg(locked.until),
      array_agg(array[locked.day_used, locked.day_held, locked.daily_limit, microseconds(locked.day_end),
        locked.period_used, locked.period_held, microseconds(locked.period_end), locked.included, locked.max_overage,
        locked.hard_cap]),
      array_agg(room_for(asked.units, asked.earliest, locked.day_start, locked.day_used, locked.day_held,
        locked.daily_limit, locked.day_alert_at, locked.period_start, locked.period_used, locked.period_held,
        locked.hard_cap, locked.period_alert_at))
    into gates, untils, numbers, fits
    from (
      select tenants[e.ask] as tenant, names[e.ask] as name, least(sum(e.quantity), 1::bigint << 62)::bigint as units,
          min(e.occurred_at) as earliest
        from unnest(asks, quantities, occurred) with ordinality as e (ask, quantity, occurred_at, position)
        where stopped[e.position] is null group by 1, 2 order by 1, 2) asked
    cross join lateral (
      select row(g.ctid, g.organization_id, g.meter, g.day_date, g.day_used, g.day_held, g.daily_limit, g.day_end,
            g.period_start, g.period_used, g.period_held, g.period_end, g.included, g.max_overage,
            g.hard_cap)::locked_gate as gate,
          least(g.day_end, g.period_end, g.caps_valid_until) as until, g.*
        from usage_gate g
        where g.organization_id = asked.tenant and g.meter = asked.name for no key update skip locked) locked;
  at := clock_now();
  today := (clock_timestamp() at time zone 'UTC')::date;
  if (at < all (untils)) is not true then
    fits := array(select f.fits and at < f.until from unnest(fits, untils) with ordinality as f (fits, until, n) order by f.n);
  end if;

  if (select count(*) from (select from unnest(keys) k group by k) k) < many then
    select array_agg(b.position) filter (where b.turn > 1) into repeated
      from (
        select e.position, row_number() over (partition by tenants[e.ask], names[e.ask], e.key order by e.position) as turn
          from unnest(keys, asks) with ordinality as e (key, ask, position)
          where stopped[e.position] is null) b;
  end if;
  if (today = all (born_on)) is not true then
    select array_agg(r.position), array_agg(r) into settled, answers
      from (
        select array_agg(row(e.position, g.organization_id, g.meter, e.key, e.born, null, null, null, null, null,
            e.fingerprint, null, null, null)::usage_request) as older
          from unnest(keys, born_on, fingerprints, asks) with ordinality as e (key, born, fingerprint, ask, position)
          join unnest(gates) g on g.organization_id = tenants[e.ask] and g.meter = names[e.ask]
          where stopped[e.position] is null and e.born is distinct from today) o
      cross join lateral earlier_replays(o.older, today) r;
    others := others || answers;
  end if;

  -- What fits its gate, whatever becomes of the others, is written together. First how many units the batch counts up to
  -- each event; a key that was received today is answered, and counts nothing. Each goes through the index: `limit` keeps
  -- a day that was small when the plan was made from being read whole.
  select array_agg(p.gate order by p.position), array_agg(p.added order by p.position),
      array_agg(p.replay) filter (where p.seen is not null)
    into gate_of, added, answers
    from (
      select e.position, g.n::integer as gate, before.id as seen, before.replay,
          case when g.n is not null and before.id is null then
            (sum(e.quantity) filter (where before.id is null)
              over (partition by g.n order by e.position rows unbounded preceding))::bigint end as added
        from unnest(keys, quantities, asks, fingerprints) with ordinality as e (key, quantity, ask, fingerprint, position)
        left join unnest(gates, fits) with ordinality as g (row_at, organization_id, meter, day_date, day_used, day_held,
            daily_limit, day_end, period_start, period_used, period_held, period_end, included, max_overage, hard_cap,
            fits, n)
          on g.organization_id = tenants[e.ask] and g.meter = names[e.ask] and g.fits
            and stopped[e.position] is null and (e.position = any (settled || repeated)) is not true
        left join lateral (
          select u.id, replay_of(u, row(e.position, null, null, null, null, null, null, null, null, null,
              e.fingerprint, null, null, null)::usage_request) as replay
            from usage_event u
            where u.organization_id = g.organization_id and u.meter = g.meter and u.key = e.key and u.received_on = today
            limit 1) before on true) p;
  others := others || answers;
  insert into usage_event (organization_id, meter, key, received_on, id, quantity, over_cap, mode, member_id,
      occurred_at, received_at, local_date, period_start, fingerprint, properties, api_key_id,
      day_used, day_held, daily_limit, day_end, period_used, period_held, period_end, included, max_overage, hard_cap)
    select g.organization_id, g.meter, e.key, today, e.id, e.quantity, 0, e.mode, members[e.ask],
      coalesce(e.occurred_at, at), at, g.day_date, g.period_start, e.fingerprint, e.properties, asking.api_keys[e.ask],
      g.day_used + e.added, nullif(g.day_held, 0), g.daily_limit, g.day_end,
      g.period_used + e.added, nullif(g.period_held, 0), g.period_end, g.included, g.max_overage, g.hard_cap
    from unnest(keys, ids, quantities, modes, occurred, fingerprints, property_lists, asks, gate_of, added)
      as e (key, id, quantity, mode, occurred_at, fingerprint, properties, ask, gate, added)
    join unnest(gates) with ordinality as g (row_at, organization_id, meter, day_date, day_used, day_held, daily_limit,
        day_end, period_start, period_used, period_held, period_end, included, max_overage, hard_cap, n)
      on g.n = e.gate
    where e.added is not null;
  update usage_gate g set day_used = g.day_used + s.quantity, period_used = g.period_used + s.quantity
    from (select e.gate, max(e.added) as quantity from unnest(gate_of, added) as e (gate, added)
      where e.added is not null group by 1) s
    where g.ctid = (gates[s.gate]).row_at;
  if array_position(added, null) is null or cardinality(others) + (select count(a) from unnest(added) a) = many then
    return;
  end if;

  -- What may not fit is weighed one by one, under the locks that are held already.
  select array_agg(e.one order by (e.one).organization_id, (e.one).meter, (e.one).position) filter (where e.locked),
      array_agg(answer_without_gate(e.one, 'later')) filter (where not e.locked)
    into rest, answers
    from (
      select g.meter is not null as locked, row(e.position, tenants[e.ask], names[e.ask], e.key, e.born, e.id, e.quantity,
          e.mode, members[e.ask], e.occurred_at, e.fingerprint, e.properties, asking.api_keys[e.ask],
          null)::usage_request as one
        from unnest(keys, born_on, ids, quantities, modes, occurred, fingerprints, property_lists, asks, gate_of)
          with ordinality as e (key, born, id, quantity, mode, occurred_at, fingerprint, properties, ask, gate, position)
        left join unnest(gates) g on g.organization_id = tenants[e.ask] and g.meter = names[e.ask]
        where e.gate is null and stopped[e.position] is null and (e.position = any (settled)) is not true) e;
  others := others || answers;
  if rest is not null then
    others := others || array(select c from consume_each(rest, today, whole) c);
  end if;
end
$$;

-- Whether a key was not received on a day before today, as far as it can have been.
create function is_new_today(tenant uuid, meter_name text, event_key text, born date, today date) returns boolean
language plpgsql volatile as $$
begin
  return not exists (
    select from headroom.earlier_events(array[tenant], array[meter_name], array[event_key], array[born], today));
end
$$;

-- The same for one event, in as few and as small statements as it takes: a lone caller waits for each of them. What is not
-- usual about it is left to consume_events, whose columns the answer has: at (in microseconds), numbers, gate_of, added,
-- others.
create function consume_event(
  credential bytea, tenant uuid, meter_name text, member uuid, event_key text, born date, event_id uuid, units bigint,
  event_mode text, occurred timestamptz, payload bytea, own_properties jsonb, whole boolean, wait boolean
) returns json language plpgsql volatile security definer
set search_path = headroom, pg_temp set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
  key_id uuid;
  key_tenant uuid;
  key_until timestamptz;
  shift interval;
  name text;
  gate usage_gate;
  at timestamptz;
  today date;
begin
  select h.api_key_id, h.organization_id, h.meters_until, (select c.clock_offset from dev_clock c),
      (select m.name from meter m where m.active and case when meter_name is null then m.is_default else m.name = meter_name end)
    into key_id, key_tenant, key_until, shift, name
    from api_key_hash h
    where h.secret_hash = credential and h.meters_until is not null
      and (tenant = h.organization_id) is not false and member is null;
  if found and wait and name is not null then
    perform set_config('lock_timeout', '2s', true);
    perform create_gates(array[key_tenant], array[name]);
    select * into gate from usage_gate g where g.organization_id = key_tenant and g.meter = name for no key update;
  elsif found then
    select * into gate from usage_gate g where g.organization_id = key_tenant and g.meter = name
      for no key update skip locked;
  end if;
  if found then
    at := clock_timestamp() + shift;
    today := (clock_timestamp() at time zone 'UTC')::date;
    if at < key_until and (born = today or is_new_today(key_tenant, name, event_key, born, today)) then
      if at >= least(gate.day_end, gate.period_end, gate.caps_valid_until)
        or not room_for(units, occurred, gate.day_start, gate.day_used, gate.day_held, gate.daily_limit,
          gate.day_alert_at, gate.period_start, gate.period_used, gate.period_held, gate.hard_cap, gate.period_alert_at)
      then
        return json_build_array(null, null, null, null, array(select e from consume_each(
          array[row(1, key_tenant, name, event_key, born, event_id, units, event_mode, null, occurred, payload,
            own_properties, key_id, null)::usage_request], today, whole) e));
      end if;
      insert into usage_event (organization_id, meter, key, received_on, id, quantity, over_cap, mode,
          occurred_at, received_at, local_date, period_start, fingerprint, properties, api_key_id,
          day_used, day_held, daily_limit, day_end, period_used, period_held, period_end, included, max_overage, hard_cap)
        values (key_tenant, name, event_key, today, event_id, units, 0, event_mode,
          coalesce(occurred, at), at, gate.day_date, gate.period_start, payload, own_properties, key_id,
          gate.day_used + units, nullif(gate.day_held, 0), gate.daily_limit, gate.day_end,
          gate.period_used + units, nullif(gate.period_held, 0), gate.period_end, gate.included, gate.max_overage,
          gate.hard_cap)
        on conflict do nothing;
      if found then
        update usage_gate g set day_used = g.day_used + units, period_used = g.period_used + units
          where g.organization_id = key_tenant and g.meter = name;
        return json_build_array(microseconds(at), array[[gate.day_used, gate.day_held, gate.daily_limit,
          microseconds(gate.day_end), gate.period_used, gate.period_held, microseconds(gate.period_end), gate.included,
          gate.max_overage, gate.hard_cap]], array[1], array[units], null);
      end if;
    end if;
  end if;
  return (
    select json_build_array(microseconds(e.at), e.numbers, e.gate_of, e.added, e.others) from consume_events(
      array[credential], array[tenant], array[meter_name], array[member], '{1}', array[event_key], array[born],
      array[event_id], array[units], array[event_mode], array[occurred], array[payload], array[own_properties], whole,
      wait) e);
end
$$;

grant execute on function consume_events, consume_event, microseconds to hr_api;

-- For releases before this one, as long as one of them may run beside it: the same answers, one row for each event.
create function usage_consume(
  credentials bytea[], organizations uuid[], meters text[], keys text[], born_on date[], ids uuid[],
  quantities bigint[], modes text[], members uuid[], occurred timestamptz[], fingerprints bytea[],
  property_lists jsonb[], whole boolean, wait boolean, asks integer[] default null
) returns setof usage_answer language sql volatile security definer set search_path = headroom, pg_temp as $$
  with answered as materialized (
    select * from consume_events(credentials, organizations, meters, members,
      coalesce(asks, array(select generate_series(1, cardinality(keys)))), keys, born_on, ids, quantities, modes, occurred,
      fingerprints, property_lists, whole, wait)
  )
  select e.position::integer, 'accepted', null::uuid, null::uuid, e.quantity, 0::bigint, coalesce(e.occurred_at, a.at),
      a.numbers[e.gate][1] + e.added, a.numbers[e.gate][2], a.numbers[e.gate][3], instant_of(a.numbers[e.gate][4]),
      a.numbers[e.gate][5] + e.added, a.numbers[e.gate][6], instant_of(a.numbers[e.gate][7]),
      a.numbers[e.gate][8], a.numbers[e.gate][9], a.numbers[e.gate][10]
    from answered a
    cross join lateral unnest(quantities, occurred, a.gate_of, a.added)
      with ordinality as e (quantity, occurred_at, gate, added, position)
    where e.added is not null
  union all
  select o.* from answered a cross join lateral unnest(a.others) o
$$;
grant execute on function usage_consume to hr_api;
