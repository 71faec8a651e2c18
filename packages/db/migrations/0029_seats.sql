-- Seats that follow the members: what Stripe is still to be told. A row stands for as long as there is an organization
-- that ever had a subscription on such a plan, so that its numbers never begin anew.
create table seat_target (
  organization_id uuid primary key references organization,
  live boolean not null, -- Stripe may be told now: such a plan, and a status that takes changes
  version bigint not null default 1, -- one more with everything that may ask for another quantity
  pushed_version bigint not null default 0, -- up to which Stripe is right
  -- Real time: the first and the last change that Stripe was not told of.
  requested_at timestamptz not null default clock_timestamp(),
  changed_at timestamptz not null default clock_timestamp(),
  hastened boolean not null default false, -- somebody waits for it: no pause for more changes
  not_before timestamptz, -- after a failure, or by Stripe's limits
  attempts integer not null default 0, -- failures in a row
  last_error text,
  push bigint not null default 0, -- the number of the last call; a part of its idempotency key
  sent jsonb, -- a call whose outcome is not known; made again, it has the same key
  quantity integer, -- what we set last
  edits integer not null default 0, -- how often somebody else set another one since members or period changed
  high_water jsonb, -- the most that the running period is billed for, under seats.proration: high_water
  recent_updates timestamptz[] not null default '{}', -- calls of the last hour
  recent_invoices timestamptz[] not null default '{}', -- calls of the last day that made an invoice
  check (pushed_version <= version)
);
create index seat_target_waiting on seat_target (organization_id) where live and version > pushed_version;
alter table seat_target enable row level security;
alter table seat_target force row level security;
create policy tenant on seat_target to hr_api, hr_worker, hr_webhook, hr_readonly
  using (organization_id = (select current_organization_id()))
  with check (organization_id = (select current_organization_id()));
create policy engine on seat_target to hr_engine using (true) with check (true);
grant select on seat_target to hr_api, hr_readonly;
grant select, update on seat_target to hr_worker;
grant select, insert, update, delete on seat_target to hr_engine;
grant select on plan_price to hr_engine;

set local role hr_engine;

-- On every path by which somebody joins or leaves. An organization that Stripe is not told of has no live row: then it
-- is one look into an index. Nothing here waits for Stripe.
create function note_members_changed() returns trigger
language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
begin
  update seat_target t set version = t.version + 1, changed_at = clock_timestamp(), edits = 0,
      requested_at = case when t.version > t.pushed_version then t.requested_at else clock_timestamp() end
    where t.live and t.organization_id in (select c.organization_id from changed_members c);
  return null;
end
$$;

-- A subscription that starts, changes its plan, its items or its period, or that somebody else gave another quantity.
create function note_subscription_changed() returns trigger
language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
declare
  followed boolean;
  edited boolean;
begin
  followed := new.source = 'stripe' and new.stripe_status in ('trialing', 'active', 'past_due') and exists (
    select from plan p
      where p.id = coalesce(new.pending_plan_id, new.plan_id)
        and p.version = coalesce(new.pending_plan_version, new.plan_version) and p.seats_kind = 'auto'
        and exists (select from plan_price s where s.plan_id = p.id and s.plan_version = p.version and s.role = 'seat'));
  if not followed then
    update seat_target t set live = false where t.organization_id = new.organization_id and t.live;
    return null;
  end if;
  insert into seat_target as t (organization_id, live) values (new.organization_id, true)
    on conflict (organization_id) do nothing;
  if found then
    return null;
  end if;
  edited := new.seats_purchased is distinct from old.seats_purchased
    and (new.stripe_subscription_id, new.plan_id, new.plan_version, new.pending_plan_id, new.pending_plan_version,
        new.billing_interval, new.current_period_start)
      is not distinct from
      (old.stripe_subscription_id, old.plan_id, old.plan_version, old.pending_plan_id, old.pending_plan_version,
        old.billing_interval, old.current_period_start);
  update seat_target t set live = true, version = t.version + 1, changed_at = clock_timestamp(),
      requested_at = case when t.live and t.version > t.pushed_version then t.requested_at else clock_timestamp() end,
      edits = case when edited and new.seats_purchased <> t.quantity then t.edits + 1
        when new.current_period_start is distinct from old.current_period_start then 0 else t.edits end
    where t.organization_id = new.organization_id and (not t.live
      or (new.seats_purchased is distinct from old.seats_purchased and new.seats_purchased is distinct from t.quantity)
      or (new.stripe_subscription_id, new.stripe_status, new.plan_id, new.plan_version, new.pending_plan_id,
          new.pending_plan_version, new.current_period_start, new.plan_item_id)
        is distinct from
        (old.stripe_subscription_id, old.stripe_status, old.plan_id, old.plan_version, old.pending_plan_id,
          old.pending_plan_version, old.current_period_start, old.plan_item_id));
  return null;
end
$$;

-- Whose seats are to be pushed now: nothing more has come for a while, or the first of it has waited long enough.
-- Real time.
create function due_seat_targets(quiet interval, longest interval, most integer)
returns table (organization_id uuid, customer_id text)
language sql volatile security definer set search_path = headroom, pg_temp as $$
  select t.organization_id, c.customer_id from seat_target t
    join stripe_customer c on c.organization_id = t.organization_id
    where t.live and t.version > t.pushed_version
      and (t.hastened or least(t.changed_at + quiet, t.requested_at + longest) <= clock_timestamp())
      and (t.not_before is null or t.not_before <= clock_timestamp())
    order by t.requested_at limit most
$$;

-- True while a push is to be waited for: not one that Stripe's limits hold back, nor one that failed again and again.
create function seats_wait(t seat_target) returns boolean language sql volatile
  return t.live and t.version > t.pushed_version and t.attempts < 6
    and (t.attempts > 0 or t.not_before is null or t.not_before <= clock_timestamp());

-- For what is about to move the clock: whatever waits is due at once. Answers how many pushes are to be waited for.
-- Rows that are being written are left alone, so that nobody waits for this and it for nobody.
create function hasten_seats() returns integer
language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
begin
  update seat_target t set hastened = true, not_before = case when t.attempts = 0 then t.not_before end
    where t.organization_id in (
      select w.organization_id from seat_target w
        where w.live and w.version > w.pushed_version and (not w.hastened or w.attempts > 0)
        for update skip locked);
  return (select count(*)::integer from seat_target t where seats_wait(t));
end
$$;

-- As before, and no seat waits to be pushed.
create or replace function is_settled(with_overage boolean) returns boolean
language sql volatile security definer set search_path = headroom, pg_temp as $$
  select not exists (select from stripe_inbox where status = 'pending')
    and not exists (select from seat_target t where seats_wait(t))
    and (not with_overage or (
      not exists (select from overage where status = 'pending' and not waits)
      and not exists (select from usage_period where closed_at is null or to_rate)
      and not exists (select from usage_gate where period_end <= clock_now() and period_used > 0)))
$$;

grant execute on function due_seat_targets, hasten_seats to hr_worker;
grant execute on function note_members_changed, note_subscription_changed to hr_owner;

set local role hr_owner;

create trigger members_joined after insert on membership
  referencing new table as changed_members for each statement execute function note_members_changed();
create trigger members_left after delete on membership
  referencing old table as changed_members for each statement execute function note_members_changed();
create trigger subscription_changed after update on subscription
  for each row when (old is distinct from new) execute function note_subscription_changed();
