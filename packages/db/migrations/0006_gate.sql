-- The gate: limits, rolling windows, check and consume. Owned by hr_engine, so that one call reaches every tenant
-- that the caller's credential opens, and nothing else can write usage.
set local role hr_engine;
alter default privileges revoke execute on functions from public;

-- The largest integer that JSON carries exactly everywhere: no counter and no limit goes beyond it.
create function largest_integer() returns bigint language sql immutable return 9007199254740991;

-- The limits of one meter at an instant: the subscription's plan while it holds, else the base plan, and the
-- organization's own max overage. valid_until: when they must be asked again without anybody having changed them.
create function limits_of(
  tenant uuid, meter_name text, at timestamptz,
  out daily_limit bigint, out included bigint, out max_overage bigint, out hard_cap bigint,
  out plan_id text, out plan_version integer, out valid_until timestamptz
) language plpgsql volatile as $$
declare
  s headroom.subscription;
  terms headroom.plan_meter;
  own headroom.max_overage;
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
  select * into terms from headroom.plan_meter pm
    where pm.plan_id = limits_of.plan_id and pm.plan_version = limits_of.plan_version and pm.meter = meter_name;
  if not found then
    included := 0; -- a meter younger than the plan version: closed, not open
    max_overage := 0;
    hard_cap := 0;
    return;
  end if;
  daily_limit := terms.daily_limit;
  included := terms.included;
  max_overage := 0;
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
  hard_cap := included + max_overage;
  if hard_cap > headroom.largest_integer() then
    hard_cap := headroom.largest_integer();
  end if;
end
$$;

-- The gate as it stands at an instant: windows that have ended are followed by the one that holds the instant, and
-- limits whose time is up (or, with `afresh`, all) are asked again. Writes nothing.
create function rolled(gate usage_gate, at timestamptz, afresh boolean default false) returns usage_gate
language plpgsql volatile as $$
declare
  zone_now text;
  midnight timestamptz;
  next record;
begin
  if at >= gate.day_end then
    select time_zone into strict zone_now from headroom.organization where id = gate.organization_id;
    if zone_now <> gate.zone then
      -- After a change of zone the next day starts at the first local midnight later than the current end.
      select d.day_end into midnight from headroom.day_of(zone_now, gate.day_end - interval '1 microsecond') d;
      gate.day_end := midnight;
    end if;
    if at >= gate.day_end then
      gate.zone := zone_now;
      select d.day_date, d.day_start, d.day_end into gate.day_date, gate.day_start, gate.day_end
        from headroom.day_of(zone_now, at) d;
      gate.day_used := 0;
      gate.day_held := 0;
    end if;
  end if;
  if at >= gate.period_end then
    select * into next from headroom.period_of(gate.organization_id, at);
    -- After a change of zone the month that holds the instant may have begun before the running period ends. Zones
    -- are at most 26 hours apart: where it ends within those it is the month that runs already, which goes on to there.
    if next.period_start < gate.period_end and next.period_end <= gate.period_end + interval '26 hours' then
      gate.period_end := next.period_end;
    end if;
  end if;
  if at >= gate.period_end then
    gate.period_start := greatest(next.period_start, gate.period_end);
    gate.period_end := next.period_end;
    gate.period_used := 0;
    gate.period_held := 0;
    afresh := true;
  end if;
  if afresh or at >= gate.caps_valid_until then
    select l.daily_limit, l.included, l.max_overage, l.hard_cap, l.plan_id, l.plan_version, l.valid_until
      into gate.daily_limit, gate.included, gate.max_overage, gate.hard_cap, gate.plan_id, gate.plan_version,
        gate.caps_valid_until
      from headroom.limits_of(gate.organization_id, gate.meter, at) l;
  end if;
  return gate;
end
$$;

-- A gate that nobody has used yet, at an instant.
create function new_gate(tenant uuid, meter_name text, at timestamptz) returns usage_gate
language plpgsql volatile as $$
declare
  gate headroom.usage_gate;
begin
  gate.organization_id := tenant;
  gate.meter := meter_name;
  select time_zone into strict gate.zone from headroom.organization where id = tenant;
  select d.day_date, d.day_start, d.day_end into gate.day_date, gate.day_start, gate.day_end
    from headroom.day_of(gate.zone, at) d;
  select p.period_start, p.period_end into gate.period_start, gate.period_end
    from headroom.period_of(tenant, at) p;
  gate.day_used := 0;
  gate.day_held := 0;
  gate.period_used := 0;
  gate.period_held := 0;
  return headroom.rolled(gate, at, afresh => true);
end
$$;

-- Writes down every period that a gate leaves behind, the idle ones too, with the terms that bill it.
create function leave_periods(gate usage_gate, until timestamptz) returns void
language plpgsql volatile as $$
declare
  first timestamptz := gate.period_start;
  past timestamptz := least(gate.period_end, until);
begin
  loop
    insert into headroom.usage_period (organization_id, meter, period_start, period_end, plan_id, plan_version,
        included, unit_price, currency, billable)
      select gate.organization_id, gate.meter, first, past,
        coalesce(s.plan_id, s.base_plan_id), coalesce(s.plan_version, s.base_plan_version),
        pm.included, pm.unit_price, pm.currency,
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

-- Locks one gate and rolls it to the present, writing down the periods it leaves. The instant is read after the lock.
create function lock_gate(tenant uuid, meter_name text, out gate usage_gate, out at timestamptz, out moved boolean)
language plpgsql volatile as $$
declare
  before headroom.usage_gate;
begin
  select * into strict before from headroom.usage_gate
    where organization_id = tenant and meter = meter_name for no key update;
  at := headroom.clock_now();
  gate := headroom.rolled(before, at);
  moved := gate is distinct from before;
  if gate.period_start <> before.period_start then
    perform headroom.leave_periods(before, gate.period_start);
  end if;
end
$$;

create function save_gate(gate usage_gate) returns void language sql volatile as $$
  update headroom.usage_gate set
    zone = gate.zone, day_date = gate.day_date, day_start = gate.day_start, day_end = gate.day_end,
    day_used = gate.day_used, day_held = gate.day_held, period_start = gate.period_start,
    period_end = gate.period_end, period_used = gate.period_used, period_held = gate.period_held,
    daily_limit = gate.daily_limit, included = gate.included, max_overage = gate.max_overage,
    hard_cap = gate.hard_cap, plan_id = gate.plan_id, plan_version = gate.plan_version,
    caps_valid_until = gate.caps_valid_until
  where organization_id = gate.organization_id and meter = gate.meter
$$;

-- Gates that are missing, made under a share lock of their organization: a plan change that is under way is waited
-- for, so that no gate is born with limits that were just replaced. Before any gate is locked: organization first.
create function create_gates(organizations uuid[], meters text[]) returns void
language plpgsql volatile as $$
declare
  missing record;
begin
  for missing in
    select distinct w.organization_id, w.meter from unnest(organizations, meters) as w (organization_id, meter)
      where not exists (
        select from headroom.usage_gate g where g.organization_id = w.organization_id and g.meter = w.meter)
      order by w.organization_id, w.meter
  loop
    perform from headroom.organization where id = missing.organization_id for share;
    insert into headroom.usage_gate
      select (headroom.new_gate(missing.organization_id, missing.meter, headroom.clock_now())).*
      on conflict do nothing;
  end loop;
end
$$;

-- Who an API key speaks for, asked afresh: the key, its owner's membership, the organization, the meter, the member.
create function usage_authority(
  credential bytea, tenant uuid, meter_name text, member uuid, scope text, at timestamptz,
  out organization_id uuid, out api_key_id uuid, out refusal text
) language sql stable as $$
  select
    o.id,
    h.api_key_id,
    case
      when h.secret_hash is null or coalesce(k.revoked_at, p.revoked_at) is not null
        or coalesce(k.expires_at, p.expires_at) <= at
        or (k.member_id is not null and owner.user_id is null) then 'unauthenticated'
      when h.organization_id is null and tenant is null then 'no_active_organization'
      when o.id is null or (h.organization_id is not null and o.id <> h.organization_id) then 'organization_not_found'
      when not (scope = any (coalesce(k.scopes, p.scopes))) then 'forbidden'
      when mt.name is null then 'unknown_meter'
      when member is not null and person.user_id is null then 'not_a_member'
    end
  from (select) as one
  left join headroom.api_key_hash h on h.secret_hash = credential
  left join headroom.api_key k on k.organization_id = h.organization_id and k.id = h.api_key_id
  left join headroom.platform_key p on h.organization_id is null and p.id = h.api_key_id
  left join headroom.membership owner on owner.organization_id = k.organization_id and owner.user_id = k.member_id
  left join headroom.organization o on o.id = coalesce(tenant, h.organization_id) and o.deleted_at is null
  left join headroom.meter mt on mt.name = coalesce(meter_name, (select name from headroom.meter where is_default))
    and mt.active
  left join headroom.membership person on person.organization_id = o.id and person.user_id = member
$$;
