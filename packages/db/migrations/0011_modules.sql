-- The modules: profiles and conversations of an organization.

-- user_id: the member it belongs to; null once that member is gone, until an admin hands it on or deletes it.
create table profile (
  organization_id uuid not null references organization on delete cascade,
  id uuid not null,
  user_id uuid,
  name text not null,
  slug text,
  settings jsonb not null default '{}',
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (organization_id, id),
  -- The second wall behind the organization lock: nothing ever belongs to somebody who is no member.
  foreign key (organization_id, user_id) references membership on delete set null (user_id)
);
create unique index profile_one_slug on profile (organization_id, slug);
create index profile_of_user on profile (organization_id, user_id, id);

create table conversation (
  organization_id uuid not null references organization on delete cascade,
  id uuid not null,
  subject text not null,
  status text not null default 'open' check (status in ('open', 'closed')),
  assignee_id uuid,
  created_by uuid, -- the user; null for a key of the organization or the SaaS
  created_at timestamptz not null,
  updated_at timestamptz not null,
  closed_at timestamptz,
  primary key (organization_id, id),
  foreign key (organization_id, assignee_id) references membership on delete set null (assignee_id),
  check ((status = 'closed') = (closed_at is not null))
);
-- One for each way in which the list is filtered; it is read from the newest id on.
create index conversation_by_status on conversation (organization_id, status, id);
create index conversation_of_assignee on conversation (organization_id, assignee_id, id);
create index conversation_of_assignee_by_status on conversation (organization_id, assignee_id, status, id);

do $$
declare
  tenant text;
begin
  foreach tenant in array array['profile', 'conversation'] loop
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

grant select on profile, conversation to hr_readonly;
grant select, insert, update, delete on profile to hr_api;
grant select, insert, update on conversation to hr_api;
