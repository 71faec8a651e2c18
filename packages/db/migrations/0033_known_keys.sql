-- Keys of earlier days: a filter over ended days says of most keys that do not tell their age that they are new.
set local role hr_owner;

-- How many keys of the day do not tell when they were made; null: the filter does not know the day.
alter table usage_partition add column opaque_keys bigint;

-- A Bloom filter for each of 64 days at once, day by day side by side: `seen` holds sets of days, as bits by the day's
-- number modulo 64. A key has one block, and six places there: in days that are not in all six sets it was not seen.
-- One row is read for a key, whatever the number of days. A row fills a page; kept plain, it is read in place.
create table key_filter (
  blocks integer not null, -- how many there are: a power of two
  block integer not null, -- from 0
  days bigint not null, -- that may have left bits here
  seen bigint[] not null,
  primary key (blocks, block)
);
alter table key_filter alter column seen set storage plain;
grant select, insert, update, delete on key_filter to hr_engine;

set local role hr_engine;

-- Whether a key is a UUIDv7, which tells when it was made. Such keys are not in the filter.
create function tells_its_age(key text) returns boolean language sql immutable
  return key like '________-____-7___-____-____________';

-- A day in a set of days.
create function bit_of_day(day date) returns bigint language sql immutable
  return 1::bigint << ((day - '2000-01-01'::date) & 63);

create function hash_of_key(organization_id uuid, meter text, key text) returns bigint language sql immutable
  return hashtextextended(key, hashtextextended(meter, uuid_hash_extended(organization_id, 0)));

create function block_of_key(hash bigint, blocks integer) returns integer language sql immutable
  return hashint8extended(hash, 1)::bit(32)::integer & (blocks - 1);

-- The days on which a key with this hash may have been seen, of those that its block knows.
create function days_of_key(seen bigint[], hash bigint) returns bigint language sql immutable
  return seen[(hash & 1023) % 1000 + 1] & seen[(hash >> 10 & 1023) % 1000 + 1]
    & seen[(hash >> 20 & 1023) % 1000 + 1] & seen[(hash >> 30 & 1023) % 1000 + 1]
    & seen[(hash >> 40 & 1023) % 1000 + 1] & seen[(hash >> 50 & 1023) % 1000 + 1];

-- A block that has seen these keys too, each on its day.
create function with_keys(seen bigint[], hashes bigint[], days bigint[]) returns bigint[]
language plpgsql immutable as $$
declare
  hash bigint;
  day bigint;
  i integer;
begin
  for n in 1..cardinality(hashes) loop
    hash := hashes[n];
    day := days[n];
    i := (hash & 1023) % 1000 + 1;
    seen[i] := seen[i] | day;
    i := (hash >> 10 & 1023) % 1000 + 1;
    seen[i] := seen[i] | day;
    i := (hash >> 20 & 1023) % 1000 + 1;
    seen[i] := seen[i] | day;
    i := (hash >> 30 & 1023) % 1000 + 1;
    seen[i] := seen[i] | day;
    i := (hash >> 40 & 1023) % 1000 + 1;
    seen[i] := seen[i] | day;
    i := (hash >> 50 & 1023) % 1000 + 1;
    seen[i] := seen[i] | day;
  end loop;
  return seen;
end
$$;

-- Gives the filter room for so many keys a day: 40 a block, of which one in 250 is taken for seen within 41 days.
-- Both children of a block know what it knew; two blocks that become one know what either did.
create function resize_key_filter(keys_a_day bigint) returns integer language plpgsql volatile as $$
declare
  now_there integer := (select max(f.blocks) from headroom.key_filter f);
  needed integer := 2 ^ ceil(log(2, greatest(keys_a_day / 40.0, 1)));
begin
  if now_there is null then
    insert into headroom.key_filter select needed, b, 0, array_fill(0::bigint, array[1000])
      from generate_series(0, needed - 1) b;
  elsif needed > now_there then
    insert into headroom.key_filter select needed, f.block + n * now_there, f.days, f.seen
      from headroom.key_filter f cross join generate_series(0, needed / now_there - 1) n;
    delete from headroom.key_filter where blocks = now_there;
  elsif needed <= now_there / 8 then
    needed := now_there / 2;
    insert into headroom.key_filter
      select needed, a.block, a.days | b.days, array(
          select s.a | s.b from unnest(a.seen, b.seen) with ordinality as s (a, b, n) order by s.n)
        from headroom.key_filter a join headroom.key_filter b on b.block = a.block + needed;
    delete from headroom.key_filter where blocks = now_there;
  else
    return now_there;
  end if;
  return needed;
end
$$;

-- Adds days that have ended for good, and were tallied, to the filter: the oldest, of about so many events together.
-- All or nothing: a day is known when every block knows it. Answers how many days; 0: there is none to add.
create function learn_keys(most bigint) returns integer
language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
declare
  -- Two days more than are asked for: whoever asks may have read the date a moment ago.
  first_kept date := (clock_timestamp() at time zone 'UTC')::date - 43;
  kept bigint := (select bit_or(bit_of_day(first_kept + n)) from generate_series(0, 43) n);
  chosen date[];
  counts bigint[]; -- of their keys that the filter takes
  learning bigint;
  size integer;
begin
  perform pg_advisory_xact_lock(hashtext('headroom.learn_keys'));
  select array_agg(d.received_on), bit_or(bit_of_day(d.received_on)) into chosen, learning
    from (
      select p.received_on, sum(p.events) over (order by p.received_on) as events, p.events as own from usage_partition p
        where p.opaque_keys is null and p.events is not null and p.dropped_at is null and p.received_on >= first_kept
          and (p.received_on + 1)::timestamp at time zone 'UTC' + interval '10 minutes' < clock_timestamp()
    ) d where d.events <= most or d.events = d.own;
  if chosen is null then
    return 0;
  end if;
  counts := array(
    select (select count(*) from usage_event u where u.received_on = d and not tells_its_age(u.key))
      from unnest(chosen) with ordinality as c (d, n) order by c.n);
  if 0 < any (counts) then
    size := resize_key_filter((
      select max(n) from (
        select p.opaque_keys as n from usage_partition p where p.received_on >= first_kept
        union all select unnest(counts)
      ) each));
    -- A bit that a day of 64 days ago has left is cleared before it means another day.
    update key_filter f set seen = array(select s & kept & ~learning from unnest(f.seen) s), days = f.days & kept & ~learning
      where f.days & learning <> 0;
    update key_filter f set seen = with_keys(f.seen, k.hashes, k.days), days = f.days | learning
      from (
        select block_of_key(h.hash, size) as block, array_agg(h.hash) as hashes, array_agg(h.day) as days
          from (
            select hash_of_key(u.organization_id, u.meter, u.key) as hash, bit_of_day(u.received_on) as day
              from usage_event u where u.received_on = any (chosen) and not tells_its_age(u.key)
              offset 0
          ) h group by 1
      ) k where f.blocks = size and f.block = k.block;
  end if;
  -- Last: whoever unseals a day waits for this row.
  update usage_partition p set opaque_keys = c.n
    from unnest(chosen, counts) as c (day, n) where p.received_on = c.day;
  return cardinality(chosen);
end
$$;
grant execute on function learn_keys to hr_worker;

-- Which of the keys may have been seen in days that the filter knows, by their places from 1, and on which of them.
-- Blocks are read in one scan. Where one is missing the filter was resized meanwhile: then each may have been seen.
create function keys_in_filter(
  organizations uuid[], meters text[], keys text[], known bigint, out opaque integer[], out places integer[],
  out days bigint[]
) language plpgsql volatile
set search_path = headroom, pg_temp set enable_seqscan = off set enable_bitmapscan = off set enable_nestloop = off as $$
declare
  size integer := (select max(f.blocks) from key_filter f);
  hashes bigint[];
  numbers integer[];
  found_blocks bigint;
begin
  select array_agg(h.place), array_agg(h.hash), array_agg(block_of_key(h.hash, size)) into opaque, hashes, numbers
    from (
      select u.place, hash_of_key(u.organization_id, u.meter, u.key) as hash
        from unnest(organizations, meters, keys) with ordinality as u (organization_id, meter, key, place)
        where not tells_its_age(u.key)
        offset 0
    ) h;
  select count(*), array_agg(s.place) filter (where s.days <> 0), array_agg(s.days) filter (where s.days <> 0)
    into found_blocks, places, days
    from (
      select h.place, days_of_key(f.seen, h.hash) & known as days
        from key_filter f join unnest(opaque, hashes, numbers) as h (place, hash, block) on h.block = f.block
        where f.blocks = size and f.block = any (numbers)
        offset 0
    ) s;
  if found_blocks <> cardinality(opaque) then
    places := opaque;
    days := array_fill(known, array[cardinality(opaque)]);
  end if;
end
$$;

-- Events that were received with these keys on one of the 41 days before `today`, by the place of the key from 1. `born`
-- is the first day that a key can have been received on; null: it does not tell. Where the filter knows the days,
-- a key is looked for only on those that may have seen it; elsewhere on every day that it can be on.
-- Plans are kept, and read no partition whole: one that was empty when it was planned is not empty for long.
create or replace function earlier_events(
  organizations uuid[], meters text[], keys text[], born date[], today date
) returns table (place integer, event usage_event) language plpgsql volatile
set search_path = headroom, pg_temp set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
  past date[]; -- days that have events; and as sets: those, those of them that the filter knows, the others
  there bigint;
  known bigint;
  unknown bigint;
  opaque integer[] := '{}';
  maybe integer[];
  maybe_days bigint[];
  places integer[];
  days date[];
begin
  select array_agg(p.received_on), bit_or(bit_of_day(p.received_on)),
      coalesce(bit_or(bit_of_day(p.received_on)) filter (where p.opaque_keys > 0), 0),
      coalesce(bit_or(bit_of_day(p.received_on)) filter (where p.opaque_keys is null), 0)
    into past, there, known, unknown
    from usage_partition p
    where p.received_on >= today - 41 and p.received_on < today and p.dropped_at is null;
  if past is null then
    return;
  end if;
  if known <> 0 then
    select k.opaque, k.places, k.days into opaque, maybe, maybe_days
      from keys_in_filter(organizations, meters, keys, known) k;
  end if;
  if unknown <> 0 or coalesce(cardinality(opaque), 0) < cardinality(keys) then
    select maybe || array_agg(u.place), maybe_days || array_agg(u.days) into maybe, maybe_days
      from (
        select k.place, case when tells_its_age(k.key) then there else unknown end as days
          from unnest(keys) with ordinality as k (key, place)
      ) u where u.days <> 0;
  end if;
  if maybe is null then
    return;
  end if;
  select array_agg(m.place), array_agg(d.day) into places, days
    from unnest(maybe, maybe_days) as m (place, days) join unnest(past) as d (day) on m.days & bit_of_day(d.day) <> 0
    where coalesce(born[m.place] <= d.day, true);
  if cardinality(places) <= 8 then
    for n in 1..cardinality(places) loop
      return query select places[n], u from usage_event u
        where u.organization_id = organizations[places[n]] and u.meter = meters[places[n]] and u.key = keys[places[n]]
          and u.received_on = days[n];
    end loop;
  elsif places is not null then
    -- Planned for the days that are asked for: no other partition is opened.
    return query execute format(
      'select p.place, u.event
        from unnest($1, $2) as p (place, day)
        cross join lateral (
          select u as event from usage_event u
            where u.organization_id = ($3)[p.place] and u.meter = ($4)[p.place] and u.key = ($5)[p.place]
              and u.received_on = p.day and u.received_on = any (%L::date[])
            limit 1) u',
      array(select distinct d from unnest(days) d))
      using places, days, organizations, meters, keys;
  end if;
end
$$;

-- Sums of a received day, as they are now. Groups are hashed: sorting the events first took four times as long. Parallel
-- workers take part where they are free, which INSERT … SELECT would not ask for; a group costs them less than is thought.
alter function usage_digest parallel safe;
create function tallies_of(day date) returns setof usage_tally language plpgsql stable
set search_path = headroom, pg_temp set plan_cache_mode = force_custom_plan set enable_sort = off
set parallel_setup_cost = 100 set parallel_tuple_cost = 0.01 as $$
begin
  return query
    select u.organization_id, u.meter, coalesce(u.member_id, '00000000-0000-0000-0000-000000000000'), day, u.local_date,
        u.period_start, sum(u.quantity)::bigint, sum(u.over_cap)::bigint, count(*), sum(usage_digest(u))
      from usage_event u where u.received_on = day
      group by 1, 2, 3, 5, 6;
end
$$;

-- As before; what is written comes from `tallies_of`.
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
    select t.organization_id, t.meter, t.member_id, t.received_on, t.local_date, t.period_start,
      t.quantity, t.over_cap, t.events, t.digest
    from tallies_of(day) t
    -- As the indexes stand: each page of theirs is met once.
    order by t.organization_id, t.meter;
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
