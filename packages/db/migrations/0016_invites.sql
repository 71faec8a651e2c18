-- Invites that expire are told of, and a call that makes many is answered again under its idempotency key.

-- What a repeated call cannot read from the resource; neither a secret nor text about people.
alter table http_idempotency add column outcome jsonb;

create index invite_pending_by_expiry on invite (expires_at) where status = 'pending';

grant select on invite to hr_engine;
grant update (status, updated_at) on invite to hr_worker;

set local role hr_engine;

-- Living organizations with invites whose time is over and that nobody has marked yet.
create function organizations_with_expired_invites(most integer) returns setof uuid
language sql volatile security definer set search_path = headroom, pg_temp as $$
  with clock as materialized (select clock_now() as now)
  select distinct i.organization_id from clock
  join invite i on i.status = 'pending' and i.expires_at <= clock.now
  join organization o on o.id = i.organization_id and o.deleted_at is null
  limit most
$$;

grant execute on function organizations_with_expired_invites to hr_worker;
