-- Reads in fewer steps: gates as they stand without a row of composites for each, and members as lists of columns. What is
-- replaced stays for releases before this one, as long as one of them may run beside it.
set local role hr_engine;

-- Every meter of each organization as it stands now, in the order of meters, as one list of lists: usage_statuses, in one
-- statement for gates in the middle of their windows that hold nothing. Others are computed one by one. Writes nothing,
-- takes no lock. Null: of nobody.
create function meter_statuses(tenants uuid[]) returns json
language plpgsql volatile security definer set search_path = headroom, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  at constant timestamptz := clock_now();
  owners uuid[];
  meters text[];
  statuses json[];
  are_usual boolean;
  gate usage_gate;
  over record;
begin
  select array_agg(a.tenant order by a.place, m.position), array_agg(m.name order by a.place, m.position),
      array_agg(case when u.is_usual then
        json_build_array(a.tenant, m.name, g.day_date, g.day_used, g.day_held, g.daily_limit, g.day_end, g.period_start,
          g.period_used, g.period_held, g.period_end, g.included, g.max_overage, g.hard_cap, g.plan_id, g.plan_version)
        end order by a.place, m.position),
      bool_and(u.is_usual)
    into owners, meters, statuses, are_usual
    from unnest(tenants) with ordinality a (tenant, place)
    cross join meter m
    left join usage_gate g on g.organization_id = a.tenant and g.meter = m.name
    cross join lateral (
      select (at < least(g.day_end, g.period_end, g.caps_valid_until) and g.day_held + g.period_held = 0) is true
        as is_usual) u
    where m.active;
  if not are_usual then
    for n in 1..cardinality(statuses) loop
      continue when statuses[n] is not null;
      select * into gate from usage_gate g where g.organization_id = owners[n] and g.meter = meters[n];
      if not found then
        gate := new_gate(owners[n], meters[n], at);
      elsif at >= least(gate.day_end, gate.period_end, gate.caps_valid_until) then
        gate := rolled(gate, at);
      end if;
      if gate.day_held + gate.period_held > 0 then
        select coalesce(sum(r.quantity) filter (where r.day_start = gate.day_start), 0) as day,
            coalesce(sum(r.quantity) filter (where r.period_start = gate.period_start), 0) as period
          into over from usage_reservation r
          where r.organization_id = gate.organization_id and r.meter = gate.meter and r.status = 'held'
            and r.expires_at <= at;
        gate.day_held := gate.day_held - over.day;
        gate.period_held := gate.period_held - over.period;
      end if;
      statuses[n] := json_build_array(gate.organization_id, gate.meter, gate.day_date, gate.day_used, gate.day_held,
        gate.daily_limit, gate.day_end, gate.period_start, gate.period_used, gate.period_held, gate.period_end,
        gate.included, gate.max_overage, gate.hard_cap, gate.plan_id, gate.plan_version);
    end loop;
  end if;
  return array_to_json(statuses);
end
$$;

-- As member_pages, with the members as lists of their ids, users, roles, e-mail addresses, names and times of joining:
-- writing an object for each of them took longer than reading them.
create function member_lists(tenants uuid[], after_members uuid[], after_invites uuid[], most integer[])
returns table (place integer, page json)
language plpgsql stable security definer set search_path = headroom, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  at constant timestamptz := clock_now();
begin
  return query
    select a.place::integer, json_build_object(
        'members', people.list, 'invites', coalesce(open.list, '[]'), 'seats', seat_counts(a.tenant, at))
    from unnest(tenants, after_members, after_invites, most) with ordinality
      a (tenant, after_member, after_invite, most, place)
    cross join lateral (
      select json_build_array(array_agg(p.id), array_agg(p.user_id), array_agg(p.role), array_agg(p.email),
          array_agg(p.name), array_agg(p.created_at)) as list, count(*) as members from (
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

revoke execute on function meter_statuses, member_lists from public;
grant execute on function meter_statuses to hr_api, hr_worker;
grant execute on function member_lists to hr_api;
