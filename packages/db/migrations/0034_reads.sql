-- Reads of many callers in one statement. Every row says which of the asked ones it answers, by its place from 1; who
-- gets no row asked for something that is not there. PL/pgSQL keeps its plans, which these calls live on; one made for a
-- small table reads all of it, at every call from then on: 2,100 keys cost four times the rest.

drop function resolve_api_key, member_access;

grant update (last_used_at) on api_key, platform_key to hr_engine;

set local role hr_engine;

-- The living key behind each hash. For a personal key, the role of its member.
create function resolve_api_keys(hashes bytea[])
returns table (place integer, api_key_id uuid, organization_id uuid, scopes text[], member_id uuid, role text)
language plpgsql stable security definer set search_path = headroom, pg_temp set enable_seqscan = off
set enable_hashjoin = off set enable_mergejoin = off as $$
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
language plpgsql stable security definer set search_path = headroom, pg_temp set enable_seqscan = off
set enable_hashjoin = off set enable_mergejoin = off as $$
begin
  return query
    select a.place::integer, m.role
    from unnest(tenants, people) with ordinality a (tenant, person, place)
    join organization o on o.id = a.tenant and o.deleted_at is null
    left join membership m on m.organization_id = a.tenant and m.user_id = a.person
    where a.person is null or m.user_id is not null;
end
$$;

-- Every meter of each organization as it stands now, the unused ones too, in the order of meters; holds whose time is
-- over count no more, though nobody has swept them yet. A gate in the middle of its windows needs no rolling. Writes
-- nothing, takes no lock.
create function usage_statuses(tenants uuid[]) returns table (place integer, gate usage_gate)
language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
declare
  at constant timestamptz := clock_now();
  found record;
  over record;
begin
  for found in
    select a.place, r.gate
    from unnest(tenants) with ordinality a (tenant, place)
    cross join meter m
    left join usage_gate g on g.organization_id = a.tenant and g.meter = m.name
    cross join lateral (
      select g where at < least(g.day_end, g.period_end, g.caps_valid_until) and g.meter is not null
      union all
      select rolled(g, at) where at >= least(g.day_end, g.period_end, g.caps_valid_until)
      union all
      select new_gate(a.tenant, m.name, at) where g.meter is null
    ) r (gate)
    where m.active
    order by a.place, m.position
  loop
    place := found.place;
    gate := found.gate;
    if gate.day_held + gate.period_held > 0 then
      select coalesce(sum(r.quantity) filter (where r.day_start = gate.day_start), 0) as day,
          coalesce(sum(r.quantity) filter (where r.period_start = gate.period_start), 0) as period
        into over from usage_reservation r
        where r.organization_id = gate.organization_id and r.meter = gate.meter and r.status = 'held'
          and r.expires_at <= at;
      gate.day_held := gate.day_held - over.day;
      gate.period_held := gate.period_held - over.period;
    end if;
    return next;
  end loop;
end
$$;

create or replace function usage_status(tenant uuid) returns setof usage_gate
language sql volatile security definer set search_path = headroom, pg_temp as $$
  select (s.gate).* from usage_statuses(array[tenant]) s
$$;

-- Notes the use of keys, those of organizations and, beside null, platform keys; of each at most once a minute. A row that
-- somebody holds is left out: it is being changed, or noted.
create function note_key_uses(tenants uuid[], keys uuid[]) returns void
language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
declare
  at constant timestamptz := clock_now();
begin
  update api_key set last_used_at = at where (organization_id, id) in (
    select k.organization_id, k.id from unnest(tenants, keys) a (tenant, key)
    join api_key k on k.organization_id = a.tenant and k.id = a.key
    where k.last_used_at is null or k.last_used_at <= at - interval '1 minute'
    for no key update of k skip locked);
  update platform_key set last_used_at = at where id in (
    select p.id from unnest(tenants, keys) a (tenant, key)
    join platform_key p on a.tenant is null and p.id = a.key
    where p.last_used_at is null or p.last_used_at <= at - interval '1 minute'
    for no key update of p skip locked);
end
$$;

grant execute on function resolve_api_keys, member_roles, note_key_uses to hr_api;
grant execute on function usage_statuses to hr_api, hr_worker;

-- As before, in a language that keeps its plan: planning took five times as long as counting.
create or replace function seat_counts(tenant uuid, at timestamptz) returns jsonb language plpgsql stable as $$
begin
  return (
    select jsonb_build_object(
      'plan', jsonb_build_object(
        'planId', p.id, 'kind', p.seats_kind, 'included', coalesce(p.seats_included, 0), 'max', p.seats_max),
      'purchased', case when f.paid then s.seats_purchased else 0 end,
      'members', (
        select jsonb_build_object(
          'owner', count(*) filter (where m.role = 'owner'),
          'admin', count(*) filter (where m.role = 'admin'),
          'member', count(*) filter (where m.role = 'member'))
        from headroom.membership m where m.organization_id = s.organization_id),
      'pending', (
        select count(*) from headroom.invite i
        where i.organization_id = s.organization_id and i.status = 'pending' and i.expires_at > at),
      'override', (
        select jsonb_build_object('limit', o.value) from headroom.operator_override o
        where o.organization_id = s.organization_id and o.kind = 'seats'
          and (o.expires_at is null or o.expires_at > at)))
    from headroom.subscription s
    cross join lateral headroom.plan_in_force(s, at) f
    join headroom.plan p on p.id = f.plan_id and p.version = f.plan_version
    where s.organization_id = tenant);
end
$$;
