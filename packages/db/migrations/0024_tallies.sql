-- Upkeep of usage: tallies sealed with a digest, closing, retention, the recount that proves counters, their repair.

alter table usage_partition
  add column checksum numeric, -- the sum of a hash of every event; with events and quantity, what was sealed
  add column verified_at timestamptz, -- when the sealed day was compared with its events
  add column dropped_at timestamptz; -- from then on its tallies are all there is
alter table usage_tally add column digest numeric not null default 0; -- the group's share of the checksum
create index usage_tally_of_local_date on usage_tally (organization_id, meter, local_date);
create index usage_tally_of_period on usage_tally (organization_id, meter, period_start);
-- Days that were sealed without a digest are counted live until they are tallied again.
update usage_partition set sealed_at = null;

-- What a recount found to differ from what is kept. The nil organization: all tallies of a day together.
create table usage_difference (
  organization_id uuid not null,
  meter text not null,
  kind text not null check (kind in
    ('day_used', 'day_held', 'period_used', 'period_held', 'period_total', 'period_over_cap', 'day_tally', 'day_seal')),
  window_start timestamptz not null,
  kept bigint not null,
  counted bigint not null,
  found_at timestamptz not null default clock_timestamp(),
  seen_at timestamptz not null default clock_timestamp(),
  resolved_at timestamptz,
  primary key (organization_id, meter, kind, window_start, found_at)
);
create unique index usage_difference_open on usage_difference (organization_id, meter, kind, window_start)
  where resolved_at is null;
create index usage_difference_of_window on usage_difference (window_start, kind) where resolved_at is null;
alter table usage_difference enable row level security;
alter table usage_difference force row level security;
create policy tenant on usage_difference to hr_api, hr_worker, hr_webhook, hr_readonly
  using (organization_id = (select current_organization_id()))
  with check (organization_id = (select current_organization_id()));
create policy engine on usage_difference to hr_engine using (true) with check (true);

-- What the last recount of everything found: metrics read it, in whichever process they are asked.
create table usage_check (
  singleton boolean primary key default true check (singleton),
  checked_at timestamptz not null default clock_timestamp(),
  thorough_at timestamptz, -- when closed periods and seals of every age were last looked at
  counters bigint not null,
  differences bigint not null
);

grant select on usage_difference, usage_check to hr_readonly, hr_worker;
grant select, insert, update, delete on usage_difference to hr_engine;
grant select, insert, update on usage_check to hr_engine;

-- Whoever moves an event to another period, or another day, changes what a sealed day counted: it is counted live
-- again, then tallied afresh. The share lock is waited for while a roll-up that cannot see the change is under way.
create function unseal_changed_days() returns trigger language plpgsql as $$
declare
  changed date[];
begin
  select array_agg(distinct c.received_on order by c.received_on) into changed
    from (select received_on from before_change union all select received_on from after_change) c;
  perform pg_advisory_xact_lock_shared(hashtext('headroom.roll_up'), d - '2000-01-01'::date) from unnest(changed) d;
  update headroom.usage_partition set sealed_at = null, verified_at = null
    where received_on = any (changed) and sealed_at is not null and dropped_at is null;
  return null;
end
$$;
create trigger unseal_changed_days after update on usage_event
  referencing old table as before_change new table as after_change
  for each statement execute function unseal_changed_days();

drop function usage_sums(uuid), usage_recount(uuid);

set local role hr_engine;

-- Every field of an event that counts, as one number. Sums of it do not depend on any order.
create function usage_digest(u usage_event) returns bigint language sql immutable
  return hash_record_extended(row(u.organization_id, u.meter, u.key, u.id, u.quantity, u.over_cap, u.member_id,
    u.occurred_at, u.local_date, u.period_start), 0);

-- Days that are counted live: their tallies are not final. In the snapshot of the caller.
create function unsealed_partitions() returns date[] language sql stable as $$
  select coalesce(array_agg(received_on order by received_on), '{}') from headroom.usage_partition
    where sealed_at is null and dropped_at is null and received_on <= (clock_timestamp() at time zone 'UTC')::date
$$;

-- Received days that have ended for good and have no seal, oldest first. Ten minutes: no statement runs that long.
create or replace function unsealed_days() returns setof date
language sql stable security definer set search_path = headroom, pg_temp as $$
  select received_on from usage_partition
    where sealed_at is null and dropped_at is null
      and (received_on + 1)::timestamp at time zone 'UTC' + interval '10 minutes' < clock_timestamp()
    order by received_on
$$;

-- Tallies one received day that has ended for good, once, and seals it. The lock comes before the statements that
-- read: whoever waited for another process finds the day sealed, and leaves it. Answers the events of the sealed day;
-- null: the day still runs, or is not there.
create or replace function roll_up(day date) returns bigint
language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
declare
  counted bigint;
begin
  perform pg_advisory_xact_lock(hashtext('headroom.roll_up'), day - '2000-01-01'::date);
  if not exists (select from unsealed_days() d where d = day) then
    return (select p.events from usage_partition p where p.received_on = day and p.sealed_at is not null);
  end if;
  delete from usage_tally where received_on = day;
  insert into usage_tally (organization_id, meter, member_id, received_on, local_date, period_start,
      quantity, over_cap, events, digest)
    select u.organization_id, u.meter, coalesce(u.member_id, '00000000-0000-0000-0000-000000000000'), day, u.local_date,
      u.period_start, sum(u.quantity), sum(u.over_cap), count(*), sum(usage_digest(u))
    from usage_event u where u.received_on = day
    group by 1, 2, 3, 5, 6;
  update usage_partition p set rolled_at = clock_timestamp(), sealed_at = clock_timestamp(), verified_at = null,
      events = t.events, quantity = t.quantity, checksum = t.checksum
    from (select coalesce(sum(events), 0) as events, coalesce(sum(quantity), 0) as quantity,
            coalesce(sum(digest), 0) as checksum
          from usage_tally where received_on = day) t
    where p.received_on = day
    returning p.events into counted;
  return counted;
end
$$;

-- Usage by meter, day, period and member: sealed days from the tallies, the others counted now. What is not asked
-- for is not read: null is any meter, any period, any day. Planned for the values, so that only partitions that are
-- counted live are opened.
create function usage_sums(
  tenant uuid, meter_name text default null, start timestamptz default null, from_date date default null,
  to_date date default null
) returns table (
  meter text, member_id uuid, local_date date, period_start timestamptz, quantity bigint, over_cap bigint
) language plpgsql stable security definer set search_path = headroom, pg_temp set plan_cache_mode = force_custom_plan
as $$
declare
  live date[] := unsealed_partitions();
begin
  return query
    select t.meter, t.member_id, t.local_date, t.period_start, t.quantity, t.over_cap
      from usage_tally t
      where t.organization_id = tenant and t.received_on <> all (live)
        and (meter_name is null or t.meter = meter_name) and (start is null or t.period_start = start)
        and (from_date is null or t.local_date >= from_date) and (to_date is null or t.local_date <= to_date)
    union all
    select u.meter, coalesce(u.member_id, '00000000-0000-0000-0000-000000000000'), u.local_date, u.period_start,
        sum(u.quantity)::bigint, sum(u.over_cap)::bigint
      from usage_event u
      where u.organization_id = tenant and u.received_on = any (live)
        and (meter_name is null or u.meter = meter_name) and (start is null or u.period_start = start)
        and (from_date is null or u.local_date >= from_date) and (to_date is null or u.local_date <= to_date)
      group by 1, 2, 3, 4;
end
$$;

-- Rolls gates whose period has ended, so that their periods are written down even when nobody consumes any more. A
-- gate that somebody holds is passed over, until the next time; one that cannot be rolled keeps no other from it.
create or replace function leave_ended_periods(most integer) returns integer
language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
declare
  due record;
  held record;
  left_behind integer := 0;
begin
  for due in
    select organization_id, meter from usage_gate where period_end <= clock_now()
      order by organization_id, meter for no key update skip locked
  loop
    exit when left_behind = most;
    begin
      select * into held from lock_gate(due.organization_id, due.meter);
      perform save_gate(held.gate);
      left_behind := left_behind + 1;
    exception when others then
      raise warning 'gate % of % cannot leave its period: %', due.meter, due.organization_id, sqlerrm;
    end;
  end loop;
  return left_behind;
end
$$;

-- Counts an ended period and closes it. The gate has left it in an earlier, committed transaction, and a late event
-- shares a lock on the period's row, so nothing can land in it any more. Null when another process was faster.
create or replace function close_period(tenant uuid, meter_name text, start timestamptz) returns usage_period
language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
declare
  period usage_period;
begin
  select * into period from usage_period
    where organization_id = tenant and meter = meter_name and period_start = start and closed_at is null
    for update;
  if not found then
    return null;
  end if;
  select coalesce(sum(s.quantity), 0), coalesce(sum(s.over_cap), 0) into period.total, period.over_cap
    from usage_sums(tenant, meter_name, start) s;
  period.closed_at := clock_now();
  update usage_period set closed_at = period.closed_at, total = period.total, over_cap = period.over_cap
    where organization_id = tenant and meter = meter_name and period_start = start;
  return period;
end
$$;

-- Gates beside a recount of their events and reservations, all in the snapshot of the caller. At an instant: as the
-- gates stand then; without one, as they are stored. `reopened`: sealed days to count from their events.
create function recounted_gates(tenants uuid[], meter_name text, reopened date[], at timestamptz)
returns table (
  organization_id uuid, meter text, day_start timestamptz, period_start timestamptz,
  day_used bigint, day_counted bigint, period_used bigint, period_counted bigint,
  day_held bigint, day_held_counted bigint, period_held bigint, period_held_counted bigint
) language plpgsql stable set search_path = headroom, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  live date[] := unsealed_partitions() || reopened;
begin
  return query
    select g.organization_id, g.meter, g.day_start, g.period_start,
      g.day_used, (tallied_day.quantity + counted.day)::bigint,
      g.period_used, (tallied_period.quantity + counted.period)::bigint,
      g.day_held, holds.day::bigint, g.period_held, holds.period::bigint
    from (
      select s.* from usage_gate s
        where at is null and s.organization_id = any (tenants) and (meter_name is null or s.meter = meter_name)
      union all
      select r.* from usage_gate s cross join lateral rolled(s, at) r
        where at is not null and s.organization_id = any (tenants) and (meter_name is null or s.meter = meter_name)
    ) g
    cross join lateral (
      select coalesce(sum(t.quantity), 0) as quantity from usage_tally t
        where t.organization_id = g.organization_id and t.meter = g.meter and t.local_date = g.day_date
          and t.received_on <> all (live)
    ) tallied_day
    cross join lateral (
      select coalesce(sum(t.quantity), 0) as quantity from usage_tally t
        where t.organization_id = g.organization_id and t.meter = g.meter and t.period_start = g.period_start
          and t.received_on <> all (live)
    ) tallied_period
    cross join lateral (
      select coalesce(sum(u.quantity) filter (where u.local_date = g.day_date), 0) as day,
        coalesce(sum(u.quantity) filter (where u.period_start = g.period_start), 0) as period
      from usage_event u
        where u.organization_id = g.organization_id and u.meter = g.meter and u.received_on = any (live)
    ) counted
    -- A hold that has expired still counts in the gate until it is swept.
    cross join lateral (
      select coalesce(sum(r.quantity) filter (where r.day_start = g.day_start), 0) as day,
        coalesce(sum(r.quantity) filter (where r.period_start = g.period_start), 0) as period
      from usage_reservation r
        where r.organization_id = g.organization_id and r.meter = g.meter and r.status = 'held'
    ) holds
    order by 1, 2;
end
$$;

-- Recounts every gate of one organization (null: of all) against its events, in one snapshot.
create function usage_recount(tenant uuid)
returns table (
  organization_id uuid, meter text, day_start timestamptz, period_start timestamptz,
  day_used bigint, day_counted bigint, period_used bigint, period_counted bigint,
  day_held bigint, day_held_counted bigint, period_held bigint, period_held_counted bigint
) language sql stable security definer set search_path = headroom, pg_temp as $$
  select * from recounted_gates(
    case when tenant is null then array(select id from organization) else array[tenant] end, null, '{}', null)
$$;

-- An organization whose purge is under way has lost some of its events, and is to lose the rest.
create function is_going(tenant uuid) returns boolean language sql stable as $$
  select exists (
    select from headroom.organization where id = tenant and deleted_at is not null and purge_at <= headroom.clock_now())
$$;

-- Where gates and closed periods of some organizations differ from a recount, in one snapshot. Periods that were
-- closed before `closed_since` are looked at only where a difference is open.
create function counter_differences(tenants uuid[], closed_since timestamptz)
returns table (
  organization_id uuid, meter text, kind text, window_start timestamptz, kept bigint, counted bigint
) language plpgsql stable set search_path = headroom, pg_temp as $$
declare
  staying uuid[] := array(select t from unnest(tenants) t where not is_going(t));
begin
  return query
    select g.organization_id, g.meter, v.kind, v.window_start, v.kept, v.counted
      from recounted_gates(staying, null, '{}', null) g
      cross join lateral (values
        ('day_used', g.day_start, g.day_used, g.day_counted),
        ('period_used', g.period_start, g.period_used, g.period_counted),
        ('day_held', g.day_start, g.day_held, g.day_held_counted),
        ('period_held', g.period_start, g.period_held, g.period_held_counted)
      ) as v (kind, window_start, kept, counted)
      where v.kept <> v.counted
    union all
    select p.organization_id, p.meter, v.kind, p.period_start, v.kept, v.counted
      from usage_period p
      cross join lateral (
        select coalesce(sum(s.quantity), 0)::bigint as total, coalesce(sum(s.over_cap), 0)::bigint as over_cap
          from usage_sums(p.organization_id, p.meter, p.period_start) s
      ) sums
      cross join lateral (values
        ('period_total', p.total, sums.total), ('period_over_cap', p.over_cap, sums.over_cap)
      ) as v (kind, kept, counted)
      where p.organization_id = any (staying) and p.closed_at is not null and v.kept <> v.counted
        and (p.closed_at >= closed_since or exists (
          select from usage_difference d
            where d.organization_id = p.organization_id and d.meter = p.meter and d.window_start = p.period_start
              and d.kind in ('period_total', 'period_over_cap') and d.resolved_at is null));
end
$$;

-- Where the tallies of a sealed day differ from its events, which must be there yet: for one organization (null: all).
create function tally_differences(day date, tenant uuid)
returns table (organization_id uuid, meter text, kept bigint, counted bigint)
language plpgsql stable set search_path = headroom, pg_temp set plan_cache_mode = force_custom_plan as $$
begin
  return query
    select coalesce(t.organization_id, e.organization_id), coalesce(t.meter, e.meter),
      coalesce(sum(t.quantity), 0)::bigint, coalesce(sum(e.quantity), 0)::bigint
    from (
      select * from usage_tally s where s.received_on = day and (tenant is null or s.organization_id = tenant)
    ) t
    full join (
      select u.organization_id, u.meter, coalesce(u.member_id, '00000000-0000-0000-0000-000000000000') as member_id,
        u.local_date, u.period_start, sum(u.quantity) as quantity, sum(u.over_cap) as over_cap, count(*) as events,
        sum(usage_digest(u)) as digest
      from usage_event u where u.received_on = day and (tenant is null or u.organization_id = tenant)
      group by 1, 2, 3, 4, 5
    ) e on e.organization_id = t.organization_id and e.meter = t.meter and e.member_id = t.member_id
      and e.local_date = t.local_date and e.period_start = t.period_start
    where (t.quantity, t.over_cap, t.events, t.digest) is distinct from (e.quantity, e.over_cap, e.events, e.digest)
    group by 1, 2
    having not is_going(coalesce(t.organization_id, e.organization_id));
end
$$;

-- What one day's look found, in one snapshot: nothing of a day that is not sealed. `with_events`: tallies against
-- events, while those are there; always: all tallies against the seal.
create function day_differences(day date, with_events boolean)
returns table (organization_id uuid, meter text, kind text, kept bigint, counted bigint)
language plpgsql stable set search_path = headroom, pg_temp as $$
declare
  sealed usage_partition;
begin
  select * into sealed from usage_partition where received_on = day and sealed_at is not null;
  if not found then
    return;
  end if;
  if with_events and sealed.dropped_at is null then
    return query select t.organization_id, t.meter, 'day_tally', t.kept, t.counted from tally_differences(day, null) t
      order by 1, 2 limit 1000;
  end if;
  return query
    select '00000000-0000-0000-0000-000000000000'::uuid, '', 'day_seal', sealed.events, t.events::bigint
    from (select coalesce(sum(events), 0) as events, coalesce(sum(quantity), 0) as quantity,
            coalesce(sum(digest), 0) as checksum
          from usage_tally where received_on = day) t
    where (t.events, t.quantity, t.checksum) is distinct from (sealed.events::numeric, sealed.quantity, sealed.checksum);
end
$$;

-- Keeps what was found, once while it lasts, and marks what is no longer found as resolved. `scope`: the open
-- differences that were looked at.
create function keep_differences(found_now usage_difference[], scope usage_difference[]) returns void
language plpgsql volatile as $$
begin
  insert into headroom.usage_difference (organization_id, meter, kind, window_start, kept, counted)
    select f.organization_id, f.meter, f.kind, f.window_start, f.kept, f.counted from unnest(found_now) f
    on conflict (organization_id, meter, kind, window_start) where resolved_at is null
      do update set kept = excluded.kept, counted = excluded.counted, seen_at = clock_timestamp();
  update headroom.usage_difference d set resolved_at = clock_timestamp()
    from unnest(scope) s
    where d.organization_id = s.organization_id and d.meter = s.meter and d.kind = s.kind
      and d.window_start = s.window_start and d.resolved_at is null
      and not exists (
        select from unnest(found_now) f where f.organization_id = d.organization_id and f.meter = d.meter
          and f.kind = d.kind and f.window_start = d.window_start);
  update headroom.usage_check c set differences = n.open
    from (select count(*) as open from headroom.usage_difference where resolved_at is null) n
    where c.differences <> n.open;
end
$$;

-- Recounts gates and closed periods of some organizations. Answers what differs, and how many gates there are.
create function verify_counters(tenants uuid[], closed_since timestamptz, out gates bigint, out differences jsonb)
language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
declare
  scope usage_difference[] := array(
    select d from usage_difference d where d.organization_id = any (tenants) and d.resolved_at is null
      and d.kind not in ('day_tally', 'day_seal'));
  found_now usage_difference[] := array(
    select row(f.organization_id, f.meter, f.kind, f.window_start, f.kept, f.counted, null, null, null)::usage_difference
    from counter_differences(tenants, closed_since) f);
begin
  perform keep_differences(found_now, scope);
  select count(*) into gates from usage_gate where organization_id = any (tenants);
  differences := to_jsonb(found_now);
end
$$;

-- Without the tallies whose partition went while they were compared: its events had been counted before it went.
create function of_kept_events(differences usage_difference[]) returns usage_difference[] language plpgsql volatile as $$
begin
  return array(
    select f from unnest(differences) f
      where f.kind <> 'day_tally' or not exists (
        select from headroom.usage_partition p
          where p.received_on = (f.window_start at time zone 'UTC')::date and p.dropped_at is not null));
end
$$;

-- Looks at one received day that is sealed. Answers what differs.
create function verify_day(day date, with_events boolean) returns jsonb
language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
declare
  start timestamptz := day::timestamp at time zone 'UTC';
  seal timestamptz := (select sealed_at from usage_partition where received_on = day);
  scope usage_difference[] := array(
    select d from usage_difference d where d.window_start = start and d.resolved_at is null
      and (d.kind = 'day_seal' or (d.kind = 'day_tally' and with_events)));
  found_now usage_difference[] := array(
    select row(f.organization_id, f.meter, f.kind, start, f.kept, f.counted, null, null, null)::usage_difference
    from day_differences(day, with_events) f);
begin
  if seal is null then
    return '[]';
  end if;
  found_now := of_kept_events(found_now);
  perform keep_differences(found_now, scope);
  if with_events then
    update usage_partition set verified_at = clock_timestamp()
      where received_on = day and sealed_at = seal and dropped_at is null;
  end if;
  return to_jsonb(found_now);
end
$$;

-- The sealed days to look at, oldest first, and whether their events are to be counted: once for each seal, and for
-- as long as a difference is open. With `every`: all seals, also of days whose events are gone.
create function days_to_verify(every boolean) returns table (day date, with_events boolean)
language sql stable security definer set search_path = headroom, pg_temp as $$
  select p.received_on, p.dropped_at is null and (p.verified_at is null or open.tally)
  from usage_partition p
  cross join lateral (
    select coalesce(bool_or(d.kind = 'day_tally'), false) as tally, count(*) > 0 as any
    from usage_difference d
    where d.window_start = p.received_on::timestamp at time zone 'UTC' and d.kind in ('day_tally', 'day_seal')
      and d.resolved_at is null
  ) open
  where p.sealed_at is not null and (every or open.any or (p.verified_at is null and p.dropped_at is null))
  order by p.received_on
$$;

-- One organization's part of the sealed days whose events are there: the days whose tallies do not fit.
create function verify_tallies(tenant uuid) returns jsonb
language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
declare
  scope usage_difference[] := array(
    select d from usage_difference d where d.organization_id = tenant and d.kind = 'day_tally' and d.resolved_at is null);
  found_now usage_difference[] := array(
    select row(f.organization_id, f.meter, 'day_tally', p.received_on::timestamp at time zone 'UTC', f.kept, f.counted,
      null, null, null)::usage_difference
    from usage_partition p cross join lateral tally_differences(p.received_on, tenant) f
    where p.sealed_at is not null and p.dropped_at is null);
begin
  found_now := of_kept_events(found_now);
  perform keep_differences(found_now, scope);
  return to_jsonb(found_now);
end
$$;

-- Notes for metrics what a look at everything found. What a purged organization left behind is forgotten.
create function note_usage_check(gates bigint, thorough boolean) returns void
language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
begin
  delete from usage_difference d
    where d.organization_id <> '00000000-0000-0000-0000-000000000000'
      and not exists (select from organization o where o.id = d.organization_id);
  insert into usage_check as c (thorough_at, counters, differences)
    select case when thorough then clock_timestamp() end, gates, count(*) from usage_difference where resolved_at is null
    on conflict (singleton) do update set checked_at = clock_timestamp(), counters = excluded.counters,
      differences = excluded.differences, thorough_at = coalesce(excluded.thorough_at, c.thorough_at);
end
$$;

-- Days of one organization whose tallies differ from events that are there yet.
create function stale_days(tenant uuid, meter_name text) returns setof date
language sql stable security definer set search_path = headroom, pg_temp as $$
  select p.received_on from usage_partition p
    where p.sealed_at is not null and p.dropped_at is null and exists (
      select from tally_differences(p.received_on, tenant) f where meter_name is null or f.meter = meter_name)
    order by 1
$$;

-- Sets the counters of an organization's gates to what its events and reservations say, and counts the reopened days
-- live until they are tallied again. Organization, audit head, gates: locked in this order, each rolled to the present.
-- `dry`: takes no lock and writes nothing. Answers every gate, before and after.
create function recompute_usage(tenant uuid, meter_name text, reopened date[], dry boolean)
returns table (
  organization_id uuid, meter text, day_start timestamptz, period_start timestamptz,
  day_used bigint, day_counted bigint, period_used bigint, period_counted bigint,
  day_held bigint, day_held_counted bigint, period_held bigint, period_held_counted bigint
) language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
declare
  due record;
  held record;
  gate usage_gate;
begin
  if dry then
    return query select * from recounted_gates(array[tenant], meter_name, reopened, clock_now());
    return;
  end if;
  perform from organization o where o.id = tenant for no key update;
  insert into audit_head values (tenant) on conflict do nothing;
  perform from audit_head h where h.organization_id = tenant for update;
  for due in
    select g.meter from usage_gate g
      where g.organization_id = tenant and (meter_name is null or g.meter = meter_name) order by g.meter
  loop
    select * into held from lock_gate(tenant, due.meter);
    perform save_gate(held.gate);
  end loop;
  update usage_partition p set sealed_at = null, verified_at = null
    where p.received_on = any (reopened) and p.sealed_at is not null and p.dropped_at is null;
  for organization_id, meter, day_start, period_start, day_used, day_counted, period_used, period_counted,
      day_held, day_held_counted, period_held, period_held_counted in
    select * from recounted_gates(array[tenant], meter_name, '{}', null)
  loop
    return next;
    continue when (day_used, period_used, day_held, period_held)
      = (day_counted, period_counted, day_held_counted, period_held_counted);
    select * into strict gate from usage_gate g where g.organization_id = tenant and g.meter = recompute_usage.meter;
    gate.day_used := day_counted;
    gate.period_used := period_counted;
    gate.day_held := day_held_counted;
    gate.period_held := period_held_counted;
    perform save_gate(gate);
  end loop;
end
$$;

-- The days whose partition may go: older than any key is asked for, sealed, compared with their events, with no
-- difference that the events are evidence of, and of closed periods alone. Real time.
create function droppable_days() returns setof date
language sql stable security definer set search_path = headroom, pg_temp as $$
  select p.received_on from usage_partition p
    where p.received_on < (clock_timestamp() at time zone 'UTC')::date - 41
      and p.sealed_at is not null and p.verified_at is not null and p.dropped_at is null
      and not exists (
        select from usage_difference d
          where d.window_start = p.received_on::timestamp at time zone 'UTC' and d.kind in ('day_tally', 'day_seal')
            and d.resolved_at is null)
      and not exists (
        select from usage_tally t where t.received_on = p.received_on and not exists (
          select from usage_period c where c.organization_id = t.organization_id and c.meter = t.meter
            and c.period_start = t.period_start and c.closed_at is not null))
    order by p.received_on
$$;

-- Deletes finished reservations that were made more than 41 days ago (real time), as long as their keys are known,
-- and firings of windows that ended more than 400 days ago; at most so many of each.
create function prune_usage(most integer, out reservations bigint, out firings bigint)
language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
begin
  with old as (
    select r.organization_id, r.id from usage_reservation r
      where r.received_at < clock_timestamp() - interval '41 days' and r.status <> 'held'
      order by r.received_at limit most for update skip locked
  )
  delete from usage_reservation r using old where r.organization_id = old.organization_id and r.id = old.id;
  get diagnostics reservations = row_count;
  with old as (
    select f.organization_id, f.alert_id, f.window_start from usage_alert_firing f
      where f.window_end < clock_now() - interval '400 days' limit most for update skip locked
  )
  delete from usage_alert_firing f using old
    where f.organization_id = old.organization_id and f.alert_id = old.alert_id and f.window_start = old.window_start;
  get diagnostics firings = row_count;
end
$$;

-- As before, and: the tallies that go are taken out of the seals of their days. Every kept day's roll-up is waited
-- for, sealed or not: one that has read the events must not write their tallies after this.
create or replace function purge_organization(tenant uuid, most integer) returns boolean
language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
declare
  deleted integer;
  remaining oid[];
  next oid;
begin
  perform from organization where id = tenant for update;
  if not found or not purge_is_due(tenant) then
    return true;
  end if;
  delete from usage_event u using (
    select e.organization_id, e.meter, e.key, e.received_on from usage_event e where e.organization_id = tenant limit most
  ) d where u.organization_id = d.organization_id and u.meter = d.meter and u.key = d.key
    and u.received_on = d.received_on;
  get diagnostics deleted = row_count;
  if deleted >= most then
    return false;
  end if;
  perform pg_advisory_xact_lock(hashtext('headroom.roll_up'), d.received_on - '2000-01-01'::date)
    from (select received_on from usage_partition where dropped_at is null order by received_on) d;
  update usage_partition p set events = p.events - t.events, quantity = p.quantity - t.quantity,
      checksum = p.checksum - t.digest
    from (
      select received_on, sum(events) as events, sum(quantity) as quantity, sum(digest) as digest
      from usage_tally where organization_id = tenant group by received_on
    ) t where p.received_on = t.received_on;
  select array_agg(c.oid) into remaining from pg_class c
    where c.relnamespace = 'headroom'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and exists (
        select from pg_attribute a where a.attrelid = c.oid and a.attname = 'organization_id' and not a.attisdropped);
  while remaining <> '{}' loop
    -- Who refers to others goes first.
    select t into strict next from unnest(remaining) t
      where not exists (
        select from pg_constraint f
          where f.contype = 'f' and f.confrelid = t and f.conrelid <> t and f.conrelid = any (remaining))
      order by t limit 1;
    execute format('delete from %s where organization_id = $1', next::regclass) using tenant;
    remaining := array_remove(remaining, next);
  end loop;
  delete from http_idempotency where scope_id = tenant;
  delete from organization where id = tenant;
  return true;
end
$$;

grant execute on function usage_sums to hr_api;
grant execute on function usage_recount, verify_counters, verify_day, verify_tallies, days_to_verify, note_usage_check,
  stale_days, recompute_usage, droppable_days, prune_usage to hr_worker;
grant execute on function droppable_days to hr_owner;

set local role hr_owner;

-- Drops the partition of one day; its row in usage_partition and its tallies stay. False when the day may not go, or
-- somebody uses the table: who wants to insert waits 50 ms at most. Both locks keep the day sealed meanwhile.
create function drop_partition(day date) returns boolean
language plpgsql volatile security definer set search_path = headroom, pg_temp set lock_timeout = '50ms' as $$
begin
  perform pg_advisory_xact_lock(hashtext('headroom.roll_up'), day - '2000-01-01'::date);
  perform from usage_partition where received_on = day for update;
  if not exists (select from droppable_days() d where d = day) then
    return false;
  end if;
  execute format('drop table if exists %I', 'usage_event_' || to_char(day, 'YYYYMMDD'));
  update usage_partition set dropped_at = clock_timestamp() where received_on = day;
  return true;
exception
  when lock_not_available then
    return false;
end
$$;
revoke execute on function drop_partition from public;
grant execute on function drop_partition to hr_worker;
