-- What was counted against a rate limit, by limit and key. Columns as the rate limiter library writes them. Unlogged: a
-- crash of the server forgets the counts, and nothing else depends on them.
create unlogged table rate_limit (
  key text primary key,
  points integer not null,
  expire bigint not null -- milliseconds since 1970, real time
);
create index rate_limit_by_expiry on rate_limit (expire);

grant select, insert, update on rate_limit to hr_api;
grant select, update, delete on rate_limit to hr_engine;

set local role hr_engine;

-- Removes windows that ended more than a minute ago, which covers clocks that do not agree; answers how many.
create function remove_ended_rate_limits() returns bigint language sql volatile
  security definer set search_path = headroom, pg_temp as $$
  with ended as (
    select key from rate_limit
    where expire < (extract(epoch from clock_timestamp()) - 60) * 1000
    order by expire limit 50000 for update skip locked
  ), removed as (
    delete from rate_limit using ended where rate_limit.key = ended.key returning 1
  )
  select count(*) from removed
$$;
grant execute on function remove_ended_rate_limits to hr_worker;
