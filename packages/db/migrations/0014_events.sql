-- Reading events: for one member, by the rights that the member has in the moment of reading.

set local role hr_engine;

-- Events of an organization after a number, that its member sees: those for everybody whose name `visible` lists for the
-- member's role, and those for this member alone. All in one snapshot: whoever is no member any more gets nothing.
-- Always at least one row. `after` null, or ahead of the head, reads nothing and tells where the organization stands.
create function events_after(tenant uuid, member uuid, platform_key_id uuid, after bigint, most integer, visible jsonb)
returns table (
  access text, head bigint, seq bigint, id uuid, name text, payload jsonb, at timestamptz, age double precision
) language sql stable security definer set search_path = headroom, pg_temp as $$
  select reader.access, reader.head, e.seq, e.id, e.name, e.payload, e.at,
    extract(epoch from clock_timestamp() - e.recorded_at)
  from (
    select m.role, coalesce(h.seq, 0) as head, case
        when platform_key_id is not null and not exists (
          select from platform_key k where k.id = platform_key_id and k.revoked_at is null
            and coalesce(k.expires_at, 'infinity') > clock_now()
        ) then 'revoked'
        when m.role is null then 'none'
        else 'granted'
      end as access
    from (values (tenant)) asked (id)
    left join organization o on o.id = asked.id and o.deleted_at is null
    left join membership m on m.organization_id = o.id and m.user_id = member
    left join event_head h on h.organization_id = o.id
  ) reader
  left join lateral (
    select * from event
    where event.organization_id = tenant and event.seq > least(after, reader.head) and reader.access = 'granted'
      and case when event.recipient is null then visible -> reader.role ? event.name
        else event.recipient = member and visible -> 'recipient' ? event.name end
    order by event.seq
    limit most
  ) e on true
  order by e.seq
$$;

-- The last number of each of these organizations; 0 before the first event.
create function event_heads(tenants uuid[]) returns table (organization_id uuid, head bigint)
language sql stable security definer set search_path = headroom, pg_temp as $$
  select t.id, coalesce(h.seq, 0) from unnest(tenants) t (id) left join event_head h on h.organization_id = t.id
$$;

-- Deletes events older than an age, the oldest first, `most` at a time; how many they were.
create function prune_events(age interval, most integer) returns bigint
language sql volatile security definer set search_path = headroom, pg_temp as $$
  with deleted as (
    delete from event e using (
      select organization_id, seq from event where recorded_at < clock_timestamp() - age
      order by recorded_at limit most
    ) old
    where e.organization_id = old.organization_id and e.seq = old.seq
    returning 1
  )
  select count(*) from deleted
$$;

grant execute on function events_after, event_heads to hr_api;
grant execute on function prune_events to hr_worker;
