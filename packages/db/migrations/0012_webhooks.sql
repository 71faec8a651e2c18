-- Sending outgoing webhooks: who sends for an endpoint at the moment, how long it has been failing, what was asked for
-- again, and what is old. Leases, retries and retention follow real time.

alter table webhook_endpoint
  -- The turn that sends for this endpoint; one at a time, so that events go out in their order.
  add column lease uuid,
  -- Until when it may; after its end: when that was.
  add column leased_until timestamptz,
  -- The first failure since the last success.
  add column failing_since timestamptz;
create index webhook_endpoint_leased on webhook_endpoint (leased_until) where lease is not null;

-- Attempts made before the delivery was asked for again: retries are counted from there.
alter table webhook_delivery add column attempts_before integer not null default 0;
drop index webhook_delivery_due;
create index webhook_delivery_waiting on webhook_delivery (organization_id, endpoint_id, next_attempt_at)
  where status = 'pending';
create index webhook_delivery_in_order on webhook_delivery (organization_id, endpoint_id, event_seq)
  where status = 'pending';
create index webhook_delivery_by_age on webhook_delivery (created_at);
create index event_by_id on event (organization_id, id);

grant update on webhook_endpoint to hr_engine;

set local role hr_engine;

-- Leases endpoints that have a delivery due: at most `most`, of them at most `most_failing` that are failing, and per
-- organization at most `per_organization` at once, whoever holds them. Those that work go first; then whose turn was
-- longest ago. Walks from endpoint to endpoint along the index, however many deliveries each has waiting.
create function claim_webhooks(
  holder uuid, most integer, most_failing integer, per_organization integer, lease_time interval
) returns table (organization_id uuid, endpoint_id uuid, failing boolean)
language sql volatile security definer set search_path = headroom, pg_temp as $$
  with recursive waiting as (
    (select d.organization_id, d.endpoint_id from webhook_delivery d
      where d.status = 'pending' order by d.organization_id, d.endpoint_id limit 1)
    union all
    select n.organization_id, n.endpoint_id from waiting w cross join lateral (
      select d.organization_id, d.endpoint_id from webhook_delivery d
        where d.status = 'pending' and (d.organization_id, d.endpoint_id) > (w.organization_id, w.endpoint_id)
        order by d.organization_id, d.endpoint_id limit 1) n
  ), held as (
    select h.organization_id, count(*) as endpoints from webhook_endpoint h
      where h.lease is not null and h.leased_until > clock_timestamp() group by h.organization_id
  ), free as (
    select e.organization_id, e.id, e.failing_since is not null as failing, e.leased_until,
      row_number() over (partition by e.organization_id
        order by e.failing_since is not null, e.leased_until nulls first) as place
    from waiting join webhook_endpoint e on (e.organization_id, e.id) = (waiting.organization_id, waiting.endpoint_id)
    where e.status = 'enabled' and (e.lease is null or e.leased_until <= clock_timestamp()) and exists (
      select from webhook_delivery d
        where (d.organization_id, d.endpoint_id) = (e.organization_id, e.id) and d.status = 'pending'
          and d.next_attempt_at <= clock_timestamp())
  ), fair as (
    select f.*, row_number() over (partition by f.failing order by f.leased_until nulls first) as turn
    from free f left join held h on h.organization_id = f.organization_id
    where f.place + coalesce(h.endpoints, 0) <= per_organization
  ), chosen as (
    select e.organization_id, e.id from webhook_endpoint e
    join fair f on (f.organization_id, f.id) = (e.organization_id, e.id)
    where (e.lease is null or e.leased_until <= clock_timestamp()) and (not f.failing or f.turn <= most_failing)
    order by f.failing, f.turn limit most
    for no key update of e skip locked
  )
  update webhook_endpoint e set lease = holder, leased_until = clock_timestamp() + lease_time
    from chosen c where (e.organization_id, e.id) = (c.organization_id, c.id)
    returning e.organization_id, e.id, e.failing_since is not null
$$;

-- Deletes deliveries, with their attempts, that are older than `age`; at most `most`, and how many it were.
create function prune_webhook_deliveries(age interval, most integer) returns integer
language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
declare
  pruned integer;
begin
  delete from webhook_delivery d using (
    select o.organization_id, o.endpoint_id, o.event_seq from webhook_delivery o
      where o.created_at < clock_timestamp() - age order by o.created_at limit most for update skip locked) old
    where (d.organization_id, d.endpoint_id, d.event_seq) = (old.organization_id, old.endpoint_id, old.event_seq);
  get diagnostics pruned = row_count;
  return pruned;
end
$$;

grant execute on function claim_webhooks, prune_webhook_deliveries to hr_worker;
