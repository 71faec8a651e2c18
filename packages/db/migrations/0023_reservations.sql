-- Reservations and voids. Whoever changes a reservation holds its gate's lock: organization, audit head, gate, reservation.
-- Nobody waits for one of them longer than two seconds, as in consume.
set local role hr_engine;

-- What became of a call about a reservation, and the gate's reading after it; a replay has the first one's.
create type reservation_answer as (
  outcome text, -- done, duplicate, mismatch, daily_limit, hard_cap, not_found, not_open, or a refusal of usage_authority
  at timestamptz,
  reservation_id uuid,
  status text,
  meter text,
  quantity bigint,
  expires_at timestamptz,
  event_id uuid,
  accepted bigint,
  over_cap bigint,
  after_expiry boolean,
  ended boolean, -- the window that refuses has ended: waiting does not open it
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

-- The real instant that a UUIDv7 was made at.
create function born_at(id uuid) returns timestamptz language sql immutable
  return to_timestamp(('x' || substr(replace(id::text, '-', ''), 1, 12))::bit(48)::bigint / 1000.0);

-- Why units that ask for more than the rooms have are refused; null: they fit. Null rooms have no limit.
create function refusal_for(units bigint, room_day bigint, room_period bigint) returns text language sql immutable
  return case when units > room_period then 'hard_cap' when units > room_day then 'daily_limit' end;

-- A reservation's status by the clock, whether somebody has swept it or not.
create function status_of(r usage_reservation, at timestamptz) returns text language sql immutable
  return case when r.status = 'held' and r.expires_at <= at then 'expired' else r.status end;

-- The answer with how a gate stands.
create function with_reading(answer reservation_answer, gate usage_gate) returns reservation_answer
language plpgsql immutable as $$
begin
  answer.day_used := gate.day_used;
  answer.day_held := gate.day_held;
  answer.daily_limit := gate.daily_limit;
  answer.day_end := gate.day_end;
  answer.period_used := gate.period_used;
  answer.period_held := gate.period_held;
  answer.period_end := gate.period_end;
  answer.included := gate.included;
  answer.max_overage := gate.max_overage;
  answer.hard_cap := gate.hard_cap;
  return answer;
end
$$;

-- The answer with what an event said of its gate.
create function with_event(answer reservation_answer, e usage_event) returns reservation_answer
language plpgsql immutable as $$
begin
  answer.event_id := e.id;
  answer.accepted := e.quantity;
  answer.over_cap := e.over_cap;
  answer.day_used := e.day_used;
  answer.day_held := coalesce(e.day_held, 0);
  answer.daily_limit := e.daily_limit;
  answer.day_end := e.day_end;
  answer.period_used := e.period_used;
  answer.period_held := coalesce(e.period_held, 0);
  answer.period_end := e.period_end;
  answer.included := e.included;
  answer.max_overage := e.max_overage;
  answer.hard_cap := e.hard_cap;
  return answer;
end
$$;

-- A locked gate without a hold, as far as the windows that it was made in still run.
create function give_back(gate usage_gate, hold usage_reservation) returns usage_gate language plpgsql immutable as $$
begin
  if hold.day_start = gate.day_start then
    gate.day_held := gate.day_held - hold.quantity;
  end if;
  if hold.period_start = gate.period_start then
    gate.period_held := gate.period_held - hold.quantity;
  end if;
  return gate;
end
$$;

-- Room in the day and the period of a reservation that have ended, under the limits of then, its own units not counted;
-- null: no limit. Counted from events: the gate knows the running windows only.
create function ended_room(
  hold usage_reservation, event_day date, event_period timestamptz, at timestamptz,
  out room_day bigint, out room_period bigint
) language plpgsql volatile as $$
declare
  used record;
  others record;
  cap bigint;
begin
  select coalesce(sum(s.quantity) filter (where s.local_date = event_day), 0) as day,
      coalesce(sum(s.quantity) filter (where s.period_start = event_period), 0) as period
    into used from headroom.usage_sums(hold.organization_id, hold.meter) s;
  select coalesce(sum(r.quantity) filter (where r.day_start = hold.day_start), 0) as day,
      coalesce(sum(r.quantity) filter (where r.period_start = hold.period_start), 0) as period
    into others from headroom.usage_reservation r
    where r.organization_id = hold.organization_id and r.meter = hold.meter and r.status = 'held'
      and r.expires_at > at and r.id <> hold.id;
  select p.hard_cap into cap from headroom.usage_period p
    where p.organization_id = hold.organization_id and p.meter = hold.meter and p.period_start = event_period;
  room_day := hold.daily_limit - used.day - others.day;
  room_period := cap - used.period - others.period;
end
$$;

-- Holds units of a meter for a time. The windows are those that run now. A refused key is free again.
create function usage_reserve(
  credential bytea, tenant uuid, meter_name text, reservation_key text, new_id uuid, units bigint, member uuid,
  ttl_seconds integer, payload bytea, own_properties jsonb
) returns reservation_answer language plpgsql volatile security definer
set search_path = headroom, pg_temp set lock_timeout = '2s' as $$
declare
  caller record;
  locked record;
  gate usage_gate;
  r usage_reservation;
  answer reservation_answer;
begin
  select a.*, coalesce(meter_name, (select m.name from meter m where m.is_default)) as meter into caller
    from usage_authority(credential, tenant, meter_name, member, 'usage:write', clock_now()) a;
  if caller.refusal is not null then
    answer.outcome := caller.refusal;
    return answer;
  end if;
  perform create_gates(array[caller.organization_id], array[caller.meter]);
  select * into locked from lock_gate(caller.organization_id, caller.meter);
  gate := locked.gate;
  if locked.moved then
    perform save_gate(gate);
  end if;
  answer.at := locked.at;
  answer.meter := caller.meter;

  select * into r from usage_reservation u
    where u.organization_id = caller.organization_id and u.meter = caller.meter and u.key = reservation_key;
  if not found then
    for attempt in 1..2 loop
      answer.outcome := refusal_for(
        units, gate.daily_limit - gate.day_used - gate.day_held, gate.hard_cap - gate.period_used - gate.period_held);
      exit when answer.outcome is null;
      if attempt = 2 then
        perform save_gate(gate);
        answer.ended := false;
        return with_reading(answer, gate);
      end if;
      gate := sweep_holds(gate, locked.at);
    end loop;
    gate.day_held := gate.day_held + units;
    gate.period_held := gate.period_held + units;
    if greatest(gate.day_used + gate.day_held, gate.period_used + gate.period_held) > largest_integer() then
      perform largest_integer_exceeded();
    end if;
    insert into usage_reservation (organization_id, id, meter, key, fingerprint, quantity, member_id, properties,
        api_key_id, reserved_at, expires_at, day_start, period_start, day_used, day_held, daily_limit, day_end,
        period_used, period_held, period_end, included, max_overage, hard_cap)
      values (caller.organization_id, new_id, caller.meter, reservation_key, payload, units, member, own_properties,
        caller.api_key_id, locked.at, locked.at + make_interval(secs => ttl_seconds), gate.day_start,
        gate.period_start, gate.day_used, gate.day_held, gate.daily_limit, gate.day_end, gate.period_used,
        gate.period_held, gate.period_end, gate.included, gate.max_overage, gate.hard_cap)
      returning * into r;
    perform save_gate(gate);
    answer.outcome := 'done';
  else
    answer.outcome := case when r.fingerprint = payload then 'duplicate' else 'mismatch' end;
    gate.day_used := r.day_used;
    gate.day_held := r.day_held;
    gate.daily_limit := r.daily_limit;
    gate.day_end := r.day_end;
    gate.period_used := r.period_used;
    gate.period_held := r.period_held;
    gate.period_end := r.period_end;
    gate.included := r.included;
    gate.max_overage := r.max_overage;
    gate.hard_cap := r.hard_cap;
  end if;
  answer.reservation_id := r.id;
  answer.status := status_of(r, locked.at);
  answer.quantity := r.quantity;
  answer.expires_at := r.expires_at;
  return with_reading(answer, gate);
end
$$;

-- Locks the gate of a reservation and reads both: `r` is null when there is none. A gate that has moved is saved.
create function lock_reservation(
  tenant uuid, reservation uuid, out r usage_reservation, out gate usage_gate, out at timestamptz
) language plpgsql volatile as $$
declare
  meter_name text;
  locked record;
begin
  select u.meter into meter_name from headroom.usage_reservation u
    where u.organization_id = tenant and u.id = reservation;
  if not found then
    return;
  end if;
  select * into locked from headroom.lock_gate(tenant, meter_name);
  gate := locked.gate;
  at := locked.at;
  if locked.moved then
    perform headroom.save_gate(gate);
  end if;
  select * into r from headroom.usage_reservation u where u.organization_id = tenant and u.id = reservation;
end
$$;

-- Writes what was used in place of the hold: units null is what was reserved. Up to that it always fits; more is weighed
-- in the windows that it counts in, and a refusal leaves the hold as it is. After expiry it is recorded.
create function usage_commit(
  credential bytea, tenant uuid, reservation uuid, units bigint, new_id uuid, replay_key text
) returns reservation_answer language plpgsql volatile security definer
set search_path = headroom, pg_temp set lock_timeout = '2s' as $$
declare
  caller record;
  locked record;
  r usage_reservation;
  gate usage_gate;
  bare usage_gate; -- the gate without this hold
  at timestamptz;
  place record;
  ended_day bigint;
  ended_period bigint;
  room_day bigint;
  room_period bigint;
  take bigint;
  over bigint := 0;
  e usage_event;
  answer reservation_answer;
begin
  select * into caller from usage_authority(credential, tenant, null, null, 'usage:write', clock_now());
  if caller.refusal is not null then
    answer.outcome := caller.refusal;
    return answer;
  end if;
  select * into locked from lock_reservation(caller.organization_id, reservation);
  r := locked.r;
  gate := locked.gate;
  at := locked.at;
  if r.id is null then
    answer.outcome := 'not_found';
    return answer;
  end if;
  take := coalesce(units, r.quantity);
  answer.at := at;
  answer.reservation_id := r.id;
  answer.status := status_of(r, at);
  answer.meter := r.meter;
  answer.quantity := r.quantity;
  answer.expires_at := r.expires_at;
  answer.after_expiry := case r.status when 'committed' then r.finished_at >= r.expires_at else answer.status = 'expired' end;
  if r.status in ('committed', 'released') then
    select * into e from usage_event u
      where u.organization_id = r.organization_id and u.meter = r.meter and u.key = 'res:' || r.id
        and r.status = 'committed' and r.commit_key = replay_key
        and u.received_on between (born_at(r.event_id) at time zone 'UTC')::date - 1
          and (born_at(r.event_id) at time zone 'UTC')::date + 1;
    answer.outcome := case
      when not found then 'not_open' when e.quantity = take then 'duplicate' else 'mismatch' end;
    return with_event(answer, e);
  end if;

  if answer.after_expiry then
    gate := sweep_holds(gate, at); -- its own with the others
  end if;
  select * into place from place_event(gate, r.reserved_at);
  for attempt in 1..2 loop
    bare := case when answer.after_expiry then gate else give_back(gate, r) end;
    room_day := case when place.in_day then bare.daily_limit - bare.day_used - bare.day_held end;
    room_period := case when place.in_period then bare.hard_cap - bare.period_used - bare.period_held end;
    if not answer.after_expiry and take > r.quantity then
      if not (place.in_day and place.in_period) then
        select w.room_day, w.room_period into ended_day, ended_period
          from ended_room(r, place.event_day, place.event_period, at) w;
      end if;
      answer.outcome := refusal_for(take,
        case when place.in_day then room_day else ended_day end,
        case when place.in_period then room_period else ended_period end);
    end if;
    -- What its own period still holds was admitted then, whatever the cap is by now.
    if room_period is not null and (answer.after_expiry or r.period_start <> gate.period_start) then
      over := greatest(take - greatest(room_period, 0), 0);
    end if;
    exit when attempt = 2 or (answer.outcome is null and over = 0);
    gate := sweep_holds(gate, at);
  end loop;
  if answer.outcome is not null then
    perform save_gate(gate);
    answer.ended := not case answer.outcome when 'hard_cap' then place.in_period else place.in_day end;
    return with_reading(answer, gate);
  end if;

  gate := bare;
  gate.day_used := gate.day_used + case when place.in_day then take else 0 end;
  gate.period_used := gate.period_used + case when place.in_period then take else 0 end;
  if greatest(
    gate.day_used + gate.day_held, gate.period_used + gate.period_held,
    (select ended.used + take from ended_period(gate, place.event_period) ended where not place.in_period)
  ) > largest_integer() then
    perform largest_integer_exceeded();
  end if;
  insert into usage_event (organization_id, meter, key, received_on, id, quantity, over_cap, mode, member_id,
      occurred_at, received_at, local_date, period_start, fingerprint, properties, api_key_id,
      day_used, day_held, daily_limit, day_end, period_used, period_held, period_end, included, max_overage, hard_cap)
    values (r.organization_id, r.meter, 'res:' || r.id, (clock_timestamp() at time zone 'UTC')::date, new_id, take,
      over, case when answer.after_expiry then 'record' else 'reject' end, r.member_id,
      r.reserved_at, at, place.event_day, place.event_period, r.fingerprint, r.properties, caller.api_key_id,
      gate.day_used, nullif(gate.day_held, 0), gate.daily_limit, gate.day_end, gate.period_used,
      nullif(gate.period_held, 0), gate.period_end, gate.included, gate.max_overage, gate.hard_cap)
    returning * into e;
  update usage_reservation set status = 'committed', event_id = new_id, commit_key = replay_key,
      finished_at = case when answer.after_expiry then greatest(at, expires_at) else at end
    where organization_id = r.organization_id and id = r.id;
  perform save_gate(gate);
  answer.outcome := 'done';
  answer.status := 'committed';
  return with_event(answer, e);
end
$$;

-- Gives a hold back unused.
create function usage_release(credential bytea, tenant uuid, reservation uuid)
returns reservation_answer language plpgsql volatile security definer
set search_path = headroom, pg_temp set lock_timeout = '2s' as $$
declare
  caller record;
  locked record;
  r usage_reservation;
  gate usage_gate;
  answer reservation_answer;
begin
  select * into caller from usage_authority(credential, tenant, null, null, 'usage:write', clock_now());
  if caller.refusal is not null then
    answer.outcome := caller.refusal;
    return answer;
  end if;
  select * into locked from lock_reservation(caller.organization_id, reservation);
  r := locked.r;
  if r.id is null then
    answer.outcome := 'not_found';
    return answer;
  end if;
  answer.outcome := 'not_open';
  answer.at := locked.at;
  answer.reservation_id := r.id;
  answer.status := status_of(r, locked.at);
  answer.meter := r.meter;
  answer.quantity := r.quantity;
  answer.expires_at := r.expires_at;
  gate := locked.gate;
  if answer.status = 'held' then
    update usage_reservation set status = 'released', finished_at = locked.at
      where organization_id = r.organization_id and id = r.id;
    gate := give_back(gate, r);
    perform save_gate(gate);
    answer.outcome := 'done';
    answer.status := 'released';
  end if;
  return with_reading(answer, gate);
end
$$;

-- Ends the holds whose time is over, of so many gates. A gate that somebody holds is left for another time: whoever is
-- refused there sweeps it in the same call; one that cannot be swept keeps no other from it. Answers the reservations
-- that it ended.
create function expire_reservations(most integer) returns integer
language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
declare
  due record;
  locked record;
  gate usage_gate;
  ended integer := 0;
  swept integer := 0;
  open_before integer;
begin
  for due in
    select g.organization_id, g.meter from (
      select distinct r.organization_id, r.meter from usage_reservation r
        where r.status = 'held' and r.expires_at <= clock_now()
    ) g
    order by g.organization_id, g.meter
  loop
    exit when swept = most;
    begin
      select * into locked from lock_gate(due.organization_id, due.meter, wait => false);
      gate := locked.gate;
      continue when gate.organization_id is null;
      select count(*) into open_before from usage_reservation r
        where r.organization_id = due.organization_id and r.meter = due.meter and r.status = 'held'
          and r.expires_at <= locked.at;
      perform save_gate(sweep_holds(gate, locked.at));
      ended := ended + open_before;
      swept := swept + 1;
    exception when others then
      raise warning 'holds of gate % of % cannot be ended: %', due.meter, due.organization_id, sqlerrm;
    end;
  end loop;
  return ended;
end
$$;

-- What became of a void. A replay has the first one's readings.
create type void_answer as (
  outcome text, -- done, duplicate, not_found, is_void, or a refusal of usage_authority
  event_id uuid, -- the row that voids
  voided_id uuid,
  meter text,
  quantity bigint, -- what was voided
  over_cap bigint,
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

create function void_answer_of(outcome text, v usage_event) returns void_answer language sql immutable
  return row(
    outcome, v.id, v.voids, v.meter, -v.quantity, -v.over_cap,
    v.day_used, coalesce(v.day_held, 0), v.daily_limit, v.day_end,
    v.period_used, coalesce(v.period_held, 0), v.period_end, v.included, v.max_overage, v.hard_cap)::void_answer;

-- Takes an event back, which is named by its id, or by its meter and key: a new row with the opposite counts on the
-- event's day, and in its period while that is open, else in the running one. `born_on` bounds where the key can be.
create function usage_void(
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
  event_period timestamptz;
  in_day boolean;
  in_period boolean := true;
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
  event_period := gate.period_start;
  if e.period_start <> gate.period_start then
    select p.period_start into event_period from usage_period p
      where p.organization_id = e.organization_id and p.meter = e.meter and p.period_start = e.period_start
        and p.closed_at is null
      for share;
    in_period := not found;
    event_period := coalesce(event_period, gate.period_start);
  end if;
  gate.day_used := gate.day_used - case when in_day then e.quantity else 0 end;
  gate.period_used := gate.period_used - case when in_period then e.quantity else 0 end;
  insert into usage_event (organization_id, meter, key, received_on, id, quantity, over_cap, mode, member_id,
      occurred_at, received_at, local_date, period_start, fingerprint, properties, api_key_id, voids,
      day_used, day_held, daily_limit, day_end, period_used, period_held, period_end, included, max_overage, hard_cap)
    values (e.organization_id, e.meter, 'void:' || e.id, (clock_timestamp() at time zone 'UTC')::date, new_id,
      -e.quantity, -e.over_cap, 'record', e.member_id,
      -- The earlier of the two decides which period an event moves to; the void goes where the voided goes.
      least(e.occurred_at, e.received_at), locked.at, e.local_date, event_period, e.fingerprint, null,
      caller.api_key_id, e.id,
      gate.day_used, nullif(gate.day_held, 0), gate.daily_limit, gate.day_end, gate.period_used,
      nullif(gate.period_held, 0), gate.period_end, gate.included, gate.max_overage, gate.hard_cap)
    returning * into v;
  perform save_gate(gate);
  return void_answer_of('done', v);
end
$$;

grant execute on function usage_reserve, usage_commit, usage_release, usage_void to hr_api;
grant execute on function expire_reservations to hr_worker;
