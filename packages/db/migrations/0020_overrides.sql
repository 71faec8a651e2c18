-- What operators set for one organization in place of its plan: limits of a meter, seats, features.

create table operator_override (
  organization_id uuid not null references organization,
  kind text not null check (kind in ('daily_limit', 'included', 'seats', 'feature')),
  name text not null, -- the meter, or the feature; empty for seats
  value jsonb not null, -- the JSON null: no limit
  reason text not null check (reason <> ''),
  set_by text not null,
  set_at timestamptz not null,
  expires_at timestamptz, -- null: it stays until it is removed
  expiry_told_at timestamptz,
  primary key (organization_id, kind, name),
  check ((kind = 'seats') = (name = '')),
  check (case jsonb_typeof(value)
    when 'null' then kind <> 'feature'
    when 'number' then kind = 'feature' or (
      value::numeric between 0 and 9007199254740991 and value::numeric = trunc(value::numeric))
    else kind = 'feature' and jsonb_typeof(value) in ('boolean', 'string') end)
);
create index operator_override_untold on operator_override (expires_at)
  where expires_at is not null and expiry_told_at is null;

alter table operator_override enable row level security;
alter table operator_override force row level security;
create policy tenant on operator_override to hr_api, hr_worker, hr_webhook, hr_readonly
  using (organization_id = (select current_organization_id()))
  with check (organization_id = (select current_organization_id()));
create policy engine on operator_override to hr_engine using (true) with check (true);

grant select, insert, update, delete on operator_override to hr_api;
grant select, update (expiry_told_at) on operator_override to hr_worker;
grant select on operator_override to hr_readonly;
grant select, delete on operator_override to hr_engine;

set local role hr_engine;

-- As before, and overrides replace what the plan says, whatever the subscription's state is, until they expire.
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
begin
  select * into strict s from headroom.subscription where organization_id = tenant;
  if s.plan_id is not null and (s.limits_until is null or at < s.limits_until) then
    plan_id := s.plan_id;
    plan_version := s.plan_version;
    allowed := s.overage_allowed;
    valid_until := coalesce(s.limits_until, 'infinity');
  else
    plan_id := s.base_plan_id;
    plan_version := s.base_plan_version;
    allowed := false;
    valid_until := 'infinity';
  end if;
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
    select * into own from headroom.max_overage mo where mo.organization_id = tenant and mo.meter = meter_name;
    max_overage := case
      when not found then terms.max_overage_default
      when own.units is not null then own.units
      when terms.unit_price > 0
        then least(floor(own.cents / terms.unit_price), headroom.largest_integer())::bigint
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

-- The units of a meter that a period covers which ends just after `at`: the override's that is in force then, else the
-- plan's. An override that ends within a period does not govern its bill: a period has one set of terms, its last.
create function included_of(tenant uuid, meter_name text, plan text, version integer, at timestamptz) returns bigint
language sql stable as $$
  select case when o.kind is null then pm.included else (o.value #>> '{}')::bigint end
  from (select) as one
  left join headroom.plan_meter pm on pm.plan_id = plan and pm.plan_version = version and pm.meter = meter_name
  left join headroom.operator_override o on o.organization_id = tenant and o.kind = 'included' and o.name = meter_name
    and (o.expires_at is null or at < o.expires_at)
$$;

-- As before, and with what an override includes. Caps that ran out while nobody consumed are asked again.
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
      select gate.organization_id, gate.meter, first, past,
        coalesce(s.plan_id, s.base_plan_id), coalesce(s.plan_version, s.base_plan_version),
        headroom.included_of(gate.organization_id, gate.meter, coalesce(s.plan_id, s.base_plan_id),
          coalesce(s.plan_version, s.base_plan_version), last),
        gate.hard_cap, pm.unit_price, pm.currency,
        coalesce(pm.overage and s.source = 'stripe' and s.state <> 'trialing', false)
      from headroom.subscription s
      left join headroom.plan_meter pm on pm.plan_id = coalesce(s.plan_id, s.base_plan_id)
        and pm.plan_version = coalesce(s.plan_version, s.base_plan_version) and pm.meter = gate.meter
      where s.organization_id = gate.organization_id
      on conflict do nothing;
    exit when past >= until;
    first := past;
    select least(p.period_end, until) into past from headroom.period_of(gate.organization_id, first) p;
  end loop;
end
$$;

-- As before, and an override replaces the plan's value.
create or replace function held_features(person uuid, roles text[], wanted text) returns table (value jsonb)
language sql volatile security definer set search_path = headroom, pg_temp as $$
  select coalesce(v.value, p.definition -> 'features' -> wanted)
  from membership m
  join organization o on o.id = m.organization_id and o.deleted_at is null
  join subscription s on s.organization_id = o.id
  cross join lateral (
    select s.plan_id is not null and (s.limits_until is null or clock_now() < s.limits_until)
  ) as paid (holds)
  join plan p on p.id = case when holds then s.plan_id else s.base_plan_id end
    and p.version = case when holds then s.plan_version else s.base_plan_version end
  left join operator_override v on v.organization_id = o.id and v.kind = 'feature' and v.name = wanted
    and (v.expires_at is null or clock_now() < v.expires_at)
  where m.user_id = person and m.role = any (roles)
    and coalesce(v.value, p.definition -> 'features' -> wanted) is not null
  union all
  select 'true'::jsonb from account_grant g
  where g.account_id = person and g.feature = wanted and g.revoked_at is null
    and (g.expires_at is null or clock_now() < g.expires_at)
$$;

-- Living organizations with overrides whose time is over and that nobody has told of.
create function organizations_with_expired_overrides(most integer) returns setof uuid
language sql volatile security definer set search_path = headroom, pg_temp as $$
  with clock as materialized (select clock_now() as now)
  select distinct v.organization_id from clock
  join operator_override v on v.expires_at <= clock.now and v.expiry_told_at is null
  join organization o on o.id = v.organization_id and o.deleted_at is null
  limit most
$$;
grant execute on function organizations_with_expired_overrides to hr_worker;
