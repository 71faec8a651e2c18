-- Accounts, organizations, memberships, invites, credentials, audit, outbox.
-- organization_id leads every key of a tenant table. What must be unique across organizations lives in a small
-- directory table that maps to the organization.

create function current_organization_id() returns uuid language sql stable parallel safe
  as $$ select nullif(current_setting('headroom.organization_id', true), '')::uuid $$;

create function current_user_id() returns uuid language sql stable parallel safe
  as $$ select nullif(current_setting('headroom.user_id', true), '')::uuid $$;

-- The one clock. Production refuses to start while the offset is not zero.
create table dev_clock (
  singleton boolean primary key default true check (singleton),
  clock_offset interval not null default '0'
);
insert into dev_clock default values;

create function clock_now() returns timestamptz language sql volatile
  as $$ select clock_timestamp() + clock_offset from headroom.dev_clock $$;

create table account (
  id uuid primary key,
  issuer text not null,
  subject text not null,
  email text,
  email_verified boolean not null default false,
  name text,
  active_organization_id uuid,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  unique (issuer, subject)
);
create index account_by_email on account (lower(email));

create table organization (
  id uuid primary key,
  name text not null,
  slug text not null,
  domain text,
  settings jsonb not null default '{}',
  time_zone text not null default 'UTC',
  created_by uuid,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz
);

create table organization_slug (
  slug text primary key,
  organization_id uuid not null references organization
);
create index on organization_slug (organization_id);

create table membership (
  organization_id uuid not null references organization,
  id uuid not null,
  user_id uuid not null references account,
  role text not null check (role in ('owner', 'admin', 'member')),
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (organization_id, user_id),
  unique (organization_id, id)
);
create index membership_of_user on membership (user_id);
-- The second wall behind the organization lock: never two owners.
create unique index membership_one_owner on membership (organization_id) where role = 'owner';

create table invite (
  organization_id uuid not null references organization,
  id uuid not null,
  email text not null,
  email_folded text not null,
  role text not null check (role in ('admin', 'member')),
  status text not null check (status in ('pending', 'accepted', 'declined', 'revoked', 'expired')),
  version integer not null default 1,
  token_hash bytea not null,
  invited_by uuid references account,
  accepted_by uuid references account,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  expires_at timestamptz not null,
  primary key (organization_id, id)
);
create unique index invite_one_pending on invite (organization_id, email_folded) where status = 'pending';

create table invite_token (
  token_hash bytea primary key,
  organization_id uuid not null,
  invite_id uuid not null,
  foreign key (organization_id, invite_id) references invite
);
create index on invite_token (organization_id, invite_id);

create table api_key (
  organization_id uuid not null references organization,
  id uuid not null,
  name text not null,
  scopes text[] not null,
  secret_prefix text not null,
  member_id uuid,
  created_by uuid,
  created_at timestamptz not null,
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  primary key (organization_id, id)
);

create table platform_key (
  id uuid primary key,
  name text not null,
  scopes text[] not null,
  secret_prefix text not null,
  created_at timestamptz not null,
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz
);

-- SHA-256 of a secret → its key. No organization: a platform key.
create table api_key_hash (
  secret_hash bytea primary key,
  organization_id uuid,
  api_key_id uuid not null,
  foreign key (organization_id, api_key_id) references api_key
);
create index on api_key_hash (organization_id, api_key_id);

create table audit_head (
  organization_id uuid primary key references organization,
  seq bigint not null default 0,
  hash bytea not null default '\x'
);

create table audit_entry (
  organization_id uuid not null,
  seq bigint not null,
  at timestamptz not null,
  actor_kind text not null,
  actor_id text,
  on_behalf_of uuid,
  action text not null,
  target text,
  data jsonb not null,
  request_id text,
  previous_hash bytea not null,
  hash bytea not null,
  primary key (organization_id, seq)
);

create table outbox (
  organization_id uuid not null references organization,
  id uuid not null,
  kind text not null check (kind in ('mail', 'webhook')),
  dedupe_key text not null,
  payload jsonb not null,
  status text not null default 'pending' check (status in ('pending', 'sent', 'failed', 'skipped')),
  attempts integer not null default 0,
  last_error text,
  created_at timestamptz not null,
  sent_at timestamptz,
  primary key (organization_id, id),
  unique (organization_id, dedupe_key)
);

create table http_idempotency (
  scope_id uuid not null,
  actor text not null,
  procedure text not null,
  key text not null,
  payload_hash bytea not null,
  resource_id uuid,
  status integer not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (scope_id, actor, procedure, key)
);
