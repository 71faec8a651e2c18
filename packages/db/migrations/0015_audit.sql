-- The trail of acts that belong to no organization, the checking of chains, the erasure of a person, and the
-- succession of keys.

-- What operators and the platform did. One chain, hashed as an organization's is, under the nil UUID.
create table operator_head (
  singleton boolean primary key default true check (singleton),
  seq bigint not null default 0,
  hash bytea not null default '\x'
);
insert into operator_head default values;

create table operator_entry (
  seq bigint primary key,
  at timestamptz not null,
  actor_kind text not null,
  actor_id text,
  action text not null,
  target text,
  data jsonb not null,
  request_id text,
  previous_hash bytea not null,
  hash bytea not null
);

-- What the last look at every chain found: metrics read it, in whichever process they are asked.
create table audit_check (
  singleton boolean primary key default true check (singleton),
  checked_at timestamptz not null default clock_timestamp(),
  entries bigint not null,
  faults integer not null
);

-- The key that came in its place.
alter table api_key add column replaced_by uuid;
alter table platform_key add column replaced_by uuid;

grant select on operator_head, operator_entry, audit_check to hr_readonly;
grant select on operator_head, operator_entry, audit_head to hr_worker;
grant select, insert, update on audit_check to hr_worker;
grant select, insert on operator_entry to hr_engine;
grant select, update on operator_head to hr_engine;
grant select on invite, profile, conversation to hr_engine;
-- Everything kept about a person is exported.
grant select on profile, conversation to hr_worker;

set local role hr_engine;

-- Appends to the operators' trail, under its head's lock.
create function record_operator_act(kind text, actor text, request text, act text, object text, facts jsonb)
returns void language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
declare
  head operator_head;
  moment timestamptz;
  digest bytea;
begin
  select * into strict head from operator_head for update;
  moment := clock_now();
  digest := audit_hash(head.hash, '00000000-0000-0000-0000-000000000000', head.seq + 1, moment, kind, actor, null, act,
    object, facts, request);
  insert into operator_entry values
    (head.seq + 1, moment, kind, actor, act, object, facts, request, head.hash, digest);
  update operator_head set seq = head.seq + 1, hash = digest;
end
$$;

-- Every organization there is, the deleted ones too: whose chain is to be checked.
create function organization_ids() returns setof uuid
language sql stable security definer set search_path = headroom, pg_temp as $$
  select id from organization order by id
$$;

-- The organizations that keep something about a person; addresses are folded.
create function organizations_about(person uuid, addresses text[]) returns setof uuid
language sql stable security definer set search_path = headroom, pg_temp as $$
  select organization_id from membership where user_id = person
  union select organization_id from invite
    where email_folded = any (addresses) or invited_by = person or accepted_by = person
  union select organization_id from api_key where member_id = person or created_by = person
  union select organization_id from audit_personal where subject = person or lower(value) = any (addresses)
  union select organization_id from outbox
    where exists (select from unnest(addresses) a where position(a in lower(payload::text || coalesce(last_error, ''))) > 0)
  union select organization_id from profile where user_id = person
  union select organization_id from conversation where assignee_id = person or created_by = person
  union select id from organization where lower(settings ->> 'billingEmail') = any (addresses) or created_by = person
  order by 1
$$;

-- Forgets the text about a person in one organization's trail; its digests stay, and so does the chain.
create function erase_audit_text(tenant uuid, person uuid, addresses text[]) returns bigint
language sql volatile security definer set search_path = headroom, pg_temp as $$
  with gone as (
    delete from audit_personal
    where organization_id = tenant and (subject = person or lower(value) = any (addresses))
    returning 1
  )
  select count(*) from gone
$$;

grant execute on function record_operator_act to hr_api, hr_worker;
grant execute on function organization_ids, organizations_about, erase_audit_text to hr_worker;
