-- A plan change that waits for the end of the paid period, and overage prices in more than one currency.

alter table subscription
  add column pending_plan_id text,
  add column pending_plan_version integer,
  add column pending_at timestamptz,
  add foreign key (pending_plan_id, pending_plan_version) references plan,
  add check ((pending_plan_id is null) = (pending_at is null)
    and (pending_plan_version is null) = (pending_at is null));

-- What a unit above the plan costs in the currencies beside the one in plan_meter.
create table plan_meter_price (
  plan_id text not null,
  plan_version integer not null,
  meter text not null,
  currency text not null,
  unit_price numeric(30, 12) not null,
  primary key (plan_id, plan_version, meter, currency),
  foreign key (plan_id, plan_version, meter) references plan_meter
);
grant select on plan_meter_price to hr_api, hr_webhook, hr_readonly, hr_engine;
grant select, insert, update, delete on plan_meter_price to hr_worker;

-- Whoever changes a subscription at Stripe holds the customer's lease, the api too, and reads back what came of it.
grant select, insert, update on stripe_customer_sync to hr_api;

set local role hr_engine;

-- The plan whose limits hold at an instant: the subscription's while they do, which is the pending one from its
-- instant on; else the base plan. until: when this changes by itself.
create function plan_in_force(s headroom.subscription, at timestamptz)
returns table (paid boolean, plan_id text, plan_version integer, until timestamptz)
language sql stable as $$
  select holds,
    case when not holds then s.base_plan_id when turned then s.pending_plan_id else s.plan_id end,
    case when not holds then s.base_plan_version when turned then s.pending_plan_version else s.plan_version end,
    case when holds then least(s.limits_until, case when not turned then s.pending_at end) end
  from (select s.plan_id is not null and (s.limits_until is null or at < s.limits_until) as holds,
    coalesce(at >= s.pending_at, false) as turned) as standing
$$;
grant execute on function plan_in_force to hr_api, hr_worker, hr_webhook, hr_readonly;

-- What a unit above the plan costs whoever pays in a currency; who pays in none yet sees the plan's first.
create function overage_price(terms headroom.plan_meter, paid_in text)
returns table (unit_price numeric, currency text)
language sql stable as $$
  select coalesce(p.unit_price, terms.unit_price), coalesce(p.currency, terms.currency)
  from (select) as one
  left join headroom.plan_meter_price p on p.plan_id = terms.plan_id and p.plan_version = terms.plan_version
    and p.meter = terms.meter and p.currency = paid_in and paid_in <> terms.currency
$$;
grant execute on function overage_price to hr_api, hr_worker, hr_webhook, hr_readonly;

-- As before, and a pending plan takes over at its instant, as paying does after a trial; money is units at the price in the currency paid in.
create or replace function limits_of(
  tenant uuid, meter_name text, at timestamptz,
  out daily_limit bigint, out included bigint, out max_overage bigint, out hard_cap bigint,
  out plan_id text, out plan_version integer, out valid_until timestamptz
) language plpgsql volatile as $$
declare
  s headroom.subscription;
  terms headroom.plan_meter;
  own headroom.max_overage;
  instead headroom.operator_override;
  allowed boolean;
  unit numeric;
begin
  select * into strict s from headroom.subscription where organization_id = tenant;
  -- A trial ends at its instant, whenever we are told.
  select f.paid and (s.overage_allowed or (s.state = 'trialing' and coalesce(at >= s.trial_end, false))),
      f.plan_id, f.plan_version,
      coalesce(least(f.until, case when s.state = 'trialing' and at < s.trial_end then s.trial_end end), 'infinity')
    into allowed, limits_of.plan_id, limits_of.plan_version, valid_until from headroom.plan_in_force(s, at) f;
  max_overage := 0;
  select * into terms from headroom.plan_meter pm
    where pm.plan_id = limits_of.plan_id and pm.plan_version = limits_of.plan_version and pm.meter = meter_name;
  if found then
    daily_limit := terms.daily_limit;
    included := terms.included;
  else
    included := 0; -- a meter younger than the plan version: closed, not open
  end if;
  if allowed and terms.overage then
    select p.unit_price into unit from headroom.overage_price(terms, s.currency) p;
    select * into own from headroom.max_overage mo where mo.organization_id = tenant and mo.meter = meter_name;
    max_overage := case
      when not found then terms.max_overage_default
      when own.units is not null then own.units
      when unit > 0
        then least(floor(own.cents / unit), headroom.largest_integer())::bigint
    end;
    max_overage := least(max_overage, terms.max_overage_ceiling);
  end if;
  for instead in
    select * from headroom.operator_override o
      where o.organization_id = tenant and o.kind in ('daily_limit', 'included') and o.name = meter_name
        and (o.expires_at is null or at < o.expires_at)
  loop
    if instead.kind = 'daily_limit' then
      daily_limit := (instead.value #>> '{}')::bigint;
    else
      included := (instead.value #>> '{}')::bigint;
    end if;
    valid_until := least(valid_until, instead.expires_at);
  end loop;
  hard_cap := included + max_overage;
  if hard_cap > headroom.largest_integer() then
    hard_cap := headroom.largest_integer();
  end if;
end
$$;

-- As before, and a pending plan rates the periods after its instant; those after a trial are billed.
create or replace function leave_periods(gate usage_gate, until timestamptz) returns void
language plpgsql volatile as $$
declare
  first timestamptz := gate.period_start;
  past timestamptz := least(gate.period_end, until);
  last timestamptz; -- the last instant of the period
begin
  loop
    last := past - interval '1 microsecond';
    if last >= gate.caps_valid_until then
      select l.hard_cap, l.valid_until into gate.hard_cap, gate.caps_valid_until
        from headroom.limits_of(gate.organization_id, gate.meter, last) l;
    end if;
    insert into headroom.usage_period (organization_id, meter, period_start, period_end, plan_id, plan_version,
        included, hard_cap, unit_price, currency, billable)
      select gate.organization_id, gate.meter, first, past, f.plan_id, f.plan_version,
        headroom.included_of(gate.organization_id, gate.meter, f.plan_id, f.plan_version, last),
        gate.hard_cap, price.unit_price, price.currency,
        coalesce(pm.overage and s.source = 'stripe' and (s.state <> 'trialing' or first >= s.trial_end), false)
      from headroom.subscription s
      cross join lateral (
        -- Also one whose limits no longer hold rates what was used under it.
        select coalesce(case when last >= s.pending_at then s.pending_plan_id else s.plan_id end, s.base_plan_id),
          coalesce(case when last >= s.pending_at then s.pending_plan_version else s.plan_version end,
            s.base_plan_version)
      ) as f (plan_id, plan_version)
      left join headroom.plan_meter pm on pm.plan_id = f.plan_id and pm.plan_version = f.plan_version
        and pm.meter = gate.meter
      left join lateral headroom.overage_price(pm, s.currency) price on pm.plan_id is not null
      where s.organization_id = gate.organization_id
      on conflict do nothing;
    exit when past >= until;
    first := past;
    select least(p.period_end, until) into past from headroom.period_of(gate.organization_id, first) p;
  end loop;
end
$$;

-- As before, under a pending plan too.
create or replace function held_features(person uuid, roles text[], wanted text) returns table (value jsonb)
language sql volatile security definer set search_path = headroom, pg_temp as $$
  select coalesce(v.value, p.definition -> 'features' -> wanted)
  from membership m
  join organization o on o.id = m.organization_id and o.deleted_at is null
  join subscription s on s.organization_id = o.id
  cross join lateral plan_in_force(s, clock_now()) as f
  join plan p on p.id = f.plan_id and p.version = f.plan_version
  left join operator_override v on v.organization_id = o.id and v.kind = 'feature' and v.name = wanted
    and (v.expires_at is null or clock_now() < v.expires_at)
  where m.user_id = person and m.role = any (roles)
    and coalesce(v.value, p.definition -> 'features' -> wanted) is not null
  union all
  select 'true'::jsonb from account_grant g
  where g.account_id = person and g.feature = wanted and g.revoked_at is null
    and (g.expires_at is null or clock_now() < g.expires_at)
$$;
