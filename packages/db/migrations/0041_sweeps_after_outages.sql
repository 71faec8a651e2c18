-- A customer who had a subscription, or may have got one, is swept for 35 days. The days counted to the present, so that
-- after an outage of more than 35 days nobody looked at one who had paid at its beginning. Now they count to when the
-- customer was last compared: however long nothing ran, there is one look after it.
set local role hr_engine;

create or replace function due_customer_sweeps(most integer) returns table (organization_id uuid, customer_id text)
language sql volatile security definer set search_path = headroom, pg_temp as $$
  select c.organization_id, c.customer_id
  from (select clock_now() as now) t
  cross join stripe_customer c
  join subscription s on s.organization_id = c.organization_id
  left join stripe_customer_sync y on y.customer_id = c.customer_id
  cross join lateral (
    select least(t.now, coalesce(y.checked_at, '-infinity')) - interval '35 days' as since
  ) w
  where (
      (s.stripe_subscription_id is not null
        and coalesce(s.stripe_status, 'deleted') not in ('canceled', 'incomplete_expired', 'deleted'))
      or y.live_at > w.since
      or c.created_at > w.since
      or exists (select from stripe_intent i where i.organization_id = c.organization_id and i.kind = 'checkout'
        and i.status in ('pending', 'done', 'superseded') and i.updated_at > w.since))
    and (y.checked_at is null or y.checked_at <= t.now - interval '1 day' or exists (
      select from (values (s.trial_end), (s.current_period_end + interval '2 hours'), (s.cancel_at),
        (case when s.state = 'past_due' then s.limits_until end)) as known (at)
      where known.at <= t.now and y.checked_at < known.at))
    and (y.sweep_after is null or y.sweep_after <= clock_timestamp())
  order by y.checked_at nulls first limit most
$$;
