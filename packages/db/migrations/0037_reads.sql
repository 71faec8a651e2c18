-- What lists of people show, for many callers in one statement, as `resolve_api_keys` answers them. Their answers are JSON:
-- a client takes longer to read a row of columns than PostgreSQL to write both.
set local role hr_engine;

-- Where the keys of a statement are parameters, PostgreSQL takes the plan that knows how many there are for the cheaper
-- one, and plans at every call: for one key that takes four times as long as finding it.
alter function resolve_api_keys set plan_cache_mode = force_generic_plan;
alter function member_roles set plan_cache_mode = force_generic_plan;

-- A page of each organization: members in the order of joining, then open invites, oldest first, `most` of both
-- together, after a member or an invite; and what its seats are counted from.
create function member_pages(tenants uuid[], after_members uuid[], after_invites uuid[], most integer[])
returns table (place integer, page json)
language plpgsql stable security definer set search_path = headroom, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  at constant timestamptz := clock_now();
begin
  return query
    select a.place::integer, json_build_object(
        'members', coalesce(people.list, '[]'), 'invites', coalesce(open.list, '[]'), 'seats', seat_counts(a.tenant, at))
    from unnest(tenants, after_members, after_invites, most) with ordinality
      a (tenant, after_member, after_invite, most, place)
    cross join lateral (
      select json_agg(p) as list, count(*) as members from (
        select m.id, m.user_id, m.role, c.email, c.name, m.created_at
        from membership m join account c on c.id = m.user_id
        where m.organization_id = a.tenant and a.after_invite is null
          and m.id > coalesce(a.after_member, '00000000-0000-0000-0000-000000000000')
        order by m.id limit a.most
      ) p
    ) people
    cross join lateral (
      select json_agg(o) as list from (
        select i.id, i.organization_id as "organizationId", i.email, i.role, i.status, i.version,
          encode(i.token_hash, 'hex') as "tokenHash", i.invited_by as "invitedBy",
          (select m.id from membership m where m.organization_id = i.organization_id and m.user_id = i.accepted_by)
            as "membershipId",
          i.created_at as "createdAt", i.expires_at as "expiresAt",
          (select x.status from outbox x where x.organization_id = i.organization_id
            and x.dedupe_key = 'invite:' || i.id || ':' || i.version) as delivery
        from invite i
        where i.organization_id = a.tenant and i.status = 'pending' and i.expires_at > at
          and i.id > coalesce(a.after_invite, '00000000-0000-0000-0000-000000000000')
        order by i.id limit greatest(0, a.most - people.members)
      ) o
    ) open;
end
$$;

-- The living organizations among these.
create function living_organizations(tenants uuid[]) returns table (place integer, organization json)
language plpgsql stable security definer set search_path = headroom, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
  return query
    select a.place::integer, json_build_object('id', o.id, 'name', o.name, 'slug', o.slug, 'domain', o.domain,
        'settings', o.settings, 'time_zone', o.time_zone, 'created_at', o.created_at, 'updated_at', o.updated_at)
    from unnest(tenants) with ordinality a (tenant, place)
    join organization o on o.id = a.tenant and o.deleted_at is null;
end
$$;

grant execute on function member_pages, living_organizations to hr_api;
