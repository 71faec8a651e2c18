-- Windows. Half-open [start, end) everywhere; domain/time is compared with these over all zones and many years.

-- The day that holds an instant: the next one starts at the next local midnight, not 24 hours later.
create function day_of(zone text, at timestamptz, out day_date date, out day_start timestamptz, out day_end timestamptz)
language sql stable as $$
  select d, d::timestamp at time zone zone, (d + 1)::timestamp at time zone zone
  from (select (at at time zone zone)::date) as local (d)
$$;

-- The month that holds an instant, counted from an anchor: anchor + n months, never chained, so that the 31st stays
-- the 31st wherever a month has one.
create function month_of(anchor timestamptz, at timestamptz, out period_start timestamptz, out period_end timestamptz)
language plpgsql stable as $$
declare
  base timestamp := anchor at time zone 'UTC';
  instant timestamp := at at time zone 'UTC';
  n integer := (extract(year from instant) - extract(year from base)) * 12
             + extract(month from instant) - extract(month from base);
begin
  if base + make_interval(months => n) > instant then
    n := n - 1;
  end if;
  period_start := (base + make_interval(months => n)) at time zone 'UTC';
  period_end := (base + make_interval(months => n + 1)) at time zone 'UTC';
end
$$;

-- An organization's usage period: the one Stripe names while it is no longer than a month, else the month counted
-- from the subscription's anchor, else the calendar month in the organization's zone.
create function period_of(tenant uuid, at timestamptz, out period_start timestamptz, out period_end timestamptz)
language plpgsql stable as $$
declare
  s record;
  first_of_month timestamp;
begin
  select sub.anchor, sub.current_period_start as start, sub.current_period_end as "end", o.time_zone
    into s
    from headroom.organization o left join headroom.subscription sub on sub.organization_id = o.id
    where o.id = tenant;
  if s.start <= at and at < s."end" and s."end" <= s.start + interval '31 days 1 hour' then
    period_start := s.start;
    period_end := s."end";
  elsif s.anchor is not null then
    select m.period_start, m.period_end into period_start, period_end from headroom.month_of(s.anchor, at) m;
  else
    first_of_month := date_trunc('month', at at time zone s.time_zone);
    period_start := first_of_month at time zone s.time_zone;
    period_end := (first_of_month + interval '1 month') at time zone s.time_zone;
  end if;
end
$$;
