-- Reads of many callers in one statement. Every row says which of the asked ones it answers, by its place from 1; who
-- gets no row asked for something that is not there. PL/pgSQL keeps its plans, which these calls live on.

drop function resolve_api_key, member_access;

set local role hr_engine;

-- The living key behind each hash. For a personal key, the role of its member.
create function resolve_api_keys(hashes bytea[])
returns table (place integer, api_key_id uuid, organization_id uuid, scopes text[], member_id uuid, role text)
language plpgsql stable security definer set search_path = headroom, pg_temp as $$
declare
  at constant timestamptz := clock_now();
begin
  return query
    select a.place::integer, h.api_key_id, h.organization_id, coalesce(k.scopes, p.scopes), k.member_id, m.role
    from unnest(hashes) with ordinality a (hash, place)
    join api_key_hash h on h.secret_hash = a.hash
    left join api_key k on k.organization_id = h.organization_id and k.id = h.api_key_id
    left join platform_key p on h.organization_id is null and p.id = h.api_key_id
    left join organization o on o.id = h.organization_id
    left join membership m on m.organization_id = k.organization_id and m.user_id = k.member_id
    where coalesce(k.revoked_at, p.revoked_at) is null and coalesce(k.expires_at, p.expires_at, 'infinity') > at
      and (h.organization_id is null or o.deleted_at is null)
      and (k.member_id is null or m.user_id is not null);
end
$$;

-- The role of each person in the living organization beside them; no row: not a member, or no such organization. Who
-- asks with null asks for the organization alone.
create function member_roles(tenants uuid[], people uuid[]) returns table (place integer, role text)
language plpgsql stable security definer set search_path = headroom, pg_temp as $$
begin
  return query
    select a.place::integer, m.role
    from unnest(tenants, people) with ordinality a (tenant, person, place)
    join organization o on o.id = a.tenant and o.deleted_at is null
    left join membership m on m.organization_id = o.id and m.user_id = a.person
    where a.person is null or m.user_id is not null;
end
$$;

-- Every meter of each organization as it stands now, as usage_status tells it. A gate in the middle of its windows with
-- nothing held needs no rolling.
create function usage_statuses(tenants uuid[])
returns table (place integer, meter text, day_date date, day_used bigint, day_held bigint, daily_limit bigint,
  day_end timestamptz, period_start timestamptz, period_used bigint, period_held bigint, period_end timestamptz,
  included bigint, max_overage bigint, hard_cap bigint, plan_id text, plan_version integer)
language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
declare
  at constant timestamptz := clock_now();
begin
  return query
    select a.place::integer, s.meter, s.day_date, s.day_used, s.day_held, s.daily_limit, s.day_end, s.period_start,
      s.period_used, s.period_held, s.period_end, s.included, s.max_overage, s.hard_cap, s.plan_id, s.plan_version
    from unnest(tenants) with ordinality a (tenant, place)
    cross join lateral usage_status(a.tenant) s;
end
$$;

grant execute on function resolve_api_keys, member_roles to hr_api;
grant execute on function usage_statuses to hr_api, hr_worker;
