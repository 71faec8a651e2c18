-- What a change leaves behind: an audit entry without personal text, numbered events, and deliveries to those who
-- asked for them; all in the transaction that makes the change, in one call.

-- The text that an audit entry keeps only a salted digest of. Erasing the row leaves the hash chain verifiable.
create table audit_personal (
  organization_id uuid not null,
  seq bigint not null,
  field text not null,
  salt text not null,
  value text not null,
  subject uuid, -- the account that the text speaks of, when it is known
  primary key (organization_id, seq, field)
);
create index audit_personal_of_subject on audit_personal (subject) where subject is not null;
create index audit_personal_by_value on audit_personal (lower(value));

-- Numbered in commit order: the head's row lock is held until the transaction ends.
create table event_head (
  organization_id uuid primary key references organization,
  seq bigint not null default 0
);

create table event (
  organization_id uuid not null,
  seq bigint not null,
  id uuid not null,
  name text not null,
  payload jsonb not null,
  recipient uuid, -- the one user it is for; null: whoever may see events of this name
  at timestamptz not null,
  recorded_at timestamptz not null default clock_timestamp(),
  primary key (organization_id, seq)
);
create index event_by_age on event (recorded_at);

create table webhook_endpoint (
  organization_id uuid not null references organization,
  id uuid not null,
  url text not null,
  description text not null default '',
  events text[] not null default '{}', -- empty: every event
  status text not null default 'enabled' check (status in ('enabled', 'disabled')),
  disabled_reason text,
  -- Encrypted; the one before it signs too until its time is over.
  secret bytea not null,
  previous_secret bytea,
  previous_secret_until timestamptz,
  created_by uuid,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (organization_id, id)
);

-- One event for one endpoint. Attempts follow real time: the receiver does not know our clock.
create table webhook_delivery (
  organization_id uuid not null,
  endpoint_id uuid not null,
  event_seq bigint not null,
  status text not null default 'pending' check (status in ('pending', 'delivered', 'failed')),
  attempts integer not null default 0,
  next_attempt_at timestamptz not null default clock_timestamp(),
  created_at timestamptz not null default clock_timestamp(),
  delivered_at timestamptz,
  primary key (organization_id, endpoint_id, event_seq),
  foreign key (organization_id, endpoint_id) references webhook_endpoint on delete cascade
);
create index webhook_delivery_due on webhook_delivery (next_attempt_at) where status = 'pending';

create table webhook_attempt (
  organization_id uuid not null,
  endpoint_id uuid not null,
  event_seq bigint not null,
  attempt integer not null,
  at timestamptz not null default clock_timestamp(),
  duration_ms integer not null,
  response_status integer,
  error text,
  primary key (organization_id, endpoint_id, event_seq, attempt),
  foreign key (organization_id, endpoint_id, event_seq) references webhook_delivery on delete cascade
);

do $$
declare
  tenant text;
begin
  foreach tenant in array array[
    'audit_personal', 'event_head', 'event', 'webhook_endpoint', 'webhook_delivery', 'webhook_attempt'
  ] loop
    execute format('alter table %I enable row level security', tenant);
    execute format('alter table %I force row level security', tenant);
    execute format(
      'create policy tenant on %I to hr_api, hr_worker, hr_webhook, hr_readonly
         using (organization_id = (select current_organization_id()))
         with check (organization_id = (select current_organization_id()))', tenant);
    execute format('create policy engine on %I to hr_engine using (true) with check (true)', tenant);
  end loop;
end
$$;

grant select on event, webhook_delivery, webhook_attempt to hr_readonly;
grant select on audit_personal, event, webhook_delivery, webhook_attempt to hr_api, hr_worker;
grant select, insert, update, delete on webhook_endpoint to hr_api;
grant update on webhook_delivery to hr_api;
grant select on webhook_endpoint to hr_worker;
grant update on webhook_endpoint, webhook_delivery to hr_worker;
grant insert on webhook_attempt to hr_worker;
grant select, insert, delete on audit_personal to hr_engine;
grant select, insert, update on event_head to hr_engine;
grant select, insert, delete on event to hr_engine;
grant select on webhook_endpoint to hr_engine;
grant select, insert, update, delete on webhook_delivery to hr_engine;

drop function append_audit;

set local role hr_engine;

-- What an entry's hash is taken of. UTC, so that the text does not depend on who asks.
create function audit_hash(
  previous bytea, tenant uuid, number bigint, moment timestamptz, kind text, actor text, behalf uuid, act text,
  object text, facts jsonb, request text
) returns bytea language sql stable set timezone = 'UTC' as $$
  select sha256(previous || convert_to(
    jsonb_build_array(tenant, number, moment, kind, actor, behalf, act, object, facts, request)::text, 'UTF8'))
$$;

-- What stands in an audit entry for personal text.
create function personal_digest(salt text, value text) returns text language sql immutable parallel safe
  return encode(sha256(convert_to(salt || ':' || value, 'UTF8')), 'hex');

-- Appends to an organization's audit trail: numbered and chained by hash under the audit head's lock.
create function append_audit(
  tenant uuid, kind text, actor text, behalf uuid, request text,
  act text, object text, facts jsonb, personal jsonb, about uuid
) returns void language plpgsql volatile as $$
declare
  head headroom.audit_head;
  moment timestamptz;
  digest bytea;
  kept jsonb := facts;
  field text;
  value text;
  salt text;
begin
  insert into headroom.audit_head (organization_id) values (tenant) on conflict do nothing;
  select * into strict head from headroom.audit_head where organization_id = tenant for update;
  moment := headroom.clock_now();
  for field, value in select * from jsonb_each_text(personal) where jsonb_each_text.value is not null loop
    salt := encode(sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')), 'hex');
    kept := kept || jsonb_build_object(field, jsonb_build_object('digest', headroom.personal_digest(salt, value)));
    insert into headroom.audit_personal values (tenant, head.seq + 1, field, salt, value, about);
  end loop;
  digest := headroom.audit_hash(
    head.hash, tenant, head.seq + 1, moment, kind, actor, behalf, act, object, kept, request);
  insert into headroom.audit_entry (organization_id, seq, at, actor_kind, actor_id, on_behalf_of, action, target, data,
      request_id, previous_hash, hash)
    values (tenant, head.seq + 1, moment, kind, actor, behalf, act, object, kept, request, head.hash, digest);
  update headroom.audit_head set seq = head.seq + 1, hash = digest where organization_id = tenant;
end
$$;

-- Numbers events, keeps them, writes down their deliveries, and wakes those who listen when it commits. A test goes to
-- the endpoint that it tests, and to no other.
create function append_events(tenant uuid, happened jsonb) returns void language plpgsql volatile as $$
declare
  first bigint;
begin
  insert into headroom.event_head as h values (tenant, jsonb_array_length(happened))
    on conflict (organization_id) do update set seq = h.seq + excluded.seq
    returning seq - jsonb_array_length(happened) into first;
  insert into headroom.event (organization_id, seq, id, name, payload, recipient, at)
    select tenant, first + e.ordinality, (e.value ->> 'id')::uuid, e.value ->> 'name', e.value -> 'payload',
      (e.value ->> 'recipient')::uuid, headroom.clock_now()
    from jsonb_array_elements(happened) with ordinality e;
  insert into headroom.webhook_delivery (organization_id, endpoint_id, event_seq)
    select tenant, w.id, first + e.ordinality
    from jsonb_array_elements(happened) with ordinality e
    join headroom.webhook_endpoint w on w.organization_id = tenant and w.status = 'enabled'
      and case e.value ->> 'name'
        when 'webhook.test' then 'whk_' || w.id = e.value -> 'payload' ->> 'webhookId'
        else w.events = '{}' or e.value ->> 'name' = any (w.events) end;
  perform pg_notify('headroom_event', tenant::text);
end
$$;

-- One change, once under the organization's lock: its audit entry (none when act is null) and its events.
create function record_change(
  tenant uuid, kind text, actor text, behalf uuid, request text,
  act text, object text, facts jsonb, personal jsonb, about uuid, events jsonb
) returns void language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
begin
  if act is not null then
    perform append_audit(tenant, kind, actor, behalf, request, act, object, facts, personal, about);
  end if;
  if jsonb_array_length(events) > 0 then
    perform append_events(tenant, events);
  end if;
end
$$;

grant execute on function record_change to hr_api, hr_worker, hr_webhook;
grant execute on function audit_hash, personal_digest to hr_api, hr_worker, hr_owner;
