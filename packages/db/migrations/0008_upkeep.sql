-- Partitions belong to the owner of the table. Made alone, then attached: CREATE … PARTITION OF waits behind open
-- inserts, ATTACH does not. Real time: no offset of the clock moves a partition.
create function ensure_partitions(days_ahead integer) returns integer
language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
declare
  day date;
  partition text;
  made integer := 0;
begin
  perform pg_advisory_xact_lock(hashtext('headroom.ensure_partitions'));
  for day in
    select d::date from generate_series(
      (clock_timestamp() at time zone 'UTC')::date - 1, (clock_timestamp() at time zone 'UTC')::date + days_ahead, '1 day'
    ) d
  loop
    partition := 'usage_event_' || to_char(day, 'YYYYMMDD');
    continue when to_regclass('headroom.' || partition) is not null;
    execute format('create table %I (like usage_event including all)', partition);
    execute format('alter table %I add constraint %I check (received_on >= %L and received_on < %L)',
      partition, partition || '_day', day, day + 1);
    execute format('alter table %I enable row level security', partition);
    execute format('alter table %I force row level security', partition);
    execute format('alter table usage_event attach partition %I for values from (%L) to (%L)', partition, day, day + 1);
    insert into usage_partition (received_on) values (day) on conflict do nothing;
    made := made + 1;
  end loop;
  return made;
end
$$;
revoke execute on function ensure_partitions from public;
grant execute on function ensure_partitions to hr_api, hr_worker;

set local role hr_engine;

-- Tallies one received day afresh: a pure overwrite, so that it may run any number of times. A day is sealed by its
-- first roll-up after it has ended for good.
create function roll_up(day date) returns bigint
language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
declare
  counted bigint;
  over boolean;
begin
  perform pg_advisory_xact_lock(hashtext('headroom.roll_up'), day - '2000-01-01'::date);
  over := clock_timestamp() > (day + 1)::timestamp at time zone 'UTC' + interval '10 minutes';
  delete from usage_tally where received_on = day;
  insert into usage_tally (organization_id, meter, member_id, received_on, local_date, period_start,
      quantity, over_cap, events)
    select organization_id, meter, coalesce(member_id, '00000000-0000-0000-0000-000000000000'), day, local_date,
      period_start, sum(quantity), sum(over_cap), count(*)
    from usage_event where received_on = day
    group by organization_id, meter, coalesce(member_id, '00000000-0000-0000-0000-000000000000'), local_date, period_start;
  update usage_partition p set
      rolled_at = clock_timestamp(), sealed_at = case when over then clock_timestamp() end,
      events = t.events, quantity = t.quantity
    from (select coalesce(sum(events), 0) as events, coalesce(sum(quantity), 0) as quantity
          from usage_tally where received_on = day) t
    where p.received_on = day
    returning p.events into counted;
  return counted;
end
$$;

-- Days that have usage and no seal yet, oldest first.
create function unsealed_days() returns setof date
language sql stable security definer set search_path = headroom, pg_temp as $$
  select received_on from usage_partition
    where sealed_at is null and received_on <= (clock_timestamp() at time zone 'UTC')::date
    order by received_on
$$;

-- Usage of an organization by meter, day, period and member: sealed days from the tallies, the others counted now.
create function usage_sums(tenant uuid)
returns table (meter text, member_id uuid, local_date date, period_start timestamptz, quantity bigint, over_cap bigint)
language sql stable security definer set search_path = headroom, pg_temp as $$
  select t.meter, t.member_id, t.local_date, t.period_start, t.quantity, t.over_cap
    from usage_tally t join usage_partition p on p.received_on = t.received_on
    where t.organization_id = tenant and p.sealed_at is not null
  union all
  select u.meter, coalesce(u.member_id, '00000000-0000-0000-0000-000000000000'), u.local_date, u.period_start,
      sum(u.quantity)::bigint, sum(u.over_cap)::bigint
    from usage_event u join usage_partition p on p.received_on = u.received_on
    where u.organization_id = tenant and p.sealed_at is null
    group by 1, 2, 3, 4
$$;

-- Rolls every gate whose period has ended, so that its period is written down even when nobody consumes any more.
create function leave_ended_periods(most integer) returns integer
language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
declare
  due record;
  held record;
  left_behind integer := 0;
begin
  for due in
    select organization_id, meter from usage_gate where period_end <= clock_now()
      order by organization_id, meter limit most
  loop
    select * into held from lock_gate(due.organization_id, due.meter);
    if held.moved then
      perform save_gate(held.gate);
      left_behind := left_behind + 1;
    end if;
  end loop;
  return left_behind;
end
$$;

-- Periods that have ended and are not counted yet.
create function unclosed_periods(most integer)
returns table (organization_id uuid, meter text, period_start timestamptz)
language sql stable security definer set search_path = headroom, pg_temp as $$
  select p.organization_id, p.meter, p.period_start from usage_period p
    where p.closed_at is null
    order by p.period_end, p.organization_id, p.meter limit most
$$;

-- Counts an ended period and closes it. The gate has left it in an earlier, committed transaction, and a late event
-- shares a lock on the period's row, so nothing can land in it any more. Null when another process was faster.
create function close_period(tenant uuid, meter_name text, start timestamptz) returns usage_period
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
    from usage_sums(tenant) s where s.meter = meter_name and s.period_start = start;
  period.closed_at := clock_now();
  update usage_period set closed_at = period.closed_at, total = period.total, over_cap = period.over_cap
    where organization_id = tenant and meter = meter_name and period_start = start;
  return period;
end
$$;

-- Recounts every gate of one organization (null: of all) against its events, in one snapshot.
create function usage_recount(tenant uuid)
returns table (organization_id uuid, meter text, day_used bigint, day_counted bigint, period_used bigint, period_counted bigint)
language sql stable security definer set search_path = headroom, pg_temp as $$
  select g.organization_id, g.meter, g.day_used, coalesce(c.day, 0)::bigint, g.period_used, coalesce(c.period, 0)::bigint
  from usage_gate g
  left join lateral (
    select sum(quantity) filter (where local_date = g.day_date) as day,
      sum(quantity) filter (where period_start = g.period_start) as period
    from (
      select u.local_date, u.period_start, u.quantity from usage_event u
        where u.organization_id = g.organization_id and u.meter = g.meter
    ) counted
  ) c on true
  where tenant is null or g.organization_id = tenant
  order by g.organization_id, g.meter
$$;

-- Overage of any organization that waits to be put on an invoice, the longest waiting first. Real time.
create function due_overages(most integer) returns table (organization_id uuid, id uuid)
language sql stable security definer set search_path = headroom, pg_temp as $$
  select o.organization_id, o.id from overage o
    where o.status = 'pending' and o.next_attempt_at <= clock_timestamp()
    order by o.next_attempt_at limit most
$$;

-- True when every Stripe event that has arrived is applied and no overage waits to be sent.
create function is_settled(with_overage boolean) returns boolean
language sql volatile security definer set search_path = headroom, pg_temp as $$
  select not exists (select from stripe_inbox where status = 'pending')
    and (not with_overage or (
      not exists (select from overage where status = 'pending')
      and not exists (select from usage_period where closed_at is null)
      and not exists (select from usage_gate where period_end <= clock_now() and period_used > 0)))
$$;

create function set_dev_clock(moved interval) returns void
language sql volatile security definer set search_path = headroom, pg_temp as $$
  update dev_clock set clock_offset = moved
$$;

create function resolve_api_key(hash bytea)
returns table (api_key_id uuid, organization_id uuid, scopes text[], member_id uuid)
language sql volatile security definer set search_path = headroom, pg_temp as $$
  select h.api_key_id, h.organization_id, coalesce(k.scopes, p.scopes), k.member_id
  from api_key_hash h
  left join api_key k on k.organization_id = h.organization_id and k.id = h.api_key_id
  left join platform_key p on h.organization_id is null and p.id = h.api_key_id
  left join organization o on o.id = h.organization_id
  where h.secret_hash = hash and coalesce(k.revoked_at, p.revoked_at) is null
    and coalesce(k.expires_at, p.expires_at, 'infinity') > clock_now()
    and (h.organization_id is null or o.deleted_at is null)
    and (k.member_id is null or exists (
      select from membership m where m.organization_id = k.organization_id and m.user_id = k.member_id))
$$;

create function resolve_invite_token(hash bytea) returns table (organization_id uuid, invite_id uuid)
language sql stable security definer set search_path = headroom, pg_temp as $$
  select organization_id, invite_id from invite_token where token_hash = hash
$$;

create function organization_of_customer(customer text) returns uuid
language sql stable security definer set search_path = headroom, pg_temp as $$
  select organization_id from stripe_customer where customer_id = customer
$$;

-- The role of a user in a living organization; no row: not a member, or no such organization. A key asks with null.
create function member_access(tenant uuid, person uuid) returns table (role text)
language sql stable security definer set search_path = headroom, pg_temp as $$
  select m.role from organization o
  left join membership m on m.organization_id = o.id and m.user_id = person
  where o.id = tenant and o.deleted_at is null and (person is null or m.user_id is not null)
$$;

-- Appends to an organization's audit trail: numbered and chained by hash under the audit head's lock.
create function append_audit(
  tenant uuid, kind text, actor text, behalf uuid, act text, object text, facts jsonb, request text
) returns bigint language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
declare
  head audit_head;
  moment timestamptz;
  digest bytea;
begin
  insert into audit_head (organization_id) values (tenant) on conflict do nothing;
  select * into strict head from audit_head where organization_id = tenant for update;
  moment := clock_now();
  digest := sha256(head.hash || convert_to(
    jsonb_build_array(tenant, head.seq + 1, moment, kind, actor, behalf, act, object, facts, request)::text, 'UTF8'));
  insert into audit_entry (organization_id, seq, at, actor_kind, actor_id, on_behalf_of, action, target, data,
      request_id, previous_hash, hash)
    values (tenant, head.seq + 1, moment, kind, actor, behalf, act, object, facts, request, head.hash, digest);
  update audit_head set seq = head.seq + 1, hash = digest where organization_id = tenant;
  return head.seq + 1;
end
$$;

grant execute on function roll_up, unsealed_days, leave_ended_periods, unclosed_periods, close_period, usage_recount,
  due_overages, is_settled to hr_worker;
-- Development only: whoever migrates may move the clock, no application may.
grant execute on function set_dev_clock to hr_owner;
grant execute on function usage_sums, resolve_api_key, resolve_invite_token, member_access to hr_api;
grant execute on function organization_of_customer to hr_api, hr_worker, hr_webhook;
grant execute on function append_audit to hr_api, hr_worker, hr_webhook;

set local role hr_jobs;

-- Adds a job in the caller's transaction. graphile-worker's tables belong to hr_jobs alone. Twelve attempts, e^1 to
-- e^10 seconds apart, are about 16 hours (its default of 25 is four days).
create function enqueue_job(task text, payload json, job_key text, run_at timestamptz, queue text) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  select graphile_worker.add_job(task, payload, queue_name => queue, run_at => run_at, max_attempts => 12, job_key => job_key)
$$;
revoke execute on function enqueue_job from public;
grant execute on function enqueue_job to hr_api, hr_worker, hr_webhook;
